"""The laws of the lake: whatever is repeated, shuffled, cut or broken off, no number changes."""

import gzip
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dlr.lake import duck
from dlr.lake.manifest import Manifest
from dlr.lake.merge import Merger
from dlr.lake.reader import LakeReader
from dlr.lake.row import COLUMNS
from dlr.lake.segment import Segments
from dlr.lake.writer import LakeWriter
from dlr.messages.item import key_of
from dlr.messages.view import message_of
from dlr.report import Price
from tests.support.faults import Killed
from tests.support.history import BEGIN, END, PEOPLE, History, Step, steps
from tests.support.lake import BUCKET, TABLE, FakeAws
from tests.support.reports import HASHER, make_report
from tests.support.stream import image

KEY = b"hush-key"
HISTORIES = 12
"""In the tests of every day; `MANY` in the slow ones."""
MANY = 200
EVERYDAY = settings(
    max_examples=HISTORIES, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
THOROUGH = settings(max_examples=MANY, suppress_health_check=[HealthCheck.too_slow])
LONG = [
    Step(0, "accepted", 0),
    Step(1, "accepted", 1),
    Step(2, "enroute", 1),
    Step(0, "delivered", 3),
    Step(1, "undelivered", 80),
    Step(3, "accepted", 30),
    Step(2, "delivered", 60),
    Step(4, "delivered", 1),
    Step(3, "expired", 90),
    Step(0, "read", 5),
    Step(4, "erase", 1),
    Step(1, "erase", 1),
]
"""A history over two days and three hours."""
SHORT = [step._replace(minutes=1) for step in LONG if step.message in {0, 1, 4}]
"""The same messages within one hour."""
EVERYTHING = [
    *LONG,
    Step(2, "expire", 1),
    Step(2, "accepted", 1),
    Step(3, "delete", 1),
    Step(3, "delivered", 1),
    Step(4, "read", 1),
    Step(0, "expire", 1),
]
"""With ids that are used again after their message expired or was deleted."""
over_both = pytest.mark.parametrize(
    "steps",
    [pytest.param(SHORT, id="short"), pytest.param(LONG, id="long", marks=pytest.mark.slow)],
)


DAYS = timedelta(days=6)


class Lake:
    """A lake in memory, with a writer, a merge and a reader."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.aws = FakeAws()
        self.manifest = Manifest(self.aws, TABLE)
        self.write = LakeWriter(Segments(self.aws, BUCKET), lambda: KEY)
        self.merge = Merger(self.aws, BUCKET, self.manifest, folder / "merge")
        self.reader = LakeReader(self.aws, BUCKET, self.manifest, folder / "cache")

    def emptied(self) -> "Lake":
        self.aws.objects.clear()
        self.aws.items.clear()
        self.aws.before = self.aws.after = lambda operation: None
        for file in self.folder.glob("*/*_*"):
            file.unlink()
        return self

    def rows(self) -> tuple[list[Any], list[Any], Counter[tuple[Any, ...]]]:
        """Everything that a query can see: both views, whole, and the days that are held."""
        held = self.days()
        with self.reader.open(BEGIN, END) as snapshot:
            return (
                snapshot.db.execute("SELECT * FROM messages ORDER BY ALL").fetchall(),
                snapshot.db.execute(
                    "SELECT * EXCLUDE n, sum(n) FROM rollups "
                    "GROUP BY ALL HAVING sum(n) <> 0 ORDER BY ALL"
                ).fetchall(),
                held,
            )

    def answers(self) -> list[tuple[Any, ...]]:
        """The messages as a history expects them."""
        with self.reader.open(BEGIN, END) as snapshot:
            return snapshot.db.execute(
                "SELECT f, coalesce(message_id, ''), status, cause, coalesce(code, ''), country "
                "FROM messages ORDER BY ALL"
            ).fetchall()

    def counts(self) -> Counter[tuple[Any, ...]]:
        """The rollups as a history expects them, without reading any message."""
        with self.reader.open(BEGIN, END, messages=False) as snapshot:
            found = snapshot.db.execute(
                "SELECT hour, status, country, sum(n) FROM rollups GROUP BY ALL"
            ).fetchall()
        return Counter({tuple(key): int(n) for *key, n in found})

    def days(self) -> Counter[tuple[Any, ...]]:
        """The counts of whole days that the reader holds, and of what came since the merge."""
        midnight = BEGIN.replace(hour=0, minute=0)
        with self.reader.open(
            midnight, midnight + DAYS, messages=False, hourly=False, placed=False
        ) as snapshot:
            found = snapshot.db.execute(
                "SELECT hour::DATE, status, sum(n) FROM rollups GROUP BY ALL HAVING sum(n) <> 0"
            ).fetchall()
        return Counter({tuple(key): int(n) for *key, n in found})

    def named(self) -> set[str]:
        """The keys that the manifest names."""
        days = self.manifest.days(BEGIN.date(), END.date())
        return set[str]().union(*(day.named() for day in days))


@pytest.fixture(scope="module")
def one_lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """To make DuckDB takes longer than to use it, so there is one for all tests."""
    return Lake(tmp_path_factory.mktemp("lake"))


@st.composite
def schedules(draw: st.DrawFn) -> tuple[History, list[list[int]], set[int]]:
    """A history, its records in batches of any order and any overlap, and after which to merge."""
    history = History(draw(steps))
    numbers = range(len(history.records))
    again = draw(st.lists(st.sampled_from(numbers), max_size=6)) if numbers else []
    order = draw(st.permutations([*numbers, *again]))
    batches, left = [], list(order)
    while left:
        size = draw(st.integers(1, len(left)))
        batches.append(left[:size])
        left = left[size:]
    merged = draw(st.sets(st.integers(0, max(0, len(batches) - 1)), max_size=3))
    return history, batches, merged


def run(lake: Lake, history: History, batches: list[list[int]], merged: set[int]) -> None:
    for place, batch in enumerate(batches):
        lake.write([history.records[number] for number in batch])
        if place in merged:
            lake.merge()


Schedule = tuple[History, list[list[int]], set[int]]


def backwards() -> Schedule:
    """Everything in batches of four, the last one first, and a merge in between."""
    history = History(EVERYTHING)
    numbers = range(len(history.records))
    batches = [[*numbers[place : place + 4]] for place in numbers[::3]]
    return history, batches[::-1], {2}


# ---------------------------------------------------------------- 1


def check_law_1(one_lake: Lake, schedule: Schedule) -> None:
    history, batches, merged = schedule
    lake = one_lake.emptied()
    lake.write(history.records)
    expected = lake.rows()
    lake = one_lake.emptied()
    run(lake, history, batches, merged)
    assert lake.rows() == expected
    lake.merge()
    assert lake.rows() == expected


@given(schedules())
@example(backwards())
@EVERYDAY
def test_law_1_no_shuffle_repetition_or_cut_changes_an_answer(
    one_lake: Lake, schedule: Schedule
) -> None:
    check_law_1(one_lake, schedule)


# ---------------------------------------------------------------- 2


def check_law_2(one_lake: Lake, schedule: Schedule) -> None:
    history, batches, merged = schedule
    lake = one_lake.emptied()
    run(lake, history, batches, merged)
    assert lake.answers() == history.expected()
    check_counts(lake, history)
    check_against_the_api(lake, history)


def check_counts(lake: Lake, history: History) -> None:
    """By hour, and by day as the reader holds them."""
    assert lake.counts() == history.counts()
    days = Counter[tuple[Any, ...]]()
    for (hour, status, _), n in history.counts().items():
        days[hour.date(), status] += n
    assert lake.days() == days


def check_against_the_api(lake: Lake, history: History) -> None:
    """Of each message that the API still shows, and that was never erased."""
    answers = Counter(lake.answers())
    for item in history.items.values():
        if "state" in item and "f" not in item:
            shown = message_of(item)
            first = min(each.received_at for each in shown.history).replace(tzinfo=None)
            row = (first, shown.message_id, shown.status, shown.cause, shown.provider_code)
            assert sum(n for known, n in answers.items() if known[:5] == row) == 1


@given(schedules())
@example(backwards())
@EVERYDAY
def test_law_2_answers_equal_a_fold_over_the_table(one_lake: Lake, schedule: Schedule) -> None:
    check_law_2(one_lake, schedule)


# ---------------------------------------------------------------- 3


def states_of(history: History) -> dict[Any, set[str]]:
    """Every status that each message ever had, by its first report."""
    return {
        each.first.replace(tzinfo=None): {report.status.value for report in each.reports}
        for each in history.messages
    }


def check_law_3(one_lake: Lake, schedule: Schedule, place: int, moment: str) -> None:
    """A merge as a whole at some call of a reader, or a reader at some call of a merge."""
    history, batches, merged = schedule
    lake = one_lake.emptied()
    run(lake, history, batches, merged)
    if moment == "before":
        interrupt(lake, place, lake.merge)
        check_once(lake, history)
    else:
        interrupt(lake, place, lambda: check_once(lake, history))
        lake.merge()


def check_once(lake: Lake, history: History) -> None:
    found = lake.answers()
    assert Counter(row[0] for row in found) == Counter(states_of(history).keys())
    assert all(row[2] in states_of(history)[row[0]] for row in found)
    assert sum(lake.days().values()) == len(found)


@over_both
def test_law_3_a_reader_beside_a_merge_sees_each_message_once(
    one_lake: Lake, steps: list[Step]
) -> None:
    """A merge as a whole at each call of the reader, and a reader at each call of the merge."""
    history = History(steps)
    half = len(history.records) // 2
    for merged in (half, 0):  # also where nothing was merged before
        for place in count():
            lake = one_lake.emptied()
            lake.write(history.records[:merged])
            lake.merge()
            lake.write(history.records[merged:])
            made = interrupt(lake, place, lake.merge)
            check_once(lake, history)
            if not made:
                break
        assert place > 2
    for place in count():
        lake = one_lake.emptied()
        lake.write(history.records[:half])
        lake.merge()
        lake.write(history.records[half:])
        made = interrupt(lake, place, lambda lake=lake: check_once(lake, history))
        lake.merge()
        if not made:
            break
    assert place > 9


def interrupt(lake: Lake, place: int, act: Callable[[], object]) -> list[str]:
    """Lets `act` happen before the call of this place; the list is empty until that came."""
    calls, made = count(), []

    def before(operation: str) -> None:
        if not made and next(calls) == place:
            made.append(operation)
            act()

    lake.aws.before = before
    return made


# ---------------------------------------------------------------- 4


def kill(lake: Lake, place: int, moment: str) -> list[str]:
    """Stops whoever makes the call of this place, before it is made or after."""
    calls, hit = count(), []

    def stop(operation: str) -> None:
        if not hit and next(calls) == place:
            hit.append(operation)
            raise Killed

    setattr(lake.aws, moment, stop)
    return hit


def half_merged(lake: Lake, history: History) -> None:
    half = len(history.records) // 2
    lake.write(history.records[:half])
    lake.merge()
    lake.write(history.records[half:])


def check_law_4(one_lake: Lake, schedule: Schedule, place: int, moment: str) -> None:
    """A merge that breaks off at some call, and one that does not."""
    history, batches, merged = schedule
    lake = one_lake.emptied()
    run(lake, history, batches, merged)
    kill(lake, place, moment)
    _breaks_off(lake.merge)
    lake.aws.before = lake.aws.after = lambda operation: None
    assert lake.answers() == history.expected()
    lake.write(history.records)
    lake.merge()
    assert lake.answers() == history.expected()
    check_counts(lake, history)
    assert lake.aws.objects.keys() == lake.named()


@over_both
@pytest.mark.parametrize("moment", ["before", "after"])
def test_law_4_a_merge_that_breaks_off_loses_and_doubles_nothing(
    one_lake: Lake, moment: str, steps: list[Step]
) -> None:
    """At every call of it."""
    history = History(steps)
    stopped = Counter[str]()
    for place in count():
        lake = one_lake.emptied()
        half_merged(lake, history)
        hit = kill(lake, place, moment)
        if not _breaks_off(lake.merge):
            break
        stopped.update(hit)
        assert lake.answers() == history.expected()
        lake.merge()
        assert lake.answers() == history.expected()
        check_counts(lake, history)
        assert lake.aws.objects.keys() == lake.named()
    assert stopped.keys() >= {"PutObject", "TransactWriteItems", "DeleteObjects"}
    assert moment == "after" or stopped.keys() >= {"GetObject", "ListObjectsV2", "Query"}


@pytest.mark.parametrize("moment", ["before", "after"])
def test_law_4_a_batch_that_breaks_off_loses_and_doubles_nothing(
    one_lake: Lake, moment: str
) -> None:
    """It comes again in two halves, or longer than it was."""
    history = History(LONG)
    size = len(history.records)
    for cuts in ([size // 2, size], [size], [1, size]):
        lake = one_lake.emptied()
        hit = kill(lake, 0, moment)
        assert _breaks_off(lambda lake=lake: lake.write(history.records[: size - 2]))
        assert hit == ["PutObject"]
        for first, last in zip([0, *cuts], cuts, strict=False):
            lake.write(history.records[first:last])
            assert moment == "before" or len(lake.answers()) == len(history.messages)
            lake.merge()
        assert lake.answers() == history.expected()
        check_counts(lake, history)


@over_both
def test_law_4_two_merges_at_once_lose_and_double_nothing(
    one_lake: Lake, steps: list[Step]
) -> None:
    """The second one as a whole at each call of the first."""
    history = History(steps)
    for place in count():
        lake = one_lake.emptied()
        half_merged(lake, history)
        made = interrupt(lake, place, lake.merge)
        lake.merge()
        lake.aws.before = lambda operation: None
        assert lake.answers() == history.expected()
        check_counts(lake, history)
        lake.write(history.records)  # whatever the loser left goes with the next merge of its days
        lake.merge()
        assert lake.aws.objects.keys() == lake.named()
        if not made:
            break
    assert place > 9


def _breaks_off(act: Callable[[], object]) -> bool:
    try:
        act()
    except Killed:
        return True
    return False


# ---------------------------------------------------------------- 5

ERASED = ("hush-id-1", "hush-id-4")
NUMBERS = [str(number)[1:] for _, number in PEOPLE]


def told(lake: Lake) -> str:
    """Every byte of the bucket, and what it unpacks to."""
    texts = []
    for key, content in lake.aws.objects.items():
        texts.append(content.decode("latin-1"))
        if key.endswith(".gz"):
            texts.append(gzip.decompress(content).decode())
        else:
            texts.append(_unpacked(content))
    return "\n".join(texts)


def _unpacked(content: bytes) -> str:
    with TemporaryDirectory() as name:
        file = Path(name, "x.parquet")
        file.write_bytes(content)
        return str(duckdb.execute(f"SELECT * FROM '{file}'").fetchall())  # noqa: S608


def codes_of(history: History, ids: Iterable[str]) -> list[str]:
    return [
        str(report.provider_code)
        for message in history.messages
        for report in message.reports
        if report.message_id in ids
    ]


def check_law_5(one_lake: Lake, schedule: Schedule, place: int, moment: str) -> None:
    """One merge after one that broke off at some call. An id may be another message's by then."""
    history, batches, merged = schedule
    lake = one_lake.emptied()
    run(lake, history, batches, merged)
    kill(lake, place, moment)
    _breaks_off(lake.merge)
    lake.aws.before = lake.aws.after = lambda operation: None
    lake.write(history.records)
    lake.merge()
    kept = {each.state.message_id for each in history.messages if not each.is_erased}
    reports = [report for each in history.messages if each.is_erased for report in each.reports]
    seen = told(lake)
    assert not [each for each in reports if f"'{each.provider_code}'" in seen]
    assert not {each.message_id for each in reports if each.message_id in seen} - kept
    assert all(each in seen for each in kept)


@over_both
@pytest.mark.parametrize("moment", ["before", "after"])
def test_law_5_no_byte_tells_of_an_erased_message_after_one_merge(
    one_lake: Lake, moment: str, steps: list[Step]
) -> None:
    """Wherever the merge before it broke off."""
    history = History(steps)
    known, erasures = history.records[:-2], history.records[-2:]
    marks = [f'"{each}"' for each in codes_of(history, ERASED)]
    marks += [f"'{each}'" for each in codes_of(history, ERASED)]
    marks += ERASED
    for place in count():
        lake = one_lake.emptied()
        lake.write(known[:5])
        lake.merge()
        lake.write(known[5:])
        assert all(each in told(lake) for each in ERASED)
        kill(lake, place, moment)
        is_over = not _breaks_off(lake.merge)
        lake.aws.before = lake.aws.after = lambda operation: None
        lake.write(erasures)
        lake.merge()
        seen = told(lake)
        assert not [mark for mark in marks if mark in seen]
        assert "hush-id-0" in seen
        if is_over:
            break
    assert place > 4


def test_law_5_no_byte_ever_told_a_number(one_lake: Lake) -> None:
    lake = one_lake.emptied()
    seen: list[str] = []
    lake.aws.after = lambda operation: seen.append(told(lake))
    (_, number), (_, other) = PEOPLE
    loose = number.removeprefix("+44")
    texts = [number, f"0{loose}", f"id-{number[1:]}-1", f"{number[:6]} {number[6:]}"]
    for place, text in enumerate(texts):
        report = make_report(
            message_id=text if place % 2 else f"hush-{place}",
            recipient=number,
            provider_code=text,
            provider_text=text,
            provider_recipient=text,
            client_reference=text,
            network=text,
            received_at=END - timedelta(hours=1),
            sender=text if place % 2 else other,
            price=Price(amount="0.04", currency=text),
            metadata={"to": text},
        )
        lake.write([{"dynamodb": {"SequenceNumber": str(place), "NewImage": image(report)}}])
    lake.merge()
    assert len(lake.answers()) == len(texts)
    digits = "".join(seen).translate(str.maketrans("", "", " +"))
    assert seen
    assert not [each for each in (*NUMBERS, loose) if each in digits]


def test_law_5_no_byte_ever_told_a_recipient_hash_and_an_erasure_takes_what_hid_it(
    one_lake: Lake,
) -> None:
    """Of messages that are kept under id and recipient."""
    lake = one_lake.emptied()
    seen: list[str] = []
    lake.aws.after = lambda operation: seen.append(told(lake))
    hashes = [HASHER.hash(number) for _, number in PEOPLE]
    items = [
        image(make_report(recipient=number, received_at=END - timedelta(hours=1)))
        | key_of("acme", "m1", recipient_hash)
        for (_, number), recipient_hash in zip(PEOPLE, hashes, strict=True)
    ]
    for place, item in enumerate(items):
        lake.write([{"dynamodb": {"SequenceNumber": str(place), "NewImage": item}}])
    lake.merge()
    masks = [str(mask) for (mask,) in ask(lake, "SELECT apart FROM messages ORDER BY country DESC")]
    erased, kept = masks
    assert erased in told(lake)
    lake.write([{"dynamodb": {"SequenceNumber": "9", "OldImage": items[0]}}])
    lake.merge()
    assert erased not in told(lake)
    assert kept in told(lake)
    assert len(ask(lake, "FROM messages")) == len(items)
    plain = [part for each in hashes for part in each.split(".")]
    assert not [each for each in plain if each in "".join(seen)]


def ask(lake: Lake, sql: str) -> list[tuple[Any, ...]]:
    with lake.reader.open(BEGIN, END) as snapshot:
        return snapshot.db.execute(sql).fetchall()


# ---------------------------------------------------------------- 6


def check_law_6(one_lake: Lake, schedule: Schedule) -> None:
    history, batches, merged = schedule
    lake = one_lake.emptied()
    run(lake, history, batches, merged)
    lake.merge()
    hours = 0
    for day in lake.manifest.days(BEGIN.date(), END.date()):
        assert day.rollup_key
        counted: Counter[tuple[Any, ...]] = Counter()
        for *row, n in _read(lake, [day.rollup_key]):
            counted[tuple(row)] += n
        for hour in day.hours:
            rows = _read(lake, day.keys([hour]))
            assert _counts_of(rows) == {key: n for key, n in counted.items() if key[0].hour == hour}
            hours += 1
        assert {key[0].hour for key in counted} == day.hours.keys()
    assert hours == len({key[0] for key in history.counts()})


def _read(lake: Lake, keys: Iterable[str]) -> list[tuple[Any, ...]]:
    with TemporaryDirectory() as name:
        files = []
        for key in keys:
            files.append(Path(name, key.replace("/", "_")))
            files[-1].write_bytes(lake.aws.objects[key])
        columns = ROLLED if "rollups_" in files[0].name else [*COLUMNS]
        chosen = ", ".join(f'"{each}"' for each in columns)
        found = duckdb.execute(f"SELECT {chosen} FROM {duck.parquet(files)}").fetchall()  # noqa: S608
        return found


ROLLED = [*(name for name in duck.ROLLUP_COLUMNS if name != "n"), "n"]


def _counts_of(rows: Iterable[tuple[Any, ...]]) -> Counter[tuple[Any, ...]]:
    counts: Counter[tuple[Any, ...]] = Counter()
    for values in rows:
        row = dict(zip(COLUMNS, values, strict=True))
        hour = row["f"].replace(minute=0, second=0, microsecond=0)
        latency = row["latency_ms"]
        row |= {"hour": hour, "bucket": None if latency is None else _bucket_of(latency)}
        counts[tuple(row[name] for name in ROLLED[:-1])] += 1
    return counts


def _bucket_of(latency_ms: int) -> int:
    """The greatest k with 2^(k/4) s not above it."""
    return max(k for k in range(-40, 120) if 2 ** (k / 4) <= max(latency_ms, 1) / 1000)


@given(schedules())
@example(backwards())
@EVERYDAY
def test_law_6_rollups_equal_the_rows_that_they_were_made_of(
    one_lake: Lake, schedule: Schedule
) -> None:
    check_law_6(one_lake, schedule)


@pytest.mark.slow
@pytest.mark.parametrize("check", [check_law_1, check_law_2, check_law_6])
def test_many_histories(one_lake: Lake, check: Callable[[Lake, Schedule], None]) -> None:
    @given(schedules())
    @THOROUGH
    def try_it(schedule: Schedule) -> None:
        check(one_lake, schedule)

    try_it()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("check", "calls"), [(check_law_3, 6), (check_law_4, 40), (check_law_5, 40)]
)
def test_many_histories_with_something_in_between(
    one_lake: Lake, check: Callable[[Lake, Schedule, int, str], None], calls: int
) -> None:
    """At one of the first `calls`: a reader makes few."""

    @given(schedules(), st.integers(0, calls), st.sampled_from(["before", "after"]))
    @THOROUGH
    def try_it(schedule: Schedule, place: int, moment: str) -> None:
        check(one_lake, schedule, place, moment)

    try_it()
