"""Telnyx: messaging webhooks, a JSON POST per event.

Wire:  https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks
Codes: https://developers.telnyx.com/docs/messaging/messages/error-codes and
       https://support.telnyx.com/en/articles/6505121-telnyx-messaging-error-codes  Read 2026-11-22.
Signed: `telnyx-signature-ed25519` over `telnyx-timestamp` and the body. The account's public key
       (base64) is always required as signing key.
Times: `occurred_at`, ISO with an offset.
Answer: 2xx within 2 seconds, three tries a URL, then the failover URL. `meta.attempt` counts them
       and is therefore no part of the event.

`data.id` is the event, `data.payload.id` the message. A group message has one id and several
recipients, who fare differently: each gets its own report under `<id>.<n>`, numbered in the order
of the phone numbers, whatever the order on the wire. Inbound messages, RCS, WhatsApp and all other
events yield nothing. 40003 blocks the SENDING number for good; the
recipient is well. 40012 is a number that is unowned, deactivated, out of credit, or closed to
short codes: no proof.
"""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from dlr.causes import Cause
from dlr.providers.base import Meaning, ParsedReport, Provider, WireModel
from dlr.providers.times import read_iso
from dlr.report import Status
from dlr.wire.verify import all_of, ed25519_body, token_in_path

_OTHER_CHANNELS = {"RCS", "WHATSAPP"}
_REPORTS = {"message.sent", "message.finalized"}


class To(WireModel):
    phone_number: str
    status: str
    carrier: str = ""


class Source(WireModel):
    pointer: str = ""


class Error(WireModel):
    code: str = ""
    title: str = ""
    detail: str = ""
    source: Source = Source()


class Cost(WireModel):
    amount: str = ""
    currency: str = ""


class Payload(WireModel):
    id: str
    to: list[To] = Field(min_length=1)
    type: str = ""
    errors: tuple[Error, ...] = ()
    parts: int | None = None
    cost: Cost = Cost()


class Event(WireModel):
    payload: Payload
    occurred_at: str = ""


class MessageEvent(WireModel):
    data: Event


class OtherEvent(WireModel):
    """An inbound message, a click on a link, whatever else a profile sends."""


def _kind(item: Any) -> str:
    event = item.get("data") if isinstance(item, dict) else None
    name = event.get("event_type") if isinstance(event, dict) else None
    return "other" if isinstance(name, str) and name not in _REPORTS else "message"


Report = Annotated[
    Annotated[MessageEvent, Tag("message")] | Annotated[OtherEvent, Tag("other")],
    Discriminator(_kind),
]

STATES = {
    "scheduled": Meaning(Status.SCHEDULED, says="To be sent at a given time"),
    "queued": Meaning(Status.ACCEPTED, says="In Telnyx's queue"),
    "sending": Meaning(Status.ENROUTE, says="Being sent to the carrier"),
    "sent": Meaning(Status.ENROUTE, says="The carrier has it"),
    "delivered": Meaning(Status.DELIVERED, says="Delivery confirmed by the carrier"),
    "read": Meaning(Status.READ, says="Read by the recipient"),
    "delivery_unconfirmed": Meaning(
        Status.UNKNOWN, Cause.UNSPECIFIED, says="No receipt came: it may have arrived"
    ),
    "sending_failed": Meaning(Status.REJECTED, Cause.UNSPECIFIED, says="Never left Telnyx"),
    "delivery_failed": Meaning(Status.UNDELIVERED, Cause.UNSPECIFIED, says="Not delivered"),
    "expired": Meaning(Status.EXPIRED, Cause.EXPIRED, says="Expired before it was delivered"),
    "cancelled": Meaning(Status.DELETED, Cause.CANCELLED, says="Cancelled before it was sent"),
}


def _why(cause: Cause, says: str, permanent: bool | None = None) -> Meaning:
    return Meaning(None, cause, permanent, says)


