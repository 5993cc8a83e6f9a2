"""MSG91: delivery reports of its webhook, version 2 (a form with JSON in it) and 3 (JSON).

Wire:  https://msg91.com/help/how-can-i-get-the-delivery-reports-on-my-webhook-url
Codes: the same.  Read 2026-11-30.
Signed: nothing.
Times: `date`, the clock of India without a zone: MSG91 sends and shows it so.
Answer: 200.
Retries: not documented.

Version 2 is a form whose field `data` is JSON: one `requestId` with a report for each number, so
a message is found by id and number. Version 4 names neither the message nor the number and cannot
be read; what the template of *Webhook (New)* puts into `status` is documented nowhere. 9 is India's
register for promotional messages. Who blocked a number (17) is not said: it is a strike.
"""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from dlr.providers.base import LooseText, ParsedReport, PayloadModel, Provider, one_of
from dlr.providers.times import read_iso

INDIA = ZoneInfo("Asia/Kolkata")


class Report(PayloadModel):
    number: str
    status: str
    date: LooseText = ""
    desc: LooseText = ""
    failedReason: LooseText = ""
    amount: LooseText = ""


class Sent(PayloadModel):
    """An item of version 2: the messages of one call."""

    requestId: str
    report: tuple[Report, ...]
    senderId: LooseText = ""


class Flat(Report):
    """Version 3."""

    requestId: str
    senderId: LooseText = ""


def _kind(item: Any) -> str:
    return "sent" if isinstance(item, dict) and "report" in item else "flat"


Payload = one_of(_kind, sent=Sent, flat=Flat)


def parse(payload: Sent | Flat) -> Iterator[ParsedReport]:
    """A report for each number."""
    reports = (payload,) if isinstance(payload, Flat) else payload.report
    for each in reports:
        yield ParsedReport(
            message_id=payload.requestId,
            words=(each.status,),
            recipient=each.number,
            occurred_at=read_iso(each.date, INDIA),
            text=each.failedReason or each.desc,
            price=each.amount,
            sender=payload.senderId,
        )


PROVIDER = Provider(title="MSG91", payload=Payload, parse=parse, batch="data", shares_ids=True)
