"""From the request's bytes to plain items: query string, form, JSON (one object or a list), text.

Every trap of Python's parsers is closed here, once: duplicate keys, NaN, depth, huge and 19-digit
numbers, invalid UTF-8 and lone surrogates, a byte order mark. An item is a mapping of strings,
mappings, lists and booleans: JSON numbers stay the text they were sent as, and null is the same as
absent.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import unquote

from dlr.wire.request import Request

Item = Mapping[str, Any]
TextReader = Callable[[str], Item]

MAX_FORM_FIELDS = 200
MAX_FORM_CHARACTERS = 64 * 1024
MAX_BATCH_CHARACTERS = 256 * 1024
"""Of a form with a list in it: percent-encoded, a few hundred reports are more than 64 K."""
MAX_ITEMS = 500
"""Of a request, and the reports that they yield: they are written while the provider waits for the
answer."""
TOO_MANY = f"more than {MAX_ITEMS} reports at once"
MAX_OBJECTS = 40 * MAX_ITEMS
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""Some libraries put it before a text in UTF-8, of which it is no part."""
_SPACES = " \t\r\n"
_SPACE = re.compile(r"[ \t\r\n]*")
_JSON_START = re.compile(r"\s*[\[{]", re.ASCII)
_TEXT_START = re.compile(
    r"\s*(?:<|--|(?:id|sub|dlvrd|submit date|done date|stat|err|text):)", re.IGNORECASE
)
"""How XML, a form in parts, and a receipt's text begin."""


class UnreadableError(ValueError):
    """An authentic request that is not what its provider documents. Says why, quotes nothing.

    `errors` are those of the items of a batch, by their place in it.
    """

    def __init__(self, reason: str, errors: Mapping[int, str] | None = None) -> None:
        super().__init__(reason)
        self.errors = errors or {}


def read_items(
    request: Request,
    fields: Collection[str],
    read_text: TextReader | None = None,
    batch: str = "",
) -> tuple[list[Any], dict[str, str]]:
    """The request's items, and the query parameters.

    `fields` are the names that the provider defines: none may occur twice in a query or form. A
    request without a body is one item, its query; a GET without either is none, for some providers
    test a URL that way. `read_text` reads a body that is neither JSON nor a plain form. `batch`
    names the member of a JSON object, or the field of a form, that holds the list of items.
    """
    query = _read_form(request.query, fields)
    if request.body:
        return _read_body(request.body, fields, read_text, batch), query
    if any(name in fields for name in query):
        return [query], query
    if request.method == "POST":
        raise UnreadableError("the body is empty")
    if request.query:
        raise UnreadableError("no parameter is a known field")
    return [], query


def text_of(body: bytes) -> str:
    """A body's text, without a byte order mark. Raises UnicodeDecodeError."""
    return body.removeprefix(BYTE_ORDER_MARK).decode()


def split_list(body: bytes, batch: str = "") -> list[bytes]:
    """The exact text of each item of a JSON list; nothing if the body is no list or too long a one.

    The list may be the member `batch` of an object. A list that `read_items` refuses for what is in
    one item, a key that comes twice for example, is split too.
    """
    try:
        text = text_of(body)
        if batch and text.lstrip().startswith("{"):
            text = _member_of(text, batch)
        parts = [part.encode() for part in islice(_elements_of(text), MAX_ITEMS + 1)]
    except (ValueError, RecursionError):
        return []
    return parts if len(parts) <= MAX_ITEMS else []


def _elements_of(text: str) -> Iterator[str]:
    for start, end in _values_of(text, "[", "]"):
        yield text[start:end]


def _member_of(text: str, name: str) -> str:
    """The exact text of an object's only member of this name; nothing if it has none."""
    found = ""
    for start, _ in _values_of(text, "{", "}"):
        key, end = _PLAIN_DECODER.raw_decode(text, start)
        if key == name:
            if found:
                raise ValueError("a member comes twice")
            begin = _skip_space(text, _skip_space(text, end) + 1)
            found = text[begin : _PLAIN_DECODER.raw_decode(text, begin)[1]]
    return found


