"""Marked numbers, tokens and bodies to every function: no log, metric, error or answer has them.

The faults of AWS are looked at in the same way, in `test_faults.py`.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from local.cloud import Cloud
from local.http_event import http_event
from tests.support.functions import LOG
from tests.support.marked import REPORTS, read
from tests.support.stream import image
from tests.support.system import (
    ADMIN,
    ADMINISTRATOR,
    HASH_KEYS,
    INGEST,
    JSON,
    PROVIDER,
    TOKEN,
    SystemHarness,
)

NUMBER = "+447700900987"
TEXT = "hush-text"
MARKS = {NUMBER[-9:], TEXT, TOKEN, ADMIN, *HASH_KEYS, "hush"}
SHOWS = {
    "GET /messages/{provider}",
    "GET /messages/{provider}/{message_id}",
    "GET /recipients/{number}",
    "POST /people/lookup",
    "GET /quarantine",
    "POST /suppressions/check",
    "DELETE /quarantine/{id}",
}
"""Routes whose very answer is what was asked for."""

PATHS = [NUMBER, f"0{NUMBER[-9:]}{TEXT}", "%00é", "x" * 3000]
BODIES = [
    json.dumps({"numbers": [NUMBER, TEXT], "list": TEXT, TEXT: NUMBER}).encode(),
    json.dumps({"numbers": NUMBER, "cause": TEXT}).encode(),
    json.dumps({"numbers": [{TEXT: NUMBER}]}).encode(),
    f'{{"numbers": "{NUMBER}'.encode(),
    TEXT.encode() + b"\xff\xfe",
    b'{"numbers": [' + b"9" * 5000 + b"]}",
    b'{"numbers": ["\\ud800"], "list": NaN}',
    b"[" * 100_000,
    b"",
    f"number,list,cause\n{NUMBER},{TEXT},\n{TEXT},number,\n{NUMBER},number,{TEXT}\n".encode(),
    f"number\r{NUMBER}\r\r{TEXT}".encode(),
    b"number\n" + TEXT.encode() * 20_000,
    f'"number\n{NUMBER}'.encode(),
    b"number\n\x00" + NUMBER.encode(),
]


@pytest.fixture(scope="module")
def system(cloud: Cloud) -> Iterator[SystemHarness]:
    system = SystemHarness(cloud)
    with system.listener:
        yield system


@pytest.fixture(autouse=True)
def no_mark_is_logged(system: SystemHarness) -> Iterator[None]:
    LOG.seek(LOG.truncate(0))
    yield
    assert marks_in(LOG.getvalue()) == []


def marks_in(text: str) -> list[str]:
    return [mark for mark in MARKS if mark in text]


def logged() -> list[dict[str, Any]]:
    """What the functions have logged in this test; the libraries' lines are no JSON."""
    return [json.loads(line) for line in LOG.getvalue().splitlines() if line.startswith("{")]


def ask(system: SystemHarness, route: str, path: str, body: bytes) -> dict[str, Any]:
    event = http_event(
        route.split()[0],
        path,
        query=f"list={TEXT}&after={TEXT}",
        headers=JSON | {"authorization": f"Bearer {ADMIN}", "x-operator": "me"},
        body=body,
        route=route,
        caller=ADMINISTRATOR.to_context(),
    )
    answer: dict[str, Any] = system.functions.call(system.functions.serving(route), event)
    return answer


def test_no_answer_of_the_api_holds_more_than_was_asked_and_none_is_5xx(
    system: SystemHarness,
) -> None:
    system.send(json.dumps(REPORTS[0]).encode())
    system.send(json.dumps({TEXT: NUMBER}).encode())
    answers = []
    for route in sorted(system.functions.routes):
        template = route.split()[1]
        for value in PATHS if "{" in template else [""]:
            path = re.sub(r"\{\w+\}", value, template)
            for body in BODIES if route.split()[0] in {"POST", "PUT"} else [b""]:
                answer = ask(system, route, path, body)
                assert answer["statusCode"] < 500, (route, value[:9], body[:40], answer)
                if route not in SHOWS or answer["statusCode"] >= 400:
                    assert marks_in(json.dumps(answer)) == [], route
                answers.append(answer["statusCode"])
    assert [line["status"] for line in logged() if line["service"] in {"api", "query"}] == answers


