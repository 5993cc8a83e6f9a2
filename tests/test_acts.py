"""Who erased, replayed and discarded stands in the log, and nothing that a caller made up."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dlr.causes import Cause
from dlr.ingest.quarantined import id_of
from dlr.phone import PhoneNumber, RecipientHasher
from dlr.suppression.entry import ListName, Reason, Suppression
from dlr.suppression.rules import added, lifted
from dlr.suppression.table import SuppressionList
from dlr.wire.request import Request
from local.cloud import Cloud
from local.http_event import http_event
from tests.support.functions import LOG
from tests.support.suppression import RULES, YEAR
from tests.support.system import ADMINISTRATOR, HASH_KEYS, JSON, PROVIDER, SystemHarness

PERSON = PhoneNumber("+447700900610")
BY = {"x-operator": "carol", "by": "carol"}


@pytest.fixture
def system(cloud: Cloud) -> Iterator[SystemHarness]:
    system = SystemHarness(cloud)
    with system.listener:
        yield system


def line_of(system: SystemHarness, route: str, path: str) -> dict[str, Any]:
    """What the call leaves in the log."""
    LOG.seek(LOG.truncate(0))
    event = http_event(
        route.split()[0],
        path,
        headers=JSON | BY,
        route=route,
        caller=ADMINISTRATOR.to_context(),
    )
    system.functions.call("Api", event)
    (line,) = [json.loads(each) for each in LOG.getvalue().splitlines() if each.startswith("{")]
    return {name: line[name] for name in ("by", "quarantine_id") if name in line}


def test_the_log_says_who_did_what_to_which_request(system: SystemHarness) -> None:
    for place, (method, after) in enumerate((("POST", "/replay"), ("DELETE", ""))):
        body = b'{"garbage": %d}' % place
        system.send(body)
        found = id_of(PROVIDER, Request("POST", body=body))
        line = line_of(system, f"{method} /quarantine/{{id}}{after}", f"/quarantine/{found}{after}")
        assert line == {"by": "admin (carol)", "quarantine_id": found}


@pytest.mark.parametrize(("method", "after"), [("POST", "/replay"), ("DELETE", "")])
def test_a_number_in_place_of_an_id_is_not_logged(
    system: SystemHarness, method: str, after: str
) -> None:
    route = f"{method} /quarantine/{{id}}{after}"
    assert "quarantine_id" not in line_of(system, route, f"/quarantine/{PERSON}{after}")


def test_an_erasure_is_logged_and_noted_with_who_asked(system: SystemHarness) -> None:
    route = "DELETE /recipients/{number}"
    assert line_of(system, route, f"/recipients/{PERSON}") == {"by": "admin (carol)"}
    assert line_of(system, "POST /erasures/repeat", "/erasures/repeat") == {"by": "admin (carol)"}
    acts = [act for item in system.items("ErasuresTable") for act in item["acts"]["SS"]]
    assert acts
    assert {act.partition(" ")[2] for act in acts} == {"admin (carol)"}


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_the_later_of_two_acts_counts_though_its_clock_is_behind(
    system: SystemHarness, method: str
) -> None:
    """The act before was made by an instance whose clock is a minute ahead."""
    ahead = datetime.now(UTC) + timedelta(minutes=1)
    suppressions = SuppressionList(system.dynamodb, system.names["SuppressionsTable"], RULES)

    def act_before(entry: Suppression) -> Suppression:
        if method == "PUT":
            return lifted(entry, ListName, ahead, "dave", YEAR)
        reason = Reason(at=ahead, cause=Cause.UNSPECIFIED, origin="operator")
        return added(entry, ListName.NUMBER, reason, "dave")

    hashes = RecipientHasher(lambda: HASH_KEYS).every_hash(PERSON)
    suppressions.change(hashes, act_before, ahead)
    body = {} if method == "PUT" else None
    _, answer = system.ask(f"{method} /suppressions/{{number}}", f"/suppressions/{PERSON}", body)
    assert answer["suppressed"] is (method == "PUT")
    _, answer = system.ask("GET /suppressions/{number}", f"/suppressions/{PERSON}")
    assert answer["suppressed"] is (method == "PUT")
