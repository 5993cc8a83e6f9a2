"""A secret from Secrets Manager with its predecessors, so that it can be rotated under load.

The value is `{"current": "…", "previous": ["…"], "signing_keys": ["…"]}`. To rotate, put the old
value into `previous`, the new one into `current`; take the old one out when nobody uses it any
more. `signing_keys` are what a provider signs with; both old and new stand there for a while.
"""

import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

MAX_AGE_S = 300.0
"""A value is read again when it is older."""
HARD_MAX_AGE_S = 3600.0
"""Where Secrets Manager fails, the known value serves until it is this old."""
MIN_AGE_S = 1.0
REFUSALS = {
    "AccessDeniedException",
    "InvalidRequestException",  # the secret is scheduled for deletion
    "ResourceNotFoundException",
}
"""Answers that a retry does not change: somebody took the secret away."""


class _Content(NamedTuple):
    values: tuple[str, ...] = ()
    signing_keys: tuple[str, ...] = ()


class Secret:
    """The live values of one secret, the current one first; read again after five minutes.

    A secret that was deleted, or that the function may not read any more, is refused at that
    moment. Any other failure of Secrets Manager is bridged with the known values, for an hour
    since they were read.
    """

    def __init__(
        self,
        client: Any,
        arn: str,
        clock: Callable[[], float] = time.monotonic,
        min_age_s: float = MIN_AGE_S,
        max_age_s: float | None = None,
    ) -> None:
        """With `max_age_s` nothing is served that is older, not even where a read fails."""
        self._client = client
        self._arn = arn
        self._clock = clock
        self._min_age_s = min_age_s
        self._max_age_s = MAX_AGE_S if max_age_s is None else max_age_s
        self._hard_max_age_s = HARD_MAX_AGE_S if max_age_s is None else max_age_s
        self._content = _Content()
        self._read_at = 0.0
        self._tried_at = 0.0

    def values(self) -> tuple[str, ...]:
        """All live values. Raises ValueError where there is none, or what the read raised."""
        return self._content_since(self._max_age_s).values

    def fresh(self) -> tuple[str, ...]:
        """Read again, for a caller whom no known value fits; at most once in `min_age_s`."""
        return self._content_since(self._min_age_s).values

    def signing_keys(self) -> tuple[str, ...]:
        """The provider's signing keys as they stood beside the values read last."""
        return self._content_since(self._max_age_s).signing_keys

    def _content_since(self, max_age_s: float) -> _Content:
        now = self._clock()
        is_due = now - self._tried_at > max_age_s
        if not self._content.values or is_due or now - self._read_at > self._hard_max_age_s:
            self._refresh(now)
        return self._content

    def _refresh(self, now: float) -> None:
        try:
            text = self._client.get_secret_value(SecretId=self._arn)["SecretString"]
        except Exception as error:
            if _is_refusal(error) or now - self._read_at > self._hard_max_age_s:
                self._content = _Content()
            if not self._content.values:
                raise
        else:
            self._content = _parsed(text)
            self._read_at = now
        self._tried_at = now


def _is_refusal(error: Exception) -> bool:
    return isinstance(error, ClientError) and error.response["Error"]["Code"] in REFUSALS


def _parsed(text: str) -> _Content:
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
