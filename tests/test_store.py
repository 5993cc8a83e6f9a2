"""One conditional write per report on a real table: duplicates, disorder, concurrency, expiry."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlr.causes import Action, Cause
from dlr.messages.item import fingerprint_of, history_of, key_of, state_of, version_of
from dlr.messages.order import micros_of, rank_of
from dlr.messages.redact import Redactor
from dlr.messages.store import MAX_HISTORY, Outcome, ReportReader, ReportStore, Retention
from dlr.messages.verdict import verdict_in
from dlr.phone import PhoneNumber
from dlr.report import DeliveryReport, Price, Status
from local.cloud import Cloud
from tests.support.cases import NOW
from tests.support.dynamodb import size_of
from tests.support.reports import HASHER, NUMBER, make_report
from tests.support.tables import Calls, make_table

DAY = timedelta(days=1)
RETENTION = Retention(delivered=DAY, failed=3 * DAY, unfinished=2 * DAY)


@pytest.fixture(scope="module")
def table(cloud: Cloud) -> str:
    return make_table(cloud, "ReportsTable")


@pytest.fixture
def client(cloud: Cloud) -> Any:
    return cloud.client("dynamodb")


@pytest.fixture
def store(client: Any, table: str) -> ReportStore:
    return ReportStore(client, table, RETENTION)


@pytest.fixture
def reader(client: Any, table: str) -> ReportReader:
    return ReportReader(client, table)


def item(reader: ReportReader, report: DeliveryReport) -> Any:
    return reader.get(report.provider, report.message_id, report.received_at)


def test_a_report_is_stored_whole(store: ReportStore, reader: ReportReader) -> None:
    report = make_report(
        Status.UNDELIVERED,
        message_id="whole",
        client_reference="order-1",
        permanent=False,
        provider_code="27",
        provider_text="absent",
        network="20801",
        segments=2,
        price=Price(amount="0.0300", currency="GBP"),
        metadata={"to": "+447700900123", "shop": "42"},
    )
    assert store.put(report) is Outcome.NEW
    assert state_of(item(reader, report)) == report
    assert history_of(item(reader, report)) == [report]


def test_a_bare_report_is_stored_whole(store: ReportStore, reader: ReportReader) -> None:
    report = make_report(
        Status.UNKNOWN,
        at=None,
        message_id="bare#with#hashes",
        provider_status=None,
        recipient=None,
        recipient_hash=None,
    )
    store.put(report)
    assert state_of(item(reader, report)) == report


def test_a_new_report_and_a_duplicate_cost_one_call_and_a_stale_one_two(
    client: Any, store: ReportStore
) -> None:
    calls = Calls(client)
    delivered = make_report(Status.DELIVERED, message_id="calls")
    late = make_report(Status.ENROUTE, message_id="calls")
    costs = []
    for report, outcome in (
        (delivered, Outcome.NEW),
        (delivered, Outcome.DUPLICATE),
        (late, Outcome.STALE),
        (late, Outcome.DUPLICATE),
    ):
        calls.made.clear()
        assert store.put(report) is outcome
        costs.append(dict(calls.made))
    assert costs == [{"UpdateItem": 1}, {"UpdateItem": 1}, {"UpdateItem": 2}, {"UpdateItem": 1}]


def test_sixty_copies_at_once_are_stored_once(store: ReportStore, reader: ReportReader) -> None:
    report = make_report(message_id="sixty")
    with ThreadPoolExecutor(20) as pool:
        outcomes = list(pool.map(store.put, [report] * 60))
    assert sorted(outcomes) == [Outcome.DUPLICATE] * 59 + [Outcome.NEW]
    assert len(history_of(item(reader, report))) == 1


def test_different_reports_at_once_are_all_kept(store: ReportStore, reader: ReportReader) -> None:
    reports = [make_report(status, message_id="crowd") for status in Status] * 3
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(store.put, reports))
    stored = item(reader, reports[0])
    assert {report.status for report in history_of(stored)} == set(Status)
    assert len(history_of(stored)) == len(Status)
    assert state_of(stored).status is Status.READ


LIFE = (
    (Status.ACCEPTED, 0),
    (Status.ENROUTE, 1),
    (Status.UNDELIVERED, 2),
    (Status.DELIVERED, 3),
)


@pytest.mark.parametrize("order", list(permutations(LIFE)), ids=str)
def test_any_order_ends_in_the_same_state(
    store: ReportStore, reader: ReportReader, order: tuple[tuple[Status, int], ...]
) -> None:
    message_id = "order-" + "-".join(status for status, _ in order)
    reports = [make_report(status, at, message_id=message_id) for status, at in order]
    for report in [*reports, *reports[:2]]:
        store.put(report)
    stored = item(reader, reports[0])
    assert state_of(stored).status is Status.UNDELIVERED
    assert history_of(stored) == reports


steps = st.builds(
    lambda status, at, code: (status, at, code),
    st.sampled_from(Status),
    st.none() | st.integers(0, 3),
    st.sampled_from([None, "1"]),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(life=st.lists(steps, min_size=1, max_size=6))
def test_any_reports_in_any_order_with_repeats_end_in_the_greatest(
    store: ReportStore, reader: ReportReader, life: list[Any]
) -> None:
    message_id = f"any-{uuid4()}"
    reports = [
        make_report(status, at, message_id=message_id, provider_code=code)
        for status, at, code in life
    ]
    for report in reports:
        store.put(report)
    stored = item(reader, reports[0])
    assert state_of(stored) == max(reports, key=rank_of)
    assert {r.event_id for r in history_of(stored)} == {r.event_id for r in reports}


def test_the_history_is_bounded_and_the_state_still_moves(
    store: ReportStore, reader: ReportReader
) -> None:
    flood = [make_report(Status.ENROUTE, at, message_id="flood") for at in range(MAX_HISTORY + 5)]
    for report in flood:
        store.put(report)
    assert store.put(flood[-1]) is Outcome.STALE
    last = make_report(Status.DELIVERED, message_id="flood")
    assert store.put(last) is Outcome.NEW
    stored = item(reader, last)
    assert state_of(stored) == last
    assert len(history_of(stored)) == MAX_HISTORY


def test_three_reports_fit_one_write_unit(store: ReportStore, reader: ReportReader) -> None:
    message_id = "SM" + "0123456789abcdef" * 2
    for status, at in ((Status.ACCEPTED, 0), (Status.ENROUTE, 1), (Status.UNDELIVERED, 2)):
        report = make_report(
            status,
            at,
            provider="thesmsworks",
            message_id=message_id,
            provider_code="5001",
            provider_text="Handset Error: Number does not exist or has not been assigned.",
            client_reference="order-1001",
            network="20801",
            segments=1,
            price=Price(amount="0.0300", currency="GBP"),
        )
        store.put(report)
    assert size_of({"M": item(reader, report)}) <= 1024


@pytest.mark.parametrize(
    ("status", "kept"),
    [(Status.DELIVERED, DAY), (Status.ENROUTE, 2 * DAY), (Status.UNDELIVERED, 3 * DAY)],
)
def test_a_message_is_readable_until_its_retention_ends(
    store: ReportStore, reader: ReportReader, status: Status, kept: timedelta
) -> None:
    report = make_report(status, message_id=f"kept-{status}")
    store.put(report)
    assert reader.get("acme", report.message_id, NOW + kept - timedelta(seconds=1)) is not None
    assert reader.get("acme", report.message_id, NOW + kept) is None


def test_a_report_of_an_expired_message_starts_it_anew(
    store: ReportStore, reader: ReportReader
) -> None:
    old = make_report(Status.UNDELIVERED, message_id="expired", provider_text="personal")
    store.put(old)
    late = make_report(
        Status.ENROUTE, message_id="expired", received_at=NOW + 4 * DAY, recipient=None
    )
    assert store.put(late) is Outcome.NEW
    stored = item(reader, late)
    assert history_of(stored) == [late.model_copy(update={"recipient_hash": None})]
    assert "personal" not in str(stored)


# ---------------------------------------------------------------- recipients


OTHER = PhoneNumber("+447700900124")


def of(number: PhoneNumber | None, **fields: Any) -> DeliveryReport:
    recipient_hash = number and HASHER.hash(number)
    return make_report(**fields, recipient=number, recipient_hash=recipient_hash)


def test_an_id_that_a_provider_uses_again_is_kept_apart(client: Any, store: ReportStore) -> None:
    store.put(of(NUMBER, message_id="17"))
    made = of(OTHER, status=Status.UNDELIVERED, at=5, message_id="17")
    assert [store.put(made) for _ in range(2)] == [Outcome.APART, Outcome.DUPLICATE]
    first = client.get_item(TableName=store._table, Key=key_of("acme", "17"))["Item"]
    apart = key_of("acme", "17", HASHER.hash(OTHER))
    second = client.get_item(TableName=store._table, Key=apart)["Item"]
    its_own = made.model_copy(update={"event_id": state_of(second).event_id})
    assert (state_of(first).recipient, state_of(second)) == (NUMBER, its_own)
    assert len(history_of(first)) == 1


def test_two_recipients_of_one_id_who_fare_alike_have_an_event_each(
    client: Any, store: ReportStore
) -> None:
    """Or whoever remembers event ids would take the second one's for a copy."""
    both = [of(number, status=Status.UNDELIVERED, message_id="batch") for number in (NUMBER, OTHER)]
    assert [store.put(each) for each in both] == [Outcome.NEW, Outcome.APART]
    keys = (key_of("acme", "batch"), key_of("acme", "batch", HASHER.hash(OTHER)))
    items = [client.get_item(TableName=store._table, Key=key)["Item"] for key in keys]
    assert len({state_of(each).event_id for each in items}) == 2
    assert [fingerprint_of(state_of(each)) for each in items[:1]] == [fingerprint_of(both[0])]


