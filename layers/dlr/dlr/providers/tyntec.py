"""tyntec: delivery reports of its SMS API, JSON or parameters to the message's `callbackUrl`.

Wire:  https://api.tyntec.com/reference/sms/current.html;
       https://github.com/tyntec/api-collection (2026-05-13)
Codes: the former: delivery states. `errorCode` is a number of the operator's network, of which no
       list is published: it decides nothing.  Read 2026-11-30.
Signed: nothing.
Times: `doneDate` and `submitDate`, ISO 8601; without a zone read as UTC.
Answer: 200.
Retries: not documented.

UNDELIVERABLE is called permanent and holds unknown subscribers, denied lines and the platform's own
errors alike. The statuses of Conversations (`MessageStatus::…`) are another API's and cannot be
read: there a failed channel may be followed by another that delivers.
"""

from collections.abc import Iterator

from dlr.providers.base import LooseText, ParsedReport, PayloadModel, Provider
from dlr.providers.times import read_iso


class Payload(PayloadModel):
    requestId: str
    status: str
    to: str = ""
    errorCode: str = ""
    errorReason: LooseText = ""
    doneDate: LooseText = ""
    submitDate: LooseText = ""
    mccmnc: LooseText = ""


def parse(payload: Payload) -> Iterator[ParsedReport]:
    """One report."""
    yield ParsedReport(
        message_id=payload.requestId,
        words=(payload.status,),
        code=payload.errorCode,
        recipient=payload.to,
        occurred_at=read_iso(payload.doneDate),
        text=payload.errorReason,
        network=payload.mccmnc,
        sent_at=read_iso(payload.submitDate),
    )


PROVIDER = Provider(
    title="tyntec", payload=Payload, methods=frozenset({"GET", "POST"}), parse=parse
)
