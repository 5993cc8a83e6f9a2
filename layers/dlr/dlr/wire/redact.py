"""Takes the team's own secrets out of a request: some providers send them with each report."""

import re
from dataclasses import replace
from functools import cache

from dlr.wire.decode import BYTE_ORDER_MARK
from dlr.wire.request import Request


def without_secrets(request: Request, names: frozenset[str]) -> Request:
    """The request with nothing under these names, in its query and in its body.

    A pair of a query or of a form is gone; a value in JSON or in XML is empty. Names are found in
    any case, as the provider writes them. A body that is cut off, or is no valid JSON, is redacted
    too: such a request goes to quarantine.
    """
    if not names:
        return request
    pair, value, element = _patterns(names)
    body = element.sub(rb"\1", value.sub(rb'\1""', request.body))
    if not body.removeprefix(BYTE_ORDER_MARK).lstrip().startswith((b"{", b"[", b"<")):
        body = pair.sub(b"", body)
    query = pair.sub(b"", request.query.encode("utf-8", "surrogatepass"))
    return replace(request, query=query.decode("utf-8", "surrogatepass"), body=body)


@cache
def _patterns(names: frozenset[str]) -> tuple[re.Pattern[bytes], ...]:
    """Of a pair in a form, of a value in JSON, and of an element in XML."""
    name = b"(?:" + b"|".join(re.escape(each.encode()) for each in sorted(names)) + b")"
    return (
        re.compile(
            rb"(?:^(?:" + BYTE_ORDER_MARK + rb")?+\s*+|(?<=&))" + name + rb"=[^&]*+&?",
            re.IGNORECASE,
        ),
        re.compile(
            rb'("' + name + rb'"\s*+:\s*+)(?:"(?:[^"\\]|\\.)*+"?+|[^\s",\]}]++)',
            re.IGNORECASE | re.DOTALL,
        ),
        re.compile(
            rb"(<(?:\w+:)?+" + name + rb"(?:\s[^<>]*+)?+>)(?:<!\[CDATA\[.*?(?:\]\]>|\Z)|[^<])*+",
            re.IGNORECASE | re.DOTALL,
        ),
    )