def test_no_answer_to_a_provider_quotes_what_was_sent(system: SystemHarness) -> None:
    answers = []
    for method in ("POST", "GET", "HEAD", "PUT"):
        for token in (TOKEN, f"{TEXT}-wrong-token", NUMBER, ""):
            for body in (*BODIES, json.dumps(REPORTS[1]).encode(), b"x" * 300_000):
                event = http_event(
                    method,
                    f"/webhooks/{PROVIDER}/{token}",
                    query=f"to={NUMBER}&to={NUMBER}&{TEXT}={TEXT}",
                    headers=JSON | {"authorization": f"Basic {TEXT}", "user-agent": TEXT},
                    body=body,
                )
                answer = system.functions.call(INGEST, event)
                assert answer["statusCode"] < 500
                assert marks_in(json.dumps(answer)) == []
                answers.append(answer["statusCode"])
    assert [line["status"] for line in logged()] == answers


@pytest.mark.parametrize("header", ["", f"Bearer {TEXT}", f"Basic {TEXT}", TEXT, "Bearer \ud800"])
def test_who_has_no_token_stays_out_and_is_not_logged(system: SystemHarness, header: str) -> None:
    event = {"headers": {"authorization": header}}
    assert system.functions.call("Authorizer", event) == {"isAuthorized": False}
    assert logged() == []


def records() -> Iterator[dict[str, Any]]:
    """Stream records that no store wrote."""
    good = image(read(REPORTS[0]))
    for new in (
        {},
        {"pk": {"S": NUMBER}, "rank": {"S": TEXT}},
        good | {"state": {"M": {"s": {"S": TEXT}}}},
        good | {"state": {"S": TEXT}},
        good | {"recipient": {"S": TEXT}},
        good | {"expires_at": {"N": TEXT}},
    ):
        yield {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", "NewImage": new}}


@pytest.mark.parametrize("place", range(5))
def test_a_record_that_cannot_be_published_is_counted_and_not_quoted(
    system: SystemHarness, place: int
) -> None:
    record = list(records())[place]
    assert "'itemIdentifier': '1'" in failure_of(system, "Publish", {"Records": [record]})
    assert [line["PublishFailed"] for line in logged()] == [[1.0]]


def test_a_record_without_an_end_is_a_failure_that_quotes_nothing(system: SystemHarness) -> None:
    *_, record = records()
    failure = failure_of(system, "Publish", {"Records": [record]})
    assert failure.startswith("HandlerError: ValueError at ")
    assert marks_in(failure) == []


@pytest.mark.parametrize(
    "body", [TEXT, json.dumps({"detail": {TEXT: NUMBER}}), json.dumps([NUMBER]), ""]
)
def test_a_message_that_cannot_be_handled_is_not_quoted_and_stays(
    system: SystemHarness, body: str
) -> None:
    event = {"Records": [{"messageId": "m", "body": body}]}
    assert "'itemIdentifier': 'm'" in failure_of(system, "Suppress", event)
    failure, metrics = logged()
    assert failure["message"] == "not suppressed"
    assert metrics["SuppressFailed"] == [1.0]


@pytest.mark.parametrize("function", [INGEST, "Api", "Authorizer", "Publish", "Suppress"])
def test_a_defect_of_our_own_has_its_place_and_not_its_text(
    system: SystemHarness, function: str
) -> None:
    failure = failure_of(system, function, {TEXT: NUMBER})
    assert re.match(r"HandlerError: \w+ at \w+\.py:\d+ ", failure)
    assert marks_in(failure) == []


def failure_of(system: SystemHarness, function: str, event: dict[str, Any]) -> str:
    """What Lambda would log of it, or the answer."""
    try:
        return str(system.functions.call(function, event))
    except Exception as error:
        return f"{type(error).__name__}: {error} {error.__cause__!r} {error.__suppress_context__}"
