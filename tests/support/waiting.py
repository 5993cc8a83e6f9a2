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


def hears(listener: Listener, message_id: str) -> list[dict[str, Any]]:
    """The events of one message, once there is one."""

    def found() -> list[dict[str, Any]]:
        return [event for event in listener.heard() if event["message_id"] == message_id]

    assert wait_until(lambda: bool(found()))
    return found()
