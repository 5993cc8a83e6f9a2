"""BulkSMSRates: JSON POST, one report per call; also its SMPP receipt line posted as text.

WireModel, codes: "What is a Delivery Report (DLR)?", the provider's guide.  Read 2026-11-22.
Answer: HTTP 200 exactly; three retries after 1, 5 and 15 minutes. Unsigned: token in the URL.

The guide calls UNDELIV permanent, and sends it with codes whose own words say "retry later": the
code overrules the word. Its "GSM codes" differ from 3GPP TS 29.002 in 007, 028, 029, 032 and 040;
the guide's wording decides. 032 (barred) does not say that the number is dead.
"""

from collections.abc import Iterator

from dlr.causes import Cause
from dlr.providers.base import Meaning, ParsedReport, Provider, WireModel
from dlr.providers.receipt_text import read_receipt
from dlr.providers.times import read_iso, read_smpp
from dlr.report import Status
from dlr.wire.decode import Item


class Report(WireModel):
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


STATES = {
    "DELIVRD": Meaning(Status.DELIVERED, says="Delivered to handset"),
    "UNDELIV": Meaning(
        Status.UNDELIVERED, Cause.UNSPECIFIED, True, "Undeliverable (permanent failure)"
    ),
    "EXPIRED": Meaning(Status.EXPIRED, Cause.EXPIRED, says="Message expired before delivery"),
    "DELETED": Meaning(Status.DELETED, Cause.CANCELLED, says="Message deleted from queue"),
    "UNKNOWN": Meaning(Status.UNKNOWN, Cause.UNSPECIFIED, says="Unknown delivery status"),
    "REJECTD": Meaning(Status.REJECTED, Cause.UNSPECIFIED, says="Rejected by network/SMSC"),
    "ENROUTE": Meaning(Status.ENROUTE, says="Message in transit (intermediate)"),
    "ACCEPTD": Meaning(Status.ACCEPTED, says="Accepted but not yet delivered"),
}


def _why(cause: Cause, says: str, permanent: bool | None = None) -> Meaning:
    return Meaning(None, cause, permanent, says)


CODES = {
    "000": _why(Cause.NONE, "No error (success)"),
    "001": _why(Cause.UNKNOWN_SUBSCRIBER, "Unknown subscriber: not registered on network"),
    "007": _why(Cause.NETWORK_ERROR, "Unknown error: network issue; retry later", False),
    "011": _why(Cause.NOT_SMS_CAPABLE, "Teleservice not provisioned: SMS not enabled"),
    "021": _why(Cause.NETWORK_ERROR, "Facility not supported by the network"),
    "027": _why(Cause.ABSENT, "Absent subscriber: phone off or out of coverage"),
    "028": _why(Cause.ROAMING, "Absent subscriber: phone not registered for roaming"),
    "029": _why(Cause.UNROUTABLE, "Unknown subscriber (MSRN): routing database issue"),
    "031": _why(Cause.BUSY, "Subscriber busy for MT SMS"),
    "032": _why(Cause.UNSPECIFIED, "SMS barred on this number"),
    "033": _why(Cause.BUSY, "Message waiting list full"),
    "040": _why(Cause.NETWORK_ERROR, "System failure: carrier error; retry later", False),
    "099": _why(Cause.CONTENT, "Content rejected: blocked by spam filter"),
    "160": _why(Cause.NOT_REGISTERED, "Number not in DLT (India): number or template"),
    "999": _why(Cause.EXPIRED, "Timeout: message expired; retry or check number", False),
}


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


def parse(report: Report) -> Iterator[ParsedReport]:
    """One receipt."""
    yield ParsedReport(
        message_id=report.message_id,
        words=(report.status.upper(),),
        status=report.status,
        code=report.error_code,
        recipient=report.to,
        occurred_at=read_iso(report.delivered_at) or read_smpp(report.done_date),
        text=report.text,
        network=report.network,
        segments=report.segments,
        price=report.cost,
        currency=report.currency,
    )


PROVIDER = Provider(
    name="bulksmsrates",
    title="BulkSMSRates",
    source="BulkSMSRates: What is a Delivery Report (DLR)?",
    wire=Report,
    states=STATES,
    codes=CODES,
    parse=parse,
    read_text=read_text,
)
