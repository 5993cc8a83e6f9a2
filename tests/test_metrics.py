"""The functions write the metrics that alarms watch, and no others than the page on cost counts."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from local.cloud import Cloud
from local.docs import METRICS
from local.http_event import http_event
from tests.support.faults import answer
from tests.support.functions import LOG, Call
from tests.support.metrics import written_in
from tests.support.numbers import new_number
from tests.support.system import ADMINISTRATOR, INGEST, PROVIDER, TOKEN, SystemHarness, drain
from tests.support.template import Metric, watched_metrics
from tests.support.thesmsworks import HARD, STOP, UNSEEN, report

NO_REASON = 5009
TAKEN_AND_LATE = (("DELIVERED", 2), ("SENT", 1))
GARBAGE = {"messageId": "m", "body": "garbage", "attributes": {"ApproximateReceiveCount": "1"}}


@pytest.fixture(scope="module")
def written(cloud: Cloud) -> set[Metric]:
    """By a system to which everything happened that is counted, with a guard that holds at once."""
    system = SystemHarness(cloud, MassBounceLimit="1", QuarantineRequests="1")
    began = LOG.tell()
    with system.listener:
        message_id, number = uuid4().hex, new_number()
        for status, minute in (("DELIVERED", 2), ("DELIVERED", 2), ("SENT", 1)):
            system.send(report(message_id, number, status, minute=minute))
        for code in (HARD, HARD, STOP, UNSEEN, NO_REASON):
            system.send(report(uuid4().hex, new_number(), code=code))
        system.send(report(message_id, new_number(), "DELIVERED", minute=3))
        for garbage in (b"garbage", b"more than the quota"):
            system.send(garbage)
        for method in ("HEAD", "PUT"):
            system.send(b"", method)
        for token, body in (("wrong", b"{}"), ("wrong", b" " * 300_000)):
            event = http_event("POST", f"/webhooks/{PROVIDER}/{token}", body=body)
            system.functions.call(INGEST, event)
        drain([system.publish, system.suppress, system.fill_lake, system.merge])
        system.functions.call("Suppress", {"Records": [GARBAGE]})
        system.ask("GET /quarantine", "/quarantine")
        caller = ADMINISTRATOR.to_context()
        system.functions.call(
            "Query", http_event("GET", "/stats", route="GET /stats", caller=caller)
        )
    LOG.seek(began)
    return set(written_in(LOG.read().splitlines()))


def test_every_alarm_on_a_metric_of_ours_is_on_one_that_a_function_writes(
    written: set[Metric],
) -> None:
    elsewhere = {("Throttled", frozenset()), ("Denied", frozenset())}  # from the access log
    elsewhere.add(("ExportFailed", frozenset({("service", "export")})))  # see test_faults.py
    watched = watched_metrics(PROVIDER) - elsewhere
    own = {
        "Finished",
        "Delivered",
        "Unreadable",
        "NotKept",
        "Unauthorized",
        "Held",
        "OptedOut",
        "Apart",
        "Merged",
    }
    assert own == {name for name, _ in watched}
    assert watched <= written


@pytest.fixture(scope="module")
def ordinary(cloud: Cloud) -> Iterator[SystemHarness]:
    system = SystemHarness(cloud)
    with system.listener:
        yield system


def lines_of(act: Callable[[], object]) -> list[str]:
    """What the functions log meanwhile."""
    began = len(LOG.getvalue())
    act()
    return LOG.getvalue()[began:].splitlines()


def test_ingest_logs_nothing_of_a_report_that_it_stores(ordinary: SystemHarness) -> None:
    message_id, number = uuid4().hex, new_number()

    def send() -> None:
        for status, minute in TAKEN_AND_LATE:
            assert ordinary.send(report(message_id, number, status, minute=minute))[0] == 200

    ordinary.functions.call(INGEST, http_event("HEAD", f"/webhooks/{PROVIDER}/{TOKEN}"))  # starts
    assert lines_of(send) == []


@pytest.mark.parametrize(
    ("body", "counts"),
    [
        (b"garbage", {"Unreadable": [1.0]}),
        (report(uuid4().hex, new_number(), code=UNSEEN), {"UnknownCode": [1.0]}),
        (report(uuid4().hex, new_number(), "DELIVERED"), {}),
    ],
)
def test_ingest_logs_in_one_line_what_is_odd_and_whose_it_is(
    ordinary: SystemHarness, body: bytes, counts: dict[str, list[float]]
) -> None:
    first = [json.loads(line) for line in lines_of(lambda: ordinary.send(body))]
    assert [line.items() >= counts.items() for line in first] == [True] * bool(counts)
    (again,) = (json.loads(line) for line in lines_of(lambda: ordinary.send(body)))
    assert again.items() >= (counts or {"Duplicate": [1.0]}).items()
    assert (again["provider"], again["service"]) == (PROVIDER, "ingest")
    assert again["request_id"]
    assert "New" not in again


def test_a_webhooks_problem_has_a_type_and_the_id_of_its_line_in_the_log(
    ordinary: SystemHarness,
) -> None:
    answers: list[Any] = []
    (line,) = lines_of(lambda: answers.append(ordinary.send(b"garbage")))
    ((status, problem),) = answers
    assert (status, problem["status"], problem["title"]) == (400, 400, "Unreadable report")
    assert problem["type"] == "urn:dlr:problem:unreadable-report"
    assert problem["request_id"] == json.loads(line)["request_id"]


def test_publish_counts_every_stored_report_once(ordinary: SystemHarness) -> None:
    """Also where the bus takes a part of a batch only: the rest is handed out again."""
    ordinary.publish()
    message_id, number = uuid4().hex, new_number()
    for status, minute in TAKEN_AND_LATE:
        ordinary.send(report(message_id, number, status, minute=minute))
    others = [uuid4().hex for _ in range(3)]
    for other in others:
        ordinary.send(report(other, new_number(), code=HARD))
    refused: list[str] = []

    def refuse_one(call: Call, request: AWSPreparedRequest) -> AWSResponse | None:
        if call.operation != "PutEvents" or refused:
            return None
        refused.append(others[1])
        entries = json.loads(request.body)["Entries"]
        errors = [
            {"ErrorCode": "Throttling"} if others[1] in each["Detail"] else {} for each in entries
        ]
        return answer(request, 200, {"FailedEntryCount": 1, "Entries": errors})

    ordinary.functions.intercept = refuse_one
    lines = lines_of(ordinary.publish)
    ordinary.functions.intercept = lambda call, request: None
    assert total_of("PublishFailed", lines) == len(refused) == 1
    assert total_of("New", lines) == 1 + len(others)
    assert total_of("Stale", lines) == 1


def total_of(metric: str, lines: list[str]) -> float:
    """The sum of a metric, as CloudWatch adds it up."""
    values = [json.loads(line).get(metric, ()) for line in lines if line.startswith('{"_aws"')]
    return sum(value for each in values for value in each)


def test_a_provider_has_no_other_metrics_than_those_of_its_alarms(written: set[Metric]) -> None:
    """Each costs as much a month as three alarms."""
    own = {each for each in written if "provider" in dict(each[1])}
    assert own == {each for each in watched_metrics(PROVIDER) if "provider" in dict(each[1])}


def test_the_page_on_cost_reckons_with_every_metric_of_the_stack(written: set[Metric]) -> None:
    common = {(dict(dimensions)["service"], name) for name, dimensions in written}
    common -= {("publish", "Finished"), ("publish", "Delivered")}
    known = {(service, name) for service, names in METRICS.items() for name in names}
    assert common <= known
    assert {service for service, _ in common} == METRICS.keys() - {"access log"}
