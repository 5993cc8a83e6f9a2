"""What an operator settled or reverted, on real tables: also what comes to the list afterwards."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dlr.causes import Cause
from dlr.messages.verdict import Arrival
from dlr.phone import PhoneNumber, RecipientHasher
from dlr.report import DeliveryReport, Status
from dlr.suppression import admin
from dlr.suppression.admin import Reverted, Window
from dlr.suppression.entry import Decision, Suppression, empty
from dlr.suppression.rules import (
    MANY_PROVIDERS,
    MAX_EACH,
    MAX_SETTLEMENTS,
    delivered,
    judged,
    key_of,
    settled,
    verdict_of,
)
from dlr.suppression.standing import KEEP_SETTLEMENT, State
from dlr.suppression.table import SETTLED_PREFIX, SuppressionList
from local.cloud import Cloud
from tests.support.cases import NOW
from tests.support.dynamodb import MAX_ITEM, size_of
from tests.support.reports import HASHER, make_report
from tests.support.suppression import (
    RULES,
    YEAR,
    SuppressionHarness,
    dead,
    event_of,
    failure,
)

HOUR = timedelta(hours=1)
LATER = NOW + HOUR
ALL = Window()
NUMBERS = iter(PhoneNumber(f"+3363998{n:04}") for n in range(5000, 5999))


@pytest.fixture(scope="module")
def suppression(cloud: Cloud) -> SuppressionHarness:
    return SuppressionHarness(cloud)


def revert(suppression: SuppressionHarness, provider: str, window: Window = ALL) -> int:
    done, after, is_first = 0, None, True
    while after or is_first:
        answer: Reverted = suppression.admin.revert(provider, window, after, "carol", LATER)
        done, after, is_first = done + answer.reverted, answer.next, False
        window = Window(since=window.since, until=answer.until)
    return done


def delivery(of: PhoneNumber, at: float, provider: str, **fields: Any) -> DeliveryReport:
    fields = {"message_id": f"arrived{at}", "status": Status.DELIVERED, **fields}
    return make_report(
        at=at, provider=provider, recipient=of, recipient_hash=HASHER.hash(of), **fields
    )


def stop(of: PhoneNumber, provider: str) -> DeliveryReport:
    return failure(of, Cause.OPTED_OUT, provider=provider)


# ---------------------------------------------------------------- reports that were on their way


@pytest.mark.parametrize("make", [dead, stop], ids=["a dead number", "a stop"])
def test_a_report_that_waited_while_its_time_was_reverted_does_nothing(
    suppression: SuppressionHarness, make: Callable[..., DeliveryReport]
) -> None:
    of, provider = next(NUMBERS), f"waits{make.__name__}"
    revert(suppression, provider)
    suppression.suppress(make(of, provider=provider), LATER)
    assert suppression.state(of) is State.LIFTED
    audit = suppression.standing(of).entry.audit
    assert ("carol", f"revert {provider}") in {(each.by, each.did) for each in audit}
    suppression.suppress(
        dead(of, 9, provider=provider, message_id="m2", received_at=LATER + HOUR), LATER
    )
    assert suppression.standing(of, LATER + HOUR).state is State.ACTIVE


@pytest.mark.parametrize(("dropped", "state"), [(True, State.LIFTED), (False, State.ACTIVE)])
def test_a_report_that_waited_while_its_time_was_settled_is_settled_as_it_comes(
    suppression: SuppressionHarness, dropped: bool, state: State
) -> None:
    """Although the guard has places again by then, and without one of them."""
    of, other, provider = next(NUMBERS), next(NUMBERS), f"queue{dropped}".lower()
    suppression.admin.settle_held(provider, ALL, "carol", LATER, dropped=dropped)
    suppress = suppression.suppressor(limit=1)
    suppress(dead(of, provider=provider), LATER)
    assert suppression.state(of) is state
    suppress(dead(other, provider=provider, received_at=LATER + HOUR), LATER + HOUR)
    assert suppression.standing(other, LATER + HOUR).state is State.ACTIVE


def test_a_discard_leaves_a_number_that_was_active_before_it(
    suppression: SuppressionHarness,
) -> None:
    of = next(NUMBERS)
    report = dead(of, provider="before")
    suppression.suppress(report, NOW)
    suppression.admin.settle_held("before", ALL, "carol", LATER, dropped=True)
    suppression.suppress(report, LATER)
    suppression.suppress(dead(of, 1, provider="before", message_id="m2"), LATER)
    assert suppression.state(of) is State.ACTIVE


def test_what_was_reverted_while_a_failure_was_written_is_found_by_the_second_look(
    suppression: SuppressionHarness,
) -> None:
    of = next(NUMBERS)

    class Slow:
        """A client that writes an entry when the operator's call has passed already."""

        def __getattr__(self, name: str) -> Any:
            return getattr(suppression.client, name)

        def transact_write_items(self, **arguments: Any) -> Any:
            revert(suppression, "race")
            return suppression.client.transact_write_items(**arguments)

    slow = SuppressionList(Slow(), suppression.table, RULES)
    suppression.suppressor(suppressions=slow)(dead(of, provider="race"), LATER)
    assert suppression.state(of) is State.ACTIVE
    suppression.suppressor_of_events().look(HASHER.every_hash(of), LATER)
    assert suppression.state(of) is State.LIFTED


