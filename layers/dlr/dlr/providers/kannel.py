"""Kannel: delivery reports of its smsbox, a GET whose parameters are your own.

Wire:  https://kannel.org/download/kannel-userguide-snapshot/userguide.html (6, `dlr-url` and its
       escape codes; 10, delivery reports); https://github.com/pruiz/kannel, gw/urltrans.c,
       gw/dlr.c, gw/smsc/smsc_smpp.c (2014-04-11)
Codes: the same: the mask `%d`, and what `%A` says beside it: the SMSC's receipt, or its refusal
       with the command status of SMPP 3.4 §5.1.3. What `err` of a receipt means is each SMSC's own
       affair: `SmppErrTable` decides it, as for SMPP receipts.  Read 2026-11-30.
Signed: nothing.
Times: `%T`, Unix seconds, is the report's. A receipt's own date has no zone: it is not read.
Answer: 200 to 202.
Retries: none by default (`http-request-retry`); then every 10 seconds (`http-queue-delay`).

Every name in `dlr-url` is yours, so the address must use those of the setup below. Kannel's own id
is in no answer to your `sendsms`: give each message an id of its own in its `dlr-url`. Of both
numbers the report's `%p` is the handset; Kannel's guide says the opposite, for inbound messages.
Mask 2 is said of what failed, expired, was deleted or rejected, and of receipts that say UNKNOWN,
which are no failure: the receipt's word overrules it. Mask 8 is what the SMSC took, not what
arrived. An invalid address (0x0b) may be a form that the SMSC does not take: it is a strike.
"""

import re
from collections.abc import Iterator

from pydantic import Field

from dlr.providers.base import LooseText, ParsedReport, PayloadModel, Provider
from dlr.providers.codes import err_tables
from dlr.providers.receipt_text import key_of_err, read_receipt
from dlr.providers.times import read_unix

_REFUSAL = re.compile(r"(NACK/0x[0-9a-f]{8})(?:/|\Z)", re.IGNORECASE)
_FAILED, _REFUSED = "2", "16"


class Payload(PayloadModel):
    id: str
    dlr: str
    to: str = ""
    sender: LooseText = Field("", validation_alias="from")
    reply: LooseText = ""
    time: LooseText = ""
    smsc: LooseText = ""


def parse(payload: Payload) -> Iterator[ParsedReport]:
    """One report: the mask, and what the SMSC's own words say of a failure."""
    receipt = read_receipt(payload.reply) if payload.dlr == _FAILED else {}
    refusal = _REFUSAL.match(payload.reply) if payload.dlr == _REFUSED else None
    err = receipt.get("err", "")
    yield ParsedReport(
        message_id=payload.id,
        words=(refusal[1] if refusal else "", receipt.get("stat") or payload.dlr),
        code=key_of_err(err),
        provider_code=err,
        recipient=payload.to,
        occurred_at=read_unix(payload.time),
        sender=payload.sender,
    )


PROVIDER = Provider(
    title="Kannel",
    payload=Payload,
    methods=frozenset({"GET", "POST"}),
    code_tables=err_tables(),
    parse=parse,
)
