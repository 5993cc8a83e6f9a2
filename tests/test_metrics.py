"""The functions write the metrics that alarms watch, and no others than the page on cost counts."""

from uuid import uuid4

import pytest

from local.cloud import Cloud
from local.docs import METRICS
from local.http_event import http_event
from tests.support.functions import LOG
from tests.support.metrics import written_in
from tests.support.numbers import new_number
from tests.support.system import INGEST, PROVIDER, SystemHarness, drain
from tests.support.template import Metric, watched_metrics
from tests.support.thesmsworks import HARD, STOP, UNSEEN, report

NO_REASON = 5009


@pytest.fixture(scope="module")
def written(cloud: Cloud) -> set[Metric]:
    """By a system to which everything happened that is counted, with a guard that holds at once."""
    system = SystemHarness(cloud, MassBounceLimit="1")
    began = LOG.tell()
    with system.listener:
        message_id, number = uuid4().hex, new_number()
        for status, minute in (("DELIVERED", 2), ("DELIVERED", 2), ("SENT", 1)):
            system.send(report(message_id, number, status, minute=minute))
        for code in (HARD, HARD, STOP, UNSEEN, NO_REASON):
            system.send(report(uuid4().hex, new_number(), code=code))
        system.send(b"garbage")
        for method in ("HEAD", "PUT"):
            system.send(b"", method)
        for token, body in (("wrong", b"{}"), ("wrong", b" " * 300_000)):
            event = http_event("POST", f"/webhooks/{PROVIDER}/{token}", body=body)
            system.functions.call(INGEST, event)
        drain([system.publish, system.suppress])
        system.functions.call("Suppress", {"Records": [{"messageId": "m", "body": "garbage"}]})
        system.ask("GET /quarantine", "/quarantine")
    LOG.seek(began)
    return set(written_in(LOG.read().splitlines()))


def test_every_alarm_on_a_metric_of_ours_is_on_one_that_a_function_writes(
    written: set[Metric],
) -> None:
    watched = watched_metrics(PROVIDER) - {("Throttled", frozenset())}  # of API Gateway's log
    assert {"Finished", "Delivered", "Unreadable", "Unauthorized", "Held"} == {
        name for name, _ in watched
    }
    assert watched <= written


def test_a_provider_has_no_other_metrics_than_those_of_its_alarms(written: set[Metric]) -> None:
    """Each costs as much a month as three alarms."""
    own = {each for each in written if "provider" in dict(each[1])}
    assert own == {each for each in watched_metrics(PROVIDER) if "provider" in dict(each[1])}


def test_the_page_on_cost_reckons_with_every_metric_of_the_stack(written: set[Metric]) -> None:
    common = {(dict(dimensions)["service"], name) for name, dimensions in written}
    common -= {("publish", "Finished"), ("publish", "Delivered")}
    known = {(service, name) for service, names in METRICS.items() for name in names}
    assert common <= known
    assert {service for service, _ in common} == {"ingest", "publish", "suppress", "api"}
