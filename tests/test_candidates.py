"""Numbers in a request that nobody could read: all of them found, and in linear time."""

import json
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlr.ingest.candidates import MAX_DISTINCT, MAX_SEEN, find_numbers
from dlr.ingest.receive import MAX_BODY_BYTES

PERSON = "+447700900600"
GROUPED = ("44", "7700", "900", "600")


def found(text: str | bytes) -> frozenset[str] | None:
    return find_numbers(text.encode() if isinstance(text, str) else text)


@pytest.mark.parametrize(
    "text",
    [
        "numero=%2B447700900600",
        "numero=447700900600&x=1",
        "to=%2B44%207700%20900600",
        "to=44+7700+900600",
        '{"to": "0044 (0)7700-900.600"}',
        "+44 07700 900600",
        "+4407700900600",
        "to=12 447700900600",
        "from=447700900601+447700900600",
        "2026-11-24 447700900600",
        "44\u00a07700\u00a0900600",
        "44\u20097700\u202f900\u2011600",
        "to=44%C2%A07700%E2%80%89900600",
        r'{"to": "\u0020447700900600"}',
        r'{"to": "44\u00a07700\u2009900600"}',
        r'{"to": "\u0034\u0034\u0037700900600"}',
        r'{"a": "{\"to\": \"\\u002b44\\u00a07700900600\"}"}',
        "payload=%7B%22to%22%3A%22%5Cu002b44%5Cu00a07700900600%22%7D",
        "to=%2534%25347700900600",
        b64encode(b'{"to": "+44 7700 900600"}'),
        b'{"body": "' + b64encode(b'{"to":"447700900600"}') + b'"}',
        b"token-" + urlsafe_b64encode(b"\xff\xfe\xfd +447700900600"),
        b64encode(b"x" * 50 + b" 447700900600 " + b"y" * 50)[:76] + b"\r\n"
        b"" + b64encode(b"x" * 50 + b" 447700900600 " + b"y" * 50)[76:],
        b64encode("to=44\u00a07700900600".encode()),
        "447700900600".encode("utf-16"),
        '{"to": "44\u00a07700\u2009900600"}'.encode("utf-16-le"),
        "447700900600".encode("utf-32"),
        b"44\xa07700\xa0900600",
    ],
)
def test_a_number_is_found_however_it_is_written(text: str | bytes) -> None:
    assert PERSON in (found(text) or ())


@pytest.mark.parametrize(
    "text",
    [
        '{"to": "07700900600"}',
        "id=99447700900600",
        "id=4477009006001",
        '{"a": [44, 7700900600]}',
        "numero=447700900601",
        "44" + " " * 9 + "7700900600",
    ],
)
def test_part_of_another_number_and_national_notation_are_not_found(text: str) -> None:
    assert PERSON not in (found(text) or ())


ENCODINGS: list[Callable[[str], str]] = [
    quote,
    quote_plus,
    json.dumps,
    lambda text: json.dumps({"to": text}),
    lambda text: f"to={text}&id=1",
    lambda text: b64encode(text.encode()).decode(),
]
SEPARATORS = st.text(" -.()/\t\u00a0\u2009\u202f", max_size=4)


@settings(max_examples=300, deadline=None)
@given(
    gaps=st.tuples(SEPARATORS, SEPARATORS, SEPARATORS),
    before=st.sampled_from(["", "+", "00", " ", "id:1;"]),
    encodings=st.lists(st.sampled_from(ENCODINGS[:-1]), max_size=2),
    last=st.sampled_from(ENCODINGS),
)
def test_any_grouping_is_found_in_any_encoding(
    gaps: tuple[str, str, str],
    before: str,
    encodings: list[Callable[[str], str]],
    last: Callable[[str], str],
) -> None:
    text = before + GROUPED[0] + "".join(g + d for g, d in zip(gaps, GROUPED[1:], strict=True))
    for encode in (*encodings, last):
        text = encode(text)
    assert PERSON in (found(text) or ())


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_whatever_was_sent_can_be_searched(content: bytes) -> None:
    find_numbers(content)


# ---------------------------------------------------------------- bounded

HOSTILE = {
    "zeros in brackets": "(0)",
    "the start of a number again and again": "44 77 (0)(0)",
    "single digits": "4 ",
    "different groups": "1 23 456 7890 12345 ",
    "one long row": "1",
    "separators": "4        ",
    "percent signs": "%25",
    "percent-encoded digits": "%2534",
    "backslashes": "\\",
    "escapes": "\\u0034",
    "base64": "NDQ3",
    "short base64": "NDQ3NDQ3ND,",
    "zeros of UTF-16": "4\x00",
    "trunk prefixes": "+4407700900600,",
}


def cpu_s(content: bytes) -> float:
    def once() -> float:
        began = time.process_time()
        find_numbers(content)
        return time.process_time() - began

    return min(once() for _ in range(3))


@pytest.mark.untraced
@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_twice_the_text_takes_about_twice_the_time(piece: str) -> None:
    """A search that gives up early is faster still. 100 ms is for what does not grow."""
    large = (piece * MAX_BODY_BYTES)[:MAX_BODY_BYTES].encode()[:MAX_BODY_BYTES]
    half, whole = cpu_s(large[: MAX_BODY_BYTES // 2]), cpu_s(large)
    assert whole <= 3 * half + 0.1


def test_more_rows_of_digits_than_can_be_read_are_given_up() -> None:
    assert found(",".join(map(str, range(10**8, 10**8 + MAX_DISTINCT)))) is not None
    assert found(",".join(map(str, range(10**8, 10**8 + MAX_DISTINCT + 1)))) is None
    assert found("12345678," * (MAX_SEEN + 1)) is None
