"""Infobip: delivery reports of the SMS API (v2, v3) and of the Messages API, a JSON POST per batch.

Wire:  https://www.infobip.com/docs/api/channels/sms/outbound-sms/receive-outbound-sms-message-reports
       https://github.com/api-evangelist/infobip, openapi/infobip-sms-openapi.json (3.210.0)
Codes: https://www.infobip.com/docs/essentials/api-essentials/response-status-and-error-codes, as in
       https://github.com/api-evangelist/infobip, errors/infobip-error-codes.yml (2026-07-25).
       Read 2026-11-24.
Signed: nothing that could be verified: a subscription can sign with HMAC, but no document names
       the header. It can send a user and a password (basic authentication): put `user:password`
       into the signing keys.
Times: `doneAt` and `sentAt`, ISO with an offset.
Answer: 2xx.
Retries: after a minute, then ever later (1 + n² minutes).

The reports of a batch stand in `results` and fare differently. The names of statuses and errors
count, not their numbers, which other channels use too. `permanent` speaks of the message:
flooding, expiry and a handset's temporary failure are permanent. The flag of the report is kept;
only the cause suppresses. EC_DEST_ADDRESS_NOT_IN_SMS_DEMO (579) is the demo account, not the
destination. EXPIRED_DLR_UNKNOWN (29) says that no receipt came. DELIVERED_TO_OPERATOR (2) is not
delivered yet. Inbound messages, clicks and "seen" come to the same URL, and reports of other
channels too: they yield nothing. The text of the message may stand in the report; it is never
kept.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import AliasChoices, Field

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
from dlr.wire.schemes.password import Basic

_PHONE = {"", "sms", "mms"}
_OF_OTHERS = {"text", "cleanText", "notificationType", "receivedAt", "seen", "seenAt"}
_NO_ERROR = "NO_ERROR"


class Status(PayloadModel):
    name: str = ""
    groupName: str = ""


class Error(PayloadModel):
    name: str = ""
    description: LooseText = ""
    permanent: bool | None = None


class Price(PayloadModel):
    pricePerMessage: LooseText = ""
    currency: LooseText = ""


class Result(PayloadModel):
    messageId: str
    status: Status
    error: Error = Error()
    to: str = Field("", validation_alias=AliasChoices("to", "destination"))
    sender: LooseText = Field("", validation_alias=AliasChoices("from", "sender"))
    sentAt: LooseText = ""
    doneAt: LooseText = ""
    count: LooseCount = Field(None, validation_alias=AliasChoices("smsCount", "messageCount"))
    mccMnc: LooseText = ""
    callbackData: LooseText = ""
    channel: LooseText = ""
    price: Loose[Price] = Price()


class Other(PayloadModel):
    """An inbound message, a click on a link, a message that was seen."""


def _kind(item: Any) -> str:
    is_other = isinstance(item, dict) and "status" not in item and bool(item.keys() & _OF_OTHERS)
    return "other" if is_other else "result"


Payload = one_of(_kind, result=Result, other=Other)


def parse(payload: Result | Other) -> Iterator[ParsedReport]:
    """One report; none for what is no outbound SMS or MMS."""
    if isinstance(payload, Other) or payload.channel.lower() not in _PHONE:
        return
    error = payload.error
    yield ParsedReport(
        message_id=payload.messageId,
        words=(payload.status.name or payload.status.groupName,),
        code=error.name,
        permanent=None if error.name == _NO_ERROR else error.permanent,
        recipient=payload.to,
        occurred_at=read_iso(payload.doneAt),
        text=error.description,
        client_reference=payload.callbackData,
        network=payload.mccMnc,
        segments=payload.count,
        price=payload.price.pricePerMessage,
        currency=payload.price.currency,
        sender=payload.sender,
        sent_at=read_iso(payload.sentAt),
    )


PROVIDER = Provider(
    title="Infobip",
    payload=Payload,
    batch="results",
    parse=parse,
    signing=Basic(),
)
