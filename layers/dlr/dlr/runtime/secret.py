"""A secret from Secrets Manager with its predecessors, so that it can be rotated under load.

The value is `{"current": "…", "previous": ["…"], "signing_keys": ["…"]}`. To rotate, put the old
value into `previous`, the new one into `current`; take the old one out when nobody uses it any
more. `signing_keys` are what a provider signs with; both old and new stand there for a while.
"""

import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple

MAX_AGE_S = 300.0
MIN_AGE_S = 1.0


class _Content(NamedTuple):
    values: tuple[str, ...] = ()
    signing_keys: tuple[str, ...] = ()


class Secret:
    """The live values of one secret, the current one first; kept for five minutes."""

    def __init__(
        self,
        client: Any,
        arn: str,
        clock: Callable[[], float] = time.monotonic,
        min_age_s: float = MIN_AGE_S,
    ) -> None:
        self._client = client
        self._arn = arn
        self._clock = clock
        self._min_age_s = min_age_s
        self._content = _Content()
        self._read_at = 0.0

    def values(self) -> tuple[str, ...]:
        """All live values, at most five minutes old. Raises ValueError where there is none."""
        return self._content_since(MAX_AGE_S).values

    def fresh(self) -> tuple[str, ...]:
        """Read again, for a caller whom no known value fits; at most once in `min_age_s`."""
        return self._content_since(self._min_age_s).values

    def signing_keys(self) -> tuple[str, ...]:
        """The provider's signing keys as they stood beside the values read last."""
        return self._content_since(MAX_AGE_S).signing_keys

    def _content_since(self, max_age_s: float) -> _Content:
        now = self._clock()
        if not self._content.values or now - self._read_at > max_age_s:
            self._content = self._read()
            self._read_at = now
        return self._content

    def _read(self) -> _Content:
        try:
            text = self._client.get_secret_value(SecretId=self._arn)["SecretString"]
        except Exception:
            if self._content.values:  # better a value of some minutes ago than a report refused
                return self._content
            raise
        content = json.loads(text)
        values = tuple(filter(None, (content.get("current"), *_list(content, "previous"))))
        if not values:
            raise ValueError("the secret holds no value: refusing to serve")
        return _Content(values, tuple(_list(content, "signing_keys")))


def _list(content: dict[str, Any], name: str) -> list[str]:
    """A list of strings. One string instead would be a list of keys of one letter each."""
    found = content.get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise ValueError(f"the secret's {name} is no list of strings: refusing to serve")
    return found