def _values_of(text: str, opening: str, closing: str) -> Iterator[tuple[int, int]]:
    """Where each item of a list, or each member of an object, begins and ends."""
    place = _skip_space(text, 0)
    following = opening
    while text[place : place + 1] == following:
        start = _skip_space(text, place + 1)
        _, end = _PLAIN_DECODER.raw_decode(text, start)
        if opening == "{":
            colon = _skip_space(text, end)
            if text[colon : colon + 1] != ":":
                raise ValueError("no JSON object")
            _, end = _PLAIN_DECODER.raw_decode(text, _skip_space(text, colon + 1))
        yield start, end
        place, following = _skip_space(text, end), ","
    if following == "," and text[place:].strip() != closing:
        raise ValueError("no JSON list and no JSON object")


def _skip_space(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place


def _read_body(
    body: bytes, fields: Collection[str], read_text: TextReader | None, batch: str
) -> list[Any]:
    """By what stands in the body, not by its content type: providers and proxies mislabel."""
    try:
        text = text_of(body)
    except UnicodeDecodeError:
        raise UnreadableError("the body is not UTF-8") from None
    if _JSON_START.match(text):
        content = read_json(text)
        if batch and isinstance(content, dict) and isinstance(content.get(batch), list):
            content = content[batch]
        return _items_of(content)
    if read_text is not None and _TEXT_START.match(text):
        return [read_text(text)]
    form = _read_form(
        text.strip(_SPACES), fields, MAX_BATCH_CHARACTERS if batch else MAX_FORM_CHARACTERS
    )
    if batch and _JSON_START.match(form.get(batch, "")):
        return _items_of(read_json(form[batch]))
    if not any(name in fields for name in form):
        raise UnreadableError("the body is neither JSON nor a form with a known field")
    return [form]


def _items_of(content: Any) -> list[Any]:
    items = content if isinstance(content, list) else [content]
    if len(items) > MAX_ITEMS:
        raise UnreadableError(TOO_MANY)
    return items


def _read_form(
    text: str, fields: Collection[str], most: int = MAX_FORM_CHARACTERS
) -> dict[str, str]:
    if not text:
        return {}
    if len(text) > most:
        raise UnreadableError(f"more than {most} characters of parameters")
    if text.count("&") >= MAX_FORM_FIELDS:
        raise UnreadableError(f"more than {MAX_FORM_FIELDS} parameters")
    form: dict[str, str] = {}
    for name, value in _pairs(text):
        if name in form and (name in fields or name == "to"):
            raise UnreadableError("a parameter comes twice")
        form.setdefault(name, value)
    return form


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """As `urllib.parse.parse_qsl` reads them, which unquotes also what has nothing quoted."""
    try:
        for pair in text.split("&"):
            if pair:
                name, _, value = pair.partition("=")
                yield _unquoted(name), _unquoted(value)
    except UnicodeDecodeError:
        raise UnreadableError("a parameter is not UTF-8") from None


def _unquoted(text: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    return unquote(text, errors="strict") if "%" in text else text


def read_json(text: str) -> Any:
    """A JSON text as an item, also one inside another. Raises UnreadableError."""
    if text.count("{") + text.count("[") > MAX_OBJECTS:
        raise UnreadableError(f"more than {MAX_OBJECTS} JSON objects and lists")
    try:
        content = _DECODER.decode(text)
        if "\\u" in text:
            json.dumps(content, ensure_ascii=False).encode()
        return content
    except UnreadableError:
        raise
    except UnicodeEncodeError:
        raise UnreadableError("the JSON has half of a surrogate pair") from None
    except RecursionError:
        raise UnreadableError("the JSON is nested too deeply") from None
    except ValueError:
        raise UnreadableError("the body starts like JSON but is not valid JSON") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise UnreadableError("a JSON key comes twice")
    if None in content.values():
        return {name: value for name, value in pairs if value is not None}
    return content


def _not_a_number(_: str) -> None:
    raise UnreadableError("the JSON has NaN or Infinity, which are not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=str, parse_float=str, parse_constant=_not_a_number
)
_PLAIN_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
