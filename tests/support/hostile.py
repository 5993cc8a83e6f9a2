"""Requests that no provider would send, made of those that they do send."""

import json
import time
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

from hypothesis import strategies as st

from dlr.wire.request import Request
from local.http_event import Event, http_event
from local.recordings import recordings_of

SOON = 25
"""How many times the CPU time of 200,000 additions one input may take; they take some 5 at most."""

RAW = ["NaN", "-Infinity", "1e999", "1E+400", "-0", "0.1e-7", "9" * 19, "9" * 60, "9" * 5000]
RAW += [r'"\ud800"', r'"\udc00\ud800"', r'"\u0000"', '{"a":1,"a":2}', "[" * 60 + "]" * 60]
TEXTS = ["", " ", "0", "-1", "null", "true", "1_0", "%", "\r\n", "\x00", "\ufeff", "\u2028"]
TEXTS += ["a" * 999, "é" * 300, "٣٣٣", "9" * 60, "id:1 stat:", "+447700900123", "00447700900123"]
TEXTS += ["2026-13-45", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "9" * 14]
TEXTS += ["261120120000099+", "-0001-01-01", "1e400", "nan"]
VALUES = st.one_of(
    st.sampled_from(TEXTS),
    st.sampled_from([f"@raw{place}@" for place in range(len(RAW))]),
    st.sampled_from([None, True, 1, [], {}, [[]], {"a": None}, ["x"], 2**63, -1.5]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
)
PIECES = [
    b"",
    b"\x00",
    b"\xff",
    b"[",
    b"{",
    b'"',
    b"&",
    b"=",
    b"%",
    b"%ff",
    b"%00",
    b"+",
    b"\xed\xa0\x80",
]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp037"]


@st.composite
def events(draw: st.DrawFn, name: str) -> Event:
    """The event of a recorded request of this provider, spoilt in one to four places."""
    request = draw(st.sampled_from(recordings_of(name))).request
    query, body = request.query, request.body
    for _ in range(draw(st.integers(1, 4))):
        if draw(st.booleans()) or not query:
            body = draw(_spoilt(body))
        else:
            query = draw(_spoilt(query.encode())).decode("utf-8", "replace")
    method = draw(st.sampled_from([request.method] * 9 + ["GET", "PUT"]))
    headers = {**request.headers, **draw(_headers(request))}
    return http_event(method, request.path, query=query, headers=headers, body=body)


def posted(request: Request, body: bytes) -> Event:
    """The event of the request with other bytes."""
    headers = request.headers
    return http_event("POST", request.path, query=request.query, headers=headers, body=body)


def is_soon(work: Callable[[], object], tries: int = 5) -> bool:
    """Whether it takes little CPU time: of this thread, in units of some additions.

    Neither the machine's speed nor what else runs on it counts. Before the answer is no, it is
    measured again, with the additions beside it.
    """
    is_soon_at_once = _cpu_s(work) < SOON * _additions_s()
    return is_soon_at_once or any(
        _cpu_s(work) < SOON * _cpu_s(_additions) for _ in range(tries - 1)
    )


@cache
def _additions_s() -> float:
    return min(_cpu_s(_additions) for _ in range(3))


def _cpu_s(work: Callable[[], object]) -> float:
    started = time.thread_time()
    work()
    return time.thread_time() - started


def _additions() -> None:
    total = 0
    for number in range(200_000):
        total += number


def _headers(request: Request) -> st.SearchStrategy[dict[str, str]]:
    names = [*request.headers, "authorization", "content-type"]
    return st.dictionaries(st.sampled_from(names), st.sampled_from(TEXTS), max_size=2)


def _spoilt(content: bytes) -> st.SearchStrategy[bytes]:
    ways = [_cut(content), _encoded(content)]
    try:
        ways += [_other_json(json.loads(content))] * 4
    except ValueError:
        ways += [_other_form(parse_qsl(content.decode("utf-8", "replace"), True))] * 4
    return st.one_of(ways)


@st.composite
def _cut(draw: st.DrawFn, content: bytes) -> bytes:
    """A piece taken out and another put in its place."""
    start, end = sorted(draw(st.tuples(*[st.integers(0, len(content))] * 2)))
    return content[:start] + draw(st.sampled_from(PIECES) | st.binary(max_size=9)) + content[end:]


def _encoded(content: bytes) -> st.SearchStrategy[bytes]:
    text = content.decode("utf-8", "replace")
    return st.sampled_from(ENCODINGS).map(lambda encoding: text.encode(encoding, "replace"))


@st.composite
def _other_json(draw: st.DrawFn, content: Any) -> bytes:
    """One value, anywhere, another; or all of it twice, or in a list."""
    changed = draw(_other_value(content))
    shape = draw(st.sampled_from(["{0}", "{0}", "{0}", "[{0},{0}]", "[[{0}]]", "[{0},1,null]"]))
    text = shape.replace("{0}", json.dumps(changed))
    for place, raw in enumerate(RAW):
        text = text.replace(f'"@raw{place}@"', raw)
    return text.encode()


@st.composite
def _other_value(draw: st.DrawFn, content: Any) -> Any:
    if not isinstance(content, dict | list) or not content or draw(st.integers(0, 5)) == 0:
        return draw(VALUES)
    keys = list(content) if isinstance(content, dict) else list(range(len(content)))
    key = draw(st.sampled_from(keys))
    changed = content.copy()
    if draw(st.integers(0, 4)) == 0:
        del changed[key]
    else:
        changed[key] = draw(_other_value(content[key]))
    return changed


@st.composite
def _other_form(draw: st.DrawFn, pairs: list[tuple[str, str]]) -> bytes:
    """One parameter another, gone, there twice, or unescaped."""
    if not pairs:
        return draw(st.sampled_from(TEXTS)).encode("utf-8", "replace")
    place = draw(st.integers(0, len(pairs) - 1))
    name, value = pairs[place]
    instead = draw(
        st.sampled_from([[], [(name, value)] * 2, [("", value)], [(name.upper(), value)]])
        | st.sampled_from(TEXTS).map(lambda text: [(name, text)])
    )
    changed = [*pairs[:place], *instead, *pairs[place + 1 :]]
    if draw(st.booleans()):
        return urlencode(changed).encode()
    return "&".join(f"{n}={v}" for n, v in changed).encode("utf-8", "replace")
