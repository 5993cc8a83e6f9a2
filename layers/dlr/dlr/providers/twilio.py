"""Twilio SMS and MMS: status callbacks, a form POST per change.

Wire:  https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
Codes: https://www.twilio.com/docs/api/errors, a page per code.  Read 2026-11-22.
Signed: `X-Twilio-Signature` over the public URL and the form. A signing key (the auth token or a
       shared key) is always required; there is no timestamp, so a replay is told by its event id.
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

from dlr.causes import Cause
from dlr.providers.base import Meaning, ParsedReport, Provider, WireModel
from dlr.report import Status
from dlr.wire.verify import all_of, token_in_path, twilio_url

_statuses = "Twilio: Message resource, status values"
_INBOUND = {"receiving", "received"}


class Report(WireModel):
    MessageSid: str = Field(validation_alias=AliasChoices("MessageSid", "SmsSid"))
    MessageStatus: str = Field(validation_alias=AliasChoices("MessageStatus", "SmsStatus"))
    To: str = ""
    ErrorCode: str = ""
    ErrorMessage: str = ""


def _state(status: Status, says: str, cause: Cause = Cause.NONE) -> Meaning:
    return Meaning(status, cause, None, says, _statuses)


STATES = {
    "accepted": _state(Status.ACCEPTED, "Accepted, a sender is being chosen"),
    "scheduled": _state(Status.SCHEDULED, "To be sent at a given time"),
    "queued": _state(Status.ACCEPTED, "Queued to be sent"),
    "sending": _state(Status.ENROUTE, "On its way to the carrier"),
    "sent": _state(Status.ENROUTE, "The nearest carrier accepted it"),
    "delivered": _state(Status.DELIVERED, "Delivery confirmed"),
    "partially_delivered": _state(Status.PARTIALLY_DELIVERED, "Some of it delivered"),
    "read": _state(Status.READ, "Opened by the recipient"),
    "undelivered": _state(Status.UNDELIVERED, "ParsedReport: not delivered", Cause.UNSPECIFIED),
    "failed": _state(Status.REJECTED, "Could not be sent", Cause.UNSPECIFIED),
    "canceled": _state(Status.DELETED, "Canceled before it was sent", Cause.CANCELLED),
}


def _why(cause: Cause, says: str, permanent: bool | None = None) -> Meaning:
    return Meaning(None, cause, permanent, says)


CODES = {
    # the number
    "21211": _why(Cause.INVALID_NUMBER, "Invalid 'To' number"),
    "21614": _why(Cause.NOT_SMS_CAPABLE, "'To' is not a valid mobile number"),
    "21635": _why(Cause.NOT_SMS_CAPABLE, "'To' is a landline"),
    "30005": _why(Cause.UNKNOWN_SUBSCRIBER, "Unknown handset: the number may no longer exist"),
    # the person
    "21610": _why(Cause.OPTED_OUT, "The recipient replied STOP"),
    # reach and network
    "21612": _why(Cause.UNROUTABLE, "Cannot be sent with this pair of 'To' and 'From'"),
    "30003": _why(Cause.ABSENT, "Unreachable handset: off, no signal, roaming"),
    "30006": _why(Cause.UNROUTABLE, "Landline or unreachable carrier"),
    "30017": _why(Cause.NETWORK_ERROR, "Carrier network congestion"),
    "30036": _why(Cause.EXPIRED, "Validity period expired"),
    "30410": _why(Cause.NETWORK_ERROR, "The carrier did not answer in time"),
    # no reason, or too many
    "30004": _why(Cause.UNSPECIFIED, "Blocked: opted out, unreachable, landline or filtered"),
    "30008": _why(Cause.UNSPECIFIED, "Unknown error from the carrier"),
    "30009": _why(Cause.UNSPECIFIED, "A segment is missing"),
    # the message
    "11751": _why(Cause.INVALID_MESSAGE, "Media over the size limit"),
    "12300": _why(Cause.INVALID_MESSAGE, "Media of an unsupported type"),
    "21617": _why(Cause.INVALID_MESSAGE, "More than 1,600 characters"),
    "21618": _why(Cause.INVALID_MESSAGE, "The body cannot be sent"),
    "21620": _why(Cause.INVALID_MESSAGE, "Invalid media URL"),
    "21623": _why(Cause.INVALID_MESSAGE, "Too many media files"),
    "30007": _why(Cause.SPAM, "Filtered by Twilio or the carrier"),
    "30011": _why(Cause.INVALID_MESSAGE, "The number takes no MMS in this region"),
    "30019": _why(Cause.INVALID_MESSAGE, "Over the carrier's size limit"),
    "30044": _why(Cause.INVALID_MESSAGE, "Too long for a trial account"),
    "30640": _why(Cause.CONTENT, "Compliance toolkit: not for this recipient unless essential"),
    # the sender
    "14107": _why(Cause.RATE_LIMITED, "Too many replies between two numbers"),
    "21606": _why(Cause.SENDER_REJECTED, "'From' cannot send to this destination"),
    "21611": _why(Cause.RATE_LIMITED, "Too many messages queued at this 'From'"),
    "30001": _why(Cause.RATE_LIMITED, "Queue overflow: sent too fast"),
    "30018": _why(Cause.NOT_REGISTERED, "Carrier wants the sender ID registered"),
    "30022": _why(Cause.RATE_LIMITED, "US 10DLC: rate limit"),
    "30023": _why(Cause.RATE_LIMITED, "US 10DLC: daily cap"),
    "30024": _why(Cause.SENDER_REJECTED, "Numeric sender ID not provisioned on the carrier"),
    "30027": _why(Cause.RATE_LIMITED, "US 10DLC: T-Mobile's daily limit"),
    "30032": _why(Cause.NOT_REGISTERED, "Toll-free number not verified"),
    "30034": _why(Cause.NOT_REGISTERED, "US 10DLC: number not registered"),
    "30035": _why(Cause.NOT_REGISTERED, "US 10DLC: number still being configured"),
    "30040": _why(Cause.NOT_REGISTERED, "Carrier wants the sender ID registered"),
    "30042": _why(Cause.SENDER_REJECTED, "Sender ID generic or with special characters"),
    "30450": _why(Cause.RATE_LIMITED, "SMS pumping protection: a temporary block", False),
    "30453": _why(Cause.RATE_LIMITED, "SMS pumping protection: a temporary block", False),
    "63038": _why(Cause.RATE_LIMITED, "The account's daily limit"),
    # the account, the request, Twilio
    "21408": _why(Cause.INVALID_REQUEST, "The account may not send to this region"),
    "21602": _why(Cause.INVALID_REQUEST, "No body"),
    "21608": _why(Cause.INVALID_REQUEST, "Trial account: 'To' is not verified"),
    "21703": _why(Cause.INVALID_REQUEST, "The messaging service has no number to send from"),
    "21704": _why(Cause.INVALID_REQUEST, "The messaging service has no numbers"),
    "21705": _why(Cause.INVALID_REQUEST, "The messaging service is invalid"),
    "30002": _why(Cause.AUTHENTICATION, "Account suspended"),
    "30010": _why(Cause.INVALID_REQUEST, "Dearer than your maximum price"),
    "30012": _why(Cause.INVALID_REQUEST, "Validity period too short"),
    "30013": _why(Cause.INVALID_REQUEST, "Validity period too long"),
    "30014": _why(Cause.INVALID_REQUEST, "Attributes of 'To' invalid"),
    "30015": _why(Cause.INVALID_REQUEST, "Channel not supported"),
    "30016": _why(Cause.INVALID_REQUEST, "'To' and 'From' of different channels"),
    "30020": _why(Cause.PROVIDER_ERROR, "Internal failure: scheduling"),
    "30021": _why(Cause.PROVIDER_ERROR, "Internal failure: messaging service"),
    "30037": _why(Cause.AUTHENTICATION, "Outbound messaging disabled"),
}


def parse(report: Report) -> Iterator[ParsedReport]:
    """One receipt; none for an inbound message or another channel."""
    word = report.MessageStatus.lower()
    if word in _INBOUND or ":" in report.To:
        return
    yield ParsedReport(
        message_id=report.MessageSid,
        words=(word,),
        status=report.MessageStatus,
        code=report.ErrorCode,
        recipient=report.To,
        text=report.ErrorMessage,
    )


PROVIDER = Provider(
    name="twilio",
    title="Twilio",
    source="Twilio: Error and Warning Dictionary",
    wire=Report,
    states=STATES,
    codes=CODES,
    parse=parse,
    verify=all_of(token_in_path, twilio_url),
)
