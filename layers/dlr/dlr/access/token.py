"""The form of a token: `dlr_<43 base64url characters>_<crc>`.

The 43 characters are 32 random bytes. The CRC tells a mistyped token, or a piece of text that only
looks like one, from a token without asking the table; scanners for leaked secrets use it too. It
protects nothing: whoever can read this can compute it.
"""

import re
import secrets
from hashlib import sha256
from zlib import crc32

PREFIX = "dlr_"
ID = re.compile(r"[0-9a-f]{16}", re.ASCII)
_FORM = re.compile(r"(dlr_[A-Za-z0-9_-]{43})_([0-9a-f]{8})", re.ASCII)


def new_token() -> str:
    """A token that nobody had before."""
    return with_crc(PREFIX + secrets.token_urlsafe(32))


def with_crc(text: str) -> str:
    """The text, `_`, and its CRC-32 in eight hexadecimal digits."""
    return f"{text}_{crc32(text.encode()):08x}"


def is_well_formed(token: str) -> bool:
    """Whether it has the form of a token and the right CRC."""
    match = _FORM.fullmatch(token)
    return match is not None and with_crc(match[1]) == token


def digest(token: str) -> str:
    """SHA-256 in hexadecimal: what is stored. A token is random, so nobody finds it from there."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def id_of(token_digest: str) -> str:
    """What a token is called in lists and in the audit: the beginning of its digest."""
    return token_digest[:16]
