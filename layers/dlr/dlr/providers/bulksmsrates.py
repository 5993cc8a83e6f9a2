"""BulkSMSRates: JSON POST, one report per call; also its SMPP receipt line posted as text.

Wire:  "What is a Delivery Report (DLR)?", the provider's guide.
Codes: the same.  Read 2026-11-22.
Signed: nothing.
Times: ISO with `Z`, of the JSON; of the receipt line without a zone, read as UTC.
Answer: 200 exactly.
Retries: after 1, 5 and 15 minutes.

The guide calls UNDELIV permanent, and sends it with codes whose own words say "retry later": the
code overrules the word. Its "GSM codes" differ from 3GPP TS 29.002 in 007, 028, 029, 032 and 040;
the guide's wording decides. 032 (barred) does not say that the number is dead, and is silent on
permanence: UNDELIV's verdict stands.
"""

from collections.abc import Iterator

from dlr.providers.base import LooseCount, LooseText, ParsedReport, PayloadModel, Provider
from dlr.providers.receipt_text import read_receipt
from dlr.providers.times import read_iso, read_smpp
from dlr.wire.decode import Item


class Payload(PayloadModel):
    message_id: str
    status: str
    to: str = ""
    error_code: str = ""
    submitted_at: LooseText = ""
    delivered_at: LooseText = ""
    network: LooseText = ""
    segments: LooseCount = None
    cost: LooseText = ""
    currency: LooseText = ""
    submit_date: LooseText = ""  # only of the SMPP line
    done_date: LooseText = ""  # only of the SMPP line


def read_text(text: str) -> Item:
    """The SMPP line under the names of the JSON, without the message's text."""
    receipt = read_receipt(text)
    return {
        "message_id": receipt.get("id", ""),
        "status": receipt.get("stat", ""),
        "error_code": receipt.get("err", ""),
        "submit_date": receipt.get("submit date", ""),
        "done_date": receipt.get("done date", ""),
    }


def parse(payload: Payload) -> Iterator[ParsedReport]:
    """One report."""
    yield ParsedReport(
        message_id=payload.message_id,
        words=(payload.status,),
        code=payload.error_code,
        recipient=payload.to,
        occurred_at=read_iso(payload.delivered_at) or read_smpp(payload.done_date),
        network=payload.network,
        segments=payload.segments,
        price=payload.cost,
        currency=payload.currency,
        sent_at=read_iso(payload.submitted_at) or read_smpp(payload.submit_date),
    )


PROVIDER = Provider(
    title="BulkSMSRates",
    payload=Payload,
    parse=parse,
    read_text=read_text,
)
