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
from typing import Any

from pydantic import Field

from dlr.providers.base import ParsedReport, PayloadModel, Provider, one_of
from dlr.providers.codes import read_tables
from dlr.providers.sample import StageWords, Step, get
from dlr.providers.times import read_iso, read_smpp
from dlr.wire.request import Request
from dlr.wire.schemes import AnyOf, JwtWithBodyHash, VonageSig

_PHONE = {"", "sms", "mms"}


class SmsPayload(PayloadModel):
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


class Error(PayloadModel):
    title: str = ""
    detail: str = ""


class Usage(PayloadModel):
    price: str = ""
    currency: str = ""


class Destination(PayloadModel):
    network_code: str = ""


class Parts(PayloadModel):
    count_total: int | None = None


class MessagesPayload(PayloadModel):
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


class Inbound(PayloadModel):
    """A message from a handset, on either API."""


def _kind(item: Any) -> str:
    names = set(item) if isinstance(item, dict) else set()
    if "status" not in names and names & {"text", "message_type", "type"}:
        return "inbound"
    return "messages" if "message_uuid" in names else "sms"


Payload = one_of(_kind, sms=SmsPayload, messages=MessagesPayload, inbound=Inbound)


def parse(payload: SmsPayload | MessagesPayload | Inbound) -> Iterator[ParsedReport]:
    """One report; none for an inbound message or another channel."""
    if isinstance(payload, SmsPayload):
        yield ParsedReport(
            message_id=payload.messageId,
            words=(payload.status,),
            code=payload.err_code,
            recipient=payload.msisdn,
            occurred_at=read_smpp(payload.scts),
            client_reference=payload.client_ref,
            network=payload.network_code,
            price=payload.price,
        )
    elif isinstance(payload, MessagesPayload) and payload.channel.lower() in _PHONE:
        yield ParsedReport(
            message_id=payload.message_uuid,
            words=(payload.status,),
            code=payload.error.title,
            recipient=payload.to,
            occurred_at=read_iso(str(payload.timestamp)),
            text=payload.error.detail,
            client_reference=payload.client_ref,
            network=payload.destination.network_code,
            segments=payload.sms.count_total,
            price=payload.usage.price,
            currency=payload.usage.currency,
        )


STAGE_WORDS = StageWords(
    "accepted/0", "buffered/0", "delivered/0", "failed/2", "failed/3", "rejected/9"
)


def sample(step: Step) -> Request:
    """The GET of the SMS API."""
    status, code = STAGE_WORDS.at(step.stage)
    content = {"messageId": step.message_id, "msisdn": step.number, "status": status}
    return get(content | {"err-code": code, "scts": f"{step.at:%y%m%d%H%M}"})


PROVIDER = Provider(
    name="vonage",
    title="Vonage",
    payload=Payload,
    methods=frozenset({"GET", "POST"}),
    tables=read_tables("vonage"),
    parse=parse,
    sample=sample,
    signing=AnyOf(JwtWithBodyHash(), VonageSig()),
    unsigned_status=503,
)
