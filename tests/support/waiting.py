"""Waits for what happens by itself. The limit only bounds a failure: no test waits for it."""

import time
from collections.abc import Callable
from typing import Any

from local.listener import Listener

TIMEOUT_S = 120.0


def wait_until(condition: Callable[[], bool]) -> bool:
    """Whether the condition came true before the limit."""
    deadline = time.monotonic() + TIMEOUT_S
    while not (fulfilled := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return fulfilled


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
