"""A campaign that a provider calls dead, all of it: 3,000 content errors within a minute."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from dlr.causes import Policy
from dlr.ingest.normalize import Normalizer
from dlr.phone import PhoneNumber
from dlr.providers.base import load_provider
from dlr.report import DeliveryReport
from dlr.suppression.admin import Window
from dlr.suppression.guard import GUARD_PREFIX
from dlr.suppression.standing import State
from dlr.wire.request import Request
from local.client import AGAIN, Client
from local.cloud import Cloud
from local.stack import deploy, describe
from local.waiting import TIMEOUT_S, wait_until
from tests.support.cases import NOW
from tests.support.reports import HASHER
from tests.support.suppression import SuppressionHarness, count

REPORTS, LIMIT, WORKERS = 3000, 1000, 8
NUMBERS = [PhoneNumber(f"+{33639980000 + place}") for place in range(REPORTS)]
FORBIDDEN_WORDS = 3525


def content_error(place: int) -> bytes:
    """As smsmode sends it: a hard bounce, says its guide, and "remove the number"."""
    second = f"{place * 60 // REPORTS:02}"
    date = f"2026-11-20%2012:00:{second}"
    number = NUMBERS[place][1:]
    return f"smsID=c{place}&statut={FORBIDDEN_WORDS}&numero={number}&date_reception={date}".encode()


def reports(policy: Policy) -> list[DeliveryReport]:
    normalizer = Normalizer(load_provider("smsmode"), policy, HASHER)
    requests = (Request("POST", body=content_error(place)) for place in range(REPORTS))
    return [report for each in requests for report in normalizer(each, NOW).reports]


@pytest.fixture(scope="module")
def suppression(cloud: Cloud) -> SuppressionHarness:
    return SuppressionHarness(cloud)


def test_under_cause_a_badly_worded_campaign_suppresses_nobody(
    suppression: SuppressionHarness,
) -> None:
    made = reports(Policy.CAUSE)
    assert len(made) == REPORTS
    assert {report.cause for report in made} == {"content"}
    assert [suppression.suppress(report, NOW) for report in made] == [None] * REPORTS
    assert count(suppression, NUMBERS[::100]) == {}


@pytest.mark.slow
def test_under_provider_the_guard_holds_all_but_the_first_and_one_call_discards(
    suppression: SuppressionHarness,
) -> None:
    suppress = suppression.suppressor(limit=LIMIT)
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda report: suppress(report, NOW), reports(Policy.PROVIDER)))
    assert states(suppression) == {State.ACTIVE: LIMIT, State.HELD: REPORTS - LIMIT}
    now = NOW + timedelta(minutes=5)
    settled = suppression.admin.settle_held("smsmode", Window(), "me", now, dropped=True)
    assert settled.settled == REPORTS - LIMIT
    assert states(suppression) == {State.ACTIVE: LIMIT, State.LIFTED: REPORTS - LIMIT}


def states(suppression: SuppressionHarness) -> dict[State, int]:
    found = suppression.list.find_all([HASHER.every_hash(each) for each in NUMBERS], NOW)
    made = [standing.state for standing in found if standing.state]
    return {state: made.count(state) for state in set(made)}


SOME, SOME_LIMIT = 60, 20


@pytest.fixture(scope="module")
def strict(new_cloud: Callable[..., Cloud]) -> Iterator[Cloud]:
    """The system of a team that follows its provider to the letter."""
    parameters = {
        "Providers": "smsmode",
        "SuppressionPolicy": "provider",
        "MassBounceLimit": str(SOME_LIMIT),
    }
    with new_cloud() as cloud:
        deploy(cloud, parameters=parameters)
        yield cloud


def places_taken(cloud: Cloud, table: str) -> list[int]:
    """What the guard has counted, by the hour: the test may run across the end of one."""
    items = cloud.client("dynamodb").scan(TableName=table)["Items"]
    counters = (each for each in items if each["recipient_hash"]["S"].startswith(GUARD_PREFIX))
    return [int(each["taken"]["N"]) for each in counters]


def test_the_guard_holds_and_one_call_discards_from_the_webhook_on(strict: Cloud) -> None:
    deployment = describe(strict)
    table = deployment.resources["SuppressionsTable"]
    client = Client(deployment, TIMEOUT_S, AGAIN)
    form = "application/x-www-form-urlencoded"
    for place in range(SOME):
        assert client.post(deployment.webhooks["smsmode"], content_error(place), form) == 200
    held = "/suppressions/held/smsmode"

    def seen() -> int:
        return sum(places_taken(strict, table)) + int(client.api("GET", held)[1]["held"])

    assert wait_until(lambda: seen() == SOME)
    active = sum(places_taken(strict, table))
    assert active >= SOME_LIMIT
    assert wait_until(lambda: len(client.check(NUMBERS[:SOME])["suppressed"]) == active)
    answer = client.api("POST", f"{held}/discard", '{"since": "2026-01-01T00:00:00Z"}')[1]
    assert (answer["settled"], answer["next"]) == (SOME - active, None)
    assert client.api("GET", held)[1] == {"held": 0}
    assert len(client.check(NUMBERS[:SOME])["suppressed"]) == active
