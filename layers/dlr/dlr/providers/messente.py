"""Messente: the older `dlr-url` (GET) and the omnichannel `dlr_url` (JSON POST).

Wire:  https://support.messente.com/article/137-delivery-reports (GET);
       https://github.com/messente/messente-api-python, docs/Omnimessage.md (JSON).
Codes: the same, docs/Status.md and docs/ErrorCodeOmnichannelMachine.md.  Read 2026-11-22.
Times: the GET has none; the JSON's `timestamp` has no zone and is read as UTC, as the vendor says
       of `time_to_send`.

The GET names no recipient: put the number into the URL yourself (`?to=…`) or it cannot be
suppressed. `stat`, `err`, `status` and `dlr-mask` may each be missing or empty; the most precise
one that decides counts. 005 mixes "format" with "destination unknown": no proof of a dead number.
"""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from dlr.causes import Cause
from dlr.providers.base import Meaning, ParsedReport, Provider, WireModel
from dlr.providers.times import read_iso
from dlr.report import Status
from dlr.wire.verify import all_of, hmac_body, token_in_path, where_configured


class HttpReport(WireModel):
    sms_unique_id: str
    status: str = ""
    stat: str = ""
    err: str = ""
    mask: str = Field("", validation_alias="dlr-mask")


class PriceInfo(WireModel):
    part_price: str = ""
    parts_count: int | None = None
    total_price: str = ""


class OmniReport(WireModel):
    message_id: str
    status: str
    to: str = ""
    err: str = ""
    error: str = ""
    channel: str = ""
    omnimessage_id: str = ""
    timestamp: str = ""
    price_info: PriceInfo = PriceInfo()


def _kind(item: Any) -> str:
    return "http" if isinstance(item, dict) and "sms_unique_id" in item else "omni"


Report = Annotated[
    Annotated[HttpReport, Tag("http")] | Annotated[OmniReport, Tag("omni")], Discriminator(_kind)
]

_FAILED = Meaning(Status.UNDELIVERED, Cause.UNSPECIFIED, says="Failed to deliver to this number")
_SENT = Meaning(Status.ENROUTE, says="Sent, no word on delivery yet")

STATES = {
    # `stat`, and the `status` of the JSON
    "DELIVRD": Meaning(Status.DELIVERED, says="Successfully delivered"),
    "UNDELIV": Meaning(Status.UNDELIVERED, Cause.UNSPECIFIED, says="Unable to deliver"),
    "FAILED": _FAILED,
    "UNKNOWN": Meaning(Status.UNKNOWN, Cause.UNSPECIFIED, says="Unknown error when delivering"),
    "ACCEPTD": Meaning(Status.ACCEPTED, says="Accepted for delivery"),
    "REJECTD": Meaning(Status.REJECTED, Cause.UNSPECIFIED, says="Delivery has been rejected"),
    "DELETED": Meaning(Status.DELETED, Cause.CANCELLED, says="Deleted from the delivery queue"),
    "EXPIRED": Meaning(Status.EXPIRED, Cause.EXPIRED, says="The delivery expired"),
    "NACK": Meaning(Status.REJECTED, Cause.UNSPECIFIED, says="Not accepted for delivery"),
    "ACK": Meaning(Status.ACCEPTED, says="Acknowledged"),
    "SEEN": Meaning(Status.READ, says="Seen by the recipient"),
    # `status` of the GET
    "DELIVERED": Meaning(Status.DELIVERED, says="Successfully delivered (final)"),
    "SENT": _SENT,
    # `dlr-mask` of the GET
    "mask 1": Meaning(Status.DELIVERED, says="DELIVERED"),
    "mask 2": _FAILED,
    "mask 4": _SENT,
    "mask 8": _SENT,
    "mask 16": _FAILED,
}


def _failed(cause: Cause, says: str, permanent: bool | None = None) -> Meaning:
    return Meaning(Status.UNDELIVERED, cause, permanent, says)


def _refused(cause: Cause, says: str) -> Meaning:
    return Meaning(Status.REJECTED, cause, says=says)


CODES = {
    "000": Meaning(says="No error"),
    "001": _failed(Cause.UNSPECIFIED, "Failed to deliver to this number"),
    "002": Meaning(Status.EXPIRED, Cause.EXPIRED, says="Sending expired in 6 hours"),
    "003": _failed(Cause.INVALID_NUMBER, "Invalid number"),
    "004": _refused(Cause.INSUFFICIENT_CREDIT, "Error crediting account"),
    "005": _failed(
        Cause.UNROUTABLE, "Could not determine the country or operator, or invalid number format"
    ),
    "006": _refused(Cause.RATE_LIMITED, "Too many identical messages, blocked for 60 minutes"),
    "007": _refused(Cause.SENDER_REJECTED, "Sender name not allowed"),
    "008": _refused(Cause.OPTED_OUT, "Number is in blacklist"),
    "009": _failed(Cause.UNROUTABLE, "Unroutable"),
    "010": Meaning(Status.READ, says="Seen"),
    "999": _failed(Cause.NETWORK_ERROR, "General temporary error", False),
}


def _code(err: str) -> str:
    """The JSON sends the three-digit codes as integers."""
    return err.zfill(3) if err else ""


def parse(report: HttpReport | OmniReport) -> Iterator[ParsedReport]:
    """One receipt. `message_id` is a leg's; `omnimessage_id` groups the legs of a fall-back."""
    if isinstance(report, HttpReport):
        mask = f"mask {report.mask}" if report.mask else ""
        yield ParsedReport(
            message_id=report.sms_unique_id,
            words=(report.stat.upper(), report.status.upper(), mask),
            status=report.stat or report.status or report.mask,
            code=_code(report.err),
            shown_code=report.err,
        )
    else:
        yield ParsedReport(
            message_id=report.message_id,
            words=(report.status.upper(),),
            status=report.status,
            code=_code(report.err),
            shown_code=report.err,
            recipient=report.to,
            occurred_at=read_iso(report.timestamp),
            text=report.error,
            client_reference=report.omnimessage_id,
            network=report.channel,
            segments=report.price_info.parts_count,
            price=report.price_info.total_price,
        )


PROVIDER = Provider(
    name="messente",
    title="Messente",
    source="Messente: Delivery Reports; omnichannel API, Status and ErrorCode",
    wire=Report,
    methods=frozenset({"GET", "POST"}),
    states=STATES,
    codes=CODES,
    parse=parse,
    verify=all_of(token_in_path, where_configured(hmac_body("X-Messente-Signature"))),
)
