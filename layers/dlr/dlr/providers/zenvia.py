"""Zenvia: events MESSAGE_STATUS of its API, a JSON POST each.

Wire:  https://github.com/zenvia/zenvia-sdk-node (2022-08-25), webhook events
Codes: the same: `messageStatus.code`. `cause` is free text, which no document lists.
       Read 2026-11-30.
Signed: nothing.
Times: `messageStatus.timestamp`, ISO 8601 with its zone (Brazil's).
Answer: 200.
Retries: not documented.

No failure has a reason that can be looked up. Nothing names the recipient, and the address is the
subscription's: Zenvia's reports suppress nobody. `id` is the event's, `messageId` the message's.
Inbound messages (MESSAGE) and other channels than SMS yield nothing.
"""

from collections.abc import Iterator
from typing import Any

from dlr.providers.base import LooseText, ParsedReport, PayloadModel, Provider, one_of
from dlr.providers.times import read_iso


class State(PayloadModel):
    code: str
    timestamp: LooseText = ""
    description: LooseText = ""
    cause: LooseText = ""


class Event(PayloadModel):
    messageId: str
    messageStatus: State
    type: LooseText = ""
    channel: LooseText = ""


class Other(PayloadModel):
    """An inbound message, or the status of one in another channel."""


def _kind(item: Any) -> str:
    names = item if isinstance(item, dict) else {}
    is_status = names.get("type", "MESSAGE_STATUS") == "MESSAGE_STATUS"
    return "event" if is_status and names.get("channel", "sms") in ("sms", "SMS") else "other"


Payload = one_of(_kind, event=Event, other=Other)


def parse(payload: Event | Other) -> Iterator[ParsedReport]:
    """One report; none for another event."""
    if isinstance(payload, Event):
        status = payload.messageStatus
        yield ParsedReport(
            message_id=payload.messageId,
            words=(status.code,),
            occurred_at=read_iso(status.timestamp),
            text=status.cause or status.description,
        )


PROVIDER = Provider(title="Zenvia", payload=Payload, parse=parse)
