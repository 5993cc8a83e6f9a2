"""Textmagic: delivery notifications, a form in parts (`multipart/form-data`) each.

Wire:  https://apitextmagic.voog.com/https-api/receiving-delivery-notifications-and-incoming-sms-messages-via-callback-urls
Codes: https://apitextmagic.voog.com/https-api/sms-delivery-notification-codes.  Read 2026-11-30.
Signed: nothing.
Times: `timestamp`, Unix seconds.
Answer: 200, also to the HEAD by which Textmagic tries an address before it is saved.
Retries: not documented.

A status is one letter, and no failure has a reason. `e` is a fault on the way to the operator, no
fault of the number; `u` says that nobody knows. Nothing names the recipient, and the address is
the account's, so that it can have no number either: Textmagic's reports suppress nobody. Inbound
messages come without a status and yield nothing. What the callback of API v2 holds is published
nowhere that we found.
"""

from collections.abc import Iterator
from typing import Any

from dlr.providers.base import LooseText, ParsedReport, PayloadModel, Provider, one_of
from dlr.providers.times import read_unix
from dlr.wire.multipart import read_multipart


class Notification(PayloadModel):
    message_id: str
    status: str
    timestamp: LooseText = ""
    credits_cost: LooseText = ""


class Inbound(PayloadModel):
    """A message from a handset."""

    text: LooseText = ""


def _kind(item: Any) -> str:
    is_inbound = isinstance(item, dict) and "text" in item and "status" not in item
    return "inbound" if is_inbound else "notification"


Payload = one_of(_kind, notification=Notification, inbound=Inbound)


def parse(payload: Notification | Inbound) -> Iterator[ParsedReport]:
    """One report; none for an inbound message."""
    if isinstance(payload, Notification):
        yield ParsedReport(
            message_id=payload.message_id,
            words=(payload.status,),
            occurred_at=read_unix(payload.timestamp),
            price=payload.credits_cost,
            currency="credits" if payload.credits_cost else "",
        )


PROVIDER = Provider(title="Textmagic", payload=Payload, parse=parse, read_text=read_multipart)
