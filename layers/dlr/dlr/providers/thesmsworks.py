"""The SMS Works: JSON POST, one report per call.

Wire:  the message object of https://api.thesmsworks.co.uk (OpenAPI `MessageResponse`); the
       webhook's own schema is not published.
Codes: "SMS delivery reports: a complete guide", thesmsworks.co.uk.  Read 2026-11-22.
Signed: nothing.
Times: `modified` and `created`, ISO with `Z` or JavaScript's Date text with an offset. `created` is
       when the message was handed over, also where it is `schedule`d for later.
Answer: not documented; 200 is what we send.
Retries: not documented.

The guide marks a phone that is off (5006), roaming (5008), flooding (5020) and a system failure
(5034) as permanent: that speaks of the message. The flag that comes with the report is kept as
`permanent`; only the cause suppresses. The guide promises 16 codes and lists these 11. The
vendor's example has a code without the `50` before it (34 for 5034): both forms are read.
"""

from collections.abc import Iterator
from datetime import datetime

from pydantic import AliasChoices, Field

from dlr.providers.base import LooseText, ParsedReport, PayloadModel, Provider
from dlr.providers.times import read_iso, read_javascript


class FailureReason(PayloadModel):
    code: str = ""
    details: LooseText = ""
    permanent: bool | None = None


class Payload(PayloadModel):
    messageid: str = Field(validation_alias=AliasChoices("messageid", "id"))
    status: str
    destination: str = ""  # a JSON number, without `+`
    sender: LooseText = ""
    failurereason: FailureReason = FailureReason()
    created: LooseText = ""
    modified: LooseText = ""
    tag: LooseText = ""


def _code(code: str) -> str:
    """The code with the guide's `50` before it."""
    is_short = code.isdecimal() and len(code) <= 2
    return f"50{code.zfill(2)}" if is_short else code


def parse(payload: Payload) -> Iterator[ParsedReport]:
    """One report."""
    reason = payload.failurereason
    yield ParsedReport(
        message_id=payload.messageid,
        words=(payload.status,),
        code=_code(reason.code),
        provider_code=reason.code,
        permanent=reason.permanent,
        recipient=payload.destination,
        occurred_at=_time(payload.modified),
        text=reason.details,
        client_reference=payload.tag,
        sender=payload.sender,
        sent_at=_time(payload.created),
    )


def _time(text: str) -> datetime | None:
    return read_iso(text) or read_javascript(text)


PROVIDER = Provider(
    title="The SMS Works",
    payload=Payload,
    parse=parse,
)
