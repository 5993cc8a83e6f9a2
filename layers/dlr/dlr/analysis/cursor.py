"""Where a page of a search ended, as a text that says nothing to its reader."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import crc32
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""No search gets that far, and a time can still be added to it."""
MICROSECOND = timedelta(microseconds=1)
MAX_LENGTH = 256
_MK = re.compile("[0-9a-f]{0,32}")


class Cursor(NamedTuple):
    """The next page begins behind the message `mk` of the time `f`, and ends at `start`.

    `mk` may be empty: behind every message of that time and later.
    """

    f: datetime
    mk: str
    start: datetime
    asked: str
    """The hash of the filters: a cursor fits no other search."""


class CursorError(ValueError):
    """No cursor of ours."""


def hash_of(asked: Mapping[str, object]) -> str:
    """Of what a caller asked for, whatever the order."""
    text = json.dumps(sorted((name, str(value)) for name, value in asked.items()))
    return sha256(text.encode()).hexdigest()[:16]


def write_cursor(cursor: Cursor) -> str:
    """The text of a cursor."""
    parts = [_micros(cursor.f), cursor.mk, _micros(cursor.start), cursor.asked]
    content = json.dumps(parts, separators=(",", ":")).encode()
    return urlsafe_b64encode(content + crc32(content).to_bytes(4, "big")).decode().rstrip("=")


def read_cursor(text: str) -> Cursor:
    """A cursor out of its text, which anybody can make. Raises CursorError."""
    try:
        raw = urlsafe_b64decode((text + "=" * (-len(text) % 4)).encode("ascii"))
        content, check = raw[:-4], raw[-4:]
        if len(text) > MAX_LENGTH or crc32(content).to_bytes(4, "big") != check:
            raise CursorError
        f, mk, start, asked = json.loads(content)
        if _MK.fullmatch(mk) is None:
            raise CursorError
        found = Cursor(_time(f), mk, _time(start), str(asked))
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise CursorError("not a cursor of this API") from None
    return found


def _micros(time: datetime) -> int:
    return (time - EPOCH) // MICROSECOND


def _time(micros: int) -> datetime:
    time = EPOCH + MICROSECOND * micros
    if not EPOCH <= time < LATEST:
        raise CursorError
    return time
