"""Esendex: push notifications (an XML POST each), and the older form post.

Wire:  http://developers.esendex.com/APIs/Push-Notifications;
       http://forum.esendex.com/accounteventhandler-t408.html;
       https://www.esendex.com/secure/messenger/formpost/AccountEventHandler.aspx
Codes: the same: the XML's root element, the form's `eventType` or `errorType`.  Read 2026-11-30.
Signed: nothing.
Times: `OccurredAt`, UTC without a sign for it.
Answer: 200.
Retries: for 72 hours; how often is not documented.

The root element is the status, and no failure has a reason. `Id` is the notification's,
`MessageId` the message's. Nothing names the recipient, and the address is the account's, so that
it can have no number either: Esendex's reports suppress nobody. The form holds the user name and
the password that you gave Esendex for it: they are neither read nor kept. UnrecognisedRecipient is
described nowhere: it is a strike. Inbound messages and subscriptions yield nothing. The SOAP
handler (AccountEventHandler.asmx) and Esendex in the United States (esendex.us) send other shapes,
which cannot be read.
"""

from collections.abc import Iterator
from typing import Any

from dlr.providers.base import LooseText, ParsedReport, PayloadModel, Provider, one_of
from dlr.providers.times import read_iso
from dlr.wire.decode import Item
from dlr.wire.xml import read_xml


class Push(PayloadModel):
    """The XML, with the name of its root element."""

    root: str
    MessageId: str
    OccurredAt: LooseText = ""


class Form(PayloadModel):
    """MessageEvent or MessageError of the form post."""

    id: str
    notificationType: LooseText = ""
    eventType: str = ""
    errorType: str = ""
    occurredAt: LooseText = ""
    detail: LooseText = ""


class Other(PayloadModel):
    """An inbound message or a subscription."""


_OTHER_ROOTS = ("InboundMessage", "OptOut")
_OTHER_TYPES = ("MessageReceived", "SubscriptionEvent")


def read_text(text: str) -> Item:
    """The XML's elements, and its root's name beside them."""
    ((root, elements),) = read_xml(text).items()
    return {**elements, "root": root} if isinstance(elements, dict) else {"root": root}


def _kind(item: Any) -> str:
    names = item if isinstance(item, dict) else {}
    if names.get("root") in _OTHER_ROOTS or names.get("notificationType") in _OTHER_TYPES:
        return "other"
    return "push" if "root" in names else "form"


Payload = one_of(_kind, push=Push, form=Form, other=Other)


def parse(payload: Push | Form | Other) -> Iterator[ParsedReport]:
    """One report; none for another notification."""
    if isinstance(payload, Push):
        yield ParsedReport(
            message_id=payload.MessageId,
            words=(payload.root,),
            occurred_at=read_iso(payload.OccurredAt),
        )
    elif isinstance(payload, Form):
        yield ParsedReport(
            message_id=payload.id,
            words=(payload.errorType or payload.eventType,),
            occurred_at=read_iso(payload.occurredAt),
            text=payload.detail,
        )


PROVIDER = Provider(
    title="Esendex",
    payload=Payload,
    parse=parse,
    read_text=read_text,
    secret_names=frozenset({"username", "password"}),
)
