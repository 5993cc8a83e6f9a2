"""BulkSMS.com: status reports of its JSON API, a JSON list of them.

Wire:  https://www.bulksms.com/developer/webhooks/ (2026); the older shape in
       https://github.com/paragonsean/openapi-directory, APIs/bulksms.com/1.0.0
Codes: the same: `status`, with `subtype` of what failed.  Read 2026-11-30.
Signed: nothing.
Times: `status.date` and `submission.date`, ISO 8601 with their zone. The older shape has no time of
       the status.
Answer: any 2xx, also to the empty list that is sent when the webhook is activated.
Retries: a list that fails is sent again message by message (`X-BulkSMS-Delivery-Attempt` counts);
       how often is not documented.

`status` is `{condition, cause, final}` today and was `{type, subtype}`; both are read, and
`condition` is taken for the old `type`: no page lists its values. BLOCKED is what a handset's STOP
leads to, though it stands under FAILED. NOT_SENT is a message without a route: no fault of the
number. Ids are texts, or numbers of 19 digits: they stay exact. Inbound messages may have the same
address: what says RECEIVED, or has no status, yields nothing.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from dlr.providers.base import Loose, LooseText, ParsedReport, PayloadModel, Provider
from dlr.providers.times import read_iso


class State(PayloadModel):
    condition: str = ""
    type: str = ""
    subtype: str = ""
    cause: LooseText = ""
    date: LooseText = ""


class Submission(PayloadModel):
    date: LooseText = ""


class Payload(PayloadModel):
    id: str
    status: State | None = None
    to: Any = ""
    sender: Any = Field("", validation_alias="from")
    type: LooseText = ""
    submission: Loose[Submission] = Submission()
    userSuppliedId: LooseText = ""


def parse(payload: Payload) -> Iterator[ParsedReport]:
    """One report; none for an inbound message."""
    status = payload.status
    if status is None or payload.type == "RECEIVED":
        return
    yield ParsedReport(
        message_id=payload.id,
        words=(status.condition or status.type,),
        code=status.subtype,
        recipient=_address(payload.to),
        occurred_at=read_iso(status.date),
        text=status.cause,
        client_reference=payload.userSuppliedId,
        sender=_address(payload.sender),
        sent_at=read_iso(payload.submission.date),
    )


def _address(value: Any) -> str:
    """A number, or the address of an object."""
    found = value.get("address") if isinstance(value, dict) else value
    return found if isinstance(found, str) else ""


PROVIDER = Provider(title="BulkSMS.com", payload=Payload, parse=parse)
