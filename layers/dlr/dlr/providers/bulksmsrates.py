"""BulkSMSRates: JSON POST, one report per call; also its SMPP receipt line posted as text.

Wire, codes: "What is a Delivery Report (DLR)?", the provider's guide.  Read 2026-11-22.
Answer: HTTP 200 exactly; three retries after 1, 5 and 15 minutes. Unsigned: token in the URL.

The guide calls UNDELIV permanent, and sends it with codes whose own words say "retry later": the
code overrules the word. Its "GSM codes" differ from 3GPP TS 29.002 in 007, 028, 029, 032 and 040;
the guide's wording decides. 032 (barred) does not say that the number is dead.
"""

from collections.abc import Iterator

from dlr.providers.base import ParsedReport, PayloadModel, Provider
from dlr.providers.codes import read_tables
from dlr.providers.receipt_text import read_receipt
from dlr.providers.sample import StageWords, Step, post_json
from dlr.providers.times import read_iso, read_smpp
from dlr.wire.decode import Item
from dlr.wire.request import Request


class Payload(PayloadModel):
    message_id: str
    status: str
    to: str = ""
    error_code: str = ""
    delivered_at: str = ""
    network: str = ""
    segments: int | None = None
    cost: str = ""
    currency: str = ""
    done_date: str = ""  # only of the SMPP line
    text: str = ""  # only of the SMPP line


def read_text(text: str) -> Item:
    """The SMPP line under the names of the JSON."""
    receipt = read_receipt(text)
    return {
        "message_id": receipt.get("id", ""),
        "status": receipt.get("stat", ""),
        "error_code": receipt.get("err", ""),
        "done_date": receipt.get("done date", ""),
        "text": receipt.get("text", ""),
    }


def parse(payload: Payload) -> Iterator[ParsedReport]:
    """One report."""
    yield ParsedReport(
        message_id=payload.message_id,
        words=(payload.status,),
        code=payload.error_code,
        recipient=payload.to,
        occurred_at=read_iso(payload.delivered_at) or read_smpp(payload.done_date),
        text=payload.text,
        network=payload.network,
        segments=payload.segments,
        price=payload.cost,
        currency=payload.currency,
    )


STAGE_WORDS = StageWords(
    "ACCEPTD/000", "ENROUTE/000", "DELIVRD/000", "UNDELIV/027", "UNDELIV/001", "REJECTD/099"
)


def sample(step: Step) -> Request:
    """The JSON of one step; no status or code says that a recipient opted out."""
    status, code = STAGE_WORDS.at(step.stage)
    content = {"message_id": step.message_id, "status": status, "error_code": code}
    content |= {"to": f"+{step.number}", "delivered_at": f"{step.at:%Y-%m-%dT%H:%M:%SZ}"}
    cost = {"network": "23415", "segments": 1, "cost": "0.0180", "currency": "EUR"}
    return post_json(content | cost)


PROVIDER = Provider(
    name="bulksmsrates",
    title="BulkSMSRates",
    payload=Payload,
    tables=read_tables("bulksmsrates"),
    parse=parse,
    sample=sample,
    read_text=read_text,
)
