"""Vonage: the SMS API's delivery receipts (GET, form or JSON) and the Messages API's (JSON).

Wire:  https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts
       https://developer.vonage.com/en/api/messages, message status webhook (v1)
Codes: https://api.support.vonage.com/hc/en-us/articles/204014733 (SMS, `err-code`);
       https://developer.vonage.com/en/api-errors/messages (1000 and up).  Read 2026-11-22.
Signed: the SMS API by `sig`, off until Vonage's support turns it on; Messages by a JWT, always.
       Both with the account's signature secret. With it as signing key every request must be
       signed, so turn on `sig` first if you use both; without it the token alone counts.
       Messages sends unsigned "in rare cases" and asks for a 5xx to send it again signed: 503.
Times: `scts` is UTC. `message-timestamp` is when the receipt was pushed, anew with every try, and
       would make each try another event: not used. Messages: ISO with `Z`.
Answer: 200 or 204; tried again for 24 hours.

`msisdn` is the recipient, `to` the sender. A long message gets a receipt for each part, with an
id of its own. 9 "Illegal Number" is a STOP. 3 and 4 Vonage says to remove from the database. Other
channels of Messages (WhatsApp, Viber, RCS) and inbound messages yield nothing.
"""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from dlr.causes import Cause
from dlr.providers.base import Meaning, ParsedReport, Provider, WireModel
from dlr.providers.times import read_iso, read_smpp
from dlr.report import Status
from dlr.wire.verify import (
    all_of,
    any_of,
    jwt_with_body_hash,
    token_in_path,
    vonage_sig,
    where_configured,
)

_sms = "Vonage: SMS Delivery Error Codes and Descriptions"
_messages = "Vonage: API Errors, Messages API"
_PHONE = {"", "sms", "mms"}


class SmsReport(WireModel):
    messageId: str
    status: str
    msisdn: str = ""
    to: str = ""  # the sender; named so that it is not taken for the team's own `?to=`
    err_code: str = Field("", validation_alias="err-code")
    scts: str = ""
    network_code: str = Field("", validation_alias="network-code")
    client_ref: str = Field("", validation_alias="client-ref")
    price: str = ""
    api_key: str = Field("", validation_alias="api-key")
    message_timestamp: str = Field("", validation_alias="message-timestamp")
    timestamp: str = ""
    nonce: str = ""
    sig: str = ""


class Error(WireModel):
    title: str = ""
    detail: str = ""


class Usage(WireModel):
    price: str = ""
    currency: str = ""


class Destination(WireModel):
    network_code: str = ""


class Parts(WireModel):
    count_total: int | None = None


class MessagesReport(WireModel):
    message_uuid: str
    status: str
    to: str = ""
    timestamp: Any = ""  # an empty object was met
    channel: str = ""
    error: Error = Error()
    client_ref: str = ""
    usage: Usage = Usage()
    destination: Destination = Destination()
    sms: Parts = Parts()


class Inbound(WireModel):
    """A message from a handset, on either API."""


def _kind(item: Any) -> str:
    names = set(item) if isinstance(item, dict) else set()
    if "status" not in names and names & {"text", "message_type", "type"}:
        return "inbound"
    return "messages" if "message_uuid" in names else "sms"


Report = Annotated[
    Annotated[SmsReport, Tag("sms")]
    | Annotated[MessagesReport, Tag("messages")]
    | Annotated[Inbound, Tag("inbound")],
    Discriminator(_kind),
]

STATES = {
    "accepted": Meaning(Status.ACCEPTED, says="Accepted by the operator", source=_sms),
    "buffered": Meaning(Status.ENROUTE, says="Being delivered", source=_sms),
    "delivered": Meaning(Status.DELIVERED, says="Delivered", source=_sms),
    "expired": Meaning(
        Status.EXPIRED, Cause.EXPIRED, says="No word from the operator in time", source=_sms
    ),
    "failed": Meaning(Status.UNDELIVERED, Cause.UNSPECIFIED, says="Not delivered", source=_sms),
    "rejected": Meaning(Status.REJECTED, Cause.UNSPECIFIED, says="Rejected", source=_sms),
    "unknown": Meaning(
        Status.UNKNOWN, Cause.UNSPECIFIED, says="Undocumented status of the operator", source=_sms
    ),
    "submitted": Meaning(Status.ENROUTE, says="Handed to the network", source=_messages),
    "read": Meaning(Status.READ, says="Read by the recipient", source=_messages),
    "undeliverable": Meaning(
        Status.UNDELIVERED, Cause.UNSPECIFIED, says="Cannot be delivered", source=_messages
    ),
}


def _why(cause: Cause, says: str, permanent: bool | None = None) -> Meaning:
    return Meaning(None, cause, permanent, says, _sms)


def _error(cause: Cause, says: str, permanent: bool | None = None) -> Meaning:
    return Meaning(None, cause, permanent, says, _messages)


