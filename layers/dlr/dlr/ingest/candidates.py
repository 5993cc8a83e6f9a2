"""Phone numbers that stand in a request that nobody could read.

Such a request may be an attacker's, so the work is bounded: each step takes time in proportion to
the length of the text, and the search ends early where it finds too much.
"""

import re
from base64 import b64decode
from collections import deque
from collections.abc import Iterator
from itertools import chain, islice
from urllib.parse import unquote

from dlr.phone import PhoneNumber, read_number

MAX_SEEN = 20_000
"""Rows of digits looked at in one text."""
MAX_DISTINCT = 4_000
"""Different rows of digits of one text that are read as numbers."""
_ROUNDS = 3
"""How often a text may be encoded, one encoding inside the other."""
_MIN_DIGITS, _MAX_DIGITS = 7, 17
"""Of a number in international form; the longest has 15 digits and `00` before them."""
_MAX_GAP = 8
"""Separators between two digits of a number."""
_SPACES = " \t\n\v\f\r\u00a0\u1680\u202f\u205f\u2060\u3000\ufeff"
_SEPARATORS = _SPACES + "".join(map(chr, range(0x2000, 0x2016))) + "-.()+/\u00ad\u2212\ufffd"
"""Spaces of every kind, dashes of every kind, and bytes that are no UTF-8."""
_DIGITS = re.compile(r"[0-9]+")
_GAP = f"[{re.escape(_SEPARATORS)}]"
_NEIGHBOURS = re.compile(
    f"(?=(?:[0-9]{_GAP}{{0,{_MAX_GAP}}}){{{_MIN_DIGITS}}})"
    f"[0-9]++(?:{_GAP}{{1,{_MAX_GAP}}}+[0-9]++)*+"
)
"""Groups of digits with nothing but separators between them, together as long as a number. Without
backtracking: its time is in proportion to the text."""
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/]{10,}")
_URL_SAFE = str.maketrans("-_", "+/")


def find_numbers(content: bytes) -> frozenset[PhoneNumber] | None:
    """The numbers in international form, however grouped; None if there is too much to look at.

    Plain, percent-encoded, JSON-escaped, in base64, and any of these inside another; in UTF-8,
    UTF-16 and UTF-32.
    """
    seen: set[str] = set()
    found = chain.from_iterable(map(_rows_of_digits, _texts(content)))
    for count, digits in enumerate(found):
        seen.add(digits)
        if count >= MAX_SEEN or len(seen) > MAX_DISTINCT:
            return None
    return frozenset(number for number in map(read_number, seen) if number is not None)


def _texts(content: bytes) -> Iterator[str]:
    for plain in _as_text(content):
        forms = list(_decoded(plain))
        yield from forms
        for hidden in map(_as_text, _from_base64(forms[-1])):
            yield from chain.from_iterable(map(_decoded, hidden))


def _as_text(content: bytes) -> Iterator[str]:
    """As UTF-8; the digits of UTF-16 and UTF-32 are those of ASCII with zeros between them."""
    yield content.decode("utf-8", "replace")
    if b"\x00" in content:
        yield content.replace(b"\x00", b"").decode("latin-1")


def _decoded(text: str) -> Iterator[str]:
    """The text, and what it is without its percent-encoding and its escapes."""
    yield text
    for _ in range(_ROUNDS):
        plain = _ESCAPE.sub(_unescape, unquote(text))
        if plain == text:
            return
        yield plain
        text = plain


def _unescape(escape: re.Match[str]) -> str:
    code, letter = escape.groups()
    if code:
        return chr(int(code, 16))
    return " " if letter in "nrtbf" else letter


def _from_base64(text: str) -> Iterator[bytes]:
    """What the parts of the text mean in base64; one may begin at any place, and have line ends."""
    parts = _BASE64.findall("".join(text.split()).translate(_URL_SAFE))
    for start in range(4):
        yield b"|".join(_decode_base64(part[start:]) for part in parts)


def _decode_base64(part: str) -> bytes:
    """As far as it goes, padded or not."""
    usable = part[:-1] if len(part) % 4 == 1 else part
    return b64decode(usable + "=" * (-len(usable) % 4))


def _rows_of_digits(text: str) -> Iterator[str]:
    """Neighbouring groups of digits, joined in every way that is as long as a number."""
    for neighbours in _NEIGHBOURS.finditer(text):
        groups: deque[str] = deque(maxlen=_MAX_DIGITS)
        for match in _DIGITS.finditer(neighbours[0]):
            groups.appendleft(match[0][: _MAX_DIGITS + 1])
            yield from _joined(groups)


def _joined(groups: deque[str]) -> Iterator[str]:
    """The last group with those before it, the longer ones last."""
    digits = ""
    for group in islice(groups, _MAX_DIGITS):
        digits = group + digits
        if len(digits) > _MAX_DIGITS:
            return
        if len(digits) >= _MIN_DIGITS:
            yield digits
