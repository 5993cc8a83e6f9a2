"""Providers' times, read into aware UTC datetimes. What cannot be read is None.

Whether a time is plausible depends on when the report came: `ingest/normalize.py` decides that.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_MILLISECONDS = re.compile(r"\d{13}", re.ASCII)
_UNIX_SECONDS = re.compile(r"\d{9,10}(?:\.\d{1,9})?", re.ASCII)
_DATE_DIGITS = 8
_JAVASCRIPT = re.compile(r"\w{3} (\w{3} \d{1,2} \d{4} \d\d:\d\d:\d\d) GMT([+-]\d{4})", re.ASCII)
_SMPP_ABSOLUTE = re.compile(r"(\d{12})(\d)(\d\d)([+-])", re.ASCII)


def read_iso(text: str, zone: tzinfo = UTC) -> datetime | None:
    """ISO 8601, with `T` or a space, or Unix milliseconds in 13 digits.

    `zone` is assumed where the text names none. Python would take the ninth of many digits for the
    separator between date and time, so of digits alone only a date is ISO 8601.
    """
    if not text:
        return None
    if text.isdigit() and len(text) > _DATE_DIGITS:
        return _read_milliseconds(text)
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is UTC:
            return time
        return (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _read_milliseconds(text: str) -> datetime | None:
    if not _EPOCH_MILLISECONDS.fullmatch(text):
        return None
    return _EPOCH + timedelta(milliseconds=int(text))


def read_unix(text: str) -> datetime | None:
    """Unix seconds, with or without a fraction."""
    match = _UNIX_SECONDS.fullmatch(text)
    return _EPOCH + timedelta(seconds=float(text)) if match else None


def read_javascript(text: str) -> datetime | None:
    """JavaScript's `Date.toString()`: `Wed Jul 19 2017 20:53:46 GMT+0100 (BST)`."""
    match = _JAVASCRIPT.match(text)
    if match is None:
        return None
    try:
        return datetime.strptime(" ".join(match.groups()), "%b %d %Y %H:%M:%S %z").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_smpp(text: str) -> datetime | None:
    """The date of a receipt text: 10, 12 or 14 digits without a zone (taken as UTC), or SMPP's own.

    Ten digits are `YYMMDDhhmm`, fourteen `YYYYMMDDhhmmss`. Twelve are `YYYYMMDDhhmm` or
    `YYMMDDhhmmss`: read as the latter a four-digit year from 2013 on has a month above 12, so
    only one reading is ever a date. SMPP 3.4 §7.1.1 (`YYMMDDhhmmsstnnp`) brings its own offset
    in quarter hours. All zeros mean no date.
    """
    match = _SMPP_ABSOLUTE.fullmatch(text)
    if match:
        digits, tenths, quarters, sign = match.groups()
        ahead = timedelta(minutes=15 * int(quarters) * (1 if sign == "+" else -1))
        return _read_digits("20" + digits, tenths=int(tenths), offset=ahead)
    if len(text) == 10:
        return _read_digits("20" + text + "00")
    if len(text) == 12:
        return _read_digits("20" + text) or _read_digits(text + "00")
    if len(text) == 14:
        return _read_digits(text)
    return None


def _read_digits(digits: str, tenths: int = 0, offset: timedelta = timedelta()) -> datetime | None:
    """`YYYYMMDDhhmmss` at `offset` ahead of UTC."""
    if not (digits.isascii() and digits.isdigit()):
        return None
    try:
        time = datetime(
            int(digits[:4]),
            int(digits[4:6]),
            int(digits[6:8]),
            int(digits[8:10]),
            int(digits[10:12]),
            int(digits[12:]),
            tenths * 100_000,
            timezone(offset),
        )
        return time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
