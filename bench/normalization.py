"""From a request's bytes to a normalized event: ours, django-anymail's, Jasmin's way with receipts.

Runs on the runtime's Python with the built layer. Prints microseconds of CPU as JSON.
"""

import json
import re
from collections.abc import Callable, Iterator
from itertools import cycle

from bench import anymail_views
from bench.clock import microseconds
from dlr.ingest.normalize import Normalizer
from dlr.phone import RecipientHasher
from dlr.providers.base import load_provider, provider_names
from dlr.providers.receipt_text import read_receipt
from dlr.wire.request import Request
from dlr.wire.verify import Credentials
from local.certificates import read_certificates_from_the_recordings
from local.recordings import NOW, recordings_of

RECEIPT = (
    "id:0123456789 sub:001 dlvrd:001 submit date:2611201230 done date:2611201231 "
    "stat:DELIVRD err:000 text:Your code is 1234"
)
JASMIN_LIKE = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"id:(?P<id>[\w-]+)",
        r"sub:(?P<sub>\d{1,3})",
        r"dlvrd:(?P<dlvrd>\d{1,3})",
        r"submit date:(?P<submitted>\d+)",
        r"done date:(?P<done>\d+)",
        r"stat:(?P<stat>\w{7})",
        r"err:(?P<err>\w{1,3})",
        r"text:(?P<text>.*)",
    )
]
"""One search a field, as Jasmin's receipt parser does it; the patterns are ours."""


def requests_of(provider: str) -> Iterator[tuple[Request, Credentials]]:
    """The recorded requests that hold a report, and what they are verified with."""
    for each in recordings_of(provider):
        if each.status == 200 and each.reports:
            yield each.request, each.credentials


def ours(name: str) -> Callable[[], object]:
    """Verify, parse and normalize one of the provider's requests after the other."""
    provider = load_provider(name)
    normalize = Normalizer(provider, hasher=RecipientHasher(lambda: ("k" * 43,)))
    pairs = cycle(requests_of(name))

    def one() -> object:
        request, credentials = next(pairs)
        return provider.verify(request, credentials), normalize(request, NOW)

    return one


def verification(name: str) -> Callable[[], object]:
    """The first part of that alone."""
    verify, pairs = load_provider(name).verify, cycle(requests_of(name))
    return lambda: verify(*next(pairs))


def search_each_field() -> dict[str, str]:
    """The receipt's fields by eight searches."""
    fields: dict[str, str] = {}
    for pattern in JASMIN_LIKE:
        found = pattern.search(RECEIPT)
        if found:
            fields.update(found.groupdict())
    return fields


def main() -> None:
    """Measure all of them in one run."""
    read_certificates_from_the_recordings()
    alternatives = {f"dlr {name}": ours(name) for name in provider_names()}
    alternatives |= {f"verify {name}": verification(name) for name in provider_names()}
    alternatives |= {f"anymail {name}": call for name, call in anymail_views.calls().items()}
    alternatives["dlr receipt text"] = lambda: read_receipt(RECEIPT)
    alternatives["eight searches"] = search_each_field
    print(json.dumps(microseconds(alternatives)))


if __name__ == "__main__":
    main()
