"""A secret from Secrets Manager with its predecessors, so that it can be rotated under load.

The value is `{"current": "…", "previous": ["…"]}`. To rotate, put the old value into `previous`,
the new one into `current`; take the old one out when nobody uses it any more.
"""

import json
import time
from collections.abc import Callable
from typing import Any

MAX_AGE_S = 300.0
MIN_AGE_S = 1.0


class Secret:
    """The live values of one secret, the current one first; kept for five minutes."""

    def __init__(self, client: Any, arn: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._arn = arn
        self._clock = clock
        self._values: tuple[str, ...] = ()
        self._read_at = 0.0

    def values(self) -> tuple[str, ...]:
        """All live values, at most five minutes old. Raises ValueError where there is none."""
        return self._values_since(MAX_AGE_S)

    def fresh(self) -> tuple[str, ...]:
        """Read again, for a caller whom no known value fits; at most once a second."""
        return self._values_since(MIN_AGE_S)

    def _values_since(self, max_age_s: float) -> tuple[str, ...]:
        now = self._clock()
        if not self._values or now - self._read_at > max_age_s:
            self._values = self._read()
            self._read_at = now
        return self._values

    def _read(self) -> tuple[str, ...]:
        try:
            text = self._client.get_secret_value(SecretId=self._arn)["SecretString"]
        except Exception:
            if self._values:  # better a value of some minutes ago than a report refused
                return self._values
            raise
        content = json.loads(text)
        values = tuple(filter(None, (content.get("current"), *content.get("previous", ()))))
        if not values:
            raise ValueError("the secret holds no value: refusing to serve")
        return values
