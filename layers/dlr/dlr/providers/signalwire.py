"""SignalWire: status callbacks of the compatible API (form) and of its own (JSON), one per change.

Wire:  https://signalwire.com/docs/compatibility-api/rest/messages/webhooks/sms-status-callback;
       https://github.com/signalwire/docs, fern (2026-08-21), message status callback.
Codes: the same.  Read 2026-11-24.
Signed: `X-SignalWire-Signature` over the public URL and the form or the body, with the project's
       signing key. No time is signed: a replay is recognized by its event id.
Times: `timestamp` of the JSON, ISO with `Z`. The form has none.
Answer: 200.
Retries: none is promised: a callback "may be lost".

The form looks like Twilio's and has Twilio's numbers, but several mean something else: 30006
could not be routed, 21606 is no mobile number. So the table is SignalWire's own. The JSON gives
words instead of numbers. 30005 and its word are "unknown or unreachable" in the newer text: no
proof of a dead number. "Delivered" says that the receiving carrier took the message. MMS never
gets a receipt. A blocked sender (21610) is a STOP for one sender; the suppression list is for all
senders. Inbound messages yield nothing.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import AliasChoices, Field

from dlr.providers.base import LooseCount, LooseText, ParsedReport, PayloadModel, Provider, one_of
from dlr.providers.times import read_iso
from dlr.wire.schemes.signalwire import SignalWire

_INBOUND = {"receiving", "received"}


class FormPayload(PayloadModel):
    MessageSid: str = Field(validation_alias=AliasChoices("MessageSid", "SmsSid"))
    MessageStatus: str = Field(validation_alias=AliasChoices("MessageStatus", "SmsStatus"))
    To: str = ""
    From: LooseText = ""
    ErrorCode: str = ""
    ErrorMessage: LooseText = ""
    NumSegments: LooseCount = None


class JsonPayload(PayloadModel):
    id: str
    status: str
    to: str = ""
    sender: LooseText = Field("", validation_alias="from")
    error_code: str = ""
    error_message: LooseText = ""
    number_of_segments: LooseCount = None
    timestamp: LooseText = ""


def _kind(item: Any) -> str:
    return "json" if isinstance(item, dict) and "id" in item else "form"


Payload = one_of(_kind, form=FormPayload, json=JsonPayload)


def parse(payload: FormPayload | JsonPayload) -> Iterator[ParsedReport]:
    """One report; none for an inbound message."""
    if isinstance(payload, FormPayload):
        report = ParsedReport(
            message_id=payload.MessageSid,
            words=(payload.MessageStatus,),
            code=payload.ErrorCode,
            recipient=payload.To,
            text=payload.ErrorMessage,
            segments=payload.NumSegments,
            sender=payload.From,
        )
    else:
        report = ParsedReport(
            message_id=payload.id,
            words=(payload.status,),
            code=payload.error_code,
            recipient=payload.to,
            occurred_at=read_iso(payload.timestamp),
            text=payload.error_message,
            segments=payload.number_of_segments,
            sender=payload.sender,
        )
    if report.words[0].lower() not in _INBOUND:
        yield report


PROVIDER = Provider(
    title="SignalWire",
    payload=Payload,
    parse=parse,
    signing=SignalWire(),
)
