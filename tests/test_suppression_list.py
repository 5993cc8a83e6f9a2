"""The suppression list on real tables: reports, strikes, the guard, operators, rotation."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dlr.causes import Cause
from dlr.messages.by_recipient import RecipientReports
from dlr.messages.store import ReportReader, ReportStore, Retention
from dlr.messages.view import find_message
from dlr.phone import NotANumberError, PhoneNumber, RecipientHasher
from dlr.report import DeliveryReport, Status
from dlr.runtime.batch import read_all
from dlr.suppression.admin import SuppressionAdmin
from dlr.suppression.apply import Suppressor
from dlr.suppression.entry import ListName, State, Suppression, empty
from dlr.suppression.guard import Guard
from dlr.suppression.lookup import SuppressionLookup
from dlr.suppression.rules import discard, merge, release
from dlr.suppression.table import ConflictError, SuppressionList
from local.cloud import Cloud
from tests.cases import NOW
from tests.reports import HASHER, make_report
from tests.tables import make_table

YEAR = timedelta(days=365)
SECOND = timedelta(seconds=1)


class System:
    """The list on tables of its own."""

    def __init__(self, cloud: Cloud) -> None:
        self.client = cloud.client("dynamodb")
        self.table = make_table(cloud, "SuppressionsTable")
        self.reports_table = make_table(cloud, "ReportsTable")
        self.list = SuppressionList(self.client, self.table)
        self.store = ReportStore(self.client, self.reports_table, Retention(YEAR, YEAR, YEAR))
        self.lookup = SuppressionLookup(self.list, HASHER)
        self.operations = SuppressionAdmin(self.list, HASHER, YEAR)
        self.suppress = self.suppressor()

    def suppressor(
        self,
        limit: int = 10_000,
        suppressions: SuppressionList | None = None,
        hasher: RecipientHasher = HASHER,
    ) -> Suppressor:
        return Suppressor(
            suppressions or self.list,
            hasher,
            Guard(self.client, self.table, limit),
            RecipientReports(self.client, self.reports_table).last_delivery,
            strike_limit=3,
            keep_number=YEAR,
        )

    def entry(self, of: PhoneNumber) -> Suppression | None:
        return self.list.find(HASHER.every_hash(of), NOW)


@pytest.fixture(scope="module")
def system(cloud: Cloud) -> System:
    return System(cloud)


def number(last: int) -> PhoneNumber:
    return PhoneNumber(f"+447700{900_000 + last}")


def failure(of: PhoneNumber, cause: Cause, at: float = 0, **fields: Any) -> DeliveryReport:
    return make_report(
        Status.UNDELIVERED,
        at,
        cause,
        provider_code=cause,
        recipient=of,
        recipient_hash=HASHER.hash(of),
        **fields,
    )


def dead(of: PhoneNumber, at: float = 0, **fields: Any) -> DeliveryReport:
    return failure(of, Cause.UNKNOWN_SUBSCRIBER, at, **fields)


def strike(of: PhoneNumber, at: float) -> DeliveryReport:
    return failure(of, Cause.UNSPECIFIED, at, permanent=True, message_id=f"m{at}")


# ---------------------------------------------------------------- reports


def test_a_dead_number_is_suppressed_with_its_reason(system: System) -> None:
    system.suppress(dead(number(1)), NOW)
    answer = system.lookup.find(number(1), NOW)
    assert answer.suppressed
    assert (answer.list, answer.state, answer.cause) == ("number", "active", "unknown_subscriber")
    assert (answer.provider, answer.message_id) == ("acme", "m1")
    assert (answer.provider_code, answer.strikes) == ("unknown_subscriber", 0)
    assert (answer.first_seen, answer.expires_at) == (NOW, NOW + YEAR)


def test_a_number_that_nobody_reported_is_not_suppressed(system: System) -> None:
    answer = system.lookup.find("+447700900002", NOW).model_dump()
    assert (answer.pop("suppressed"), answer.pop("strikes")) == (False, 0)
    assert set(answer.values()) == {None}


@pytest.mark.parametrize("cause", [Cause.ABSENT, Cause.CONTENT, Cause.UNKNOWN])
def test_a_report_that_suppresses_nobody_writes_nothing(system: System, cause: Cause) -> None:
    assert system.suppress(failure(number(3), cause), NOW) is None
    assert system.entry(number(3)) is None


def test_a_report_without_a_number_suppresses_nobody(system: System) -> None:
    report = dead(number(4)).model_copy(update={"recipient": None, "recipient_hash": None})
    assert system.suppress(report, NOW) is None


def test_an_expired_entry_is_gone_for_readers_and_starts_anew(system: System) -> None:
    of = number(5)
    system.suppress(dead(of), NOW)
    assert not system.lookup.find(of, NOW + YEAR).suppressed
    system.suppress(failure(of, Cause.INVALID_NUMBER, 9, received_at=NOW + 2 * YEAR), NOW)
    answer = system.lookup.find(of, NOW + 2 * YEAR)
    assert (answer.cause, answer.expires_at) == ("invalid_number", NOW + 3 * YEAR)


@pytest.mark.parametrize("seed", range(5))
def test_any_order_by_many_workers_leaves_one_entry(system: System, seed: int) -> None:
    of = number(10 + seed)
    events = [dead(of, at) for at in range(3)] + [failure(of, Cause.OPTED_OUT, 1)]
    shuffled = events * 3
    Random(seed).shuffle(shuffled)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda event: system.suppress(event, NOW), shuffled))
    entry = system.entry(of)
    assert entry is not None
    assert (entry.list, entry.expires_at) == (ListName.OPT_OUT, None)
    assert entry.number is not None
    assert entry.number.at == NOW + 2 * SECOND
    assert entry.version == len(entry.audit)


# ---------------------------------------------------------------- strikes


def test_three_strikes_suppress_and_two_are_watched(system: System) -> None:
    of = number(20)
    states = []
    for at in (1, 2, 2, 1, 3):
        entry = system.suppress(strike(of, at), NOW)
        assert entry is not None
        states.append((entry.state, len(entry.strikes)))
    watching = State.WATCHING
    assert states == [(watching, 1), *[(watching, 2)] * 3, (State.ACTIVE, 3)]


def test_a_delivery_between_forgives_the_strikes_before_it(system: System) -> None:
    of = number(21)
    delivered = make_report(
        Status.DELIVERED,
        at=3,
        message_id="arrived",
        recipient=of,
        recipient_hash=HASHER.hash(of),
    )
    system.store.put(delivered)
    for at in (1, 2, 4, 5):
        system.suppress(strike(of, at), NOW)
    entry = system.entry(of)
    assert entry is not None
    assert (entry.state, len(entry.strikes)) == (State.WATCHING, 2)


# ---------------------------------------------------------------- the guard


def test_the_guard_holds_all_but_the_first_and_one_call_settles_them(system: System) -> None:
    suppress = system.suppressor(limit=5)
    hit = [number(100 + n) for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda of: suppress(dead(of, provider="outage"), NOW), hit))
    assert count(system, hit) == {State.ACTIVE: 5, State.HELD: 35}
    for of in hit:  # replayed: nothing moves
        suppress(dead(of, provider="outage"), NOW)
    assert count(system, hit) == {State.ACTIVE: 5, State.HELD: 35}
    assert system.operations.settle_held("outage", discard, "me", NOW).settled == 35
    assert count(system, hit) == {State.ACTIVE: 5, State.LIFTED: 35}
    for of in hit:
        suppress(dead(of, provider="outage"), NOW)
    assert count(system, hit) == {State.ACTIVE: 5, State.LIFTED: 35}


def count(system: System, numbers: list[PhoneNumber]) -> dict[State, int]:
    states = [entry.state for entry in map(system.entry, numbers) if entry]
    return {state: states.count(state) for state in set(states)}


def test_released_entries_count(system: System) -> None:
    suppress = system.suppressor(limit=1)
    hit = [number(150 + n) for n in range(3)]
    for of in hit:
        suppress(dead(of, provider="slow"), NOW)
    assert system.operations.settle_held("slow", release, "me", NOW).settled == 2
    assert all(system.lookup.find(of, NOW).suppressed for of in hit)


def test_the_guard_counts_each_provider_and_each_hour_alone(system: System) -> None:
    guard = Guard(system.client, system.table, 1)
    hour = timedelta(hours=1)
    asked = [("a", NOW), ("a", NOW), ("b", NOW), ("a", NOW + hour)]
    assert [guard.allows(*each) for each in asked] == [True, False, True, True]


def test_an_opt_out_is_never_held(system: System) -> None:
    suppress = system.suppressor(limit=1)
    for n in range(3):
        suppress(failure(number(160 + n), Cause.OPTED_OUT, provider="many"), NOW)
    assert all(system.lookup.find(number(160 + n), NOW).suppressed for n in range(3))


# ---------------------------------------------------------------- operators


def test_a_lifted_number_stays_off_until_something_new_happens(system: System) -> None:
    of = number(30)
    hashes = HASHER.every_hash(of)
    system.suppress(dead(of), NOW)
    system.operations.lift(hashes, (ListName.NUMBER,), "alice", NOW + SECOND)
    system.suppress(dead(of), NOW)
    assert not system.lookup.find(of, NOW).suppressed
    system.suppress(dead(of, 2), NOW)
    assert system.lookup.find(of, NOW).suppressed
    entry = system.entry(of)
    assert entry is not None
    assert [(each.by, each.did) for each in entry.audit] == [
        ("acme", "suppress_number"),
        ("alice", "lift number"),
        ("acme", "suppress_number"),
    ]


def test_a_number_is_put_on_a_list_by_hand(system: System) -> None:
    hashes = HASHER.every_hash(number(31))
    system.operations.suppress(hashes, ListName.OPT_OUT, None, "alice", NOW)
    answer = system.lookup.find(number(31), NOW)
    assert (answer.list, answer.cause, answer.expires_at) == ("opt_out", "opted_out", None)


def test_lifting_a_number_without_an_entry_writes_nothing(system: System) -> None:
    hashes = HASHER.every_hash(number(32))
    assert system.operations.lift(hashes, (ListName.NUMBER,), "alice", NOW) is None
    assert system.entry(number(32)) is None


def test_a_providers_fast_clock_saves_no_entry_from_a_lift_or_a_discard(system: System) -> None:
    ahead, by = 8 * 3600, "me"
    system.suppress(dead(number(170), at=ahead, received_at=NOW), NOW)
    system.operations.lift(HASHER.every_hash(number(170)), (ListName.NUMBER,), by, NOW)
    system.suppressor(limit=0)(dead(number(171), at=ahead, received_at=NOW, provider="fast"), NOW)
    assert system.operations.settle_held("fast", discard, by, NOW).settled == 1
    for each in (number(170), number(171)):
        assert system.lookup.find(each, NOW).state == State.LIFTED


def test_a_lift_of_an_old_opt_out_is_remembered(system: System) -> None:
    long_ago = NOW - 2 * YEAR
    stop = failure(number(174), Cause.OPTED_OUT, -2 * YEAR.total_seconds(), received_at=long_ago)
    system.suppress(stop, long_ago)
    system.operations.lift(HASHER.every_hash(number(174)), (ListName.OPT_OUT,), "alice", NOW)
    entry = system.entry(number(174))
    assert entry is not None
    assert (entry.state, entry.audit[-1].by) == (State.LIFTED, "alice")
    system.suppress(stop, NOW)  # replayed
    assert not system.lookup.find(number(174), NOW).suppressed


@pytest.mark.parametrize("order", [("outage", "sound"), ("sound", "outage")], ids=str)
def test_what_one_provider_proves_no_other_ones_outage_holds(
    cloud: Cloud, order: tuple[str, str]
) -> None:
    system = System(cloud)
    limits = {"outage": 0, "sound": 1}
    for provider in order:
        report = dead(number(172), provider=provider, message_id=provider)
        system.suppressor(limits[provider])(report, NOW)
    assert system.lookup.find(number(172), NOW).suppressed
    system.operations.settle_held("outage", discard, "me", NOW)
    assert system.lookup.find(number(172), NOW).suppressed


def test_entries_under_two_keys_stay_held_and_keep_their_audit(system: System) -> None:
    system.suppressor(limit=0)(dead(number(173)), NOW)
    first = system.entry(number(173))
    assert first is not None
    united = merge(empty("under another key", NOW, NOW + YEAR), first)
    assert (united.state, len(united.audit)) == (State.HELD, len(first.audit))


def test_an_import_takes_what_it_can_and_names_the_rows_it_cannot(system: System) -> None:
    text = (
        "number,list,cause\n"
        "+447700900400,opt_out,\n"
        "447700900401,,invalid_number\n"
        "07700900402,number,\n"
        "+447700900403,nowhere,\n"
    )
    done = system.operations.import_csv(text, "alice", NOW)
    assert done.imported == 2
    assert [error.partition(":")[0] for error in done.errors] == ["row 4", "row 5"]
    assert "900402" not in str(done)
    assert system.lookup.find("+447700900400", NOW).list == "opt_out"
    assert system.lookup.find("+447700900401", NOW).cause == "invalid_number"


def test_an_export_can_be_imported_into_another_list_with_the_same_key(
    system: System, cloud: Cloud
) -> None:
    mine, other = System(cloud), System(cloud)
    on_both, lifted, held, watched, expired = (number(place) for place in range(42, 47))
    mine.suppress(dead(number(40)), NOW)
    mine.suppress(failure(number(41), Cause.OPTED_OUT), NOW)
    for report in (dead(on_both), failure(on_both, Cause.OPTED_OUT), dead(lifted)):
        mine.suppress(report, NOW)
    mine.operations.lift(HASHER.every_hash(lifted), (ListName.NUMBER,), "alice", NOW)
    mine.suppressor(limit=0)(dead(held), NOW)
    mine.suppress(strike(watched, 1), NOW)
    mine.suppress(dead(expired, at=-2 * YEAR.total_seconds(), received_at=NOW - 2 * YEAR), NOW)
    text = mine.operations.export(None, NOW).csv
    assert "447700" not in text
    done = other.operations.import_csv(text, "alice", NOW)
    assert (done.imported, done.skipped, done.errors) == (4, 1, [])
    assert other.lookup.find(number(40), NOW).list == "number"
    assert other.lookup.find(number(41), NOW).list == "opt_out"
    entry = other.entry(on_both)
    assert entry is not None
    assert entry.number is not None
    assert entry.opt_out is not None
    assert [other.entry(each) for each in (lifted, held, watched, expired)] == [None] * 4


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
def test_an_import_reads_what_spreadsheets_write(system: System, end: str) -> None:
    text = f"\ufeffnumber,list{end}+447700900404,opt_out{end}"
    assert system.operations.import_csv(text, "me", NOW).errors == []


def test_an_import_that_is_no_csv_is_refused_with_its_line(system: System) -> None:
    done = system.operations.import_csv("number\n" + "x" * 200_000, "me", NOW)
    assert (done.imported, done.errors) == (0, ["line 2: no CSV"])


def test_an_import_of_a_hash_that_is_none_is_refused(system: System) -> None:
    made_up = HASHER.hash(number(1)).partition(".")[0] + "." + "x" * 3000
    done = system.operations.import_csv(f"recipient_hash\n{made_up}\n", "me", NOW)
    assert (done.imported, len(done.errors)) == (0, 1)


def test_an_import_of_too_many_rows_is_refused_whole(system: System) -> None:
    done = system.operations.import_csv("number\n" + "+447700900500\n" * 1001, "me", NOW)
    assert done.imported == 0
    assert "in parts" in done.errors[0]


# ---------------------------------------------------------------- keys, questions, conflicts


def test_an_entry_under_an_older_key_is_found_and_moves_with_its_next_event(
    system: System,
) -> None:
    of = number(50)
    system.suppress(failure(of, Cause.OPTED_OUT), NOW)
    rotated = RecipientHasher(lambda: ["a new key", "a key for tests"])
    assert SuppressionLookup(system.list, rotated).find(of, NOW).suppressed
    system.suppressor(hasher=rotated)(dead(of, 5), NOW)
    assert system.entry(of) is None
    entry = system.list.find([rotated.hash(of)], NOW)
    assert entry is not None
    assert (entry.list, len(entry.audit)) == (ListName.OPT_OUT, 2)


def test_a_thousand_numbers_are_checked_at_once(system: System) -> None:
    hit = [number(1000 + n) for n in range(0, 998, 250)]
    for of in hit:
        system.suppress(dead(of), NOW)
    asked = [str(number(1000 + n)) for n in range(998)] + ["07700900123", "ACME"]
    answer = system.lookup.check(asked, NOW)
    assert answer.checked == 1000
    assert [found.number for found in answer.suppressed] == hit
    assert {found.cause for found in answer.suppressed} == {Cause.UNKNOWN_SUBSCRIBER}
    assert answer.not_numbers == ["07700900123", "ACME"]


@pytest.mark.parametrize("text", ["07700900123", "ACME", ""])
def test_what_is_no_number_is_refused_without_being_quoted(system: System, text: str) -> None:
    with pytest.raises(NotANumberError) as refusal:
        system.lookup.find(text, NOW)
    assert not text or text not in str(refusal.value)


def test_a_message_is_answered_with_its_history(system: System) -> None:
    reports = [make_report(Status.ENROUTE, message_id="h"), make_report(message_id="h")]
    for report in reports:
        system.store.put(report)
    reader = ReportReader(system.client, system.reports_table)
    answer = find_message(reader, "acme", "h", NOW)
    assert answer is not None
    assert (answer.status, answer.history) == (Status.DELIVERED, reports)
    assert find_message(reader, "acme", "nobody", NOW) is None


def test_a_writer_that_always_loses_gives_up_for_another_try(system: System) -> None:
    class Racing:
        """A client between whose read and write another writer always comes first."""

        def __getattr__(self, name: str) -> Any:
            return getattr(system.client, name)

        def put_item(self, **arguments: Any) -> Any:
            wanted = arguments["Item"]
            newer = {"version": {"N": str(int(wanted["version"]["N"]) + 1)}, "audit": {"L": []}}
            system.client.put_item(TableName=arguments["TableName"], Item=wanted | newer)
            return system.client.put_item(**arguments)

    suppress = system.suppressor(suppressions=SuppressionList(Racing(), system.table))
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


def test_an_error_of_the_database_is_raised(system: System) -> None:
    class Down:
        """A client that reads and cannot write."""

        def __getattr__(self, name: str) -> Any:
            return getattr(system.client, name)

        def put_item(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "PutItem")

    suppress = system.suppressor(suppressions=SuppressionList(Down(), system.table))
    with pytest.raises(ClientError):
        suppress(dead(number(70)), NOW)
