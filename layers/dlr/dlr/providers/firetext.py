"""Firetext: delivery receipts, a form POST each.

Wire:  https://github.com/alphagov/notifications-api,
       app/notifications/notifications_sms_callback.py (2026-08-20)
Codes: the same, app/clients/sms/firetext.py.  Read 2026-11-30.
Signed: nothing.
Times: `time`, the United Kingdom's clock where it names no zone.
Answer: 200.
Retries: not documented.

A receipt names your `reference` and no id of Firetext's, so send each message with one of its own;
the recipients of one message share it. The code says more than the status: 1 (declined) with 102
is a phone that is off. 000 is no reason. "Invalid Number" (201) may be one that is wrongly written:
several count, one is no proof. So is "SMS Not Supported" (301): by whom is not said.
"""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from dlr.providers.base import LooseText, ParsedReport, PayloadModel, Provider
from dlr.providers.times import read_iso

LONDON = ZoneInfo("Europe/London")


class Payload(PayloadModel):
    reference: str
    status: str
    mobile: str = ""
    code: str = ""
    time: LooseText = ""


def parse(payload: Payload) -> Iterator[ParsedReport]:
    """One report."""
    yield ParsedReport(
        message_id=payload.reference,
        words=(payload.status,),
        code=payload.code,
        recipient=payload.mobile,
        occurred_at=read_iso(payload.time, LONDON),
    )


PROVIDER = Provider(title="Firetext", payload=Payload, parse=parse, shares_ids=True)
