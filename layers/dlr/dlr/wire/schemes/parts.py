"""What several schemes read: times, forms, and the one item that the parser will see."""

import binascii
import math
from base64 import b64decode, b64encode
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from dlr.wire.decode import MAX_FORM_CHARACTERS, MAX_FORM_FIELDS, UnreadableError, read_items
from dlr.wire.request import Request

WINDOW_S = 300


def from_base64(text: str | bytes) -> bytes:
    """Decoded; nothing for what is no base64, or not as an encoder writes it.

    The last letter of a base64 text can have bits that stand for nothing.
    """
    given = text.encode(errors="replace") if isinstance(text, str) else text
    try:
        decoded = b64decode(given, validate=True)
    except (ValueError, binascii.Error):
        return b""
    return decoded if b64encode(decoded) == given else b""


def authorization_of(request: Request, scheme: str) -> str:
    given, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if given.lower() == scheme else ""


def is_recent(timestamp: Any, now: datetime, window_s: float = WINDOW_S) -> bool:
    return abs(now.timestamp() - seconds(timestamp)) <= window_s


def seconds(timestamp: Any) -> float:
    """Unix seconds; NaN, which lies in no window, for anything else."""
    try:
        return float(timestamp)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def form_of(text: str) -> list[tuple[str, str]] | None:
    """A form's parameters, repeated ones kept; None if there are too many."""
    if len(text) > MAX_FORM_CHARACTERS:
        return None
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)
    except ValueError:
        return None


class _EveryName(frozenset[str]):
    def __contains__(self, name: object) -> bool:
        return True


def only_item(request: Request) -> dict[str, Any]:
    """What the parser will read, if that is a single object with no name twice; else nothing."""
    try:
        items, _ = read_items(request, _EveryName())
    except UnreadableError:
        return {}
    return dict(items[0]) if len(items) == 1 and isinstance(items[0], dict) else {}
