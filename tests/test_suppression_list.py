"""The suppression list on real tables: reports, strikes, the guard, operators, rotation."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dlr.causes import Action, Cause
from dlr.messages.order import micros_of
from dlr.messages.store import ReportReader
from dlr.messages.view import find_message
from dlr.phone import NotANumberError, PhoneNumber, RecipientHasher
from dlr.report import DeliveryReport, Status
from dlr.runtime.batch import read_all
from dlr.suppression.admin import Window
from dlr.suppression.announce import AnnounceError, Announcer
from dlr.suppression.entry import ListName
from dlr.suppression.lookup import SuppressionLookup
from dlr.suppression.standing import State
from dlr.suppression.table import ConflictError, SuppressionList
from local.cloud import Cloud
from tests.support.cases import NOW
from tests.support.reports import HASHER, make_report
from tests.support.suppression import (
    RULES,
    YEAR,
    SuppressionHarness,
    count,
    dead,
    event_of,
    failure,
)

SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def suppression(cloud: Cloud) -> SuppressionHarness:
    return SuppressionHarness(cloud)


def number(last: int) -> PhoneNumber:
    return PhoneNumber(f"+3363998{last:04}")


def strike(of: PhoneNumber, at: float) -> DeliveryReport:
    return failure(of, Cause.UNSPECIFIED, 60 * at, permanent=True, message_id=f"m{at}")


def settle(
    suppression: SuppressionHarness, provider: str, *, dropped: bool, now: datetime = NOW
) -> int:
    return suppression.admin.settle_held(provider, Window(), "me", now, dropped=dropped).settled


# ---------------------------------------------------------------- reports


def test_a_dead_number_is_suppressed_with_its_reason(suppression: SuppressionHarness) -> None:
    suppression.suppress(dead(number(1)), NOW)
    answer = suppression.lookup.find(number(1), NOW)
    assert answer.suppressed
    assert (answer.list, answer.state, answer.cause) == ("number", "active", "unknown_subscriber")
    assert (answer.provider, answer.message_id) == ("acme", "m1")
    assert (answer.provider_code, answer.strikes) == ("unknown_subscriber", 0)
    assert (answer.first_seen, answer.expires_at) == (NOW, NOW + YEAR)


def test_a_number_that_nobody_reported_is_not_suppressed(suppression: SuppressionHarness) -> None:
    answer = suppression.lookup.find("+447700900002", NOW).model_dump()
    assert (answer.pop("suppressed"), answer.pop("strikes")) == (False, 0)
    assert set(answer.values()) == {None}


@pytest.mark.parametrize("cause", [Cause.ABSENT, Cause.CONTENT, Cause.UNKNOWN])
def test_a_report_that_suppresses_nobody_writes_nothing(
    suppression: SuppressionHarness, cause: Cause
) -> None:
    assert suppression.suppress(failure(number(3), cause), NOW) is None
    assert suppression.standing(number(3)).entry.version == 0


def test_a_report_without_a_number_suppresses_nobody(suppression: SuppressionHarness) -> None:
    report = dead(number(4)).model_copy(update={"recipient": None, "recipient_hash": None})
    assert suppression.suppress(report, NOW) is None


def test_an_expired_entry_is_gone_for_readers_and_starts_anew(
    suppression: SuppressionHarness,
) -> None:
    of = number(5)
    suppression.suppress(dead(of), NOW)
    assert not suppression.lookup.find(of, NOW + YEAR).suppressed
    later = NOW + 2 * YEAR
    report = failure(of, Cause.INVALID_NUMBER, 9, received_at=later, message_id="m2")
    suppression.suppress(report, later)
    answer = suppression.lookup.find(of, NOW + 2 * YEAR)
    assert (answer.cause, answer.expires_at) == ("invalid_number", NOW + 3 * YEAR)


@pytest.mark.parametrize("seed", range(5))
def test_any_order_by_many_workers_leaves_one_entry(
    suppression: SuppressionHarness, seed: int
) -> None:
    of = number(10 + seed)
    events = [dead(of, at, message_id=f"m{at}") for at in range(3)]
    events += [failure(of, Cause.OPTED_OUT, 1, message_id="stop")]
    shuffled = events * 3
    Random(seed).shuffle(shuffled)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda event: suppression.suppress(event, NOW), shuffled))
    standing = suppression.standing(of)
    assert (standing.list_name, standing.expires_at) == (ListName.OPT_OUT, None)
    assert standing.number is not None
    assert standing.number.at == NOW + 2 * SECOND
    assert len(standing.entry.audit) == 4
    assert standing.entry.version == micros_of(NOW) + 3  # four writes


# ---------------------------------------------------------------- strikes


def test_three_strikes_suppress_and_two_are_watched(suppression: SuppressionHarness) -> None:
    of = number(20)
    states = []
    for at in (1, 2, 2, 1, 3):
        changed = suppression.suppress(strike(of, at), NOW)
        assert changed is not None
        states.append((changed.after.state, len(changed.after.strikes)))
    watching = State.WATCHING
    assert states == [(watching, 1), *[(watching, 2)] * 3, (State.ACTIVE, 3)]


def test_a_delivery_between_forgives_the_strikes_before_it(suppression: SuppressionHarness) -> None:
    of = number(21)
    delivered = make_report(
        Status.DELIVERED,
        at=-60 * 3,
        message_id="arrived",
        recipient=of,
        recipient_hash=HASHER.hash(of),
    )
    suppression.store.put(delivered)
    for minute in (-5, -4, -2, -1):
        suppression.suppress(strike(of, minute), NOW)
    standing = suppression.standing(of)
    assert (standing.state, len(standing.strikes)) == (State.WATCHING, 2)


# ---------------------------------------------------------------- the guard


def test_the_guard_holds_all_but_the_first_and_one_call_settles_them(
    suppression: SuppressionHarness,
) -> None:
    suppress = suppression.suppressor(limit=5)
    hit = [number(100 + n) for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda of: suppress(dead(of, provider="outage"), NOW), hit))
    assert count(suppression, hit) == {State.ACTIVE: 5, State.HELD: 35}
    for of in hit:  # replayed: nothing moves
        suppress(dead(of, provider="outage"), NOW)
    assert count(suppression, hit) == {State.ACTIVE: 5, State.HELD: 35}
    assert settle(suppression, "outage", dropped=True) == 35
    assert count(suppression, hit) == {State.ACTIVE: 5, State.LIFTED: 35}
    for of in hit:
        suppress(dead(of, provider="outage"), NOW)
    assert count(suppression, hit) == {State.ACTIVE: 5, State.LIFTED: 35}


def test_a_second_report_of_the_provider_whose_first_is_held_is_held_too(
    suppression: SuppressionHarness,
) -> None:
    of = number(140)
    for at, limit in ((0, 0), (9, 1000)):
        report = dead(of, at, provider="once", message_id=f"m{at}")
        suppression.suppressor(limit)(report, NOW)
    standing = suppression.standing(of)
    assert (standing.state, set(standing.held_by)) == (State.HELD, {"once"})
    assert len(standing.entry.audit) == 2
    assert list(suppression.list.held("once")) == [HASHER.hash(of)]


def test_released_entries_count(suppression: SuppressionHarness) -> None:
    suppress = suppression.suppressor(limit=1)
    hit = [number(150 + n) for n in range(3)]
    for of in hit:
        suppress(dead(of, provider="slow"), NOW)
    assert settle(suppression, "slow", dropped=False) == 2
    assert all(suppression.lookup.find(of, NOW).suppressed for of in hit)


def test_the_guard_counts_each_provider_and_each_hour_alone(
    suppression: SuppressionHarness,
) -> None:
    suppress, hour = suppression.suppressor(limit=1), timedelta(hours=1)
    asked = [("a", NOW), ("a", NOW), ("b", NOW), ("a", NOW + hour)]
    for place, (provider, now) in enumerate(asked):
        suppress(dead(number(180 + place), provider=provider, received_at=now), now)
    states = [suppression.state(number(180 + place)) for place in range(4)]
    assert states == ["active", "held", "active", "active"]


def test_copies_and_concurrent_reports_of_one_number_take_one_place(
    suppression: SuppressionHarness,
) -> None:
    suppress, of = suppression.suppressor(limit=1), number(190)
    reports = [dead(of, provider="busy", message_id=f"b{n}") for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda report: suppress(report, NOW), reports))
    assert suppression.state(of) is State.ACTIVE
    suppress(dead(number(191), provider="busy"), NOW)
    assert suppression.state(number(191)) is State.HELD


def test_an_opt_out_is_never_held(suppression: SuppressionHarness) -> None:
    suppress = suppression.suppressor(limit=1)
    for n in range(3):
        suppress(failure(number(160 + n), Cause.OPTED_OUT, provider="many"), NOW)
    assert all(suppression.lookup.find(number(160 + n), NOW).suppressed for n in range(3))


# ---------------------------------------------------------------- operators


def test_a_lifted_number_stays_off_until_something_new_happens(
    suppression: SuppressionHarness,
) -> None:
    of = number(30)
    suppression.suppress(dead(of), NOW)
    suppression.admin.lift(of, (ListName.NUMBER,), "alice", NOW + SECOND)
    suppression.suppress(dead(of), NOW)
    assert not suppression.lookup.find(of, NOW).suppressed
    suppression.suppress(dead(of, 2, message_id="m2"), NOW)
    assert suppression.lookup.find(of, NOW).suppressed
    assert [(each.by, each.did) for each in suppression.standing(of).entry.audit] == [
        ("acme", "suppress_number"),
        ("alice", "lift number"),
        ("acme", "suppress_number"),
    ]


def test_a_number_is_put_on_a_list_by_hand(suppression: SuppressionHarness) -> None:
    suppression.admin.suppress(number(31), ListName.OPT_OUT, None, "alice", NOW)
    answer = suppression.lookup.find(number(31), NOW)
    assert (answer.list, answer.cause, answer.expires_at) == ("opt_out", "opted_out", None)


def test_a_lift_counts_also_before_the_report_that_it_is_about(
    suppression: SuppressionHarness,
) -> None:
    of = number(32)
    suppression.admin.lift(of, (ListName.NUMBER,), "alice", NOW)
    suppression.suppress(dead(of), NOW)
    assert suppression.state(of) is State.LIFTED


def test_a_providers_fast_clock_saves_no_entry_from_a_lift_or_a_discard(
    suppression: SuppressionHarness,
) -> None:
    ahead, by = 8 * 3600, "me"
    suppression.suppress(dead(number(170), at=ahead, received_at=NOW), NOW)
    suppression.admin.lift(number(170), (ListName.NUMBER,), by, NOW)
    suppression.suppressor(limit=0)(
        dead(number(171), at=ahead, received_at=NOW, provider="fast"), NOW
    )
    assert settle(suppression, "fast", dropped=True) == 1
    for each in (number(170), number(171)):
        assert suppression.lookup.find(each, NOW).state == State.LIFTED


def test_a_lift_of_an_old_opt_out_is_remembered(suppression: SuppressionHarness) -> None:
    long_ago = NOW - 2 * YEAR
    stop = failure(number(174), Cause.OPTED_OUT, -2 * YEAR.total_seconds(), received_at=long_ago)
    suppression.suppress(stop, long_ago)
    suppression.admin.lift(number(174), (ListName.OPT_OUT,), "alice", NOW)
    standing = suppression.standing(number(174))
    assert (standing.state, standing.entry.audit[-1].by) == (State.LIFTED, "alice")
    suppression.suppress(stop, NOW)  # replayed
    assert not suppression.lookup.find(number(174), NOW).suppressed


@pytest.mark.parametrize("order", [("outage", "sound"), ("sound", "outage")], ids=str)
def test_what_one_provider_proves_no_other_ones_outage_holds(
    cloud: Cloud, order: tuple[str, str]
) -> None:
    suppression = SuppressionHarness(cloud)
    limits = {"outage": 0, "sound": 1}
    for provider in order:
        report = dead(number(172), provider=provider, message_id=provider)
        suppression.suppressor(limits[provider])(report, NOW)
    assert suppression.lookup.find(number(172), NOW).suppressed
    settle(suppression, "outage", dropped=True)
    assert suppression.lookup.find(number(172), NOW).suppressed


def test_what_is_held_stays_held_and_settles_when_the_hash_key_moves(
    suppression: SuppressionHarness,
) -> None:
    of = number(173)
    suppression.suppressor(limit=0)(dead(of, provider="moves"), NOW)
    rotated = RecipientHasher(lambda: ["a new key", "a key for tests"])
    report = dead(of, 1, provider="moves", message_id="m2")
    suppression.suppressor(limit=0, hasher=rotated)(report, NOW)
    assert list(suppression.list.held("moves")) == [rotated.hash(of)]
    assert settle(suppression, "moves", dropped=True) == 1  # the first one; the second came later
    assert suppression.list.find(rotated.every_hash(of), NOW).state is State.HELD
    assert settle(suppression, "moves", dropped=True, now=NOW + SECOND) == 1
    assert suppression.list.find(rotated.every_hash(of), NOW).state is State.LIFTED
    assert list(suppression.list.held("moves")) == []


def test_a_mark_that_was_left_behind_is_removed_and_not_counted(
    suppression: SuppressionHarness,
) -> None:
    suppression.suppressor(limit=0)(dead(number(175), provider="gone"), NOW)
    mark = {"recipient_hash": {"S": "held#gone#another.hash"}, "held_by": {"S": "gone"}}
    suppression.client.put_item(TableName=suppression.table, Item=mark)
    assert settle(suppression, "gone", dropped=False) == 1
    assert list(suppression.list.held("gone")) == []


def test_an_act_that_is_repeated_is_announced_again(suppression: SuppressionHarness) -> None:
    """Its first event may have been lost."""
    of, kinds = number(195), []
    for act in (
        lambda: suppression.admin.suppress(of, ListName.NUMBER, None, "me", NOW),
        lambda: suppression.admin.lift(of, (ListName.NUMBER,), "me", NOW + SECOND),
    ):
        for _ in range(2):
            suppression.announced.clear()
            act()
            ((kind, detail),) = suppression.announced
            kinds.append((kind, detail["number"]))
    said = ["Number Suppressed"] * 2 + ["Number Released"] * 2
    assert kinds == [(kind, str(of)) for kind in said]


class LostEvents(Announcer):
    """Announces nothing until `works`; then as the harness does."""

    works = False

    def _put(self, entries: list[dict[str, str]]) -> None:
        if not self.works:
            raise AnnounceError("the bus refused the event")
        super()._put(entries)


@pytest.mark.parametrize("act", ["release", "discard", "revert"])
def test_a_decision_whose_events_were_lost_is_announced_by_the_next_call(
    suppression: SuppressionHarness, act: str
) -> None:
    of, provider = number(197), f"lost{act}"
    made = dead(of, provider=provider, message_id=act)
    suppression.suppressor(limit=10_000 if act == "revert" else 0)(made, NOW)
    announce = LostEvents(suppression, "bus")
    admin = suppression.make_admin(suppression.list, HASHER, announce)

    def decide() -> None:
        if act == "revert":
            admin.revert(provider, Window(), None, "me", NOW + SECOND)
        else:
            dropped = act == "discard"
            admin.settle_held(provider, Window(), "me", NOW + SECOND, dropped=dropped)

    if act != "discard":  # a discarded number was never on the list
        with pytest.raises(AnnounceError):
            decide()
    announce.works = True
    suppression.announced.clear()
    decide()
    kinds = {"release": ["Number Suppressed"], "revert": ["Number Released"], "discard": []}
    assert [kind for kind, _ in suppression.announced] == kinds[act]
    assert list(suppression.list.held(provider)) == []
    suppression.admin.lift(of, (ListName.NUMBER,), "me", NOW + 2 * SECOND)


def test_a_delivery_that_withdraws_its_own_failure_is_announced_again(
    suppression: SuppressionHarness,
) -> None:
    """Nothing is known of the number then but that it was on the list."""
    of = number(198)
    failed = dead(of, provider="again", message_id="own")
    suppress = suppression.suppressor_of_events()
    suppress(event_of(failed, reports=1), NOW)
    arrived = failed.model_copy(
        update={"status": Status.DELIVERED, "cause": Cause.NONE, "action": Action.KEEP}
    )
    event = event_of(arrived, reports=2)
    event = event.model_copy(
        update={"verdict": event.verdict.model_copy(update={"withdraws": True})}
    )
    for again in (False, True):
        suppression.announced.clear()
        changed = suppress(event, NOW + SECOND)
        assert changed is not None
        assert changed.after.state is None
        Announcer(suppression, "bus")(changed, of, again=again)
        assert [kind for kind, _ in suppression.announced] == ["Number Released"]


def test_of_the_events_of_a_recipient_the_newest_can_be_told(
    suppression: SuppressionHarness,
) -> None:
    """Whatever the clocks of the writers say, and also after the entry was deleted by its TTL."""
    of, lists = number(196), (ListName.NUMBER,)
    suppression.announced.clear()
    suppression.admin.suppress(of, ListName.NUMBER, None, "me", NOW)
    suppression.admin.lift(of, lists, "me", NOW + SECOND)
    suppression.admin.suppress(of, ListName.OPT_OUT, None, "me", NOW + SECOND)
    suppression.admin.lift(of, (ListName.OPT_OUT,), "me", NOW + SECOND)  # its clock is slow
    for _ in range(2):
        suppression.admin.suppress(of, ListName.NUMBER, None, "me", NOW + 2 * SECOND)
    key = {"recipient_hash": {"S": HASHER.hash(of)}}
    suppression.client.delete_item(TableName=suppression.table, Key=key)
    suppression.suppress(dead(of, 3), NOW + 3 * SECOND)
    suppression.admin.lift(of, lists, "me", NOW + 3 * SECOND)
    events = [detail for _, detail in suppression.announced]
    versions = [event["entry_version"] for event in events]
    assert versions == sorted(versions)
    assert len(set(versions)) == len(versions) - 1 == 6
    first, repeated = (e for e in events if versions.count(e["entry_version"]) == 2)
    assert repeated | {"previous_state": None} == first | {"previous_state": None}
    for event in events:
        changed_at = datetime.fromisoformat(event["changed_at"])
        assert timedelta() <= changed_at - NOW < 4 * SECOND
        assert event["changed_at"].endswith("Z")


def test_two_hundred_forged_opt_outs_are_taken_back_by_one_decision(
    suppression: SuppressionHarness,
) -> None:
    forged = [number(2000 + n) for n in range(200)]
    genuine = number(2200)
    suppression.suppress(
        failure(genuine, Cause.OPTED_OUT, provider="leaked", message_id="before"), NOW
    )
    later = NOW + timedelta(hours=2)
    for of in (*forged, genuine):
        made = failure(of, Cause.OPTED_OUT, 7200, provider="leaked", received_at=later)
        suppression.suppress(made, later)
    window = Window(since=NOW + timedelta(hours=1), until=later)
    after, done = None, 0
    while True:
        answer = suppression.admin.revert("leaked", window, after, "me", later)
        done, after = done + answer.reverted, answer.next
        assert answer.until == later
        if after is None:
            break
    assert done == 200
    assert count(suppression, forged) == {State.LIFTED: 200}
    assert suppression.state(genuine) is State.ACTIVE


def test_an_import_takes_what_it_can_and_names_the_rows_it_cannot(
    suppression: SuppressionHarness,
) -> None:
    text = (
        "number,list,cause\n"
        "+447700900400,opt_out,\n"
        "+447700900401,,invalid_number\n"
        "07700900402,number,\n"
        "+447700900403,nowhere,\n"
    )
    done = suppression.transfer.import_csv(text, "alice", NOW)
    assert done.imported == 2
    assert [error.partition(":")[0] for error in done.errors] == ["row 4", "row 5"]
    assert "900402" not in str(done)
    assert suppression.lookup.find("+447700900400", NOW).list == "opt_out"
    assert suppression.lookup.find("+447700900401", NOW).cause == "invalid_number"


def test_an_export_can_be_imported_into_another_list_with_the_same_key(
    suppression: SuppressionHarness, cloud: Cloud
) -> None:
    mine, other = SuppressionHarness(cloud), SuppressionHarness(cloud)
    on_both, lifted, held, watched, expired = (number(place) for place in range(42, 47))
    mine.suppress(dead(number(40)), NOW)
    mine.suppress(failure(number(41), Cause.OPTED_OUT), NOW)
    stop = failure(on_both, Cause.OPTED_OUT, message_id="stop")
    for report in (dead(on_both), stop, dead(lifted)):
        mine.suppress(report, NOW)
    mine.admin.lift(lifted, (ListName.NUMBER,), "alice", NOW)
    mine.suppressor(limit=0)(dead(held), NOW)
    mine.suppress(strike(watched, 1), NOW)
    mine.suppress(dead(expired, at=-2 * YEAR.total_seconds(), received_at=NOW - 2 * YEAR), NOW)
    text = mine.transfer.export(None, NOW).csv
    assert "3363998" not in text
    done = other.transfer.import_csv(text, "alice", NOW)
    assert (done.imported, done.skipped, done.errors) == (4, 1, [])
    assert other.lookup.find(number(40), NOW).list == "number"
    assert other.lookup.find(number(41), NOW).list == "opt_out"
    assert other.standing(on_both).number is not None
    assert other.standing(on_both).opt_out is not None
    assert [other.state(each) for each in (lifted, held, watched, expired)] == [None] * 4


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
def test_an_import_reads_what_spreadsheets_write(suppression: SuppressionHarness, end: str) -> None:
    text = f"\ufeffnumber,list{end}+447700900404,opt_out{end}"
    done = suppression.transfer.import_csv(text, "me", NOW)
    assert (done.imported, done.skipped, done.errors) == (1, 0, [])
    assert suppression.lookup.find("+447700900404", NOW).list == "opt_out"


def test_an_import_that_is_no_csv_is_refused_with_its_line(suppression: SuppressionHarness) -> None:
    done = suppression.transfer.import_csv("number\n" + "x" * 200_000, "me", NOW)
    assert (done.imported, done.errors) == (0, ["line 2: no CSV"])


def test_an_import_of_a_hash_that_is_none_is_refused(suppression: SuppressionHarness) -> None:
    made_up = HASHER.hash(number(1)).partition(".")[0] + "." + "x" * 3000
    done = suppression.transfer.import_csv(f"recipient_hash\n{made_up}\n", "me", NOW)
    assert (done.imported, len(done.errors)) == (0, 1)


def test_an_import_of_too_many_rows_is_refused_whole(suppression: SuppressionHarness) -> None:
    done = suppression.transfer.import_csv("number\n" + "+447700900500\n" * 1001, "me", NOW)
    assert done.imported == 0
    assert "in parts" in done.errors[0]


# ---------------------------------------------------------------- keys, questions, conflicts


def test_an_entry_under_an_older_key_is_found_and_moves_with_its_next_event(
    suppression: SuppressionHarness,
) -> None:
    of = number(50)
    suppression.suppress(failure(of, Cause.OPTED_OUT), NOW)
    rotated = RecipientHasher(lambda: ["a new key", "a key for tests"])
    assert SuppressionLookup(suppression.list, rotated).find(of, NOW).suppressed
    suppression.suppressor(hasher=rotated)(dead(of, 5, message_id="m2"), NOW)
    assert suppression.standing(of).entry.version == 0
    standing = suppression.list.find([rotated.hash(of)], NOW)
    assert (standing.list_name, len(standing.entry.audit)) == (ListName.OPT_OUT, 2)


ROTATED = RecipientHasher(lambda: ["a new key", "a key for tests"])
NEW_ONLY = RecipientHasher(lambda: ["a new key"])


def test_a_writer_that_read_before_an_entry_moved_overwrites_nothing(
    suppression: SuppressionHarness,
) -> None:
    """Also where the move adds nothing to what both entries know."""
    of, known = number(52), dead(number(52))
    suppression.suppress(failure(of, Cause.OPTED_OUT, message_id="stop"), NOW)
    suppression.suppressor(hasher=NEW_ONLY)(known, NOW)

    class Slow:
        """A client before whose first write the entry moves."""

        def __getattr__(self, name: str) -> Any:
            return getattr(suppression.client, name)

        def put_item(self, **arguments: Any) -> Any:
            if suppression.standing(of).entry.version:
                suppression.suppressor(hasher=ROTATED)(known, NOW)
                assert suppression.standing(of).entry.version == 0
            return suppression.client.put_item(**arguments)

    slow = SuppressionList(Slow(), suppression.table, RULES)
    late = dead(of, 5, message_id="late")
    suppression.suppressor(suppressions=slow, hasher=NEW_ONLY)(late, NOW)
    standing = suppression.list.find(ROTATED.every_hash(of), NOW)
    assert standing.list_name is ListName.OPT_OUT
    assert len(standing.entry.messages) == 3


@pytest.mark.parametrize("first", ["new", "old"])
def test_an_entry_that_moves_between_the_reads_of_its_two_keys_loses_nothing(
    suppression: SuppressionHarness, first: str
) -> None:
    """BatchGetItem is no snapshot of two items."""
    of = number({"new": 53, "old": 54}[first])
    suppression.suppress(failure(of, Cause.OPTED_OUT, message_id="stop"), NOW)
    moving = dead(of, message_id="moving")

    class Torn:
        """A client whose first read is of one key before the entry moves, of the other after."""

        def __init__(self) -> None:
            self.is_torn = False

        def __getattr__(self, name: str) -> Any:
            return getattr(suppression.client, name)

        def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:
            ((table, wanted),) = RequestItems.items()
            if self.is_torn:
                answer: dict[str, Any] = suppression.client.batch_get_item(
                    RequestItems=RequestItems
                )
                return answer
            self.is_torn = True
            is_new = [each["recipient_hash"]["S"] == NEW_ONLY.hash(of) for each in wanted["Keys"]]
            keys = sorted(zip(is_new, wanted["Keys"], strict=True), key=lambda each: each[0])
            items = []
            for place, (_, key) in enumerate(reversed(keys) if first == "new" else keys):
                if place == 1:
                    suppression.suppressor(hasher=ROTATED)(moving, NOW)
                found = suppression.client.get_item(TableName=table, Key=key, ConsistentRead=True)
                items += [found["Item"]] if "Item" in found else []
            return {"Responses": {table: items}}

    torn = SuppressionList(Torn(), suppression.table, RULES)
    late = dead(of, 5, message_id="late")
    suppression.suppressor(suppressions=torn, hasher=ROTATED)(late, NOW)
    standing = suppression.list.find(ROTATED.every_hash(of), NOW)
    assert standing.list_name is ListName.OPT_OUT
    assert len(standing.entry.messages) == 3


def test_a_writer_that_does_not_know_the_new_key_yet_loses_nothing_to_a_move(
    suppression: SuppressionHarness,
) -> None:
    """During a rotation functions read the keys again one after the other."""
    of = number(57)
    suppression.suppress(dead(of), NOW)

    class Slow:
        """A client before whose first write another function writes under the old key."""

        def __getattr__(self, name: str) -> Any:
            return getattr(suppression.client, name)

        def transact_write_items(self, **arguments: Any) -> Any:
            if suppression.standing(of).opt_out is None:
                suppression.suppress(failure(of, Cause.OPTED_OUT, message_id="stop"), NOW)
            return suppression.client.transact_write_items(**arguments)

    slow = SuppressionList(Slow(), suppression.table, RULES)
    late = dead(of, 5, message_id="late")
    suppression.suppressor(suppressions=slow, hasher=ROTATED)(late, NOW)
    standing = suppression.list.find(ROTATED.every_hash(of), NOW)
    assert standing.list_name is ListName.OPT_OUT
    assert len(standing.entry.messages) == 3


@pytest.mark.parametrize("lifted_under", ["the new key", "the old key"])
def test_a_lift_under_one_hash_key_takes_off_what_another_one_lists(
    suppression: SuppressionHarness, lifted_under: str
) -> None:
    keys = [NEW_ONLY, HASHER]
    lifting, listing = keys if lifted_under == "the new key" else reversed(keys)
    of = number({"the new key": 55, "the old key": 56}[lifted_under])
    suppression.suppressor(hasher=listing)(dead(of), NOW)
    admin = suppression.make_admin(suppression.list, lifting, Announcer(suppression, "bus"))
    admin.lift(of, (ListName.NUMBER,), "carol", NOW + SECOND)
    assert not SuppressionLookup(suppression.list, ROTATED).find(of, NOW + SECOND).suppressed
    suppression.suppressor(hasher=ROTATED)(dead(of), NOW)  # again: now they are one
    assert not SuppressionLookup(suppression.list, ROTATED).find(of, NOW + SECOND).suppressed


def test_a_number_is_changed_under_a_key_that_is_current_and_previous(
    suppression: SuppressionHarness,
) -> None:
    twice = RecipientHasher(lambda: ["a key for tests", "a key for tests"])
    admin = suppression.make_admin(suppression.list, twice, Announcer(suppression, "bus"))
    admin.suppress(number(51), ListName.NUMBER, None, "me", NOW)
    suppression.suppressor(hasher=twice)(failure(number(51), Cause.OPTED_OUT), NOW)
    assert SuppressionLookup(suppression.list, twice).find(number(51), NOW).list == "opt_out"


def test_a_thousand_numbers_are_checked_at_once(suppression: SuppressionHarness) -> None:
    hit = [number(1000 + n) for n in range(0, 998, 250)]
    for of in hit:
        suppression.suppress(dead(of), NOW)
    asked = [str(number(1000 + n)) for n in range(998)] + ["07700900123", "ACME"]
    answer = suppression.lookup.check(asked, NOW)
    assert answer.checked == 1000
    assert [found.number for found in answer.suppressed] == hit
    assert {found.cause for found in answer.suppressed} == {Cause.UNKNOWN_SUBSCRIBER}
    assert answer.not_numbers == ["07700900123", "ACME"]


@pytest.mark.parametrize("text", ["07700900123", "ACME", ""])
def test_what_is_no_number_is_refused_without_being_quoted(
    suppression: SuppressionHarness, text: str
) -> None:
    with pytest.raises(NotANumberError) as refusal:
        suppression.lookup.find(text, NOW)
    assert not text or text not in str(refusal.value)


def test_a_message_is_answered_with_its_history(suppression: SuppressionHarness) -> None:
    reports = [make_report(Status.ENROUTE, message_id="h"), make_report(message_id="h")]
    for report in reports:
        suppression.store.put(report)
    reader = ReportReader(suppression.client, suppression.reports_table)
    answer = find_message(reader, "acme", "h", NOW)
    assert answer is not None
    assert (answer.status, answer.history) == (Status.DELIVERED, reports)
    assert find_message(reader, "acme", "nobody", NOW) is None


def test_a_writer_that_always_loses_gives_up_for_another_try(
    suppression: SuppressionHarness,
) -> None:
    class Racing:
        """A client between whose read and write another writer always comes first."""

        def __getattr__(self, name: str) -> Any:
            return getattr(suppression.client, name)

        def put_item(self, **arguments: Any) -> Any:
            wanted = arguments["Item"]
            version = {"N": str(int(wanted["version"]["N"]) + 1)}
            other = {"recipient_hash": wanted["recipient_hash"], "version": version}
            suppression.client.put_item(TableName=arguments["TableName"], Item=other)
            return suppression.client.put_item(**arguments)

    racing = SuppressionList(Racing(), suppression.table, RULES)
    with pytest.raises(ConflictError):
        suppression.suppressor(suppressions=racing)(failure(number(60), Cause.OPTED_OUT), NOW)


def test_what_dynamodb_leaves_out_under_load_is_asked_again() -> None:
    class Busy:
        """Answers two keys a call, one of them only when asked again."""

        def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:
            ((table, wanted),) = RequestItems.items()
            served, left = wanted["Keys"][:2], wanted["Keys"][2:]
            unprocessed = {table: {"Keys": left}} if left else {}
            return {"Responses": {table: served}, "UnprocessedKeys": unprocessed}

    assert list(read_all(Busy(), "t", [1, 2, 3, 4, 5])) == [1, 2, 3, 4, 5]


def test_an_error_of_the_database_is_raised(suppression: SuppressionHarness) -> None:
    class Down:
        """A client that reads and cannot write."""

        def __getattr__(self, name: str) -> Any:
            return getattr(suppression.client, name)

        def put_item(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "PutItem")

    down = SuppressionList(Down(), suppression.table, RULES)
    with pytest.raises(ClientError):
        suppression.suppressor(suppressions=down)(failure(number(70), Cause.OPTED_OUT), NOW)