def test_what_a_provider_did_is_read_by_nobody_who_asks_before_sending(
    suppression: SuppressionHarness,
) -> None:
    asked: list[str] = []

    class Listening:
        def __getattr__(self, name: str) -> Any:
            return getattr(suppression.client, name)

        def batch_get_item(self, RequestItems: dict[str, Any]) -> Any:
            ((_, wanted),) = RequestItems.items()
            asked.extend(key["recipient_hash"]["S"] for key in wanted["Keys"])
            return suppression.client.batch_get_item(RequestItems=RequestItems)

    of = next(NUMBERS)
    suppressions = SuppressionList(Listening(), suppression.table, RULES)
    suppressions.find(HASHER.every_hash(of), NOW)
    assert asked == HASHER.every_hash(of)
    suppression.suppressor(suppressions=suppressions)(dead(of, provider="asks"), NOW)
    assert f"{SETTLED_PREFIX}asks" in asked[1:]


def test_the_settlements_of_a_provider_are_no_recipient_and_go_with_the_queues(
    cloud: Cloud,
) -> None:
    suppression = SuppressionHarness(cloud)
    for place in range(MAX_SETTLEMENTS + 3):
        now = NOW + place * HOUR
        suppression.admin.settle_held("bounded", ALL, "carol", now, dropped=True)
    assert suppression.list.page(None, 100) == ([], None)
    assert suppression.transfer.export(None, NOW).csv.count("\n") == 1
    (item,) = suppression.client.scan(TableName=suppression.table)["Items"]
    assert len(item["settlements"]["L"]) == MAX_SETTLEMENTS
    assert int(item["expires_at"]["N"]) == int((now + KEEP_SETTLEMENT).timestamp())


def test_what_is_held_within_a_time_is_reached_behind_any_number_of_others(
    suppression: SuppressionHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin, "MAX_SETTLED", 3)
    suppress, hit = suppression.suppressor(limit=0), [next(NUMBERS) for _ in range(10)]
    for of in hit:
        suppress(dead(of, provider="many"), NOW)
    last = list(suppression.list.held("many"))[-1]
    (wanted,) = [of for of in hit if HASHER.hash(of) == last]
    suppress(dead(wanted, 9, provider="many", message_id="m2", received_at=LATER), LATER)
    window, found, after, calls = Window(since=LATER, until=LATER), 0, None, 0
    while calls == 0 or after:
        answer = suppression.admin.settle_held(
            "many", window, "carol", LATER, dropped=True, after=after
        )
        found, after, calls = found + answer.settled, answer.next, calls + 1
    assert (found, calls) == (1, 4)


def test_every_part_of_a_decision_is_about_one_time(
    suppression: SuppressionHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin, "MAX_SETTLED", 3)
    suppress, hit = suppression.suppressor(limit=0), [next(NUMBERS) for _ in range(7)]
    for of in hit:
        suppress(dead(of, provider="parts"), NOW)
    first = suppression.admin.settle_held("parts", ALL, "carol", LATER, dropped=True)
    with pytest.raises(admin.WindowError, match="until"):
        suppression.admin.settle_held("parts", ALL, "carol", LATER, dropped=True, after=first.next)
    with pytest.raises(admin.WindowError, match="until"):
        suppression.admin.revert("parts", ALL, first.next, "carol", LATER)
    assert first.until == LATER
    rest = Window(until=first.until)
    later = LATER + timedelta(minutes=1)
    while first.next:
        first = suppression.admin.settle_held(
            "parts", rest, "carol", later, dropped=True, after=first.next
        )
        assert first.until == LATER
    assert not list(suppression.list.held("parts"))


@pytest.mark.parametrize(
    ("window", "reason"),
    [
        (Window(until=LATER + HOUR), "future"),
        (Window(until=datetime.max.replace(tzinfo=UTC)), "future"),
        (Window(since=LATER, until=NOW), "after"),
    ],
    ids=["an hour ahead", "the end of time", "turned round"],
)
def test_nothing_is_decided_about_reports_to_come(
    suppression: SuppressionHarness, window: Window, reason: str
) -> None:
    with pytest.raises(admin.WindowError, match=reason):
        suppression.admin.settle_held("ahead", window, "carol", LATER, dropped=True)
    with pytest.raises(admin.WindowError, match=reason):
        suppression.admin.revert("ahead", window, None, "carol", LATER)


# ---------------------------------------------------------------- forged deliveries


