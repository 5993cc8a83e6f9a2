"""The traps of Python's parsers, one test each: a clear reason, never a wrong report."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode

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
    split_list,
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


def test_a_get_without_parameters_is_a_probe() -> None:
    assert read(method="GET") == []


@pytest.mark.parametrize("query", ["campaign=autumn", "&", "=x"])
def test_a_get_without_a_known_parameter_is_refused(query: str) -> None:
    with pytest.raises(UnreadableError, match="known field"):
        read(query=query, method="GET")


def test_the_content_type_does_not_decide() -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    request = Request("POST", headers=headers, body=b' {"id": "1"}')
    assert read_items(request, FIELDS)[0] == [{"id": "1"}]


@pytest.mark.parametrize("body", ['{"id": "1"}', '[{"id": "1"}]', "id=1&status=2", "status=2&id=1"])
@pytest.mark.parametrize("before", ["\ufeff", "\r\n ", "\ufeff\n"])
@pytest.mark.parametrize("after", ["", "\r\n", " "])
def test_a_mark_and_space_around_a_body_belong_to_no_name_and_no_value(
    before: str, body: str, after: str
) -> None:
    """The first name of a form would be another's, and with it the number would be lost."""
    assert read(before + body + after) == read(body)


def test_text_behind_a_byte_order_mark_is_found() -> None:
    request = Request("POST", body="\ufeff<a/>".encode())
    items, _ = read_items(request, FIELDS, lambda text: {"text": text})
    assert items == [{"text": "<a/>"}]


def test_a_list_behind_a_byte_order_mark_is_split() -> None:
    assert split_list("\ufeff[1, 2]".encode()) == [b"1", b"2"]
    assert split_list('\ufeff{"all": [1, 2]}'.encode(), "all") == [b"1", b"2"]


@given(
    st.text(st.sampled_from("ab=&+%;é20fF \u2028"), max_size=30)
    | st.dictionaries(st.text(max_size=5), st.text(max_size=9)).map(urlencode)
)
def test_parameters_are_read_as_the_standard_library_reads_them(query: str) -> None:
    request = Request("POST", query=query, body=b"[]")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        with pytest.raises(UnreadableError, match="UTF-8"):
            read_items(request, frozenset())
        return
    _, parameters = read_items(request, frozenset())
    assert parameters == dict(reversed(pairs))  # of a name that nobody defines the first counts


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


SPACES = st.text(" \t\r\n", max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)


@given(st.lists(st.tuples(SPACES, JSON, SPACES), max_size=5), SPACES)
def test_a_list_is_split_into_the_exact_text_of_its_items(
    items: list[tuple[str, Any, str]], around: str
) -> None:
    texts = [json.dumps(item, ensure_ascii=False) for _, item, _ in items]
    inner = ",".join(
        before + text + after for text, (before, _, after) in zip(texts, items, strict=True)
    )
    body = f"{around}[{inner}]{around}"
    assert split_list(body.encode()) == [text.encode() for text in texts]


@given(
    st.lists(JSON, max_size=4),
    st.dictionaries(st.text(max_size=3), JSON, max_size=3),
    st.dictionaries(st.text(max_size=3), JSON, max_size=3),
    SPACES,
)
def test_the_list_in_an_object_is_read_and_split_like_a_list(
    items: list[Any], before: dict[str, Any], after: dict[str, Any], space: str
) -> None:
    texts = [json.dumps(item, ensure_ascii=False) for item in items]
    others = [
        f"{json.dumps(name)}{space}:{space}{json.dumps(value)}"
        for content in (before, {name: v for name, v in after.items() if name not in before})
        for name, value in content.items()
        if name != "results"
    ]
    place = len(others) // 2
    batch = f'{space}"results"{space}:{space}[{f"{space},".join(texts)}]'
    body = f"{{{f'{space},'.join([*others[:place], batch, *others[place:]])}{space}}}".encode()
    assert split_list(body, "results") == [text.encode() for text in texts]
    request, alone = (
        Request("POST", body=each) for each in (body, f"[{','.join(texts)}]".encode())
    )
    assert read_items(request, FIELDS, batch="results") == read_items(alone, FIELDS)


@pytest.mark.parametrize(
    "body",
    [
        '{"results": [1], "results": [2]}',
        '{"other": [1]}',
        '{"results": {"a": 1}}',
        '{"results": 1}',
        '{"results" [1]}',
        '{"results": [1]',
        '{"results": [1],',
        '{"a": 1 "results": [1]}',
        "{",
        "{}",
        "results=1",
    ],
)
def test_an_object_without_such_a_list_is_not_split(body: str) -> None:
    assert split_list(body.encode(), "results") == []


def test_an_object_without_the_list_is_an_item_itself() -> None:
    for body in ('{"id": "1"}', '{"results": {"id": "1"}}', '{"results": "1", "id": "2"}'):
        request = Request("POST", body=body.encode())
        assert read_items(request, FIELDS, batch="results") == ([json.loads(body)], {})
    many = '{"results": [' + "1," * MAX_ITEMS + "1]}"
    with pytest.raises(UnreadableError, match="at once"):
        read_items(Request("POST", body=many.encode()), FIELDS, batch="results")


@given(st.binary(max_size=30) | st.text('[]{}, 1"', max_size=12).map(str.encode))
def test_no_list_is_not_split(body: bytes) -> None:
    try:
        is_list = isinstance(json.loads(body), list)
    except ValueError:
        is_list = False
    assert is_list or split_list(body) == []
