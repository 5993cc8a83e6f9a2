"""Bird: events of its SMS API of 2026, a JSON POST each.

Wire:  https://github.com/messagebird/bird-sdk-python, src/bird/_generated.py (2026-08-19)
Codes: the same: `SMSError`, an open list.  Read 2026-11-24.
Signed: `webhook-signature` by Standard Webhooks, over `webhook-id`, `webhook-timestamp` and the
       body.
Times: `timestamp`, ISO with an offset.
Answer: 2xx.
Retries: not documented. "Webhook delivery is not ordered."

The older REST API's callbacks are another provider's here, not this one's. Bird keeps a
suppression list of its own and rejects what it holds back (`recipient_opted_out`). Inbound
messages, and the events of e-mail, WhatsApp and domains, come to the same address and yield
nothing.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from dlr.providers.base import (
    Loose,
    LooseCount,
    LooseText,
    ParsedReport,
    PayloadModel,
    Provider,
    one_of,
)
from dlr.providers.times import read_iso
from dlr.wire.schemes.standard import StandardWebhooks


class Error(PayloadModel):
    code: str = ""
    description: LooseText = ""


class Cost(PayloadModel):
    amount: LooseText = ""
    currency: LooseText = ""


class Message(PayloadModel):
    sms_id: str
    to: str = ""
    sender: LooseText = Field("", validation_alias="from")
    error: Error = Error()
    cost: Loose[Cost] = Cost()
    carrier: LooseText = ""
    mcc_mnc: LooseText = ""
    segments: LooseCount = None


class Event(PayloadModel):
    type: str
    timestamp: LooseText = ""
    data: Message


class OtherEvent(PayloadModel):
    """An inbound message, or an event of another channel."""


def _kind(item: Any) -> str:
    name = item.get("type") if isinstance(item, dict) else None
    if not isinstance(name, str):
        return "event"
    name = name.lower()
    return "event" if name.startswith("sms.") and name != "sms.received" else "other"


Payload = one_of(_kind, event=Event, other=OtherEvent)


def parse(payload: Event | OtherEvent) -> Iterator[ParsedReport]:
    """One report; none for what is no outbound SMS."""
    if isinstance(payload, Event):
        message = payload.data
        yield ParsedReport(
            message_id=message.sms_id,
            words=(payload.type,),
            code=message.error.code,
            recipient=message.to,
            occurred_at=read_iso(payload.timestamp),
            text=message.error.description,
            network=message.mcc_mnc or message.carrier,
            segments=message.segments,
            price=message.cost.amount,
            currency=message.cost.currency,
            sender=message.sender,
        )


PROVIDER = Provider(
    title="Bird",
    payload=Payload,
    parse=parse,
    signing=StandardWebhooks(),
)
