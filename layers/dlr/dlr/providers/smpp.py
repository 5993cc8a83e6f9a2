"""SMPP 3.4 receipts, as a gateway or a client of your own forwards them: text, form or JSON.

Wire:  SMPP 3.4 §4.6 (`deliver_sm`), §5.3.2.35 (`message_state`), Appendix B (the receipt's text,
       "SMSC vendor specific"). The TLVs `message_state` and `receipted_message_id` win over the
       text. In a receipt `source_addr` is the handset: the recipient of the message.
Codes: what `err` means is each SMSC's own affair. The default table reads nothing into it. Choose
       `gsm` where the SMSC passes on the network's MAP errors (3GPP TS 29.002), `bulksmsrates` for
       that provider's table.  Read 2026-11-22.
Times: no zone is ever stated; read as UTC.
"""

from collections.abc import Iterator, Mapping

from dlr.causes import Cause
from dlr.providers.base import NOTHING, Meaning, ParsedReport, Provider, WireModel
from dlr.providers.bulksmsrates import CODES as BULKSMSRATES_CODES
from dlr.providers.receipt_text import read_receipt
from dlr.providers.times import read_smpp
from dlr.report import Status
from dlr.wire.decode import Item, UnreadableError


class Report(WireModel):
    short_message: str = ""
    source_addr: str = ""
    destination_addr: str = ""
    receipted_message_id: str = ""
    message_state: str = ""


_ENROUTE = Meaning(Status.ENROUTE, says="The message is en route")
_DELIVERED = Meaning(Status.DELIVERED, says="Delivered to destination")
_EXPIRED = Meaning(Status.EXPIRED, Cause.EXPIRED, says="The validity period has expired")
_DELETED = Meaning(Status.DELETED, Cause.CANCELLED, says="The message has been deleted")
_UNDELIVERABLE = Meaning(Status.UNDELIVERED, Cause.UNSPECIFIED, says="Undeliverable")
_ACCEPTED = Meaning(
    Status.ACCEPTED, says="Accepted: read by customer service on behalf of the subscriber"
)
_UNKNOWN = Meaning(Status.UNKNOWN, Cause.UNSPECIFIED, says="In an invalid state")
_REJECTED = Meaning(Status.REJECTED, Cause.UNSPECIFIED, says="In a rejected state")
_WILD = "met in the wild"

STATES = {
    "ENROUTE": _ENROUTE,
    "DELIVRD": _DELIVERED,
    "EXPIRED": _EXPIRED,
    "DELETED": _DELETED,
    "UNDELIV": _UNDELIVERABLE,
    "ACCEPTD": _ACCEPTED,
    "UNKNOWN": _UNKNOWN,
    "REJECTD": _REJECTED,
    "message_state 1": _ENROUTE,
    "message_state 2": _DELIVERED,
    "message_state 3": _EXPIRED,
    "message_state 4": _DELETED,
    "message_state 5": _UNDELIVERABLE,
    "message_state 6": _ACCEPTED,
    "message_state 7": _UNKNOWN,
    "message_state 8": _REJECTED,
    "DELIVERED": _DELIVERED._replace(source=_WILD),
    "UNDELIVERABLE": _UNDELIVERABLE._replace(source=_WILD),
    "FAILED": _UNDELIVERABLE._replace(source=_WILD),
    "ACCEPTED": _ACCEPTED._replace(source=_WILD),
    "REJECTED": _REJECTED._replace(source=_WILD),
    "DND_REJECTED": Meaning(
        Status.REJECTED, Cause.DO_NOT_DISTURB, says="On a Do Not Disturb register", source=_WILD
    ),
}


class _SaysNothing(Mapping[str, Meaning]):
    """The default table: whatever `err` is, it decides nothing."""

    def __getitem__(self, key: str) -> Meaning:
        return NOTHING

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


CODES = _SaysNothing()


def _map(cause: Cause, says: str) -> Meaning:
    return Meaning(None, cause, None, says, "3GPP TS 29.002")


GSM_CODES = {
    "000": _map(Cause.NONE, "No error"),
    "001": _map(Cause.UNKNOWN_SUBSCRIBER, "unknownSubscriber"),
    "005": _map(Cause.UNSPECIFIED, "unidentifiedSubscriber"),
    "006": _map(Cause.ABSENT, "absentSubscriberSM"),
    "008": _map(Cause.ROAMING, "roamingNotAllowed"),
    "009": _map(Cause.UNSPECIFIED, "illegalSubscriber"),
    "011": _map(Cause.NOT_SMS_CAPABLE, "teleserviceNotProvisioned"),
    "012": _map(Cause.HANDSET_ERROR, "illegalEquipment"),
    "013": _map(Cause.UNSPECIFIED, "callBarred"),
    "021": _map(Cause.NETWORK_ERROR, "facilityNotSupported"),
    "027": _map(Cause.ABSENT, "absentSubscriber"),
    "031": _map(Cause.BUSY, "subscriberBusyForMT-SMS"),
    "032": _map(Cause.HANDSET_ERROR, "smDeliveryFailure"),
    "033": _map(Cause.BUSY, "messageWaitingListFull"),
    "034": _map(Cause.NETWORK_ERROR, "systemFailure"),
    "035": _map(Cause.NETWORK_ERROR, "dataMissing"),
    "036": _map(Cause.NETWORK_ERROR, "unexpectedDataValue"),
}

_NO_ERR = frozenset({"", "null", "none", "..."})


def read_text(text: str) -> Item:
    """A receipt's text posted as it is."""
    return {"short_message": text}


def parse(report: Report) -> Iterator[ParsedReport]:
    """One receipt, from the text, the TLVs, or both."""
    text = read_receipt(report.short_message)
    message_id = report.receipted_message_id or text.get("id", "")
    stat, state = text.get("stat", ""), report.message_state
    if not (stat or state):
        raise UnreadableError("the receipt has neither stat nor message_state")
    err = text.get("err", "")
    yield ParsedReport(
        message_id=message_id,
        words=(f"message_state {state}" if state.isdigit() else state.upper(), stat.upper()),
        status=state or stat,
        code="" if err.lower() in _NO_ERR else err.upper().lstrip("0").zfill(3),
        shown_code=err,
        recipient=_recipient(report),
        occurred_at=read_smpp(text.get("done date", "")),
        text=text.get("text", ""),
    )


def _recipient(report: Report) -> str:
    """The handset. Letters in `source_addr` are a sender: the addresses were not swapped."""
    source = report.source_addr
    return report.destination_addr if any(map(str.isalpha, source)) else source


PROVIDER = Provider(
    name="smpp",
    title="SMPP receipts",
    source="SMPP 3.4, Appendix B and §5.3.2.35",
    wire=Report,
    states=STATES,
    codes=CODES,
    code_tables={"gsm": GSM_CODES, "bulksmsrates": BULKSMSRATES_CODES},
    parse=parse,
    read_text=read_text,
)
