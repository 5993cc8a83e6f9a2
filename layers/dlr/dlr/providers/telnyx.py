"""Telnyx: messaging webhooks, a JSON POST per event.

Wire:  https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks
Codes: https://developers.telnyx.com/docs/messaging/messages/error-codes and
       https://support.telnyx.com/en/articles/6505121-telnyx-messaging-error-codes  Read 2026-11-22.
Signed: `telnyx-signature-ed25519` over `telnyx-timestamp` and the body. The account's public key
       (base64) is always required as signing key.
Times: `occurred_at` and `sent_at`, ISO with an offset.
Answer: 2xx within 2 seconds.
Retries: three tries a URL, then the failover URL. `meta.attempt` counts them and is no part of the
       event.

`data.id` is the event, `data.payload.id` the message. A group message has one id and several
recipients, who fare differently: each gets its own report under `<id>.<n>`, numbered in the order
of the phone numbers, whatever the order on the wire. Inbound messages, RCS, WhatsApp and all other
events yield nothing: they are counted (metric `Ignored`) and say nothing about SMS.
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
from dlr.wire.schemes.ed25519 import Ed25519Body

_OTHER_CHANNELS = {"RCS", "WHATSAPP"}
_REPORTS = {"message.sent", "message.finalized"}


class To(PayloadModel):
    phone_number: str
    status: str
    carrier: LooseText = ""


class From(PayloadModel):
    phone_number: LooseText = ""


class Source(PayloadModel):
    pointer: str = ""


class Error(PayloadModel):
    code: str = ""
    title: LooseText = ""
    detail: LooseText = ""
    source: Source = Source()


class Cost(PayloadModel):
    amount: LooseText = ""
    currency: LooseText = ""


class Message(PayloadModel):
    id: str
    sender: Loose[From] = Field(From(), validation_alias="from")
    to: list[To] = Field(min_length=1)
    type: str = ""
    errors: tuple[Error, ...] = ()
    parts: LooseCount = None
    cost: Loose[Cost] = Cost()
    sent_at: LooseText = ""


class Event(PayloadModel):
    payload: Message
    occurred_at: LooseText = ""


class MessageEvent(PayloadModel):
    data: Event


class OtherEvent(PayloadModel):
    """An inbound message, a click on a link, whatever else a profile sends."""


def _kind(item: Any) -> str:
    event = item.get("data") if isinstance(item, dict) else None
    name = event.get("event_type") if isinstance(event, dict) else None
    return "other" if isinstance(name, str) and name not in _REPORTS else "message"


Payload = one_of(_kind, message=MessageEvent, other=OtherEvent)


def parse(payload: MessageEvent | OtherEvent) -> Iterator[ParsedReport]:
    """One report a recipient; none for what is no outbound SMS or MMS."""
    if isinstance(payload, OtherEvent) or payload.data.payload.type.upper() in _OTHER_CHANNELS:
        return
    message = payload.data.payload
    occurred_at, sent_at = read_iso(payload.data.occurred_at), read_iso(message.sent_at)
    for to, suffix, error in _recipients(message):
        yield ParsedReport(
            message_id=message.id + suffix,
            words=(to.status,),
            code=error.code,
            recipient=to.phone_number,
            occurred_at=occurred_at,
            text=error.detail or error.title,
            network=to.carrier,
            segments=message.parts,
            price=message.cost.amount,
            currency=message.cost.currency,
            sender=message.sender.phone_number,
            sent_at=sent_at,
        )


def _recipients(message: Message) -> Iterator[tuple[To, str, Error]]:
    """Each recipient with the suffix of its id and its error.

    In a group an error counts for the recipient that it points at, and for nobody else.
    """
    if len(message.to) == 1:
        yield message.to[0], "", next(iter(message.errors), Error())
        return
    errors: dict[str, Error] = {}
    for error in message.errors:
        errors.setdefault("/".join(error.source.pointer.strip("/").split("/")[:2]), error)
    ranks: dict[str, int] = {}
    for rank, number in enumerate(sorted(to.phone_number for to in message.to), 1):
        ranks.setdefault(number, rank)
    for place, to in enumerate(message.to):
        yield to, f".{ranks[to.phone_number]}", errors.get(f"to/{place}", Error())


PROVIDER = Provider(
    title="Telnyx",
    payload=Payload,
    parse=parse,
    signing=Ed25519Body("telnyx-signature-ed25519", "telnyx-timestamp"),
    needs_signature=True,
)
