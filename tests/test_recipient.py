"""Numbers: read into E.164 or not at all, masked, and hashed under rotating keys."""

import hmac
import re
from base64 import urlsafe_b64decode
from random import Random

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlr.numbering import PLANS
from dlr.phone import E164, PhoneNumber, RecipientHasher, read_number


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("+447700900123", "+447700900123"),
        ("447700900123", "+447700900123"),
        ("00447700900123", "+447700900123"),
        (" 447700900123", "+447700900123"),
        ("+44 (7700) 900-123", "+447700900123"),
        ("+4407700900123", "+447700900123"),
        ("33639980123", "+33639980123"),
        ("+12025550123", "+12025550123"),
        ("07700900123", None),
        ("36180", None),
        ("ACME", None),
        ("+1800FLOWERS", None),
        ("+999123456789", None),
        ("+4477009001234567", None),
        ("+44770090", None),
        ("+4900005", None),
        ("", None),
        ("+", None),
        ("٤٤٧٧٠٠٩٠٠١٢٣", None),
    ],
)
def test_a_number_is_read_as_providers_write_it_or_not_at_all(raw: str, number: str | None) -> None:
    assert read_number(raw) == number


@given(st.text(max_size=40))
def test_any_text_is_a_number_in_e164_or_none(raw: str) -> None:
    number = read_number(raw)
    assert number is None or read_number(number) == number


def read_by_the_library(digits: str) -> str | None:
    try:
        number = phonenumbers.parse("+" + digits)
    except phonenumbers.NumberParseException:
        return None
    length = phonenumbers.is_possible_number_with_reason(number)
    if length != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return e164 if re.match(E164, e164) else None  # it makes "+490005" of "+4900005"


@pytest.mark.parametrize("code", [*PLANS, "999", "21"])
def test_a_number_is_read_as_phonenumbers_reads_it(code: str) -> None:
    random = Random(code)
    for length in range(4, 16 - len(code)):
        for first in "0123456789":
            digits = code + first + "".join(random.choices("0123456789", k=length - 1))
            if len(digits) >= 7:
                assert read_number("+" + digits) == read_by_the_library(digits), digits


def test_the_representation_is_masked_and_the_text_is_not() -> None:
    number = PhoneNumber("+447700900123")
    assert repr(number) == "PhoneNumber('+44…23')"
    assert str(number) == "+447700900123"


def test_a_hash_survives_the_rotation_of_its_key() -> None:
    old, new = RecipientHasher(lambda: ["old"]), RecipientHasher(lambda: ["new", "old"])
    assert old.hash("+447700900123") in new.every_hash("+447700900123")
    assert new.hash("+447700900123") != old.hash("+447700900123")


def test_a_key_that_is_current_and_previous_gives_one_hash() -> None:
    twice = RecipientHasher(lambda: ["new", "old", "new", "old"])
    assert twice.every_hash("+447700900123") == RecipientHasher(lambda: ["new", "old"]).every_hash(
        "+447700900123"
    )


@given(key=st.text(min_size=1, max_size=90), number=st.text(max_size=20))
def test_a_hash_is_the_hmac_of_the_number(key: str, number: str) -> None:
    digest = hmac.digest(key.encode(), number.encode(), "sha256")
    for _ in range(2):
        _, _, found = RecipientHasher(lambda: [key]).hash(number).partition(".")
        assert urlsafe_b64decode(found + "=") == digest


@pytest.mark.parametrize("keys", [[], [""], ["key", ""]])
def test_an_empty_key_is_refused(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="key"):
        RecipientHasher(lambda: keys).hash("+447700900123")
