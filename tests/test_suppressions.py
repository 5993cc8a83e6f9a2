"""The suppression list on a real table."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from dlr.api import NotANumberError, Queries
from dlr.causes import Cause
from dlr.recipient import PhoneNumber, RecipientHasher
from dlr.report import DeliveryReport, Status
from dlr.store import ReportReader, ReportStore, Retention
from dlr.suppressions import ConflictError, SuppressionList
from local.cloud import Cloud
from tests.cases import NOW
from tests.reports import HASHER, make_report
from tests.tables import make_table

YEAR = timedelta(days=365)


def number(last: int) -> PhoneNumber:
    return PhoneNumber(f"+447700{900_000 + last}")


def failure(cause: Cause, of: PhoneNumber, at: float = 0, **fields: Any) -> DeliveryReport:
    return make_report(
        Status.UNDELIVERED,
        at,
        cause,
        provider_code=cause,
        recipient=of,
        recipient_hash=HASHER.hash(of),
        **fields,
    )


@pytest.fixture(scope="module")
def table(cloud: Cloud) -> str:
    return make_table(cloud, "SuppressionsTable")


@pytest.fixture(scope="module")
def reports_table(cloud: Cloud) -> str:
    return make_table(cloud, "ReportsTable")


@pytest.fixture
def suppressions(cloud: Cloud, table: str) -> SuppressionList:
    return SuppressionList(cloud.client("dynamodb"), table)


@pytest.fixture
def queries(cloud: Cloud, suppressions: SuppressionList, reports_table: str) -> Queries:
    return Queries(ReportReader(cloud.client("dynamodb"), reports_table), suppressions, HASHER)


def test_a_recorded_number_is_suppressed_with_its_reason(
    suppressions: SuppressionList, queries: Queries
) -> None:
    suppressions.record(failure(Cause.UNKNOWN_SUBSCRIBER, number(1)), YEAR)
    answer = queries.suppression(number(1), NOW)
    assert answer.suppressed
    assert (answer.list, answer.state, answer.cause) == ("number", "active", "unknown_subscriber")
    assert (answer.provider, answer.message_id) == ("acme", "m1")
    assert (answer.first_seen, answer.expires_at) == (NOW, NOW + YEAR)


def test_a_number_that_nobody_reported_is_not_suppressed(queries: Queries) -> None:
    answer = queries.suppression("+447700900002", NOW)
    assert answer.model_dump(exclude={"strikes", "suppressed"}) == dict.fromkeys(
        answer.model_dump(exclude={"strikes", "suppressed"})
    )
    assert (answer.suppressed, answer.strikes) == (False, 0)


def test_an_expired_entry_is_gone_for_readers_and_starts_anew(
    suppressions: SuppressionList, queries: Queries
) -> None:
    of = number(3)
    suppressions.record(failure(Cause.UNKNOWN_SUBSCRIBER, of), YEAR)
    assert not queries.suppression(of, NOW + YEAR).suppressed
    late = failure(Cause.INVALID_NUMBER, of, at=9, received_at=NOW + 2 * YEAR)
    suppressions.record(late, YEAR)
    answer = queries.suppression(of, NOW + 2 * YEAR)
    assert (answer.cause, answer.expires_at) == ("invalid_number", NOW + 3 * YEAR)


@pytest.mark.parametrize("seed", range(5))
def test_events_from_many_workers_in_any_order_leave_one_list(
    suppressions: SuppressionList, seed: int
) -> None:
    of = number(10 + seed)
    events = [failure(Cause.UNKNOWN_SUBSCRIBER, of, at) for at in range(3)]
    events += [failure(Cause.OPTED_OUT, of, 1)]
    shuffled = events * 3
    Random(seed).shuffle(shuffled)  # noqa: S311
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda event: suppressions.record(event, YEAR), shuffled))
    found = suppressions.find([HASHER.hash(of)], NOW)
    assert found is not None
    assert (found.list, found.cause, found.expires_at) == ("opt_out", "opted_out", None)
    assert (len(found.audit), found.version) == (4, 4)


def test_a_report_that_suppresses_nothing_writes_nothing(suppressions: SuppressionList) -> None:
    assert suppressions.record(failure(Cause.ABSENT, number(20)), YEAR) is None
    assert suppressions.find([HASHER.hash(number(20))], NOW) is None


def test_an_entry_under_a_rotated_key_is_still_found(
    cloud: Cloud, suppressions: SuppressionList, reports_table: str
) -> None:
    of = number(21)
    suppressions.record(failure(Cause.UNKNOWN_SUBSCRIBER, of), YEAR)
    rotated = RecipientHasher(["a new key", "a key for tests"])
    reader = ReportReader(cloud.client("dynamodb"), reports_table)
    assert Queries(reader, suppressions, rotated).suppression(of, NOW).suppressed


def test_a_thousand_numbers_are_checked_at_once(
    suppressions: SuppressionList, queries: Queries
) -> None:
    dead = [number(100 + n) for n in range(0, 999, 250)]
    for of in dead:
        suppressions.record(failure(Cause.UNKNOWN_SUBSCRIBER, of), YEAR)
    asked = [str(number(100 + n)) for n in range(998)] + ["07700900123", "ACME"]
    answer = queries.check(asked, NOW)
    assert answer.checked == 1000
    assert [found.number for found in answer.suppressed] == dead
    assert {found.cause for found in answer.suppressed} == {Cause.UNKNOWN_SUBSCRIBER}
    assert answer.not_numbers == ["07700900123", "ACME"]


@pytest.mark.parametrize("text", ["07700900123", "ACME", ""])
def test_what_is_no_number_is_refused_without_being_quoted(queries: Queries, text: str) -> None:
    with pytest.raises(NotANumberError) as refusal:
        queries.suppression(text, NOW)
    assert not text or text not in str(refusal.value)


def test_a_message_is_answered_with_its_history(
    cloud: Cloud, queries: Queries, reports_table: str
) -> None:
    store = ReportStore(cloud.client("dynamodb"), reports_table, Retention(YEAR, YEAR, YEAR))
    reports = [make_report(Status.ENROUTE, message_id="h"), make_report(message_id="h")]
    for report in reports:
        store.put(report)
    answer = queries.message("acme", "h", NOW)
    assert answer is not None
    assert (answer.status, answer.history) == (Status.DELIVERED, reports)
    assert queries.message("acme", "nobody", NOW) is None


def test_a_writer_that_always_loses_gives_up_for_another_try(cloud: Cloud, table: str) -> None:
    class Racing:
        """A client between whose read and write another writer always comes first."""

        def __init__(self, client: Any) -> None:
            self._client = client

        def get_item(self, **arguments: Any) -> Any:
            return self._client.get_item(**arguments)

        def put_item(self, **arguments: Any) -> Any:
            wanted = arguments["Item"]
            newer = {"version": {"N": str(int(wanted["version"]["N"]) + 1)}, "audit": {"L": []}}
            self._client.put_item(TableName=arguments["TableName"], Item=wanted | newer)
            return self._client.put_item(**arguments)

    racing = SuppressionList(Racing(cloud.client("dynamodb")), table)
    with pytest.raises(ConflictError):
        racing.record(failure(Cause.UNKNOWN_SUBSCRIBER, number(30)), YEAR)
