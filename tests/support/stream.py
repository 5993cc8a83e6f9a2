"""What the reports table's stream shows."""

from typing import Any

from dlr.messages.item import entry_of, fingerprint_of, key_of
from dlr.messages.order import rank_of
from dlr.report import DeliveryReport


def image(report: DeliveryReport, *before: DeliveryReport, version: int = 1) -> dict[str, Any]:
    """The item as the stream shows it: its state, and the reports that came before that."""
    return {
        **key_of(report.provider, report.message_id),
        "state": entry_of(report),
        "history": {"L": [entry_of(each) for each in (*before, report)]},
        "seen": {"SS": [fingerprint_of(each) for each in (*before, report)]},
        "rank": {"S": rank_of(report)},
        "v": {"N": str(version)},
        "expires_at": {"N": "4102444800"},
        "recipient": {"S": report.recipient},
        "recipient_hash": {"S": report.recipient_hash},
    }
