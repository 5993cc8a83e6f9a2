"""The suppression list on real tables: reports, strikes, the guard, operators, rotation."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dlr.causes import Cause
from dlr.messages.store import ReportReader
from dlr.messages.view import find_message
from dlr.phone import NotANumberError, PhoneNumber, RecipientHasher
from dlr.report import DeliveryReport, Status
from dlr.runtime.batch import read_all
from dlr.suppression.entry import ListName, State, empty
from dlr.suppression.guard import Guard
from dlr.suppression.lookup import SuppressionLookup
from dlr.suppression.rules import discard, merge, release
from dlr.suppression.table import ConflictError, SuppressionList
from local.cloud import Cloud
from tests.support.cases import NOW
from tests.support.reports import HASHER, make_report
from tests.support.suppression import YEAR, SuppressionHarness, count, dead, failure

SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def suppression(cloud: Cloud) -> SuppressionHarness:
    return SuppressionHarness(cloud)


def number(last: int) -> PhoneNumber:
    return PhoneNumber(f"+3363998{last:04}")


def strike(of: PhoneNumber, at: float) -> DeliveryReport:
    return failure(of, Cause.UNSPECIFIED, at, permanent=True, message_id=f"m{at}")


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
    assert suppression.entry(number(3)) is None


def test_a_report_without_a_number_suppresses_nobody(suppression: SuppressionHarness) -> None:
    report = dead(number(4)).model_copy(update={"recipient": None, "recipient_hash": None})
    assert suppression.suppress(report, NOW) is None


def test_an_expired_entry_is_gone_for_readers_and_starts_anew(
    suppression: SuppressionHarness,
) -> None:
    of = number(5)
    suppression.suppress(dead(of), NOW)
    assert not suppression.lookup.find(of, NOW + YEAR).suppressed
    suppression.suppress(failure(of, Cause.INVALID_NUMBER, 9, received_at=NOW + 2 * YEAR), NOW)
    answer = suppression.lookup.find(of, NOW + 2 * YEAR)
    assert (answer.cause, answer.expires_at) == ("invalid_number", NOW + 3 * YEAR)


@pytest.mark.parametrize("seed", range(5))
def test_any_order_by_many_workers_leaves_one_entry(
    suppression: SuppressionHarness, seed: int
) -> None:
    of = number(10 + seed)
    events = [dead(of, at) for at in range(3)] + [failure(of, Cause.OPTED_OUT, 1)]
    shuffled = events * 3
    Random(seed).shuffle(shuffled)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda event: suppression.suppress(event, NOW), shuffled))
    entry = suppression.entry(of)
    assert entry is not None
    assert (entry.list, entry.expires_at) == (ListName.OPT_OUT, None)
    assert entry.number is not None
    assert entry.number.at == NOW + 2 * SECOND
    assert entry.version == len(entry.audit)


# ---------------------------------------------------------------- strikes


def test_three_strikes_suppress_and_two_are_watched(suppression: SuppressionHarness) -> None:
    of = number(20)
    states = []
    for at in (1, 2, 2, 1, 3):
        entry = suppression.suppress(strike(of, at), NOW)
        assert entry is not None
        states.append((entry.state, len(entry.strikes)))
    watching = State.WATCHING
    assert states == [(watching, 1), *[(watching, 2)] * 3, (State.ACTIVE, 3)]


def test_a_delivery_between_forgives_the_strikes_before_it(suppression: SuppressionHarness) -> None:
    of = number(21)
    delivered = make_report(
        Status.DELIVERED,
        at=3,
        message_id="arrived",
        recipient=of,
        recipient_hash=HASHER.hash(of),
    )
    suppression.store.put(delivered)
    for at in (1, 2, 4, 5):
        suppression.suppress(strike(of, at), NOW)
    entry = suppression.entry(of)
    assert entry is not None
    assert (entry.state, len(entry.strikes)) == (State.WATCHING, 2)


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
    assert suppression.admin.settle_held("outage", discard, "me", NOW).settled == 35
    assert count(suppression, hit) == {State.ACTIVE: 5, State.LIFTED: 35}
    for of in hit:
        suppress(dead(of, provider="outage"), NOW)
    assert count(suppression, hit) == {State.ACTIVE: 5, State.LIFTED: 35}


def test_a_second_report_of_the_provider_whose_first_is_held_is_held_too(
    suppression: SuppressionHarness,
) -> None:
    of = number(140)
    for at, limit in ((0, 0), (9, 1000)):
        suppression.suppressor(limit)(dead(of, at, provider="outage"), NOW)
    entry = suppression.entry(of)
    assert entry is not None
    assert (entry.state, entry.held_by, len(entry.audit)) == (State.HELD, "outage", 2)


def test_released_entries_count(suppression: SuppressionHarness) -> None:
    suppress = suppression.suppressor(limit=1)
    hit = [number(150 + n) for n in range(3)]
    for of in hit:
        suppress(dead(of, provider="slow"), NOW)
    assert suppression.admin.settle_held("slow", release, "me", NOW).settled == 2
    assert all(suppression.lookup.find(of, NOW).suppressed for of in hit)


def test_the_guard_counts_each_provider_and_each_hour_alone(
    suppression: SuppressionHarness,
) -> None:
    guard = Guard(suppression.client, suppression.table, 1)
    hour = timedelta(hours=1)
    asked = [("a", NOW), ("a", NOW), ("b", NOW), ("a", NOW + hour)]
    assert [guard.allows(*each) for each in asked] == [True, False, True, True]


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
    hashes = HASHER.every_hash(of)
    suppression.suppress(dead(of), NOW)
    suppression.admin.lift(hashes, (ListName.NUMBER,), "alice", NOW + SECOND)
    suppression.suppress(dead(of), NOW)
    assert not suppression.lookup.find(of, NOW).suppressed
    suppression.suppress(dead(of, 2), NOW)
    assert suppression.lookup.find(of, NOW).suppressed
    entry = suppression.entry(of)
    assert entry is not None
    assert [(each.by, each.did) for each in entry.audit] == [
        ("acme", "suppress_number"),
        ("alice", "lift number"),
        ("acme", "suppress_number"),
    ]


def test_a_number_is_put_on_a_list_by_hand(suppression: SuppressionHarness) -> None:
    hashes = HASHER.every_hash(number(31))
    suppression.admin.suppress(hashes, ListName.OPT_OUT, None, "alice", NOW)
    answer = suppression.lookup.find(number(31), NOW)
    assert (answer.list, answer.cause, answer.expires_at) == ("opt_out", "opted_out", None)


def test_lifting_a_number_without_an_entry_writes_nothing(suppression: SuppressionHarness) -> None:
    hashes = HASHER.every_hash(number(32))
    assert suppression.admin.lift(hashes, (ListName.NUMBER,), "alice", NOW) is None
    assert suppression.entry(number(32)) is None


def test_a_providers_fast_clock_saves_no_entry_from_a_lift_or_a_discard(
    suppression: SuppressionHarness,
) -> None:
    ahead, by = 8 * 3600, "me"
    suppression.suppress(dead(number(170), at=ahead, received_at=NOW), NOW)
    suppression.admin.lift(HASHER.every_hash(number(170)), (ListName.NUMBER,), by, NOW)
    suppression.suppressor(limit=0)(
        dead(number(171), at=ahead, received_at=NOW, provider="fast"), NOW
    )
    assert suppression.admin.settle_held("fast", discard, by, NOW).settled == 1
    for each in (number(170), number(171)):
        assert suppression.lookup.find(each, NOW).state == State.LIFTED


def test_a_lift_of_an_old_opt_out_is_remembered(suppression: SuppressionHarness) -> None:
    long_ago = NOW - 2 * YEAR
    stop = failure(number(174), Cause.OPTED_OUT, -2 * YEAR.total_seconds(), received_at=long_ago)
    suppression.suppress(stop, long_ago)
    suppression.admin.lift(HASHER.every_hash(number(174)), (ListName.OPT_OUT,), "alice", NOW)
    entry = suppression.entry(number(174))
    assert entry is not None
    assert (entry.state, entry.audit[-1].by) == (State.LIFTED, "alice")
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
    suppression.admin.settle_held("outage", discard, "me", NOW)
    assert suppression.lookup.find(number(172), NOW).suppressed


def test_entries_under_two_keys_stay_held_and_keep_their_audit(
    suppression: SuppressionHarness,
) -> None:
    suppression.suppressor(limit=0)(dead(number(173)), NOW)
    first = suppression.entry(number(173))
    assert first is not None
    united = merge(empty("under another key", NOW, NOW + YEAR), first)
    assert (united.state, len(united.audit)) == (State.HELD, len(first.audit))


def test_an_import_takes_what_it_can_and_names_the_rows_it_cannot(
    suppression: SuppressionHarness,
) -> None:
    text = (
        "number,list,cause\n"
        "+447700900400,opt_out,\n"
        "447700900401,,invalid_number\n"
        "07700900402,number,\n"
        "+447700900403,nowhere,\n"
    )
    done = suppression.admin.import_csv(text, "alice", NOW)
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
    for report in (dead(on_both), failure(on_both, Cause.OPTED_OUT), dead(lifted)):
        mine.suppress(report, NOW)
    mine.admin.lift(HASHER.every_hash(lifted), (ListName.NUMBER,), "alice", NOW)
    mine.suppressor(limit=0)(dead(held), NOW)
    mine.suppress(strike(watched, 1), NOW)
    mine.suppress(dead(expired, at=-2 * YEAR.total_seconds(), received_at=NOW - 2 * YEAR), NOW)
    text = mine.admin.export(None, NOW).csv
    assert "3363998" not in text
    done = other.admin.import_csv(text, "alice", NOW)
    assert (done.imported, done.skipped, done.errors) == (4, 1, [])
    assert other.lookup.find(number(40), NOW).list == "number"
    assert other.lookup.find(number(41), NOW).list == "opt_out"
    entry = other.entry(on_both)
    assert entry is not None
    assert entry.number is not None
    assert entry.opt_out is not None
    assert [other.entry(each) for each in (lifted, held, watched, expired)] == [None] * 4


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
def test_an_import_reads_what_spreadsheets_write(suppression: SuppressionHarness, end: str) -> None:
    text = f"\ufeffnumber,list{end}+447700900404,opt_out{end}"
    assert suppression.admin.import_csv(text, "me", NOW).errors == []


def test_an_import_that_is_no_csv_is_refused_with_its_line(suppression: SuppressionHarness) -> None:
    done = suppression.admin.import_csv("number\n" + "x" * 200_000, "me", NOW)
    assert (done.imported, done.errors) == (0, ["line 2: no CSV"])


def test_an_import_of_a_hash_that_is_none_is_refused(suppression: SuppressionHarness) -> None:
    made_up = HASHER.hash(number(1)).partition(".")[0] + "." + "x" * 3000
    done = suppression.admin.import_csv(f"recipient_hash\n{made_up}\n", "me", NOW)
    assert (done.imported, len(done.errors)) == (0, 1)


def test_an_import_of_too_many_rows_is_refused_whole(suppression: SuppressionHarness) -> None:
    done = suppression.admin.import_csv("number\n" + "+447700900500\n" * 1001, "me", NOW)
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
    suppression.suppressor(hasher=rotated)(dead(of, 5), NOW)
    assert suppression.entry(of) is None
    entry = suppression.list.find([rotated.hash(of)], NOW)
    assert entry is not None
    assert (entry.list, len(entry.audit)) == (ListName.OPT_OUT, 2)


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
            newer = {"version": {"N": str(int(wanted["version"]["N"]) + 1)}, "audit": {"L": []}}
            suppression.client.put_item(TableName=arguments["TableName"], Item=wanted | newer)
            return suppression.client.put_item(**arguments)

    suppress = suppression.suppressor(suppressions=SuppressionList(Racing(), suppression.table))
    with pytest.raises(ConflictError):
        suppress(dead(number(60)), NOW)


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

    suppress = suppression.suppressor(suppressions=SuppressionList(Down(), suppression.table))
    with pytest.raises(ClientError):
        suppress(dead(number(70)), NOW)
