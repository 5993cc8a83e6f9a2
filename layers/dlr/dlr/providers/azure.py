"""Azure Communication Services: events of Azure Event Grid, a JSON POST.

Wire:  https://learn.microsoft.com/azure/event-grid/communication-services-telephony-sms-events;
       https://learn.microsoft.com/azure/event-grid/cloud-event-schema
Codes: https://learn.microsoft.com/azure/communication-services/concepts/troubleshooting-codes;
       https://github.com/MicrosoftDocs/azure-docs, the same page's includes/codes/sms-sdk.md
       (2024-07-22).  Read 2026-11-30.
Signed: nothing. A subscription may send headers of your choice (delivery properties): let it send
       `Authorization: Bearer …` and put the token into the signing keys. It may also send a JWT of
       Microsoft Entra ID; that is not checked here.
Times: `receivedTimestamp`, ISO with `Z` and seven digits.
Answer: 200 to 204 within 30 seconds. The handshakes are answered: the validation code of Event
       Grid, and `OPTIONS` of CloudEvents.
Retries: after 10 and 30 s, 1, 5, 10 and 30 min, 1 h, then hourly, 24 hours at most.

The schema of Event Grid and that of CloudEvents are read, one event or an array: set at most 500
events per batch. The document's example writes the names of `data` with capitals, its schema
without: both are read. The code stands in a sentence, `ErrorCode: 4004. ErrorMessage: …`. 5002
says that the carrier sends no receipts, and the message may have arrived: not a failure, so the
status is unknown. 4002 is a number that the request wrote wrongly, so not the number's fault.
Inbound messages and other events yield nothing.
"""

import re
from collections.abc import Iterator
from typing import Any

from pydantic import AliasChoices, Field

from dlr.providers.base import (
    Handshake,
    LooseText,
    ParsedReport,
    PayloadModel,
    Provider,
    one_of,
)
from dlr.providers.times import read_iso
from dlr.wire.request import Request
from dlr.wire.schemes.parts import only_item
from dlr.wire.schemes.password import Bearer

_REPORT = "Microsoft.Communication.SMSDeliveryReportReceived"
_VALIDATION = "Microsoft.EventGrid.SubscriptionValidationEvent"
_CODE = re.compile(r"ErrorCode:\s*(\d+)", re.ASCII)
_NO_RECEIPT = "5002"


def _named(name: str) -> AliasChoices:
    """As the schema writes it, and with a capital."""
    return AliasChoices(name, name[0].upper() + name[1:])


class Data(PayloadModel):
    messageId: str = Field(validation_alias=_named("messageId"))
    deliveryStatus: str = Field(validation_alias=_named("deliveryStatus"))
    deliveryStatusDetails: str = Field("", validation_alias=_named("deliveryStatusDetails"))
    sender: LooseText = Field("", validation_alias=_named("from"))
    to: LooseText = Field("", validation_alias=_named("to"))
    receivedTimestamp: LooseText = Field("", validation_alias=_named("receivedTimestamp"))
    tag: LooseText = Field("", validation_alias=_named("tag"))


class Event(PayloadModel):
    data: Data


class OtherEvent(PayloadModel):
    """An inbound message, whatever else a subscription gets."""


def _type_of(item: Any) -> str:
    """By the schema of Event Grid, or by that of CloudEvents."""
    name = item.get("eventType", item.get("type")) if isinstance(item, dict) else None
    return name if isinstance(name, str) else ""


def _kind(item: Any) -> str:
    return "other" if _type_of(item) not in {"", _REPORT} else "event"


Payload = one_of(_kind, event=Event, other=OtherEvent)


def parse(payload: Event | OtherEvent) -> Iterator[ParsedReport]:
    """One report; none for what is no delivery report."""
    if isinstance(payload, OtherEvent):
        return
    data = payload.data
    found = _CODE.search(data.deliveryStatusDetails)
    code = found[1] if found else ""
    yield ParsedReport(
        message_id=data.messageId,
        words=() if code == _NO_RECEIPT else (data.deliveryStatus,),
        provider_status=data.deliveryStatus,
        code=code,
        recipient=data.to,
        occurred_at=read_iso(data.receivedTimestamp),
        text=data.deliveryStatusDetails,
        client_reference=data.tag,
        sender=data.sender,
    )


def handshake(request: Request) -> Handshake | None:
    """Event Grid's validation event, or the question of CloudEvents who may send."""
    origin = request.headers.get("webhook-request-origin", "")
    if request.method == "OPTIONS" and origin:
        allowed = {"webhook-allowed-origin": origin, "webhook-allowed-rate": "*"}
        return Handshake(headers=allowed)
    item = only_item(request) if _VALIDATION.encode() in request.body else {}
    data = item.get("data")
    if _type_of(item) == _VALIDATION and isinstance(data, dict):
        return Handshake({"validationResponse": str(data.get("validationCode", ""))})
    return None


PROVIDER = Provider(
    title="Azure Communication Services",
    payload=Payload,
    parse=parse,
    signing=Bearer(),
    handshake=handshake,
)
