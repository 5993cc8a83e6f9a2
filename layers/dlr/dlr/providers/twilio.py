"""Twilio SMS and MMS: status callbacks, a form POST per change.

Wire:  https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
Codes: https://www.twilio.com/docs/api/errors, a page per code.  Read 2026-11-22.
Signed: `X-Twilio-Signature` over the public URL and the form. A signing key (the auth token or a
       shared key) is always required. No time is signed: a replay is recognized by its event id.
Times: none. `RawDlrDoneDate` is the carrier's local time, whose zone "varies" by Twilio's word.
Answer: any 2xx.
Retries: only if the callback's own URL asks for them: `…#rc=5&rp=all`.

`SmsStatus` may lag behind `MessageStatus` and counts only without it. WhatsApp, RCS and Messenger
(`To` with a prefix) come to the same URL and yield nothing: they say nothing about SMS, and so
their 63xxx codes are not here. 30003 (off, out of reach, or a landline) and 30004 (opted out, out
of reach or filtered) name a dead number only among other reasons: no proof. 30005 names it first:
several such messages count. 30006 is a landline or, from a short code, a carrier that the short
code cannot reach: `From` says which.

A STOP (21610) is for one sender or Messaging Service; the suppression list is for all senders.
"""

import re
from collections.abc import Iterator

from pydantic import AliasChoices, Field

from dlr.providers.base import LooseText, ParsedReport, PayloadModel, Provider
from dlr.wire.schemes.form import TwilioUrl

_INBOUND = {"receiving", "received"}
_SHORT_CODE = re.compile(r"\d{3,8}")


class Payload(PayloadModel):
    MessageSid: str = Field(validation_alias=AliasChoices("MessageSid", "SmsSid"))
    MessageStatus: str = Field(validation_alias=AliasChoices("MessageStatus", "SmsStatus"))
    To: str = ""
    From: LooseText = ""
    ErrorCode: str = ""
    ErrorMessage: LooseText = ""


def _code(payload: Payload) -> str:
    """The code as sent, or our own key for a 30006 that can only be a landline."""
    code = payload.ErrorCode.replace(" ", "_")  # only our own key has spaces
    is_known = bool(payload.From) and not _SHORT_CODE.fullmatch(payload.From)
    return "30006 no short code" if code == "30006" and is_known else code


def parse(payload: Payload) -> Iterator[ParsedReport]:
    """One report; none for an inbound message or another channel."""
    if payload.MessageStatus.lower() in _INBOUND or ":" in payload.To:
        return
    yield ParsedReport(
        message_id=payload.MessageSid,
        words=(payload.MessageStatus,),
        code=_code(payload),
        provider_code=payload.ErrorCode,
        recipient=payload.To,
        text=payload.ErrorMessage,
        sender=payload.From,
    )


PROVIDER = Provider(
    title="Twilio",
    payload=Payload,
    parse=parse,
    signing=TwilioUrl(),
    needs_signature=True,
)
