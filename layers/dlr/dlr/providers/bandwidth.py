"""Bandwidth: messaging webhooks, a JSON POST with an array of events.

Wire:  https://dev.bandwidth.com/docs/messaging/webhooks;
       https://github.com/Bandwidth/python-sdk, bandwidth.yml (2026-07-22)
Codes: https://dev.bandwidth.com/docs/messaging/errors;
       https://github.com/Bandwidth/api-docs, site/docs/messaging/errors.mdx (2023-11-02).
       Read 2026-11-24.
Signed: nothing. The application may have a user and a password, which Bandwidth then sends with
       each request (basic authentication): put `user:password` into the signing keys.
Times: `time`, ISO with `Z`.
Answer: 2xx within 10 seconds.
Retries: for 24 hours, at least once: copies are possible.

`to` of the event is the one recipient, `message.to` the whole group. A group MMS comes once for
each member, with one message id: each member's report is stored as a message of its own. An MMS
is "delivered" once the carrier has it. 9902 says that no receipt came within two hours: not a
failure, so the status is unknown. 4405 is the sender's number. Of all 4xxx Bandwidth says that
repeating the request gives the same result; that speaks of the request and is no verdict on the
message. 4720 is also a subscriber who blocked toll-free and short-code messages: no proof.
Inbound messages, other events and RBM yield nothing.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from dlr.providers.base import LooseCount, LooseText, ParsedReport, PayloadModel, Provider, one_of
from dlr.providers.times import read_iso
from dlr.wire.schemes.password import Basic

_PHONE = {"", "sms", "mms"}
_NO_RECEIPT = "9902"


class Message(PayloadModel):
    id: str
    sender: LooseText = Field("", validation_alias="from")
    time: LooseText = ""
    segmentCount: LooseCount = None
    tag: LooseText = ""
    channel: LooseText = ""


class Event(PayloadModel):
    type: str
    message: Message
    to: str = ""
    time: LooseText = ""
    description: LooseText = ""
    errorCode: str = ""
    carrierName: LooseText = ""


class OtherEvent(PayloadModel):
    """An inbound message, an answer to a suggestion, whatever else an application gets."""


def _kind(item: Any) -> str:
    name = item.get("type") if isinstance(item, dict) else None
    is_other = isinstance(name, str) and name.startswith(("message-received", "requested", "sugg"))
    return "other" if is_other else "event"


Payload = one_of(_kind, event=Event, other=OtherEvent)


def parse(payload: Event | OtherEvent) -> Iterator[ParsedReport]:
    """One report; none for what is no outbound SMS or MMS."""
    if isinstance(payload, OtherEvent) or payload.message.channel.lower() not in _PHONE:
        return
    message = payload.message
    yield ParsedReport(
        message_id=message.id,
        words=() if payload.errorCode == _NO_RECEIPT else (payload.type,),
        provider_status=payload.type,
        code=payload.errorCode,
        recipient=payload.to,
        occurred_at=read_iso(payload.time),
        text=payload.description,
        client_reference=message.tag,
        network=payload.carrierName,
        segments=message.segmentCount,
        sender=message.sender,
        sent_at=read_iso(message.time),
    )


PROVIDER = Provider(
    title="Bandwidth",
    payload=Payload,
    parse=parse,
    signing=Basic(),
    shares_ids=True,
)
