"""AWS End User Messaging: its events by SNS, a JSON POST, or by EventBridge; SNS's own logs of SMS.

Wire:  https://docs.aws.amazon.com/end-user-messaging/latest/userguide/nx-features-messaging-events.html;
       https://docs.aws.amazon.com/sms-voice/latest/userguide/monitor-event-bridge.html;
       https://docs.aws.amazon.com/sns/latest/dg/sms_stats_cloudwatch.html (the logs)
Codes: https://docs.aws.amazon.com/sms-voice/latest/userguide/configuration-sets-event-types.html;
       of the logs as above.  Read 2026-11-30.
Signed: by SNS, RSA, certificate at `SigningCertURL`. EventBridge and logs not: IAM lets them call.
Times: `eventTimestamp`, Unix milliseconds. Of a log, when the message was published, UTC.
Answer: 2xx within 15 s. `SubscribeURL` is called if a topic among the signing keys signed for it.
Retries: SNS three times, 20 s apart, none after 4xx. EventBridge for 24 hours into a 14-day queue.

SUCCESSFUL says that the carrier has the message, and a DELIVERED may follow; in some countries one
stands for the other, so a message there may end as `enroute`. UNKNOWN is a failure without a
reason or 72 hours without a receipt: the status is unknown. BLOCKED is also an opt-out, as the
description tells. RCS can fail because the phone has none, and the SMS may follow: RCS_FAILED is
not final. EventBridge has no number in the vendor's examples: the list then learns nothing.
"""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator

from dlr.providers.base import (
    Handshake,
    LooseCount,
    LooseText,
    ParsedReport,
    PayloadModel,
    Provider,
    mcc_mnc,
    one_of,
)
from dlr.providers.times import read_iso
from dlr.wire.decode import read_json
from dlr.wire.request import Request
from dlr.wire.schemes.sns import SnsTopic, confirmation_of

_PHONE = ("TEXT_", "MEDIA_", "RCS_")
_GIVES_REASON = {"TEXT_BLOCKED", "MEDIA_BLOCKED"}


class Event(PayloadModel):
    eventType: str
    messageId: str
    messageStatus: str = ""
    messageStatusDescription: str = ""
    destinationPhoneNumber: LooseText = ""
    originationPhoneNumber: LooseText = ""
    eventTimestamp: LooseText = ""
    messageRequestTimestamp: LooseText = ""
    carrierName: LooseText = ""
    mcc: LooseText = ""
    mnc: LooseText = ""
    totalMessageParts: LooseCount = None
    totalMessagePrice: LooseText = ""


class Notification(PayloadModel):
    messageId: str
    timestamp: LooseText = ""


class Delivery(PayloadModel):
    destination: LooseText = ""
    providerResponse: str = ""
    phoneCarrier: LooseText = ""
    priceInUSD: LooseText = ""


class Log(PayloadModel):
    notification: Notification
    delivery: Delivery
    status: str


class Other(PayloadModel):
    """A call, a registration, an inbound message, the end of a subscription."""


def _unwrapped(item: Any) -> Any:
    """What SNS or EventBridge carries."""
    if not isinstance(item, dict):
        return item
    if item.get("Type") == "Notification" and isinstance(item.get("Message"), str):
        return read_json(item["Message"])
    if str(item.get("Type", "")).endswith("Confirmation"):
        return {"other": item["Type"]}
    return item["detail"] if "detail-type" in item and "detail" in item else item


def _kind(item: Any) -> str:
    names = item.keys() if isinstance(item, dict) else set()
    word = item["eventType"] if "eventType" in names else "TEXT_"
    if names & {"other", "inboundMessageId"} or not str(word).upper().startswith(_PHONE):
        return "other"
    return "log" if names & {"delivery", "notification"} else "event"


_Content = one_of(_kind, event=Event, log=Log, other=Other)
Payload: Any = Annotated[_Content, BeforeValidator(_unwrapped)]


def parse(payload: Event | Log | Other) -> Iterator[ParsedReport]:
    """One report; none for what is no message to a phone."""
    if isinstance(payload, Log):
        yield ParsedReport(
            message_id=payload.notification.messageId,
            words=(payload.delivery.providerResponse, payload.status),
            provider_status=payload.status,
            code=payload.delivery.providerResponse,
            recipient=payload.delivery.destination,
            sent_at=read_iso(payload.notification.timestamp),
            network=payload.delivery.phoneCarrier,
            price=payload.delivery.priceInUSD,
            currency="USD" if payload.delivery.priceInUSD else "",
        )
    elif isinstance(payload, Event):
        is_usual = payload.messageStatus in {"", "BLOCKED"}
        reason = payload.messageStatusDescription if is_usual else payload.messageStatus
        yield ParsedReport(
            message_id=payload.messageId,
            words=(payload.eventType,),
            code=reason if payload.eventType.upper() in _GIVES_REASON else "",
            recipient=payload.destinationPhoneNumber,
            occurred_at=read_iso(payload.eventTimestamp),
            text=payload.messageStatusDescription,
            network=mcc_mnc(payload.mcc, payload.mnc) or payload.carrierName,
            segments=payload.totalMessageParts,
            price=payload.totalMessagePrice,
            currency="USD" if payload.totalMessagePrice else "",
            sender=payload.originationPhoneNumber,
            sent_at=read_iso(payload.messageRequestTimestamp),
        )


def handshake(request: Request) -> Handshake | None:
    """The confirmation of a subscription, by its address."""
    return Handshake(visit=url) if (url := confirmation_of(request)) else None


PROVIDER = Provider(
    title="AWS End User Messaging",
    payload=Payload,
    parse=parse,
    signing=SnsTopic(),
    handshake=handshake,
    called_by_aws=True,
)
