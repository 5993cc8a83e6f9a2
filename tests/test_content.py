"""The message itself is dropped at the door: no report, item or event holds a word of it."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest

from dlr.ingest.normalize import CONTENT_NAMES, Normalizer
from dlr.messages.item import entry_of
from dlr.providers.base import load_provider, provider_names
from dlr.wire.request import Request
from local.recordings import NOW, Recording, recordings, recordings_of
from tests.support.cases import each_of
from tests.support.suppression import event_of

MARK = "Your code is 482913"
RECORDED = ("Hello World", "Your parcel", "Your code", "stat:DELIVRD")
"""What the recorded messages say. The last is a message that looks like a receipt."""
NAMES = sorted({*CONTENT_NAMES, *map(str.capitalize, CONTENT_NAMES), "sms", "subject"})
WITH_REPORTS = [case for case in recordings() if case.reports]


def kept_of(provider: str, request: Request) -> str:
    """Everything that leaves the door: the items and the events, as text."""
    reports = Normalizer(load_provider(provider))(request, NOW).reports
    assert reports
    events = (event_of(report).model_dump_json() for report in reports)
    return "".join([*(json.dumps(entry_of(report)) for report in reports), *events])


@each_of(WITH_REPORTS)
def test_nothing_of_a_recorded_message_is_kept(case: Recording) -> None:
    kept = kept_of(case.provider, case.request)
    assert [text for text in RECORDED if text in kept] == []


def marked(request: Request) -> Iterator[Request]:
    """The request with the mark wherever a provider could send the message."""
    body = request.body.decode()
    if not request.body:
        sent = {name.lower() for name, _ in parse_qsl(request.query, keep_blank_values=True)}
        for name in CONTENT_NAMES - sent:
            yield replace(request, query=f"{request.query}&{name}={quote(MARK)}")
            yield replace(request, query=f"{request.query}&{name.upper()}={quote(MARK)}")
    elif body.startswith(("{", "[")):
        yield replace(request, body=json.dumps(_with_mark(json.loads(body))).encode())
    elif body.startswith("<"):
        extra = "".join(f"<{name}>{MARK}</{name}>" for name in NAMES if f"<{name}>" not in body)
        start, _, end = body.rpartition("</")
        yield replace(request, body=f"{start}{extra}</{end}".encode())
    elif re.match(r"(?i)(id|stat|sub|err)\b:?", body) and "=" not in body:
        yield replace(request, body=f"{body} text:{MARK}".encode())
    else:
        form = "".join(f"&{name}={quote(MARK)}" for name in NAMES if f"{name}=" not in body)
        yield replace(request, body=(body + form).encode())


def _with_mark(content: Any) -> Any:
    """Every object with every name of a message, and receipts with another text."""
    if isinstance(content, list):
        return [_with_mark(each) for each in content]
    if not isinstance(content, dict):
        return content
    extra = {name: MARK for name in NAMES if name not in content}
    return extra | {
        name: f"{value} text:{MARK}" if name == "short_message" else _with_mark(value)
        for name, value in content.items()
    }


@pytest.mark.parametrize("name", provider_names())
def test_a_marked_message_of_each_provider_is_kept_nowhere(name: str) -> None:
    count = 0
    for case in recordings_of(name):
        for request in marked(case.request) if case.reports else ():
            assert "482913" not in kept_of(name, request), (case.id, request.query, request.body)
            count += 1
    assert count > 1


@pytest.mark.parametrize(
    ("provider", "text"),
    [
        ("bulksmsrates", f"id:7 stat:UNDELIV err:001 text:{MARK}"),
        ("bulksmsrates", f"id:7 stat:UNDELIV err:001 {MARK}"),
        ("smpp", f"id:7 stat:UNDELIV err:001 text:{MARK}"),
        ("smpp", f"id:7 text:{MARK} stat:UNDELIV"),
        ("smpp", f"id:7 sub:001 stat:UNDELIV {MARK}"),
        ("smpp", f"ID:7 STAT:UNDELIV TEXT:{MARK}"),
    ],
)
def test_the_text_of_a_receipt_is_kept_nowhere(provider: str, text: str) -> None:
    assert "482913" not in kept_of(provider, Request("POST", body=text.encode()))


def test_the_teams_own_parameters_may_have_any_name_where_the_provider_posts() -> None:
    """Their values are the team's, and so is the choice of what to put there."""
    request = Request("POST", query="message=42", body=b'{"messageid": "m", "status": "SENT"}')
    (report,) = Normalizer(load_provider("thesmsworks"))(request, NOW).reports
    assert report.metadata == {"message": "42"}