def test_where_recipients_share_an_id_none_has_anothers_fate(
    client: Any, table: str, store: ReportStore, reader: ReportReader
) -> None:
    """Whether the other one is erased, or cannot be read, before or after."""
    first, nobody = (of(n, status=Status.ENROUTE, message_id="shared") for n in (NUMBER, None))
    second = of(OTHER, status=Status.UNDELIVERED, message_id="shared")
    for each in (nobody, first):
        assert store.put(each, shares_id=True) is Outcome.NEW
    erased = client.get_item(TableName=table, Key=key_of("acme", "shared", HASHER.hash(NUMBER)))
    Redactor(client, table)(erased["Item"])
    alike = of(OTHER, status=Status.ENROUTE, message_id="shared")
    assert [store.put(e, shares_id=True) for e in (alike, second)] == [Outcome.NEW] * 2
    assert [store.put(e, shares_id=True) for e in (first, nobody)] == [Outcome.DUPLICATE] * 2
    found = reader.get("acme", "shared", NOW, HASHER.hash(OTHER))
    assert found is not None
    assert (len(history_of(found)), verdict_in(found).delivered_at) == (2, None)
    nameless = reader.get("acme", "shared", NOW)
    assert nameless is not None
    assert "recipient" not in nameless
    assert reader.get("acme", "shared", NOW, HASHER.hash(NUMBER)) is None


