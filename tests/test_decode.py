"""The traps of Python's parsers, one test each: a clear reason, never a wrong report."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlr.wire.decode import (
    MAX_FORM_CHARACTERS,
    MAX_FORM_FIELDS,
    MAX_ITEMS,
    MAX_OBJECTS,
    UnreadableError,
    read_items,
)
from dlr.wire.request import Request

FIELDS = frozenset({"id", "status", "to"})


def read(body: bytes | str = b"", query: str = "", method: str = "POST") -> list[object]:
    body = body.encode() if isinstance(body, str) else body
    return read_items(Request(method, query=query, body=body), FIELDS)[0]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"id": NaN}', "NaN"),
        ('{"id": -Infinity}', "Infinity"),
        ('{"id": "1", "id": "2"}', "twice"),
        ('{"a": {"status": 1, "status": null}}', "twice"),
        ("[" * 19_000, "deeply"),
        ('{"a":' * 10_000, "deeply"),
        ('{"id": "\\ud800"}', "surrogate"),
        (b'{"id": "\xff"}', "UTF-8"),
        ('{"id": ', "valid JSON"),
        ("", "empty"),
        ("hello", "neither"),
        ("id=1&id=2", "twice"),
        ("id=1&to=2&to=3", "twice"),
        ("id=%ff", "UTF-8"),
        ("id=1" + "&x=1" * MAX_FORM_FIELDS, "parameters"),
        ("id=1&x=" + "%" * MAX_FORM_CHARACTERS, "characters"),
        ("[" + "1," * MAX_ITEMS + "1]", "at once"),
        ('{"a":[' + "{}," * MAX_OBJECTS + "{}]}", "objects"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_trap_is_refused_with_its_reason(body: bytes | str, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        read(body)


def test_a_duplicate_id_in_the_query_is_refused() -> None:
    with pytest.raises(UnreadableError, match="twice"):
        read(query="id=1&id=2", method="GET")


def test_a_nineteen_digit_id_sent_as_a_json_number_keeps_every_digit() -> None:
    assert read('{"id": 9223372036854775809}') == [{"id": "9223372036854775809"}]


def test_a_number_of_5000_digits_is_text_like_any_other() -> None:
    assert read('{"id": %s}' % ("9" * 5000)) == [{"id": "9" * 5000}]


def test_a_price_keeps_its_decimals() -> None:
    assert read('{"id": 0.0300}') == [{"id": "0.0300"}]


def test_null_is_the_same_as_absent() -> None:
    assert read('{"id": "1", "status": null}') == [{"id": "1"}]


def test_a_list_is_a_batch_and_an_empty_one_a_probe() -> None:
    assert read('[{"id": 1}, {"id": 2}]') == [{"id": "1"}, {"id": "2"}]
    assert read("[]") == []


@pytest.mark.parametrize("query", ["", "campaign=autumn"])
def test_a_get_without_a_report_is_a_probe(query: str) -> None:
    assert read(query=query, method="GET") == []


def test_the_content_type_does_not_decide() -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    request = Request("POST", headers=headers, body=b' {"id": "1"}')
    assert read_items(request, FIELDS)[0] == [{"id": "1"}]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        read(body)
    except UnreadableError as error:
        assert str(error)


texts = st.text(max_size=20)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(texts, json_values, max_size=4))
def test_any_json_object_is_one_item_without_numbers_and_nulls(content: dict[str, object]) -> None:
    def is_plain(value: object) -> bool:
        if isinstance(value, dict):
            return all(is_plain(part) for part in value.values())
        if isinstance(value, list):
            return all(part is None or is_plain(part) for part in value)
        return isinstance(value, str | bool)

    text = json.dumps(content)
    try:
        (item,) = read(text)
    except UnreadableError as error:
        assert "surrogate" in str(error)
        return
    assert is_plain(item)
    assert isinstance(item, dict)
    assert item.keys() == {name for name, value in content.items() if value is not None}