CODES = {
    # from the carrier
    "40001": _why(Cause.NOT_SMS_CAPABLE, "Not routable: a landline or no SMS number"),
    "40002": _why(Cause.SPAM, "Blocked as spam, for now", False),
    "40003": _why(Cause.SENDER_REJECTED, "Blocked as spam: the sending number, for good", True),
    "40004": _why(Cause.UNSPECIFIED, "Rejected by the destination, reason unknown"),
    "40005": _why(Cause.EXPIRED, "Expired on its way"),
    "40006": _why(Cause.NETWORK_ERROR, "The recipient's server is unavailable"),
    "40007": _why(Cause.NETWORK_ERROR, "A loop was found"),
    "40008": _why(Cause.UNSPECIFIED, "The carrier did not accept it"),
    "40009": _why(Cause.INVALID_MESSAGE, "Invalid body"),
    "40010": _why(Cause.NOT_REGISTERED, "10DLC: sender not registered"),
    "40011": _why(Cause.RATE_LIMITED, "Over the carrier's rate limit, for now", False),
    "40012": _why(Cause.UNSPECIFIED, "Destination refused: unowned, no credit, no short codes"),
    "40013": _why(Cause.SENDER_REJECTED, "Invalid source number"),
    "40014": _why(Cause.EXPIRED, "Expired in the queue"),
    "40015": _why(Cause.SPAM, "Blocked by Telnyx's spam filter"),
    "40016": _why(Cause.RATE_LIMITED, "10DLC: T-Mobile's daily limit"),
    "40017": _why(Cause.SPAM, "10DLC: AT&T calls it spam"),
    "40018": _why(Cause.RATE_LIMITED, "10DLC: AT&T's limit"),
    # numbers and profiles
    "40100": _why(Cause.SENDER_REJECTED, "Sender not enabled for messaging"),
    "40150": _why(Cause.NOT_REGISTERED, "Toll-free number not in the registry"),
    "40151": _why(Cause.SENDER_REJECTED, "Sender being enabled at another provider"),
    "40300": _why(Cause.OPTED_OUT, "Blocked: the recipient sent STOP"),
    "40301": _why(Cause.INVALID_MESSAGE, "Message type unsupported at 'to'"),
    "40302": _why(Cause.INVALID_MESSAGE, "Too large"),
    "40304": _why(Cause.INVALID_REQUEST, "Contents that do not go together"),
    "40305": _why(Cause.SENDER_REJECTED, "Invalid 'from'"),
    "40306": _why(Cause.SENDER_REJECTED, "Alphanumeric sender not configured"),
    "40308": _why(Cause.SENDER_REJECTED, "'from' cannot send MMS"),
    "40309": _why(Cause.INVALID_REQUEST, "Region not allowed in the profile"),
    "40310": _why(Cause.INVALID_NUMBER, "Invalid 'to'"),
    "40311": _why(Cause.AUTHENTICATION, "Invalid profile secret"),
    "40312": _why(Cause.AUTHENTICATION, "Profile disabled"),
    "40313": _why(Cause.AUTHENTICATION, "Profile secret missing"),
    "40314": _why(Cause.AUTHENTICATION, "Messaging disabled on the account"),
    "40315": _why(Cause.SENDER_REJECTED, "'from' unhealthy: few delivered or much spam"),
    "40316": _why(Cause.INVALID_REQUEST, "No content"),
    "40317": _why(Cause.INVALID_MESSAGE, "Invalid MMS content"),
    "40318": _why(Cause.RATE_LIMITED, "Queue full"),
    "40319": _why(Cause.INVALID_MESSAGE, "Message type incompatible with 'to'"),
    "40320": _why(Cause.SENDER_REJECTED, "'from' not usable yet", False),
    "40321": _why(Cause.SENDER_REJECTED, "No usable number in the profile"),
    "40322": _why(Cause.CONTENT, "Blocked due to content"),
    "40328": _why(Cause.INVALID_MESSAGE, "Longer than recommended"),
    "40329": _why(Cause.NOT_REGISTERED, "Toll-free number not verified"),
    # the account
    "20100": _why(Cause.INSUFFICIENT_CREDIT, "Insufficient funds"),
}


def parse(report: MessageEvent | OtherEvent) -> Iterator[ParsedReport]:
    """One receipt a recipient; none for what is no outbound SMS or MMS."""
    if isinstance(report, OtherEvent) or report.data.payload.type.upper() in _OTHER_CHANNELS:
        return
    payload = report.data.payload
    numbers = sorted(to.phone_number for to in payload.to)
    for place, to in enumerate(payload.to):
        error = _error_of(payload, place)
        suffix = f".{numbers.index(to.phone_number) + 1}" if len(numbers) > 1 else ""
        yield ParsedReport(
            message_id=payload.id + suffix,
            words=(to.status.lower(),),
            status=to.status,
            code=error.code,
            recipient=to.phone_number,
            occurred_at=read_iso(report.data.occurred_at),
            text=error.detail or error.title,
            network=to.carrier,
            segments=payload.parts,
            price=payload.cost.amount,
            currency=payload.cost.currency,
        )


def _error_of(payload: Payload, place: int) -> Error:
    """In a group an error counts for the recipient that it points at, and for nobody else."""
    if len(payload.to) == 1:
        return next(iter(payload.errors), Error())
    here = ["to", str(place)]
    pointing = (e for e in payload.errors if e.source.pointer.strip("/").split("/")[:2] == here)
    return next(pointing, Error())


PROVIDER = Provider(
    name="telnyx",
    title="Telnyx",
    source="Telnyx: Messaging Error Code Reference",
    wire=Report,
    states=STATES,
    codes=CODES,
    parse=parse,
    verify=all_of(token_in_path, ed25519_body("telnyx-signature-ed25519", "telnyx-timestamp")),
)
