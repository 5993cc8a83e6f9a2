"""Plivo: message status callbacks, a form POST (or GET) per change and part.

Wire:  https://docs.plivo.com/docs/messaging/api/message/message-status-callbacks
Codes: https://www.plivo.com/docs/messaging/troubleshooting/error-codes  Read 2026-11-24.
Signed: `X-Plivo-Signature-V3` (and `-Ma-V3`) over the public URL, the form and a nonce, with the
       auth token. Plivo's messaging pages still describe version 2, which leaves the form out:
       look at the headers of a real callback before you set the key. No time is signed: a replay
       is recognized by its event id.
Times: without a zone; read as UTC, which the document does not say.
Answer: 200 within 8 seconds.
Retries: after 60, 120 and 240 seconds.

A long message has a callback for each part, with an id of its own; `ParentMessageUUID`, the id
that the API answered, becomes the client's reference where it differs. Numbers come without `+`.
On success `ErrorCode` is there and empty. 40 is the sender's fault; 70 is called permanent, but
Plivo adds that the carrier gave no reason: several such messages count. A STOP (200) is for one
sender; the suppression list is for all senders. Inbound messages, and other channels than SMS and
MMS, yield nothing.
"""

from collections.abc import Iterator
from typing import Any

from dlr.providers.base import (
    LooseCount,
    LooseText,
    ParsedReport,
    PayloadModel,
    Provider,
    mcc_mnc,
    one_of,
)
from dlr.providers.times import read_iso
from dlr.wire.schemes.plivo import PlivoV3

_PHONE = {"", "sms", "mms"}


class Callback(PayloadModel):
    MessageUUID: str
    Status: str
    ParentMessageUUID: str = ""
    PartInfo: LooseText = ""
    To: str = ""
    From: LooseText = ""
    Type: LooseText = ""
    ErrorCode: str = ""
    Units: LooseCount = None
    TotalRate: LooseText = ""
    TotalAmount: LooseText = ""
    MCC: LooseText = ""
    MNC: LooseText = ""
    Sequence: LooseText = ""
    MessageTime: LooseText = ""
    QueuedTime: LooseText = ""
    SentTime: LooseText = ""
    DeliveryReportTime: LooseText = ""
    requester_ip: LooseText = ""
    PowerpackUUID: LooseText = ""


class Inbound(PayloadModel):
    """A message from a handset."""


def _kind(item: Any) -> str:
    is_inbound = isinstance(item, dict) and "Status" not in item and "Text" in item
    return "inbound" if is_inbound else "callback"


Payload = one_of(_kind, callback=Callback, inbound=Inbound)


def parse(payload: Callback | Inbound) -> Iterator[ParsedReport]:
    """One report; none for an inbound message or another channel."""
    if isinstance(payload, Inbound) or payload.Type.lower() not in _PHONE:
        return
    parent = payload.ParentMessageUUID
    yield ParsedReport(
        message_id=payload.MessageUUID,
        words=(payload.Status,),
        code=payload.ErrorCode,
        recipient=payload.To,
        occurred_at=read_iso(payload.DeliveryReportTime or payload.SentTime or payload.QueuedTime),
        client_reference=parent if parent != payload.MessageUUID else "",
        network=mcc_mnc(payload.MCC, payload.MNC),
        segments=payload.Units,
        price=payload.TotalAmount,
        sender=payload.From,
        sent_at=read_iso(payload.MessageTime or payload.QueuedTime),
    )


PROVIDER = Provider(
    title="Plivo",
    payload=Payload,
    methods=frozenset({"GET", "POST"}),
    parse=parse,
    signing=PlivoV3(),
)
