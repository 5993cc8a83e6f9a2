"""The one loop that waits for something that happens by itself."""

import time
from collections.abc import Callable

TIMEOUT_S = 300.0
"""Bounds a failure only: what works is seen within 50 ms. Longer than the queue hides a message
whose first delivery failed, which happens on a busy machine."""


def wait_until(condition: Callable[[], bool], timeout_s: float = TIMEOUT_S) -> bool:
    """Whether the condition became true in time."""
    deadline = time.monotonic() + timeout_s
    while not (fulfilled := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return fulfilled
