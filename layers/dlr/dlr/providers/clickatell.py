"""Clickatell: callbacks of One API, of its platform (JSON) and of the old HTTP API (GET or form).

Wire:  https://www.clickatell.com/developers/api-documentation/rest-api-status-callback/;
       https://guides.clickatell.com/clickatell-chat-commerce-platform/developer/channels/whatsapp-and-sms-one-api/api-reference/customer-callbacks
Codes: https://www.clickatell.com/developers/api-documentation/one-api-message-status-codes-descriptions/;
       of the old API https://wiki.kolmisoft.com/index.php/SMS_Addon_-_Status_codes.
       Read 2026-11-30.
Signed: nothing. The callback may have a user and a password (basic authentication): put
       `user:password` into the signing keys.
Times: `timestamp`: Unix milliseconds, Unix seconds in the old API.
Answer: any 2xx.
Retries: after anything but 2xx and a redirect; how often is not documented.

The status word counts, not its number: the sets of the old API and of One API share the numbers 1
to 6, and 4 is "received" in the one and "handed over" in the other. From 7 on a number stands in
for a word that nobody has seen; the three digits of the old HTTP API are its own. One API names
no recipient: give your address a `to` of its own. "Stopped by user" does not say whose wish it
was: nobody's opt-out. A callback may hold your API key: it is neither read nor kept. Inbound
messages and other channels than SMS yield nothing.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from dlr.providers.base import LooseText, ParsedReport, PayloadModel, Provider, one_of
from dlr.providers.times import read_iso, read_unix
from dlr.wire.schemes.password import Basic

_PHONE = {"", "sms"}
_OF_ONE_SET = {str(number) for number in range(7, 15)}


class Flat(PayloadModel):
    """Of the platform."""

    messageId: str
    status: str
    to: str = ""
    sender: LooseText = Field("", validation_alias="from")
    statusCode: str = ""
    statusDescription: LooseText = ""
    clientMessageId: LooseText = ""
    timestamp: LooseText = ""
    channel: LooseText = ""


class Old(PayloadModel):
    """Of the HTTP API of Developers' Central."""

    apiMsgId: str
    status: str
    to: str = ""
    sender: LooseText = Field("", validation_alias="from")
    cliMsgId: LooseText = ""
    timestamp: LooseText = ""
    charge: LooseText = ""
    api_id: LooseText = ""


class Event(PayloadModel):
    messageStatusUpdate: tuple[Flat, ...] = ()


class Events(PayloadModel):
    """Of One API."""

    event: Event


class Inbound(PayloadModel):
    """A message from a handset."""


def _kind(item: Any) -> str:
    names = item.keys() if isinstance(item, dict) else set()
    if "event" in names:
        return "events"
    if "fromNumber" in names and "status" not in names:
        return "inbound"
    return "old" if "apiMsgId" in names else "flat"


Payload = one_of(_kind, events=Events, inbound=Inbound, old=Old, flat=Flat)


def parse(payload: Events | Inbound | Old | Flat) -> Iterator[ParsedReport]:
    """A report for each event of SMS; none for an inbound message or another channel."""
    if isinstance(payload, Old):
        yield ParsedReport(
            message_id=payload.apiMsgId,
            words=(payload.status,),
            recipient=payload.to,
            occurred_at=read_unix(payload.timestamp),
            client_reference=payload.cliMsgId,
            price=payload.charge,
            sender=payload.sender,
        )
    elif not isinstance(payload, Inbound):
        flat = (payload,) if isinstance(payload, Flat) else payload.event.messageStatusUpdate
        yield from (_report(each) for each in flat if each.channel.lower() in _PHONE)


def _report(each: Flat) -> ParsedReport:
    number = each.statusCode
    return ParsedReport(
        message_id=each.messageId,
        words=(each.status, f"0{number:0>2}" if number in _OF_ONE_SET else ""),
        provider_code=number,
        recipient=each.to,
        occurred_at=read_iso(each.timestamp) or read_unix(each.timestamp),
        text=each.statusDescription,
        client_reference=each.clientMessageId,
        sender=each.sender,
    )


PROVIDER = Provider(
    title="Clickatell",
    payload=Payload,
    methods=frozenset({"GET", "POST"}),
    parse=parse,
    signing=Basic(),
    secret_names=frozenset({"apiKey"}),
)
