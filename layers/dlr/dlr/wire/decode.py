"""From the request's bytes to plain items: query string, form, JSON (one object or a list), text.

Every trap of Python's parsers is closed here, once: duplicate keys, NaN, depth, huge and 19-digit
numbers, invalid UTF-8 and lone surrogates. An item is a mapping of strings, mappings, lists and
booleans: JSON numbers stay the text they were sent as, and null is the same as absent.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import parse_qsl

from dlr.wire.request import Request

Item = Mapping[str, Any]
TextReader = Callable[[str], Item]

MAX_FORM_FIELDS = 200
MAX_FORM_CHARACTERS = 64 * 1024
MAX_ITEMS = 500
"""A batch's reports are written one after the other, while the provider waits for the answer."""
MAX_OBJECTS = 40 * MAX_ITEMS
_JSON_START = re.compile(rb"\s*[\[{]")
_TEXT_START = re.compile(r"\s*(?:id|sub|dlvrd|submit date|done date|stat|err|text):", re.IGNORECASE)


class UnreadableError(ValueError):
    """An authentic request that is not what its provider documents. Says why, quotes nothing."""


def read_items(
    request: Request, fields: Collection[str], read_text: TextReader | None = None
) -> tuple[list[Any], dict[str, str]]:
    """The request's items, and the query parameters.

    `fields` are the names that the provider defines: none may occur twice in a query or form. A
    request without a body is one item, its query, or none where the query has no such name: some
    providers test a URL that way. `read_text` reads a plain-text body.
    """
    query = _read_form(request.query, fields)
    if request.body:
        return _read_body(request.body, fields, read_text), query
    if any(name in fields for name in query):
        return [query], query
    if request.method == "POST":
        raise UnreadableError("the body is empty")
    return [], query


def _read_body(body: bytes, fields: Collection[str], read_text: TextReader | None) -> list[Any]:
    """By what stands in the body, not by its content type: providers and proxies mislabel."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableError("the body is not UTF-8") from None
    if _JSON_START.match(body):
        content = _read_json(text)
        items = content if isinstance(content, list) else [content]
        if len(items) > MAX_ITEMS:
            raise UnreadableError(f"more than {MAX_ITEMS} reports at once")
        return items
    if read_text is not None and _TEXT_START.match(text):
        return [read_text(text)]
    form = _read_form(text, fields)
    if not any(name in fields for name in form):
        raise UnreadableError("the body is neither JSON nor a form with a known field")
    return [form]


def _read_form(text: str, fields: Collection[str]) -> dict[str, str]:
    if len(text) > MAX_FORM_CHARACTERS:
        raise UnreadableError(f"more than {MAX_FORM_CHARACTERS} characters of parameters")
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FORM_FIELDS
        )
    except UnicodeDecodeError:
        raise UnreadableError("a parameter is not UTF-8") from None
    except ValueError:
        raise UnreadableError(f"more than {MAX_FORM_FIELDS} parameters") from None
    form: dict[str, str] = {}
    for name, value in pairs:
        if name in form and (name in fields or name == "to"):
            raise UnreadableError("a parameter comes twice")
        form.setdefault(name, value)
    return form


def _read_json(text: str) -> Any:
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
    content = {name: value for name, value in pairs if value is not None}
    if len(content) != len(pairs) and len({name for name, _ in pairs}) != len(pairs):
        raise UnreadableError("a JSON key comes twice")
    return content


def _not_a_number(_: str) -> None:
    raise UnreadableError("the JSON has NaN or Infinity, which are not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=str, parse_float=str, parse_constant=_not_a_number
)
