"""A message as the team's API shows it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from dlr.messages.hidden import without_number
from dlr.messages.item import history_of, state_of
from dlr.messages.store import ReportReader
from dlr.report import DeliveryReport

PERSONAL = (
    "recipient",
    "recipient_hash",
    "provider_recipient",
    "provider_text",
    "client_reference",
)
"""Fields of a report that name its recipient, or may."""
UNSAFE = ("provider_status", "provider_code", "network")
"""Fields in which a provider could have written the recipient's number."""
LONGEST_SHORT_CODE = 6
"""Digits; a sender with more of them is a phone number."""


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
    """None where the message is unknown, has expired or is another recipient's.

    `recipient_hashes` says whose, where several recipients' messages may have the id: the hashes
    of one number. A message of which nobody has named the recipient may be anybody's.
    """
    whose = tuple(recipient_hashes)
    for apart in (*whose, ""):
        item = reports.get(provider, message_id, now, apart)
        if item is not None and (not whose or _may_be_of(whose, item)):
            return message_of(item)
    return None


def _may_be_of(whose: Iterable[str], item: Mapping[str, Any]) -> bool:
    return "recipient_hash" not in item or item["recipient_hash"]["S"] in whose


def without_person(answer: MessageAnswer) -> MessageAnswer:
    """Without the recipient and the texts that may name one, for who may not see numbers."""
    history = [report.model_copy(update=_hidden(report)) for report in answer.history]
    return answer.model_copy(update={**_hidden(answer), "history": history})


def _hidden(report: DeliveryReport) -> dict[str, Any]:
    is_number = sum(map(str.isdigit, report.sender or "")) > LONGEST_SHORT_CODE
    return {
        **{name: without_number(getattr(report, name), report) for name in UNSAFE},
        **dict.fromkeys(PERSONAL),
        "metadata": {},
        "sender": None if is_number else report.sender,
    }
