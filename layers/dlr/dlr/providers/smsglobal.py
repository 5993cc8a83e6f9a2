"""SMSGlobal: delivery receipts, a GET or a form POST each.

Wire:  https://knowledgebase.smsglobal.com/en/articles/5185738-how-to-receive-delivery-receipts-to-a-url;
       https://www.smsglobal.com/ae/delivery-receipts/
Codes: the latter: `dlrstatus`. What `dlr_err` means is documented nowhere: it decides nothing.
       Read 2026-11-30.
Signed: nothing.
Times: `donedate`, ten digits of a clock that nobody names: it is not read.
Answer: 200 with the body `OK`.
Retries: not documented.

Three words, all of messages that have ended, and no reasons. Nothing names the recipient, and the
address is the account's: SMSGlobal's reports suppress nobody. EXPIRED is the carrier's time-out.
"""

from collections.abc import Iterator

from dlr.providers.base import Answer, LooseText, ParsedReport, PayloadModel, Provider


class Payload(PayloadModel):
    msgid: str
    dlrstatus: str
    dlr_err: LooseText = ""
    donedate: LooseText = ""


def parse(payload: Payload) -> Iterator[ParsedReport]:
    """One report."""
    yield ParsedReport(message_id=payload.msgid, words=(payload.dlrstatus,), code=payload.dlr_err)


PROVIDER = Provider(
    title="SMSGlobal",
    payload=Payload,
    methods=frozenset({"GET", "POST"}),
    parse=parse,
    answer=Answer(200, "OK"),
)
