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
events yield nothing.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from dlr.providers.base import ParsedReport, PayloadModel, Provider, one_of
from dlr.providers.codes import read_tables
from dlr.providers.sample import ENDS, StageWords, Step, post_json
from dlr.providers.times import read_iso
from dlr.wire.request import Request
from dlr.wire.schemes import Ed25519Body

_OTHER_CHANNELS = {"RCS", "WHATSAPP"}
_REPORTS = {"message.sent", "message.finalized"}


class To(PayloadModel):
    phone_number: str
    status: str
    carrier: str = ""


class Source(PayloadModel):
    pointer: str = ""


class Error(PayloadModel):
    code: str = ""
    title: str = ""
    detail: str = ""
    source: Source = Source()


class Cost(PayloadModel):
    amount: str = ""
    currency: str = ""


class Message(PayloadModel):
    id: str
    to: list[To] = Field(min_length=1)
    type: str = ""
    errors: tuple[Error, ...] = ()
    parts: int | None = None
    cost: Cost = Cost()


class Event(PayloadModel):
    payload: Message
    occurred_at: str = ""


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
    numbers = sorted(to.phone_number for to in message.to)
    for place, to in enumerate(message.to):
        error = _error_of(message, place)
        suffix = f".{numbers.index(to.phone_number) + 1}" if len(numbers) > 1 else ""
        yield ParsedReport(
            message_id=message.id + suffix,
            words=(to.status,),
            code=error.code,
            recipient=to.phone_number,
            occurred_at=read_iso(payload.data.occurred_at),
            text=error.detail or error.title,
            network=to.carrier,
            segments=message.parts,
            price=message.cost.amount,
            currency=message.cost.currency,
        )


def _error_of(message: Message, place: int) -> Error:
    """In a group an error counts for the recipient that it points at, and for nobody else."""
    if len(message.to) == 1:
        return next(iter(message.errors), Error())
    here = ["to", str(place)]
    pointing = (e for e in message.errors if e.source.pointer.strip("/").split("/")[:2] == here)
    return next(pointing, Error())


STAGE_WORDS = StageWords(
    "queued/", "sent/", "delivered/", "expired/", "delivery_failed/40310", "delivery_failed/40300"
)


def sample(step: Step) -> Request:
    """The event of one step."""
    status, code = STAGE_WORDS.at(step.stage)
    message = {
        "id": step.message_id,
        "type": "SMS",
        "to": [{"phone_number": f"+{step.number}", "status": status}],
        "errors": [{"code": code}] if code else [],
    }
    event_type = "message.finalized" if step.stage in ENDS else "message.sent"
    at = f"{step.at:%Y-%m-%dT%H:%M:%S.000+00:00}"
    return post_json({"data": {"event_type": event_type, "occurred_at": at, "payload": message}})


PROVIDER = Provider(
    name="telnyx",
    title="Telnyx",
    payload=Payload,
    tables=read_tables("telnyx"),
    parse=parse,
    sample=sample,
    signing=Ed25519Body("telnyx-signature-ed25519", "telnyx-timestamp"),
    needs_signature=True,
)
