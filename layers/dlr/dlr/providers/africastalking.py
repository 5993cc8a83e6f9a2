"""Africa's Talking: delivery reports, a form POST per change.

Wire:  https://developers.africastalking.com/docs/sms/notifications
Codes: the same: `status`, and `failureReason` of what failed or was rejected.  Read 2026-11-30.
Signed: nothing. Integrations that check a signature check one of their own: none is documented.
Times: none.
Answer: 200.
Retries: not documented; `retryCount` counts the vendor's attempts to send.

Not every operator names a reason. Three names mislead: Expired is a message that the operator's
firewall threw away, DoNotDisturbRejection is an hour at which promotions are forbidden (Nigeria),
and in Kenya AbsentSubscriber is said of dead numbers as well as of phones that are off, so it is
no proof. Who put a number into UserInBlackList is not said. A Failed may follow a Success: what
was delivered stays delivered. Opt-outs, subscriptions and inbound messages have addresses of
their own; at this one they yield nothing.
"""

from collections.abc import Iterator
from typing import Any

from dlr.providers.base import LooseText, ParsedReport, PayloadModel, Provider, one_of


class Report(PayloadModel):
    id: str
    status: str
    phoneNumber: str = ""
    failureReason: str = ""
    networkCode: LooseText = ""


class Notification(PayloadModel):
    """An inbound message, an opt-out, a subscription."""

    phoneNumber: LooseText = ""


_OF_OTHERS = {"linkId", "text", "senderId", "updateType"}


def _kind(item: Any) -> str:
    is_other = isinstance(item, dict) and "status" not in item and bool(item.keys() & _OF_OTHERS)
    return "other" if is_other else "report"


Payload = one_of(_kind, report=Report, other=Notification)


def parse(payload: Report | Notification) -> Iterator[ParsedReport]:
    """One report; none for another notification."""
    if isinstance(payload, Report):
        yield ParsedReport(
            message_id=payload.id,
            words=(payload.status,),
            code=payload.failureReason,
            recipient=payload.phoneNumber,
            network=payload.networkCode,
        )


PROVIDER = Provider(title="Africa's Talking", payload=Payload, parse=parse)
