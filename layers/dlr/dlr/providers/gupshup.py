"""Gupshup: real-time delivery reports of Enterprise SMS, a GET each or up to 20 in a POST.

Wire:  https://docs.gupshup.io/docs/real-time-delivery-reports
Codes: the same (statuses); `errCode` by
       https://docs.suprsend.com/v1.2.1/docs/gupshup-sms-errors, for Gupshup publishes no list.
       Read 2026-11-30.
Signed: nothing.
Times: `deliveredTS` and `eventTs`, Unix milliseconds.
Answer: 200.
Retries: not documented.

The names of the GET are the address's own: those of the vendor's example are read, and no others.
The POST is a JSON list, or a form with that list in `response`; the vendor's sample is neither
quite. UNKNOWN is a message of which nobody knows what became. BLOCKED (007) is the handset's owner
who blocks your sender. OUTSIDE_WORKING_HOURS and DND_TIMEOUT are the hour's and the register's, and
say nothing about the person. Other channels than SMS yield nothing.
"""

from collections.abc import Iterator
from typing import Any

from dlr.providers.base import LooseCount, LooseText, ParsedReport, PayloadModel, Provider, one_of
from dlr.providers.times import read_iso


class Get(PayloadModel):
    externalId: str
    status: str
    deliveredTS: LooseText = ""
    cause: LooseText = ""
    phoneNo: str = ""
    errCode: str = ""
    noOfFrags: LooseCount = None
    mask: LooseText = ""


class Event(PayloadModel):
    """An item of the POST."""

    externalId: str
    eventType: str
    eventTs: LooseText = ""
    destAddr: str = ""
    srcAddr: LooseText = ""
    cause: LooseText = ""
    errCode: str = ""
    channel: LooseText = ""
    noOfFrags: LooseCount = None


def _kind(item: Any) -> str:
    return "event" if isinstance(item, dict) and "eventType" in item else "get"


Payload = one_of(_kind, event=Event, get=Get)


def parse(payload: Get | Event) -> Iterator[ParsedReport]:
    """One report; none for another channel."""
    if isinstance(payload, Get):
        yield _report(payload, payload.status, payload.phoneNo, payload.deliveredTS, payload.mask)
    elif payload.channel.upper() in {"", "SMS"}:
        event = payload
        yield _report(event, event.eventType, event.destAddr, event.eventTs, event.srcAddr)


def _report(item: Get | Event, word: str, number: str, time: str, sender: str) -> ParsedReport:
    return ParsedReport(
        message_id=item.externalId,
        words=(word,),
        code=item.errCode,
        recipient=number,
        occurred_at=read_iso(time),
        text=item.cause.strip(),
        segments=item.noOfFrags,
        sender=sender,
    )


PROVIDER = Provider(
    title="Gupshup",
    payload=Payload,
    methods=frozenset({"GET", "POST"}),
    parse=parse,
    batch="response",
)
