"""The function that answers searches and statistics, over a made-up lake."""

import errno
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import duckdb
import pytest
from botocore.exceptions import ClientError

from dlr.access.audit import AuditLog
from dlr.access.scopes import Caller, Scope
from dlr.lake.names import Names
from dlr.lake.objects import GoneError
from dlr.lake.row import mk_of, row_of
from dlr.messages.item import entry_of, key_of
from dlr.messages.order import micros_of
from dlr.phone import PhoneNumber
from dlr.report import Status
from local.http_event import http_event
from tests.support.cases import ROOT
from tests.support.functions import Context
from tests.support.made_up_lake import EXPIRES_AT, FakeLake, row
from tests.support.reports import HASHER, make_report
from tests.support.stream import image

NOW = datetime(2026, 11, 30, 10, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
NUMBER = "+447700900123"
KEY = b"the lake's"
READER = Caller("reader", frozenset({Scope.READ}))
SEER = Caller("seer", frozenset({Scope.READ, Scope.PII}))
ROUTES = ("/messages", "/stats", "/stats/compare", "/stats/unfinished", "/stats/findings")
VARIABLES = {
    "PUBLIC_URL": "",
    "DESK_TABLE": "desk",
    "REPORTS_TABLE": "reports",
    "LAKE_BUCKET": "lake",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "POWERTOOLS_METRICS_NAMESPACE": "dlr",
    "POWERTOOLS_SERVICE_NAME": "query",
}


class Table:
    """ReportsTable, as far as BatchGetItem goes."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.failure: Exception | None = None

    def batch_get_item(self, RequestItems: Any) -> dict[str, Any]:
        if self.failure:
            raise self.failure
        ((table, wanted),) = RequestItems.items()
        found = [item for item in self.items if {"pk": item["pk"]} in wanted["Keys"]]
        return {"Responses": {table: found}}


class Query:
    """The function, and what is under it."""

    def __init__(self, module: ModuleType) -> None:
        self.lake = FakeLake()
        self.table = Table()
        self.now = NOW
        self._module: Any = module
        self._module.lake = self.lake
        self._module.dynamodb = self.table
        self._module.now = lambda: self.now
        self._module.names = Names(lambda: KEY)

    def ask(
        self, path: str, *, caller: Caller = READER, tag: str | None = None, **query: str
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, content and headers of an answer."""
        event = http_event(
            "GET",
            path,
            query=urlencode({name.rstrip("_"): value for name, value in query.items()}),
            headers={} if tag is None else {"if-none-match": tag},
            route=f"GET {path}",
            caller=caller.to_context(),
        )
        answer = self._module.handler(event, Context("query"))
        content = json.loads(answer["body"]) if answer.get("body") else None
        headers = {name.lower(): value for name, value in answer["headers"].items()}
        assert headers["cache-control"] == "no-store"
        return answer["statusCode"], content, headers


@pytest.fixture(scope="module")
def module() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in VARIABLES.items():
            patch.setenv(name, value)
        spec = spec_from_file_location("query_app", ROOT / "functions/query/app.py")
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        patch.setitem(sys.modules, "query_app", module)  # where annotations are looked up
        spec.loader.exec_module(module)
        yield module


@pytest.fixture
def audited(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is put into the audit."""
    entries: list[Any] = []
    monkeypatch.setattr(AuditLog, "put", lambda _, entry, **named: entries.append(entry))
    return entries


@pytest.fixture
def query(module: ModuleType, audited: list[Any]) -> Query:
    return Query(module)


def test_messages_are_found_newest_first_and_page_after_page(query: Query) -> None:
    for number in range(5):
        query.lake.put(row(f"{number}", NOW - number * HOUR, cause="absent", bounce="soft"))
    status, first, _ = query.ask("/messages", limit="3", provider="smsmode")
    assert (status, len(first["items"])) == (200, 3)
    assert first["items"][0] == {
        "provider": "smsmode",
        "message_id": "id-0",
        "status": "delivered",
        "final": True,
        "cause": "absent",
        "bounce": "soft",
        "action": "keep",
        "permanent": None,
        "code": None,
        "country": "FR",
        "network": None,
        "sender": None,
        "segments": None,
        "price": None,
        "currency": None,
        "first_seen": "2026-11-30T10:20:00Z",
        "occurred_at": "2026-11-30T10:20:03Z",
        "sent_at": None,
        "latency_ms": 3000,
        "latency_from": "first_report",
    }
    assert first["as_of"] == "2026-11-30T00:00:00Z"
    assert first["scanned_to"] == first["items"][-1]["first_seen"]
    _, second, _ = query.ask("/messages", limit="3", provider="smsmode", cursor=first["next"])
    ids = [item["message_id"] for item in first["items"] + second["items"]]
    assert ids == [f"id-{number}" for number in range(5)]
    assert second["next"] is None


def test_statistics_have_one_key_a_dimension(query: Query) -> None:
    query.lake.put(row("a", NOW))
    query.lake.put(row("b", NOW, "undelivered", country=None))
    status, answer, _ = query.ask(
        "/stats", by="country,provider,hour", from_="2026-11-30T10:00:00Z"
    )
    assert (status, answer["as_of"]) == (200, "2026-11-30T00:00:00Z")
    assert [
        (each["hour"], each["country"], each["provider"], each["n"], each["delivery_rate"])
        for each in answer["rows"]
    ] == [
        ("2026-11-30T10:00:00Z", "FR", "smsmode", 1, 1.0),
        ("2026-11-30T10:00:00Z", None, "smsmode", 1, 0.0),
    ]
    assert "day" not in answer["rows"][0]
    _, by_day, _ = query.ask("/stats", by="day,sender", sender="ACME")
    assert by_day["rows"] == []


def test_providers_are_compared_and_unfinished_messages_counted(query: Query) -> None:
    query.lake.put(row("a", NOW - 30 * HOUR, "enroute"))
    query.lake.put(row("b", NOW - 30 * HOUR, provider="twilio"))
    query.lake.put(row("c", NOW - 30 * HOUR, "expired", provider="smpp"))
    _, compared, _ = query.ask("/stats/compare", by="country")
    assert [(each["provider"], each["best"], each["country"]) for each in compared["rows"]] == [
        ("twilio", "twilio", "FR"),
        ("smpp", "twilio", "FR"),
        ("smsmode", "twilio", "FR"),
    ]
    assert "network" not in compared["rows"][0]
    _, unfinished, _ = query.ask("/stats/unfinished", hours="24")
    assert unfinished["rows"] == [
        {
            "provider": "smsmode",
            "n": 1,
            "of": 1,
            "oldest": "2026-11-29T04:20:00Z",
            "oldest_message_id": "id-a",
        }
    ]
    assert query.ask("/stats/unfinished", hours="31")[1]["rows"] == []


@pytest.mark.parametrize("path", ROUTES)
def test_who_has_the_answer_already_gets_304_and_nothing_is_opened(query: Query, path: str) -> None:
    query.lake.put(row("a", NOW))
    status, _, headers = query.ask(path)
    assert status == 200
    query.lake.opened.clear()
    again, content, kept = query.ask(path, tag=f'"other", W/{headers["etag"]}')
    assert (again, content, kept["etag"]) == (304, None, headers["etag"])
    assert query.lake.opened == []
    other = {"hours": "30"} if path == "/stats/findings" else {"from_": "2026-11-29T00:00:00Z"}
    assert query.ask(path, tag=headers["etag"], **other)[0] == 200
    query.now += HOUR
    assert query.ask(path, tag=headers["etag"])[0] == 200
    query.now -= HOUR
    query.lake.put(row("a", NOW, "undelivered"))
    assert query.ask(path, tag=headers["etag"])[0] == 200


def test_a_refused_question_is_no_304_for_who_takes_any_answer(query: Query) -> None:
    turned = {"from_": "2026-11-30T10:00:00Z", "to": "2026-11-29T10:00:00Z"}
    assert query.ask("/stats", tag="*", **turned)[0] == 422
    assert query.ask("/stats", tag="*")[0] == 200


def test_unfinished_messages_change_with_the_minutes_and_so_does_their_etag(query: Query) -> None:
    """A message turns a day old without any change of the lake."""
    query.lake.put(row("a", NOW - 24 * HOUR + timedelta(seconds=30), "enroute"))
    status, content, headers = query.ask("/stats/unfinished")
    assert (status, content["rows"]) == (200, [])
    query.now += timedelta(seconds=59)
    assert query.ask("/stats/unfinished", tag=headers["etag"])[0] == 304
    query.now += timedelta(seconds=1)
    status, content, _ = query.ask("/stats/unfinished", tag=headers["etag"])
    assert (status, content["rows"][0]["n"]) == (200, 1)


@pytest.mark.parametrize(
    ("path", "parameters", "detail"),
    [
        ("/messages", {"colour": NUMBER}, "Unknown parameter"),
        ("/stats", {"limit": "3"}, "Unknown parameter"),
        ("/stats", {"by": "number"}, "names of these"),
        ("/stats", {"from": "2026-11-30T10:00:00"}, "timezone"),
        ("/stats", {"from": "2026-11-30T10:00:00Z", "to": "2026-11-29T10:00:00Z"}, "before `to`"),
        ("/stats", {"from": "2026-10-01T00:00:00Z", "by": "sender"}, "longer than 31 days"),
        ("/stats", {"from": "2026-10-01T00:00:00Z", "code": "7"}, "longer than 31 days"),
        ("/stats/compare", {"by": "provider"}, "country, network"),
        ("/stats/unfinished", {"hours": "0"}, "greater than or equal to 1"),
        ("/messages", {"limit": "0"}, "greater than or equal to 1"),
        ("/messages", {"limit": "201"}, "less than or equal to 200"),
        ("/messages", {"cursor": NUMBER}, "not a cursor"),
        ("/messages", {"provider": NUMBER}, "names of providers"),
        ("/messages", {"status": "x", "to": NUMBER}, "status"),
    ],
)
def test_what_cannot_be_asked_is_a_problem_that_says_what_can(
    query: Query, path: str, parameters: dict[str, str], detail: str
) -> None:
    status, problem, headers = query.ask(path, **parameters)
    assert (status, headers["content-type"]) == (422, "application/problem+json")
    assert detail in problem["detail"]
    assert "Value error" not in problem["detail"]
    assert NUMBER not in json.dumps(problem)
    assert problem.keys() == {"type", "title", "status", "detail", "request_id"}
    assert query.lake.opened == []


def test_a_cursor_of_another_search_is_a_problem(query: Query) -> None:
    for number in range(2):
        query.lake.put(row(f"{number}", NOW))
    cursor = query.ask("/messages", limit="1")[1]["next"]
    assert query.ask("/messages", limit="1", cursor=cursor)[0] == 200
    status, problem, _ = query.ask("/messages", limit="1", cursor=cursor, country="FR")
    assert status == 422
    assert "other filters" in problem["detail"]


def test_more_groups_than_an_answer_holds_are_a_problem(
    query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dlr.analysis.stats.MAX_ROWS", 0)
    query.lake.put(row("a", NOW))
    status, problem, _ = query.ask("/stats")
    assert status == 422
    assert "fewer dimensions" in problem["detail"]


@pytest.mark.parametrize("path", ROUTES)
def test_an_answer_larger_than_a_function_may_give_is_a_problem(
    query: Query, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["query_app"], "MAX_ANSWER", 1)
    status, problem, _ = query.ask(path)
    assert status == 422
    assert "shorter period" in problem["detail"]


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    ("failure", "detail"),
    [
        (duckdb.OutOfMemoryException(f"of {NUMBER}"), "shorter period"),
        (duckdb.IOException(f"of {NUMBER}"), "cannot be read now"),
        (GoneError("key"), "cannot be read now"),
        (ClientError({"Error": {"Code": "SlowDown"}}, "GetObject"), "Try again"),
        (OSError(errno.ENOSPC, f"of {NUMBER}"), "shorter period"),
        (OSError("network"), "cannot be read now"),
    ],
)
def test_a_lake_that_cannot_be_read_is_a_503_that_says_when_to_come_again(
    query: Query, path: str, failure: Exception, detail: str, capsys: pytest.CaptureFixture[str]
) -> None:
    query.lake.failure = failure
    status, problem, headers = query.ask(path)
    assert (status, headers["retry-after"]) == (503, "5")
    assert detail in problem["detail"]
    assert NUMBER not in json.dumps(problem) + capsys.readouterr().out


def stored(query: Query, mk: str, f: datetime, number: str | None = NUMBER) -> dict[str, Any]:
    """The message in the lake, and its item in the table."""
    key = key_of("smsmode", f"id-{mk}")
    query.lake.put(row(mk_of(key, KEY), f, message_id=f"id-{mk}"))
    report = make_report(
        provider="smsmode", message_id=f"id-{mk}", status=Status.DELIVERED, received_at=f
    )
    item = {
        **key,
        "state": entry_of(report),
        "history": {"L": [entry_of(report)]},
        "expires_at": {"N": str(EXPIRES_AT)},
        **({"recipient": {"S": number}} if number else {}),
    }
    query.table.items.append(item)
    return item


def test_messages_that_share_an_id_have_each_its_number(query: Query) -> None:
    numbers = [PhoneNumber(f"+44770090002{place}") for place in range(3)]
    for place, number in enumerate(numbers):
        key = key_of("sinch", "one", HASHER.hash(number))
        report = make_report(provider="sinch", message_id="one", received_at=NOW - place * HOUR)
        item = {**image(report), **key, "recipient": {"S": number}}
        made = row_of(item, KEY)
        assert made is not None
        query.lake.put(made | {"f": NOW - place * HOUR, "at": NOW})
        query.table.items += [item] * (place < 2)  # nothing is left of the third
    answer = query.ask("/messages", numbers="true", caller=SEER)[1]
    assert [item["recipient"] for item in answer["items"]] == [*numbers[:2], None]
    assert {item["message_id"] for item in answer["items"]} == {"one"}
    assert "apart" not in answer["items"][0]


def test_numbers_come_from_the_table_and_only_for_who_may_see_them(
    query: Query, audited: list[Any]
) -> None:
    stored(query, "kept", NOW)
    stored(query, "unnamed", NOW - HOUR, number=None)
    erased = stored(query, "erased", NOW - 2 * HOUR)
    for name in ("state", "history", "recipient"):
        del erased[name]
    erased["f"] = {"N": str(micros_of(NOW - 2 * HOUR))}  # what a redaction leaves
    stored(query, "expired", NOW - 3 * HOUR)["expires_at"] = {"N": str(int(NOW.timestamp()))}
    stored(query, "of-another", NOW - 4 * HOUR)
    query.lake.put(row("of-another", NOW - 5 * HOUR))
    query.lake.put(row("apart", NOW, message_id="id-kept"))  # came in one request with the other
    query.lake.put(row("gone", NOW - 6 * HOUR, message_id=None))
    query.lake.put(row("unknown", NOW - 7 * HOUR))

    assert query.ask("/messages", numbers="true")[0] == 403
    assert (
        query.ask("/messages", numbers="true", caller=Caller("x", frozenset({Scope.PII})))[0] == 403
    )
    plain = query.ask("/messages", caller=SEER)[1]
    assert not any("recipient" in item for item in plain["items"])
    status, answer, headers = query.ask("/messages", numbers="true", caller=SEER)
    assert status == 200
    named = [item["message_id"] for item in answer["items"] if item["recipient"] == NUMBER]
    assert (named, len(answer["items"])) == (["id-kept", "id-of-another"], 9)
    assert "etag" not in headers
    assert {(entry.name, entry.outcome.value) for entry in audited} == {
        ("reader", "refused"),
        ("x", "refused"),
        ("seer", "begun"),
        ("seer", "done"),
    }


def test_an_id_that_is_used_again_gives_its_number_to_its_latest_message_alone(
    query: Query,
) -> None:
    """Both have one name in the lake, and the first has expired."""
    stored(query, "again", NOW)
    (mk,) = query.lake.rows
    before = row(mk, NOW - 24 * HOUR, message_id=None, expires_at=int(NOW.timestamp()))
    query.lake.rows["before"] = before
    answer = query.ask("/messages", numbers="true", caller=SEER)[1]
    found = [(item["message_id"], item["recipient"]) for item in answer["items"]]
    assert found == [("id-again", NUMBER), (None, None)]


def test_a_page_whose_numbers_cannot_be_read_is_no_page(query: Query) -> None:
    stored(query, "kept", NOW)
    query.table.failure = ClientError({"Error": {"Code": "Throttling"}}, "BatchGetItem")
    status, problem, headers = query.ask("/messages", numbers="true", caller=SEER)
    assert (status, headers["retry-after"]) == (503, "5")
    assert "id-kept" not in json.dumps(problem)


@pytest.mark.parametrize("path", ROUTES)
def test_who_may_not_read_gets_nothing(query: Query, path: str) -> None:
    query.lake.put(row("a", NOW))
    assert query.ask(path, caller=Caller("checker", frozenset({Scope.CHECK})))[0] == 403
    assert query.lake.opened == []
