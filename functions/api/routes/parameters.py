"""Parameters and errors that several routes share."""

import re
from typing import Annotated

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query
from pydantic import AfterValidator, AwareDatetime

from dlr.phone import read_country, read_number
from dlr.providers.base import provider_names

MAX_KEY = 256  # characters: DynamoDB refuses a key over 2,048 bytes
_NAME = re.compile(r"(?=.*[!-~])[ -~]{1,100}", re.ASCII)
_QUARANTINE_ID = re.compile(r"[a-z0-9]+\.[0-9a-f]{32}", re.ASCII)


def _operator(name: str) -> str:
    """A name that can stand in an audit and in a log. Raises ValueError."""
    if _NAME.fullmatch(name) is None:
        raise ValueError("a name has 1 to 100 printable ASCII characters")
    if read_number(name) is not None:
        raise ValueError(
            "a name has 1 to 100 printable ASCII characters and is not a phone number: it is logged"
        )
    return name


def _known(provider: str) -> str:
    """The name of a provider. Raises ValueError without quoting another text."""
    if provider not in provider_names():
        raise ValueError(f"no such provider; there are {', '.join(provider_names())}")
    return provider


Operator = Annotated[
    str,
    Header(
        alias="X-Operator",
        description="Who does it: kept in the audit and in the log. "
        "1 to 100 printable ASCII characters",
    ),
    AfterValidator(_operator),
]
"""For every route that changes something. Its default is `admin`, whose token everybody has."""
Provider = Annotated[str, Path(max_length=MAX_KEY)]
KnownProvider = Annotated[Provider, AfterValidator(_known)]
"""For what an operator decides about a provider: a misspelt name would decide about nothing."""
MessageId = Annotated[str, Path(max_length=MAX_KEY)]
AnyMessageId = Annotated[
    str, Query(alias="message_id", min_length=1, max_length=MAX_KEY, description="Any text")
]
Recipient = Annotated[
    str | None,
    Query(
        max_length=MAX_KEY,
        description="Whose message, with `+`: needed where a provider gives several recipients' "
        "messages one id",
    ),
]
QuarantineId = Annotated[str, Path(max_length=MAX_KEY)]
Country = Annotated[
    str | None,
    Query(description="Of numbers without + or 00: a code of two letters, like GB"),
    AfterValidator(lambda code: code and read_country(code)),
]
After = Annotated[str | None, Query(max_length=MAX_KEY)]

Since = Annotated[AwareDatetime | None, Query(description="Received from then on")]
Until = Annotated[AwareDatetime | None, Query(description="Received until then; now if not given")]


class NotKeptError(LookupError):
    """The requested thing is unknown or has expired. The text names its kind: `message`."""


def note_act(by: str, quarantine_id: str | None = None) -> None:
    """Puts into the call's line of the log who did it, and to which quarantined request.

    A caller may write anything for an id, a phone number too: only what is one is logged.
    """
    metrics = Metrics()
    metrics.add_metadata("by", by)
    if quarantine_id is not None and _QUARANTINE_ID.fullmatch(quarantine_id):
        metrics.add_metadata("quarantine_id", quarantine_id)