CODES = {
    # `err-code` of the SMS API
    "0": _why(Cause.NONE, "Delivered"),
    "1": _why(Cause.UNSPECIFIED, "Unknown: no cause could be determined"),
    "2": _why(Cause.ABSENT, "Absent subscriber, temporary: retry", False),
    "3": _why(Cause.UNKNOWN_SUBSCRIBER, "Absent subscriber, permanent: number not active", True),
    "4": _why(Cause.SUSPENDED, "Barred by the user, permanent: remove the number", True),
    "5": _why(Cause.PORTING, "Portability error: ask the operator"),
    "6": _why(Cause.SPAM, "Anti-spam rejection"),
    "7": _why(Cause.BUSY, "Handset busy: retry", False),
    "8": _why(Cause.NETWORK_ERROR, "Network error: retry", False),
    "9": _why(Cause.OPTED_OUT, "Illegal number: the user asked not to be messaged"),
    "10": _why(Cause.INVALID_MESSAGE, "Illegal message: a wrong parameter"),
    "11": _why(Cause.UNROUTABLE, "Unroutable: no suitable route"),
    "12": _why(Cause.UNROUTABLE, "Destination unreachable: confirm the number"),
    "13": _why(Cause.CONTENT, "Subscriber age restriction"),
    "14": _why(Cause.UNROUTABLE, "Blocked by the carrier: SMS not enabled on the plan"),
    "15": _why(Cause.UNROUTABLE, "The recipient's prepaid account is empty"),
    "16": _why(Cause.RATE_LIMITED, "Gateway quota exceeded"),
    "50": _why(Cause.NOT_REGISTERED, "Entity filter: entity id wrong or missing"),
    "51": _why(Cause.NOT_REGISTERED, "Header filter: sender wrong or missing"),
    "52": _why(Cause.NOT_REGISTERED, "Content filter: content id wrong or missing"),
    "53": _why(Cause.NOT_REGISTERED, "Consent filter: consent not authorized"),
    "54": _why(Cause.NOT_REGISTERED, "Regulation error"),
    "99": _why(Cause.UNSPECIFIED, "General error"),
    # `error.title` of the Messages API: the number, the person
    "1050": _error(Cause.DO_NOT_DISTURB, "Number barred: blacklisted, may not receive"),
    "1170": _error(Cause.INVALID_NUMBER, "Invalid recipient"),
    "1190": _error(Cause.UNKNOWN_SUBSCRIBER, "Absent permanently: remove the number", True),
    "1240": _error(Cause.OPTED_OUT, "Illegal number: the user sent STOP"),
    "1430": _error(Cause.INVALID_NUMBER, "Recipient invalid for the channel"),
    # reach and network
    "1100": _error(Cause.NETWORK_ERROR, "Communication failure"),
    "1180": _error(Cause.ABSENT, "Destination temporarily unavailable: retry later", False),
    "1200": _error(Cause.PORTING, "Portability error: the user must ask the carrier"),
    "1220": _error(Cause.BUSY, "Handset busy, temporary: retry later", False),
    "1230": _error(Cause.NETWORK_ERROR, "Temporary network failure: retry later", False),
    "1250": _error(Cause.UNROUTABLE, "Unroutable: the chosen route is not available"),
    "1251": _error(Cause.UNROUTABLE, "Routing rules of the destination"),
    "1260": _error(Cause.UNROUTABLE, "Destination unreachable"),
    "1280": _error(Cause.UNROUTABLE, "Blocked by the carrier: no SMS, or suspended"),
    "1290": _error(Cause.UNROUTABLE, "The recipient's prepaid account is empty"),
    "1300": _error(Cause.UNROUTABLE, "Not a user of the provider's network"),
    "1310": _error(Cause.HANDSET_ERROR, "The device cannot receive the message"),
    "1360": _error(Cause.EXPIRED, "Expired before delivery"),
    # no reason
    "1330": _error(Cause.UNSPECIFIED, "Unknown permanent failure", True),
    "1490": _error(Cause.UNSPECIFIED, "Not all parts were receipted in time"),
    # the message
    "1040": _error(Cause.INVALID_MESSAGE, "Could not be processed"),
    "1090": _error(Cause.INVALID_MESSAGE, "Too long"),
    "1210": _error(Cause.SPAM, "Anti-spam rejection"),
    "1270": _error(Cause.CONTENT, "Subscriber age restriction"),
    "1282": _error(Cause.CONTENT, "Rejected: policy or content"),
    "1380": _error(Cause.INVALID_MESSAGE, "Resource invalid or not accessible"),
    "1381": _error(Cause.INVALID_MESSAGE, "Resource too large"),
    "1382": _error(Cause.INVALID_MESSAGE, "Resource of an unsupported type"),
    "1473": _error(Cause.SPAM, "Fraud Defender: artificially inflated traffic"),
    "2001": _error(Cause.SPAM, "Fraud protection at the provider"),
    # the sender
    "1000": _error(Cause.RATE_LIMITED, "Throttled: wait and retry", False),
    "1120": _error(Cause.SENDER_REJECTED, "Illegal sender address"),
    "1241": _error(Cause.RATE_LIMITED, "Too many send requests"),
    "1340": _error(Cause.SENDER_REJECTED, "Outside of the allowed window"),
    "1420": _error(Cause.SENDER_REJECTED, "Sender invalid for the channel"),
    "1460": _error(Cause.RATE_LIMITED, "Daily limit, for example of 10DLC"),
    "1461": _error(Cause.RATE_LIMITED, "Held back to spare the user"),
    "1472": _error(Cause.RATE_LIMITED, "Fraud Defender: burst"),
    "1476": _error(Cause.SENDER_REJECTED, "Sender on a do-not-originate list"),
    "1480": _error(Cause.NOT_REGISTERED, "Entity filter: entity id wrong or missing"),
    "1481": _error(Cause.NOT_REGISTERED, "Header filter: sender wrong or missing"),
    "1482": _error(Cause.NOT_REGISTERED, "Content filter: content id wrong or missing"),
    "1483": _error(Cause.NOT_REGISTERED, "Consent filter: consent not authorized"),
    "1484": _error(Cause.NOT_REGISTERED, "Compliance: check the sender's configuration"),
    # the account, the request, Vonage
    "1010": _error(Cause.INVALID_REQUEST, "Parameters missing"),
    "1020": _error(Cause.INVALID_REQUEST, "Parameters invalid"),
    "1021": _error(Cause.INVALID_REQUEST, "Tag invalid"),
    "1022": _error(Cause.INVALID_REQUEST, "Template invalid"),
    "1030": _error(Cause.PROVIDER_ERROR, "Internal error"),
    "1060": _error(Cause.AUTHENTICATION, "Account barred"),
    "1070": _error(Cause.INSUFFICIENT_CREDIT, "Quota or credit exceeded"),
    "1080": _error(Cause.INVALID_REQUEST, "Account not enabled for REST"),
    "1130": _error(Cause.INVALID_REQUEST, "Invalid TTL"),
    "1140": _error(Cause.INVALID_REQUEST, "Facility not enabled on the account"),
    "1150": _error(Cause.INVALID_REQUEST, "Invalid message class"),
    "1160": _error(Cause.INVALID_REQUEST, "Destination not on the demo account's list"),
    "1242": _error(Cause.INVALID_REQUEST, "Number pool does not exist"),
    "1320": _error(Cause.INVALID_REQUEST, "Sent already"),
    "1331": _error(Cause.PROVIDER_ERROR, "No answer from the provider: try in some minutes", False),
    "1350": _error(Cause.INVALID_REQUEST, "Phone matching fee not paid"),
    "1370": _error(Cause.AUTHENTICATION, "Access token expired"),
    "1400": _error(Cause.INVALID_REQUEST, "Channel not supported"),
    "1410": _error(Cause.INVALID_REQUEST, "Channel parameters invalid"),
    "1431": _error(Cause.INVALID_REQUEST, "Several recipients"),
    "1440": _error(Cause.INVALID_REQUEST, "Message type not supported"),
    "1450": _error(Cause.INVALID_REQUEST, "Client reference invalid"),
    "1451": _error(Cause.INVALID_REQUEST, "Context invalid"),
    "1470": _error(Cause.INVALID_REQUEST, "Fraud Defender: your traffic rule"),
    "1474": _error(Cause.INVALID_REQUEST, "Fraud Defender: your country block"),
    "1475": _error(Cause.INVALID_REQUEST, "Fraud Defender: your network block"),
}


