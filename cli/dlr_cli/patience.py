"""How often and when a call is made again."""

import time
from typing import Any

import click
import urllib3

TIMEOUT = urllib3.Timeout(connect=10, read=60)
ATTEMPTS = 6
CONNECT_ATTEMPTS = 3
BACKOFF_S = 0.5
"""Twice that before the third attempt, then twice as long each, if the API does not say."""
LONGEST_WAIT_S = 120.0
TELL_S = 2.0
"""Who waits longer than that is told why."""
MOST_CONNECTIONS = 16


class Patience(urllib3.Retry):
    """Waits as long as the API asks for, within a limit, and says so."""

    def get_retry_after(self, response: urllib3.BaseHTTPResponse) -> float | None:
        """Seconds; None if the API does not say."""
        seconds = super().get_retry_after(response)
        return None if seconds is None else min(seconds, LONGEST_WAIT_S)

    def sleep_for_retry(self, response: urllib3.BaseHTTPResponse) -> bool:
        """Whether there was something to wait for."""
        seconds = self.get_retry_after(response)
        if not seconds:
            return False
        if seconds >= TELL_S:
            click.echo(f"The API asks to wait {seconds:.0f} s (HTTP {response.status}).", err=True)
        time.sleep(seconds)
        return True


class OnceOnly(Patience):
    """For what must not happen twice: only what the API turned away at its door is sent again."""

    RETRY_AFTER_STATUS_CODES = frozenset({429})


def pool() -> tuple[urllib3.PoolManager, Patience, Patience]:
    """Connections; how to call what may happen twice; how to call what must not."""
    often: dict[str, Any] = {
        "total": ATTEMPTS - 1,
        "connect": CONNECT_ATTEMPTS - 1,
        "allowed_methods": None,
        "backoff_factor": BACKOFF_S,
        "raise_on_status": False,
    }
    return (
        urllib3.PoolManager(timeout=TIMEOUT, maxsize=MOST_CONNECTIONS),
        Patience(status_forcelist={429, 502, 503, 504}, **often),
        OnceOnly(read=False, other=False, status_forcelist={429}, **often),
    )
