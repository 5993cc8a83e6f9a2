"""SMPP 3.4 receipts, as a gateway or a client of your own forwards them: text, form or JSON.

Wire:  SMPP 3.4 §4.6 (`deliver_sm`), §5.3.2.35 (`message_state`), Appendix B (the receipt's text,
       "SMSC vendor specific").
Codes: what `err` means is each SMSC's own affair, so by default it decides nothing. A table per
       SMSC is a file in `smsc/`: choose `gsm` where the SMSC passes on the network's MAP errors
       (3GPP TS 29.002), `bulksmsrates` for that provider's table, or add one.  Read 2026-11-22.
Signed: nothing.
Times: no zone is ever stated; read as UTC.
Answer: your gateway's affair.
Retries: your gateway's affair.

The TLVs `message_state` and `receipted_message_id` win over the text. In a receipt `source_addr` is
the handset, the recipient of the message, and `destination_addr` the sender. The message itself,
`text:`, is not kept.
"""

from collections.abc import Iterator

from dlr.providers.base import ParsedReport, PayloadModel, Provider
from dlr.providers.codes import err_tables
from dlr.providers.receipt_text import key_of_err, read_receipt
from dlr.providers.times import read_smpp
from dlr.wire.decode import Item, UnreadableError


class Payload(PayloadModel):
    short_message: str = ""
    source_addr: str = ""
    destination_addr: str = ""
    receipted_message_id: str = ""
    message_state: str = ""


def read_text(text: str) -> Item:
    """A receipt's text posted as it is."""
    return {"short_message": text}


def parse(payload: Payload) -> Iterator[ParsedReport]:
    """One report, from the text, the TLVs, or both."""
    text = read_receipt(payload.short_message)
    message_id = payload.receipted_message_id or text.get("id", "")
    stat, state = text.get("stat", ""), payload.message_state
    if not (stat or state):
        raise UnreadableError("the receipt has neither stat nor message_state")
    err = text.get("err", "")
    recipient, sender = _addresses(payload)
    yield ParsedReport(
        message_id=message_id,
        # only our own keys for message_state have a space
        words=(f"message_state {state}" if state.isdigit() else state.replace(" ", "_"), stat),
        provider_status=state or stat,
        code=key_of_err(err),
        provider_code=err,
        recipient=recipient,
        occurred_at=read_smpp(text.get("done date", "")),
        sender=sender,
        sent_at=read_smpp(text.get("submit date", "")),
    )


def _addresses(payload: Payload) -> tuple[str, str]:
    """Recipient and sender. Letters in `source_addr` are a sender: they were not swapped."""
    source, destination = payload.source_addr, payload.destination_addr
    is_sender = any(map(str.isalpha, source))
    return (destination, source) if is_sender else (source, destination)


PROVIDER = Provider(
    title="SMPP receipts",
    payload=Payload,
    code_tables=err_tables(),
    parse=parse,
    read_text=read_text,
)