def parse(report: SmsReport | MessagesReport | Inbound) -> Iterator[ParsedReport]:
    """One receipt; none for an inbound message or another channel."""
    if isinstance(report, SmsReport):
        yield ParsedReport(
            message_id=report.messageId,
            words=(report.status.lower(),),
            status=report.status,
            code=report.err_code,
            recipient=report.msisdn,
            occurred_at=read_smpp(report.scts),
            client_reference=report.client_ref,
            network=report.network_code,
            price=report.price,
        )
    elif isinstance(report, MessagesReport) and report.channel.lower() in _PHONE:
        yield ParsedReport(
            message_id=report.message_uuid,
            words=(report.status.lower(),),
            status=report.status,
            code=report.error.title,
            recipient=report.to,
            occurred_at=read_iso(str(report.timestamp)),
            text=report.error.detail,
            client_reference=report.client_ref,
            network=report.destination.network_code,
            segments=report.sms.count_total,
            price=report.usage.price,
            currency=report.usage.currency,
        )


PROVIDER = Provider(
    name="vonage",
    title="Vonage",
    source=_sms,
    wire=Report,
    methods=frozenset({"GET", "POST"}),
    states=STATES,
    codes=CODES,
    parse=parse,
    verify=all_of(token_in_path, where_configured(any_of(jwt_with_body_hash, vonage_sig))),
    unsigned_status=503,
)
