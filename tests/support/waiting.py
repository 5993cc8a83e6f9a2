"""Waits for the events of a message."""

from typing import Any

from local.listener import Listener
from local.waiting import wait_until


def copies_of(listener: Listener, message_id: str) -> list[dict[str, Any]]:
    """All that was heard of a message. The bus gets each event once or, from a retry, again."""
    return [event for event in listener.heard() if event["message_id"] == message_id]


def hears(listener: Listener, message_id: str) -> list[dict[str, Any]]:
    """The events of one message, once there is one; its copies are the same to the letter."""
    assert wait_until(lambda: bool(copies_of(listener, message_id)))
    events: dict[str, dict[str, Any]] = {}
    for copy in copies_of(listener, message_id):
        assert events.setdefault(copy["event_id"], copy) == copy
    return list(events.values())