def test_a_revert_takes_back_a_forged_delivery_that_stays_in_the_reports(
    suppression: SuppressionHarness,
) -> None:
    of = next(NUMBERS)
    suppression.suppress(dead(of, provider="sound"), NOW)
    forged = delivery(of, 60, "leaked")
    suppression.store.put(forged)
    event = event_of(forged, listed=True)
    suppression.suppressor_of_events()(event, LATER)
    assert suppression.state(of) is State.LIFTED
    assert revert(suppression, "leaked") == 1
    assert suppression.state(of) is State.ACTIVE
    suppression.suppressor_of_events().look(HASHER.every_hash(of), LATER)
    suppression.suppressor_of_events()(event, LATER)
    suppression.suppress(dead(of, 5, provider="sound", message_id="m2"), LATER)
    assert suppression.state(of) is State.ACTIVE


def test_a_forged_delivery_is_reverted_before_the_list_hears_of_it(
    suppression: SuppressionHarness,
) -> None:
    of, other = next(NUMBERS), next(NUMBERS)
    revert(suppression, "forger")
    suppression.suppress(dead(of, provider="sound"), NOW)
    event = event_of(delivery(of, 60, "forger"), listed=True)
    suppression.suppressor_of_events()(event, LATER)
    assert suppression.state(of) is State.ACTIVE
    suppression.store.put(delivery(other, 60, "forger", message_id="in the reports only"))
    suppression.suppress(dead(other, provider="sound"), LATER)
    assert suppression.state(other) is State.ACTIVE


def test_a_revert_leaves_the_genuine_delivery_of_the_message_that_it_is_about(
    suppression: SuppressionHarness,
) -> None:
    """The list heard of the forged arrival, which is the later one, alone."""
    of = next(NUMBERS)
    suppression.suppress(dead(of, provider="sound"), NOW)
    forged = delivery(of, 600, "both", message_id="m3", status=Status.READ)
    for report in (delivery(of, 60, "both", message_id="m3"), forged):
        suppression.store.put(report)
    suppression.suppressor_of_events()(event_of(forged, listed=True), LATER)
    window = Window(since=NOW + timedelta(minutes=5), until=LATER)
    revert(suppression, "both", window)
    assert suppression.state(of) is State.LIFTED


# ---------------------------------------------------------------- keys, size


def test_an_active_number_stays_active_when_it_meets_a_held_entry_of_its_other_key(
    suppression: SuppressionHarness,
) -> None:
    of = next(NUMBERS)
    keys = ["a key of its own", "a key for tests"]
    other = RecipientHasher(lambda: keys[:1])
    for minute in range(-3, 0):
        strike = failure(
            of,
            Cause.UNSPECIFIED,
            60 * minute,
            permanent=True,
            message_id=f"m{minute}",
            provider="meets",
        )
        suppression.suppress(strike, NOW)
    report = dead(of, 9, message_id="m4", provider="meets", received_at=LATER)
    suppression.suppressor(limit=0, hasher=other)(report, LATER)
    hashes = RecipientHasher(lambda: keys).every_hash(of)
    states = [suppression.list.find([key], LATER).state for key in hashes]
    assert states == [State.HELD, State.ACTIVE]
    assert suppression.list.find(hashes, LATER).state is State.ACTIVE


WIDE = "\U0001f600"


def greatest(providers: int) -> Suppression:
    """An entry with all that it may hold."""
    entry = empty(HASHER.hash(next(NUMBERS)))
    micros, stops = timedelta(microseconds=1), range(MAX_EACH, 5 * MAX_EACH)
    for place in range(providers):
        provider = f"provider{place:02}" + 10 * "x"
        for n in range(6 * MAX_EACH):
            report = make_report(
                Status.UNDELIVERED,
                n,
                Cause.OPTED_OUT if n in stops else Cause.UNKNOWN_SUBSCRIBER,
                provider=provider,
                message_id=f"{n}{WIDE * 256}",
                provider_code=WIDE * 100,
                received_at=LATER + micros,
            )
            event = event_of(report, reports=1_764_000_000_000_000 + n)
            made = verdict_of(event, YEAR).model_copy(update={"held": True})
            entry = judged(entry, key_of(event), made)
            arrival = Arrival(at=NOW + n * micros, received_at=LATER + micros)
            entry = delivered(entry, provider, [arrival])
        for n in range(MAX_SETTLEMENTS + 1):
            window = Window(since=NOW + micros, until=LATER + n * micros)
            entry = settled(
                entry,
                window.settlement(provider, LATER + micros, None, Decision.REVERT),
                LATER + n * micros,
                "x" * 100,
            )
    return entry


@pytest.mark.parametrize("providers", [MANY_PROVIDERS, 4 * MANY_PROVIDERS])
def test_the_greatest_entry_can_be_written(suppression: SuppressionHarness, providers: int) -> None:
    """As many providers as a stack may have resources for."""
    entry = greatest(providers)
    suppression.list.change([entry.recipient_hash], lambda _: entry, NOW)
    key = {"recipient_hash": {"S": entry.recipient_hash}}
    item = suppression.client.get_item(TableName=suppression.table, Key=key)["Item"]
    assert len(entry.messages) >= 3 * MAX_EACH * MANY_PROVIDERS
    assert size_of({"M": item}) < MAX_ITEM * 0.9