@pytest.mark.parametrize("code", ["27", None], ids=["another report", "the same report"])
def test_a_recipient_that_is_told_late_is_kept(
    store: ReportStore, reader: ReportReader, code: str | None
) -> None:
    message_id = f"nameless-{code}"
    store.put(of(None, message_id=message_id))
    named = of(NUMBER, at=5 if code else 0, message_id=message_id, provider_code=code)
    assert store.put(named) is (Outcome.STALE if code else Outcome.DUPLICATE)
    found = item(reader, named)
    assert (state_of(found).recipient, version_of(found)) == (NUMBER, 2 + _start(make_report()))
    assert store.put(of(None, message_id=message_id)) is Outcome.DUPLICATE


def _start(report: DeliveryReport) -> int:
    return micros_of(report.received_at)


def test_a_full_history_takes_a_report_that_changes_the_verdict(
    store: ReportStore, reader: ReportReader
) -> None:
    every = [
        make_report(Status.UNDELIVERED, n, message_id="full", provider_code=f"{n}")
        for n in range(MAX_HISTORY)
    ]
    for each in every:
        store.put(each)
    stop = make_report(Status.UNDELIVERED, 99, Cause.OPTED_OUT, message_id="full")
    weaker = make_report(Status.UNDELIVERED, 98, Cause.INVALID_NUMBER, message_id="full")
    assert [store.put(each) for each in (stop, weaker)] == [Outcome.STALE] * 2
    found = item(reader, stop)
    assert len(history_of(found)) == MAX_HISTORY
    assert verdict_in(found).event_id == stop.event_id


