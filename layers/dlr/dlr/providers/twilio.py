"""Twilio SMS and MMS: status callbacks, a form POST per change.

Wire:  https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
Codes: https://www.twilio.com/docs/api/errors, a page per code.  Read 2026-11-22.
Signed: `X-Twilio-Signature` over the public URL and the form. A signing key (the auth token or a
       shared key) is always required. No time is signed: a replay is recognized by its event id.
Times: none. `RawDlrDoneDate` is the carrier's local time, whose zone "varies" by Twilio's word.
Answer: any 2xx. A retry must be asked for in the callback's own URL: `…#rc=5&rp=all`.

`SmsStatus` may lag behind `MessageStatus` and counts only without it. WhatsApp, RCS and Messenger
(`To` with a prefix) come to the same URL and yield nothing: they say nothing about SMS, and so
their 63xxx codes are not here. 30003 (off, out of reach, or a landline), 30004 (opted out, out of
reach or filtered) and 30006 (a landline, or a carrier that the sender cannot reach) name a dead
number only among other reasons: no proof.
"""

from collections.abc import Iterator

from pydantic import AliasChoices, Field

from dlr.providers.base import ParsedReport, PayloadModel, Provider
from dlr.providers.codes import read_tables
from dlr.providers.sample import StageWords, Step, post_form
from dlr.wire.request import Request
from dlr.wire.schemes import TwilioUrl

_INBOUND = {"receiving", "received"}


class Payload(PayloadModel):
    MessageSid: str = Field(validation_alias=AliasChoices("MessageSid", "SmsSid"))
    MessageStatus: str = Field(validation_alias=AliasChoices("MessageStatus", "SmsStatus"))
    To: str = ""
    ErrorCode: str = ""
    ErrorMessage: str = ""


def parse(payload: Payload) -> Iterator[ParsedReport]:
    """One report; none for an inbound message or another channel."""
    if payload.MessageStatus.lower() in _INBOUND or ":" in payload.To:
        return
    yield ParsedReport(
        message_id=payload.MessageSid,
        words=(payload.MessageStatus,),
        code=payload.ErrorCode,
        recipient=payload.To,
        text=payload.ErrorMessage,
    )


STAGE_WORDS = StageWords(
    "queued/", "sent/", "delivered/", "undelivered/30003", "undelivered/30005", "failed/21610"
)


def sample(step: Step) -> Request:
    """The form of one step."""
    status, code = STAGE_WORDS.at(step.stage)
    content = {"MessageSid": step.message_id, "MessageStatus": status, "To": f"+{step.number}"}
    return post_form(content | ({"ErrorCode": code} if code else {}))


PROVIDER = Provider(
    name="twilio",
    title="Twilio",
    payload=Payload,
    tables=read_tables("twilio"),
    parse=parse,
    sample=sample,
    signing=TwilioUrl(),
    needs_signature=True,
)
