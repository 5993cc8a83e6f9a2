"""The SMS Works: JSON POST, one report per call.

Wire:  the message object of https://api.thesmsworks.co.uk (OpenAPI `MessageResponse`); the
       webhook's own schema is not published.
Codes: "SMS delivery reports: a complete guide", thesmsworks.co.uk.  Read 2026-11-22.
Times: `modified`, ISO with `Z` or JavaScript's Date text with an offset.
Unsigned: the token is in the URL.

The guide marks a phone that is off (5006), roaming (5008), flooding (5020) and a system failure
(5034) as permanent: that speaks of the message. The flag that comes with the report is kept as
`permanent`; only the cause suppresses. The guide promises 16 codes and lists these 11.
"""

from collections.abc import Iterator

from pydantic import AliasChoices, Field

from dlr.providers.base import ParsedReport, PayloadModel, Provider
from dlr.providers.codes import read_tables
from dlr.providers.sample import StageWords, Step, post_json
from dlr.providers.times import read_iso, read_javascript
from dlr.wire.request import Request


class FailureReason(PayloadModel):
    code: str = ""
    details: str = ""
    permanent: bool | None = None


class Payload(PayloadModel):
    messageid: str = Field(validation_alias=AliasChoices("messageid", "id"))
    status: str
    destination: str = ""  # a JSON number, without `+`
    failurereason: FailureReason = FailureReason()
    modified: str = ""
    tag: str = ""


def parse(payload: Payload) -> Iterator[ParsedReport]:
    """One report."""
    reason = payload.failurereason
    yield ParsedReport(
        message_id=payload.messageid,
        words=(payload.status,),
        code=reason.code,
        permanent=reason.permanent,
        recipient=payload.destination,
        occurred_at=read_iso(payload.modified) or read_javascript(payload.modified),
        text=reason.details,
        client_reference=payload.tag,
    )


STAGE_WORDS = StageWords(
    "SCHEDULED/", "SENT/", "DELIVERED/", "UNDELIVERABLE/5006", "UNDELIVERABLE/5001", "REJECTED/5010"
)


def sample(step: Step) -> Request:
    """The JSON of one step."""
    status, code = STAGE_WORDS.at(step.stage)
    reason = {"code": int(code), "permanent": True} if code else None
    content = {"messageid": step.message_id, "status": status, "failurereason": reason}
    at = f"{step.at:%Y-%m-%dT%H:%M:%S.000Z}"
    return post_json(content | {"destination": int(step.number), "modified": at})


PROVIDER = Provider(
    name="thesmsworks",
    title="The SMS Works",
    payload=Payload,
    tables=read_tables("thesmsworks"),
    parse=parse,
    sample=sample,
)
