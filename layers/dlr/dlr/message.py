"""A message as the team's API shows it."""

from collections.abc import Mapping
from typing import Any

from dlr.item import history_of, state_of
from dlr.report import DeliveryReport


class MessageAnswer(DeliveryReport):
    """The state of a message and every report that was kept of it, in the order of arrival."""

    history: list[DeliveryReport]


def message_of(item: Mapping[str, Any]) -> MessageAnswer:
    """Out of an item of ReportsTable."""
    return MessageAnswer(**dict(state_of(item)), history=history_of(item))