def test_a_message_of_a_stack_without_the_counter_takes_late_reports_and_is_redacted(
    store: ReportStore, reader: ReportReader, client: Any, table: str
) -> None:
    first = make_report(Status.UNDELIVERED, 9, message_id="before-v")
    late = make_report(Status.ENROUTE, 1, message_id="before-v")
    store.put(first)
    key = key_of("acme", "before-v")
    client.update_item(TableName=table, Key=key, UpdateExpression="REMOVE v")
    as_it_was = item(reader, first)
    assert "v" not in as_it_was
    assert store.put(late) is Outcome.STALE
    found = item(reader, first)
    assert [state_of(found), *history_of(found)] == [first, first, late]
    redact = Redactor(client, table)
    redact(as_it_was)  # a report was stored since
    assert item(reader, first) == found
    client.update_item(TableName=table, Key=key, UpdateExpression="REMOVE v")
    redact(item(reader, first))
    assert reader.get("acme", "before-v", NOW) is None


# ---------------------------------------------------------------- the ends of a message


def test_an_unknown_message_is_none(reader: ReportReader) -> None:
    assert reader.get("acme", "nobody", NOW) is None


def test_an_error_of_the_database_is_raised(client: Any) -> None:
    with pytest.raises(ClientError, match="ResourceNotFound"):
        ReportStore(client, "no-such-table", RETENTION).put(make_report())


def test_a_redacted_message_knows_its_copies_and_nobody(
    client: Any, table: str, reader: ReportReader
) -> None:
    store = ReportStore(client, table, Retention(timedelta(), DAY, DAY))
    enroute = make_report(Status.ENROUTE, message_id="redacted", provider_text="personal")
    delivered = make_report(Status.DELIVERED, message_id="redacted", metadata={"to": "x"})
    store.put(enroute)
    store.put(delivered)
    late_before = make_report(Status.ACCEPTED, message_id="redacted", provider_code="late")
    assert store.put(late_before) is Outcome.STALE
    image = client.get_item(TableName=table, Key=key_of("acme", "redacted"))["Item"]
    Redactor(client, table)(image)
    Redactor(client, table)(image)
    left = client.get_item(TableName=table, Key=key_of("acme", "redacted"))["Item"]
    assert left.keys() == {"pk", "rank", "v", "d", "f", "seen", "expires_at"}
    late = make_report(Status.ACCEPTED, message_id="redacted")
    assert [store.put(each) for each in (enroute, delivered, late)] == [
        Outcome.DUPLICATE,
        Outcome.DUPLICATE,
        Outcome.STALE,
    ]
    assert item(reader, late) is None
    read = make_report(Status.READ, message_id="redacted")
    assert store.put(read) is Outcome.NEW
    later = make_report(Status.ENROUTE, message_id="redacted", provider_code="later")
    assert store.put(later) is Outcome.STALE
    assert history_of(item(reader, read)) == [read, later]


