"""Vonage: the SMS API's delivery receipts (GET, form or JSON) and the Messages API's (JSON).

Wire:  https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts
       https://developer.vonage.com/en/api/messages, message status webhook (v1)
Codes: https://api.support.vonage.com/hc/en-us/articles/204014733 (SMS, `err-code`);
       https://developer.vonage.com/en/api-errors/messages (1000 and up).  Read 2026-11-22.
       https://api.support.vonage.com/hc/en-us/articles/360018438551 (capitals).  Read 2026-11-24.
Signed: the SMS API by `sig`, off until Vonage's support turns it on; Messages by a JWT, always.
       Both with the account's signature secret; once it is the signing key, every request must be
       signed. `sha256:<secret>` accepts `sig` by that method only. Messages sends unsigned "in
       rare cases" and asks for a 5xx to send it again signed: 503.
Times: `scts` is UTC. `message-timestamp` is when the receipt was pushed, anew with every try, and
       would make each try another event: not used. Messages: ISO with `Z`.
Answer: 200 or 204.
Retries: for 24 hours.

`msisdn` is the recipient, `to` the sender. A long message gets a receipt for each part, with an
id of its own. 9 "Illegal Number" is a STOP for one sender; the suppression list is for all
senders. 3 and 4 Vonage says to remove from the database; 4 is a bar that the user can have
removed. The words of the SMS API also come as SMPP writes them, in capitals. The `error` of
Messages was met flat, as documented, and once more under `error`. Other channels of Messages
(WhatsApp, Viber, RCS) and inbound messages yield nothing.
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
from dlr.providers.times import read_iso, read_smpp
from dlr.wire.schemes.any_of import AnyOf
from dlr.wire.schemes.vonage import JwtWithBodyHash, VonageSig

_PHONE = {"", "sms", "mms"}


class SmsPayload(PayloadModel):
    messageId: str
    status: str
    msisdn: str = ""
    to: LooseText = ""  # the sender
    err_code: str = Field("", validation_alias="err-code")
    scts: LooseText = ""
    network_code: LooseText = Field("", validation_alias="network-code")
    client_ref: LooseText = Field("", validation_alias="client-ref")
    price: LooseText = ""
    api_key: LooseText = Field("", validation_alias="api-key")
    message_timestamp: LooseText = Field("", validation_alias="message-timestamp")
    timestamp: LooseText = ""
    nonce: LooseText = ""
    sig: LooseText = ""


class ErrorText(PayloadModel):
    title: str = ""
    detail: LooseText = ""


class Error(ErrorText):
    error: ErrorText | Any = Field(None, union_mode="left_to_right")


class Details(PayloadModel):
    """What stands in `usage`, in `destination` and in `sms`."""

    price: LooseText = ""
    currency: LooseText = ""
    network_code: LooseText = ""
    count_total: LooseCount = None


class MessagesPayload(PayloadModel):
    message_uuid: str
    status: str
    to: str = ""
    sender: LooseText = Field("", validation_alias="from")  # an object on other channels
    timestamp: Any = ""  # an empty object was met
    channel: str = ""
    error: Error = Error()
    client_ref: LooseText = ""
    usage: Loose[Details] = Details()
    destination: Loose[Details] = Details()
    sms: Loose[Details] = Details()


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
            sender=payload.to,
        )
    elif isinstance(payload, MessagesPayload) and payload.channel.lower() in _PHONE:
        nested = payload.error.error
        error = nested if isinstance(nested, ErrorText) and nested.title else payload.error
        yield ParsedReport(
            message_id=payload.message_uuid,
            words=(payload.status,),
            code=error.title,
            recipient=payload.to,
            occurred_at=read_iso(str(payload.timestamp)),
            text=error.detail,
            client_reference=payload.client_ref,
            network=payload.destination.network_code,
            segments=payload.sms.count_total,
            price=payload.usage.price,
            currency=payload.usage.currency,
            sender=payload.sender,
        )


PROVIDER = Provider(
    title="Vonage",
    payload=Payload,
    methods=frozenset({"GET", "POST"}),
    parse=parse,
    signing=AnyOf(JwtWithBodyHash(), VonageSig()),
    unsigned_status=503,
)
