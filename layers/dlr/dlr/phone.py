"""The recipient's number: read into E.164, masked where it is shown, hashed where it is a key."""

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from dlr.numbering import PLANS

E164 = r"^\+[1-9][0-9]{6,14}$"
_SEPARATORS = str.maketrans("", "", " -.()\u00a0")
_INTERNATIONAL = re.compile(r"(?:\+|00)?([1-9][0-9]{6,14})", re.ASCII)
_SEVEN_DIGITS = re.compile(r"(?<!0x)(?<!\d)\d{7}")
_HASH = re.compile(r"[0-9a-f]{6}\.[\w-]{43}", re.ASCII)


class PhoneNumber(str):
    """A number in E.164 with its `+`. `str()` gives the number, `repr()` never does."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"PhoneNumber('{self[:3]}…{self[-2:]}')"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls, core_schema.str_schema(pattern=E164)
        )


def read_number(raw: str) -> PhoneNumber | None:
    """E.164 of an international number as providers write it, or None if it cannot be read.

    Accepts `+447700900123`, `447700900123`, `00447700900123`, a leading space (a `+` that a query
    string turned into one) and separators. National notation (a single leading zero), letters,
    short codes and lengths that no numbering plan has are None: better no number than another's.
    """
    match = _INTERNATIONAL.fullmatch(raw.translate(_SEPARATORS))
    if match is None:
        return None
    digits = match[1]
    for length in (1, 2, 3):
        code = digits[:length]
        if code in PLANS:
            break
    else:
        return None
    trunk, lengths = PLANS[code]
    national = digits[len(code) :]
    if trunk and re.match(trunk, national):
        return _read_trunk(digits)
    return PhoneNumber("+" + digits) if len(national) in lengths else None


def _read_trunk(digits: str) -> PhoneNumber | None:
    """Reads a number that may have a trunk prefix, as `+44 (0)7700 900123`, with the full library.

    It costs ingest a tenth of its start, so it is imported for the few numbers that need it.
    """
    return _read_with_the_library("+" + digits, None)


def _read_national(digits: str, country: str) -> PhoneNumber | None:
    """The library reads letters as digits and finds numbers in texts, so it gets digits only."""
    is_digits = digits.isascii() and digits.isdigit()
    return _read_with_the_library(digits, country) if is_digits else None


def _read_with_the_library(text: str, country: str | None) -> PhoneNumber | None:
    import phonenumbers

    with suppress(phonenumbers.NumberParseException):
        number = phonenumbers.parse(text, country)
        length = phonenumbers.is_possible_number_with_reason(number)
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        if length == phonenumbers.ValidationResult.IS_POSSIBLE and re.match(E164, e164):
            return PhoneNumber(e164)
    return None


class NotANumberError(ValueError):
    """The text is not an international phone number."""


def read_e164(number: str) -> PhoneNumber:
    """`read_number` for a sender's question. Raises NotANumberError where it cannot be read."""
    e164 = read_number(number)
    if e164 is None:
        raise NotANumberError(
            "not an international phone number; write it with + and its country's code"
        )
    return e164


def read_typed(number: str, country: str | None = None) -> PhoneNumber:
    """A number that a person typed: with `+` or `00`, or as people dial it within `country`.

    Without either, digits can mean two numbers: 2025550123 is one in Washington and one in Egypt.
    `country` is a code of `read_country`. Raises NotANumberError.
    """
    digits = number.translate(_SEPARATORS)
    if digits.startswith(("+", "00")):
        e164 = read_number(digits)
    else:
        e164 = _read_national(digits, country) if country else None
    if e164 is None:
        raise NotANumberError(
            "not an international phone number; write it with + or 00 and its country's code"
        )
    return e164


def country_of(number: PhoneNumber) -> str | None:
    """The country that a number belongs to, as `GB`. None for a number of no country.

    Of a number in no range that anybody was given, it is the largest country of its calling code.
    """
    import phonenumbers

    parsed = phonenumbers.parse(number)
    region = phonenumbers.region_code_for_number(parsed)
    if region is None:
        region = phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    return None if region in {"ZZ", "001"} else region


def holds_number(text: str, number: str | None = None) -> bool:
    """Whether this number, its last seven digits at least, stands in the text; or else any number.

    Any is a run of seven digits, whatever separates them, that is no hexadecimal constant.
    """
    digits = text.translate(_SEPARATORS)
    if number is None:
        return _SEVEN_DIGITS.search(digits) is not None
    return number[-7:] in digits


def read_country(code: str) -> str:
    """A country whose national numbers can be read, as `GB`. Raises ValueError."""
    import phonenumbers

    country = code.strip().upper()
    if country not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("not a country's code of two letters, like GB")
    return country


class RecipientHasher:
    """HMAC-SHA256 of a number under each live key: `<key id>.<base64url digest>`.

    New hashes use the first key; lookups try them all, so a key can be rotated without losing the
    suppression list. The key id is derived from the key: nothing to number by hand.
    """

    def __init__(self, keys: Callable[[], Sequence[str]]) -> None:
        """`keys` is called each time, so that a running function sees a rotated key."""
        self._keys = keys

    def hash(self, number: str) -> str:
        """The hash under the current key. Raises ValueError where there is none."""
        return _hash(self._prepared()[0], number)

    def every_hash(self, number: str) -> list[str]:
        """The hashes under all live keys, each once, the current one first."""
        return [_hash(key, number) for key in self._prepared()]

    def knows(self, recipient_hash: str) -> bool:
        """Whether it has the form of a hash and the key id of a live key."""
        if not _HASH.fullmatch(recipient_hash):
            return False
        return recipient_hash.partition(".")[0] in {key_id for key_id, _ in self._prepared()}

    def _prepared(self) -> list["_Key"]:
        return _prepare(tuple(self._keys()))


_Key = tuple[str, hmac.HMAC]
"""The key's id, and an HMAC that has the key and no number yet: to set up the key takes longer than
to hash a number."""


@lru_cache(maxsize=8)
def _prepare(keys: tuple[str, ...]) -> list[_Key]:
    if not keys or not all(keys):
        raise ValueError("at least one hash key is needed, and none may be empty")
    return [_key_of(key.encode()) for key in dict.fromkeys(keys)]


def _key_of(key: bytes) -> _Key:
    return sha256(b"key id of " + key).hexdigest()[:6], hmac.new(key, digestmod="sha256")


def _hash(key: _Key, number: str) -> str:
    key_id, keyed = key
    mac = keyed.copy()
    mac.update(number.encode())
    return f"{key_id}.{urlsafe_b64encode(mac.digest()).decode().rstrip('=')}"
