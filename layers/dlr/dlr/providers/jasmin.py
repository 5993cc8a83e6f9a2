"""Jasmin: delivery receipts of its HTTP API, a form POST or a GET each.

Wire:  https://docs.jasminsms.com/en/latest/apis/http/index.html (Receiving DLR);
       https://github.com/jookies/jasmin, jasmin/routing/throwers.py
Codes: the same: a command status of SMPP (`ESME_…`, SMPP 3.4 §5.1.3) at level 1, a receipt's word
       at levels 2 and 3. What `err` means is each SMSC's own affair: `SmppErrTable` decides it, as
       for SMPP receipts.  Read 2026-11-30.
Signed: nothing.
Times: `donedate` and `subdate` as the SMSC wrote them, without a zone; read as UTC.
Answer: 200 and exactly `ACK/Jasmin`.
Retries: three, 30 seconds apart (`max_retries`, `retry_delay`); none after 404.

No report names the recipient: give your `dlr-url` a `to` of its own, and take POST, because Jasmin
appends a GET's parameters with a `?` whatever the address already has. The documentation promises
`ESME_…` at every level; at levels 2 and 3 the words of receipts come. ESME_ROK says that the SMSC
took the message, not that it arrived. An invalid address (ESME_RINVDSTADR) may be a form that the
SMSC does not take: it is a strike. `text` is the message: it is not read.
"""

from collections.abc import Iterator

from dlr.providers.base import Answer, LooseText, ParsedReport, PayloadModel, Provider
from dlr.providers.codes import err_tables
from dlr.providers.receipt_text import key_of_err
from dlr.providers.times import read_smpp


class Payload(PayloadModel):
    id: str
    message_status: str
    level: LooseText = ""
    connector: LooseText = ""
    id_smsc: LooseText = ""
    subdate: LooseText = ""
    donedate: LooseText = ""
    sub: LooseText = ""
    dlvrd: LooseText = ""
    err: LooseText = ""
    text: LooseText = ""


def parse(payload: Payload) -> Iterator[ParsedReport]:
    """One report. A refusal is no receipt: an `err` beside it says nothing."""
    status = payload.message_status
    is_receipt = not status.upper().startswith("ESME_")
    yield ParsedReport(
        message_id=payload.id,
        words=(status,),
        code=key_of_err(payload.err) if is_receipt else "",
        provider_code=payload.err,
        occurred_at=read_smpp(payload.donedate),
        sent_at=read_smpp(payload.subdate),
    )


PROVIDER = Provider(
    title="Jasmin",
    payload=Payload,
    methods=frozenset({"GET", "POST"}),
    code_tables=err_tables(),
    parse=parse,
    answer=Answer(200, "ACK/Jasmin"),
)
