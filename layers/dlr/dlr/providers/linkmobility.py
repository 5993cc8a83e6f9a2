"""LINK Mobility: delivery reports of the Common platform (JSON or parameters) and of PSWin (XML).

Wire:  LINK Mobility, SMS REST API, MT and Delivery Reports, version 1.6 (2019-07-03), 9;
       https://wiki.pswin.com/Receive%20delivery%20report%20request%20XML.ashx
Codes: the same, 9.1, result codes; https://wiki.pswin.com/Delivery-Report-Status.ashx.
       Read 2026-11-30; version 2.4 of the former (2025) not beyond its opening.
Signed: nothing. The callback may have a user and a password (basic authentication): put
       `user:password` into the signing keys.
Times: Common's `timestamp`, UTC. PSWin's DELIVERYTIME is the clock of whichever SMSC sent it: it is
       not read.
Answer: Common: 200. PSWin: 200 and an XML document with an OK for each ID.
Retries: not documented.

Common's reports name the recipient only where the gate adds `destination` to `customParameters`.
Each part of a long message has a report: its id ends in `$` and a number. Results that are marked
temporary tell of progress, but 1007 is delivered, and billed later. 4, 5, 1010 and PSWin's NULL and
UNKNOWN say that nobody knows: no failure. 22xx are of charging, and say that the subscriber's plan
lets no charged message through. 2106 is the document's example of a number that does not exist.
BARRED lists numbers that are barred, blocked or not in use in one breath: it is a strike.
"""

from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

from dlr.providers.base import (
    Answer,
    LooseCount,
    LooseText,
    ParsedReport,
    PayloadModel,
    Provider,
    one_of,
)
from dlr.providers.times import read_iso
from dlr.wire.decode import text_of
from dlr.wire.request import Request
from dlr.wire.schemes.password import Basic
from dlr.wire.xml import read_xml


class Common(PayloadModel):
    id: str
    resultCode: str
    refId: LooseText = ""
    operator: LooseText = ""
    operatorResultCode: LooseText = ""
    sentTimestamp: LooseText = ""
    timestamp: LooseText = ""
    segments: LooseCount = None
    customParameters: Any = None


class Message(PayloadModel):
    REF: str
    STATE: str
    ID: LooseText = ""
    RCV: str = ""


class Messages(PayloadModel):
    MSG: Message | tuple[Message, ...]


class PSWin(PayloadModel):
    MSGLST: Messages


def _kind(item: Any) -> str:
    return "pswin" if isinstance(item, dict) and "MSGLST" in item else "common"


Payload = one_of(_kind, common=Common, pswin=PSWin)


def parse(payload: Common | PSWin) -> Iterator[ParsedReport]:
    """A report for each message of the list; one of Common."""
    if isinstance(payload, PSWin):
        found = payload.MSGLST.MSG
        for each in (found,) if isinstance(found, Message) else found:
            yield ParsedReport(message_id=each.REF, words=(each.STATE,), recipient=each.RCV)
        return
    custom = payload.customParameters if isinstance(payload.customParameters, dict) else {}
    destination = custom.get("destination")
    yield ParsedReport(
        message_id=payload.id,
        words=(payload.resultCode,),
        recipient=destination if isinstance(destination, str) else "",
        occurred_at=read_iso(payload.timestamp),
        text=payload.operatorResultCode,
        client_reference=payload.refId,
        network=payload.operator,
        segments=payload.segments,
        sent_at=read_iso(payload.sentTimestamp),
    )


def answer(request: Request) -> Answer:
    """What PSWin waits for: each ID of its list with an OK. A report of Common wants no more."""
    text = text_of(request.body).lstrip()
    if not text.startswith("<"):
        return Answer()
    messages = PSWin.model_validate(read_xml(text)).MSGLST.MSG
    listed = (messages,) if isinstance(messages, Message) else messages
    oks = "".join(f"<MSG><ID>{escape(m.ID)}</ID><STATUS>OK</STATUS></MSG>" for m in listed)
    return Answer(200, f'<?xml version="1.0"?><MSGLST>{oks}</MSGLST>')


PROVIDER = Provider(
    title="LINK Mobility",
    payload=Payload,
    methods=frozenset({"GET", "POST"}),
    parse=parse,
    read_text=read_xml,
    signing=Basic(),
    answer=answer,
)
