"""A message as the team's API shows it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from dlr.messages.item import history_of, state_of
from dlr.messages.store import ReportReader
from dlr.report import DeliveryReport


class MessageAnswer(DeliveryReport):
    """The state of a message and every report that was kept of it, in the order of arrival."""

    history: list[DeliveryReport]


def message_of(item: Mapping[str, Any]) -> MessageAnswer:
    """Out of an item of ReportsTable."""
    return MessageAnswer(**dict(state_of(item)), history=history_of(item))


def find_message(
    reports: ReportReader,
    provider: str,
    message_id: str,
    now: datetime,
    recipient_hashes: Iterable[str] = (),
) -> MessageAnswer | None:
    """None where the message is unknown or has expired.

    `recipient_hashes` says whose, where several recipients' messages may have the id.
    """
    for apart in (*recipient_hashes, ""):
        if (item := reports.get(provider, message_id, now, apart)) is not None:
            return message_of(item)
    return None