@pytest.mark.parametrize(
    ("first", "late"),
    [
        (Status.UNDELIVERED, Cause.OPTED_OUT),
        (Status.DELIVERED, Cause.OPTED_OUT),
        (Status.UNDELIVERED, None),
    ],
    ids=["a stop after a failure", "a stop after a delivery", "a delivery after a failure"],
)
def test_a_redacted_message_still_takes_what_concerns_its_recipient(
    client: Any, table: str, reader: ReportReader, first: Status, late: Cause | None
) -> None:
    store = ReportStore(client, table, Retention(timedelta(), timedelta(), DAY))
    message_id = f"redacted-{first}-{late}"
    store.put(make_report(first, message_id=message_id))
    image = client.get_item(TableName=table, Key=key_of("acme", message_id))["Item"]
    Redactor(client, table)(image)
    status = Status.REJECTED if late else Status.DELIVERED
    said = make_report(status, 4, late, message_id=message_id)
    assert store.put(said) is Outcome.NEW
    verdict = verdict_in(item(reader, said))
    assert verdict.event_id == said.event_id
    assert (verdict.action is Action.SUPPRESS_OPT_OUT) == bool(late)
    assert (verdict.delivered_at is None) == (Status.DELIVERED not in {first, status})


def test_what_comes_late_while_a_message_is_redacted_brings_nobody_back(
    client: Any, table: str
) -> None:
    late = make_report(Status.ENROUTE, message_id="racing")

    class Redacting:
        """A client under which the message is redacted after the first refused write."""

        def update_item(self, **arguments: Any) -> Any:
            try:
                return client.update_item(**arguments)
            except ClientError:
                item = client.get_item(TableName=table, Key=arguments["Key"])["Item"]
                Redactor(client, table)(item)
                raise

    store = ReportStore(Redacting(), table, Retention(timedelta(), DAY, DAY))
    store.put(make_report(Status.DELIVERED, message_id="racing"))
    assert store.put(late) is Outcome.STALE
    left = client.get_item(TableName=table, Key=key_of("acme", "racing"))["Item"]
    assert left.keys() == {"pk", "rank", "v", "d", "f", "seen", "expires_at"}


def test_a_message_that_moved_on_is_not_redacted(
    client: Any, table: str, store: ReportStore, reader: ReportReader
) -> None:
    store.put(make_report(Status.DELIVERED, message_id="moved"))
    image = client.get_item(TableName=table, Key=key_of("acme", "moved"))["Item"]
    read = make_report(Status.READ, message_id="moved")
    store.put(read)
    Redactor(client, table)(image)
    assert state_of(item(reader, read)) == read


def test_a_message_deleted_between_two_writes_starts_anew(
    client: Any, table: str, reader: ReportReader
) -> None:
    class Erasing:
        """A client under which the message is erased after the first refused write."""

        def update_item(self, **arguments: Any) -> Any:
            try:
                return client.update_item(**arguments)
            except ClientError:
                client.delete_item(TableName=table, Key=arguments["Key"])
                raise

    store = ReportStore(Erasing(), table, RETENTION)
    first = make_report(Status.DELIVERED, message_id="erased")
    late = make_report(Status.ENROUTE, message_id="erased")
    store.put(first)
    assert store.put(late) is Outcome.NEW
    assert history_of(item(reader, late)) == [late]


def test_a_replaced_message_has_the_new_recipient(store: ReportStore, reader: ReportReader) -> None:
    store.put(make_report(Status.UNDELIVERED, message_id="again"))
    late = make_report(Status.ENROUTE, message_id="again", received_at=NOW + 4 * DAY)
    store.put(late)
    assert state_of(item(reader, late)) == late
