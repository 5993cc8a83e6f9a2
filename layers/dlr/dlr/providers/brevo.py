"""Brevo: webhooks of transactional SMS, a JSON POST per event, or an array of them.

Wire:  https://developers.brevo.com/docs/transactional-webhooks;
       https://developers.brevo.com/docs/batched-webhooks
Codes: the same, `msg_status`; what a bounce is:
       https://help.brevo.com/hc/en-us/articles/12355366391442-What-is-a-soft-bounce-and-a-hard-bounce-in-SMS
       There are no codes.  Read 2026-11-30.
Signed: nothing. A webhook may have a user and a password, or a bearer token: put `user:password` or
       the token into the signing keys.
Times: `ts_event`, Unix seconds. `date` is in the account's zone and is not read.
Answer: 2xx.
Retries: not documented.

`id` is the webhook's, the same in every event; `messageId` is the message's. The names of the
bounces mislead: a hard one is a dead number, a block, or the account's own fault (a sender that is
not registered), a soft one also a landline or an invalid number. So a hard bounce counts, and one
is no proof; a soft one does not count. `blacklisted` is the account's own block list, on which
Brevo puts every hard bounce: it is no more proof than that. An unsubscription is an event of the
contact, not of a message, and yields nothing; nor do replies, and events of e-mail.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import AliasChoices, Field

from dlr.providers.base import LooseCount, LooseText, ParsedReport, PayloadModel, Provider, one_of
from dlr.providers.times import read_unix
from dlr.wire.schemes.any_of import AnyOf
from dlr.wire.schemes.password import Basic, Bearer

_NO_REPORTS = {"replied", "reply", "skip", "subscribe", "unsubscribe", "unsubscribed"}


class Event(PayloadModel):
    messageId: str
    msg_status: str = Field(validation_alias=AliasChoices("msg_status", "event"))
    to: str = Field("", validation_alias=AliasChoices("to", "phoneNumber"))
    ts_event: LooseText = ""
    sms_count: LooseCount = None
    tag: LooseText = ""
    reason: LooseText = ""


class Other(PayloadModel):
    """An event of an e-mail or of a contact, a reply."""


def _kind(item: Any) -> str:
    if not isinstance(item, dict):
        return "event"
    word = str(item.get("msg_status", item.get("event"))).lower()
    return "other" if word in _NO_REPORTS or "email" in item else "event"


Payload = one_of(_kind, event=Event, other=Other)


def parse(payload: Event | Other) -> Iterator[ParsedReport]:
    """One report; none for what is no outbound SMS."""
    if isinstance(payload, Event):
        yield ParsedReport(
            message_id=payload.messageId,
            words=(payload.msg_status,),
            recipient=payload.to,
            occurred_at=read_unix(payload.ts_event),
            text=payload.reason,
            client_reference=payload.tag,
            segments=payload.sms_count,
        )


PROVIDER = Provider(
    title="Brevo",
    payload=Payload,
    parse=parse,
    signing=AnyOf(Basic(), Bearer()),
)
