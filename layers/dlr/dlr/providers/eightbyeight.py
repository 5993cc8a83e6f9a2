"""8x8: delivery receipts of Connect (formerly Wavecell), a JSON or XML POST each.

Wire:  https://developer.8x8.com/connect/docs/delivery-receipts-for-outbound-sms; of a fallback:
       https://developer.8x8.com/connect/docs/delivery-receipts-for-outbound-chatapps
Codes: https://developer.8x8.com/connect/docs/message-status-references;
       https://developer.8x8.com/connect/docs/delivery-receipts-error-codes.  Read 2026-11-30.
Signed: nothing.
Times: `status.timestamp`, ISO 8601 in UTC, with two to seven digits of a second.
Answer: any 2xx.
Retries: after 1, 10, 30 and 90 seconds; none after 48 hours.

`delivered` has two details: delivered_to_operator is not delivered yet, so a detail counts before
its state. The numbers are 8x8's own: 1 is an absent subscriber and 59 an unknown one, where nearly
everybody else means by 1 what 8x8 means by 59. Messaging apps (namespace ChatApps) and inbound
messages use the same address and yield nothing; but what an app could not deliver can fall back to
SMS, whose receipt has that namespace, channel SMS and the number in `user`. `outboundContent` is
the message: it is not read.
"""

from collections.abc import Iterator
from typing import Any

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
from dlr.wire.decode import Item, UnreadableError
from dlr.wire.xml import read_xml


class State(PayloadModel):
    state: str
    detail: str = ""
    timestamp: LooseText = ""
    errorCode: str = ""
    errorMessage: LooseText = ""


class Price(PayloadModel):
    total: LooseText = ""
    currency: LooseText = ""


class User(PayloadModel):
    msisdn: LooseText = ""


class Content(PayloadModel):
    umid: str
    status: State
    clientMessageId: LooseText = ""
    source: LooseText = ""
    destination: str = ""
    user: Loose[User] = User()
    price: Loose[Price] = Price()
    smsCount: LooseCount = None


class Receipt(PayloadModel):
    payload: Content
    namespace: LooseText = ""
    eventType: LooseText = ""


class Other(PayloadModel):
    """Of a messaging app, or an inbound message."""


def read_text(text: str) -> Item:
    """The XML's elements under `root`, which are those of the JSON."""
    root = read_xml(text).get("root")
    if not isinstance(root, dict):
        raise UnreadableError("the XML has no root element of 8x8's")
    return root


def _kind(item: Any) -> str:
    names = item if isinstance(item, dict) else {}
    content = names.get("payload")
    channel = content.get("channel") if isinstance(content, dict) else None
    is_sms = names.get("namespace", "SMS") == "SMS" or str(channel).upper() == "SMS"
    is_status = names.get("eventType", _STATUS) == _STATUS
    return "receipt" if is_sms and is_status else "other"


_STATUS = "outbound_message_status_changed"
Payload = one_of(_kind, receipt=Receipt, other=Other)


def parse(payload: Receipt | Other) -> Iterator[ParsedReport]:
    """One report; none for another event."""
    if isinstance(payload, Receipt):
        content, status = payload.payload, payload.payload.status
        yield ParsedReport(
            message_id=content.umid,
            words=(status.detail, status.state),
            provider_status=status.state,
            code=status.errorCode,
            recipient=content.destination or content.user.msisdn,
            occurred_at=read_iso(status.timestamp),
            text=status.errorMessage,
            client_reference=content.clientMessageId,
            segments=content.smsCount,
            price=content.price.total,
            currency=content.price.currency,
            sender=content.source,
        )


PROVIDER = Provider(title="8x8", payload=Payload, parse=parse, read_text=read_text)
