"""Bounded work: much that is written again, runs that break off, objects that are gone."""

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.util import module_from_spec, spec_from_file_location
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from dlr.lake import merge, refill
from dlr.lake.expiry import EXPIRED_FOR, OVER_FOR
from dlr.lake.merge import Merged
from dlr.lake.refill import Refilled
from dlr.report import DeliveryReport, Status
from dlr.runtime.errors import HandlerError
from tests.support.cases import NOW, ROOT
from tests.support.faults import Killed
from tests.support.functions import Context
from tests.support.lake_parts import DAY, KEY, Parts
from tests.support.reports import make_report
from tests.support.stream import image

DAYS = 5
FIRST = NOW - DAYS * DAY


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return Parts(tmp_path)


def reports(*, status: Status = Status.DELIVERED) -> list[DeliveryReport]:
    """Four messages on each of `DAYS` days, the days all mixed."""
    return [
        make_report(
            status, message_id=f"{day}-{place}", received_at=FIRST + day * DAY + place * DAY / 8
        )
        for place in range(4)
        for day in range(DAYS)
    ]


def put_all(parts: Parts) -> None:
    """Two segments, of all days each."""
    written = reports()
    parts.put(*written[::2])
    parts.put(*written[1::2])


def answers(parts: Parts) -> tuple[list[Any], list[Any]]:
    with parts.reader.open(FIRST, NOW + DAY) as snapshot:
        ask = snapshot.db.execute
        return (
            ask("SELECT f, message_id, status FROM messages ORDER BY ALL").fetchall(),
            ask("SELECT hour, status, sum(n) FROM rollups GROUP BY ALL ORDER BY ALL").fetchall(),
        )


def versions(parts: Parts) -> dict[date, int]:
    return {each.day: each.version for each in parts.manifest.days(date.min, date.max)}


@pytest.fixture
def calls(parts: Parts) -> Counter[str]:
    """Every call that is made."""
    made: Counter[str] = Counter()
    parts.aws.before = lambda operation: made.update([operation])
    return made


# ---------------------------------------------------------------- written again


def test_a_whole_redrive_is_merged_in_bounded_runs_with_the_same_answers(
    parts: Parts, calls: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge, "MAX_DAYS", 2)
    put_all(parts)
    expected = answers(parts)
    assert parts.merge() == Merged(2, DAYS, more=True)  # sorted, no day changed
    assert versions(parts) == {}
    for done in range(1, DAYS + 1):
        assert answers(parts) == expected
        calls.clear()
        assert parts.merge() == Merged(1, 1, more=done < DAYS)
        assert calls["TransactWriteItems"] == 1
        assert len(versions(parts)) == done
    assert answers(parts) == expected
    assert parts.merge() == Merged()
    assert len(expected[0]) == 4 * DAYS


def test_what_changes_nothing_is_not_written(parts: Parts, calls: Counter[str]) -> None:
    put_all(parts)
    parts.merge()
    before = parts.aws.objects.copy()
    put_all(parts)
    late = make_report(Status.READ, 60, message_id="0-0", received_at=FIRST)
    parts.put(late)
    calls.clear()
    assert parts.merge() == Merged(3, DAYS)
    assert calls["TransactWriteItems"] == 1
    assert calls["PutObject"] == 3  # the hour of the late one, and its day's two rollups
    kept = before.keys() & parts.aws.objects.keys()
    assert len(kept) == len(before) - 3
    assert Counter(versions(parts).values()) == {1: DAYS - 1, 2: 1}


def test_new_rows_are_merged_before_what_was_sorted(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge, "MAX_DAYS", 2)
    put_all(parts)
    parts.merge()
    parts.put(make_report(message_id="new"))
    assert parts.merge() == Merged(1, 1, more=True)
    assert versions(parts).keys() == {NOW.date()}


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_run_that_breaks_off_while_it_sorts_loses_and_doubles_nothing(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    monkeypatch.setattr(merge, "MAX_DAYS", 2)
    three = [make_report(message_id=f"{day}", received_at=FIRST + day * DAY) for day in range(3)]
    for place in count():
        parts.aws.objects.clear()
        parts.aws.items.clear()
        parts.put(*three)
        if not breaks_off(parts, moment, place, parts.merge):
            break
        assert len(answers(parts)[0]) == 3
        assert parts.merge().more or len(list(parts.segments.waiting())) == 2
        while parts.merge().more:
            pass
        assert len(answers(parts)[0]) == 3
        assert [n for *_, n in answers(parts)[1]] == [1, 1, 1]
    assert place > 3


def breaks_off(parts: Parts, moment: str, place: int, act: Callable[[], object]) -> bool:
    """Stops at the call of this place; False where there are not so many calls."""
    calls = count()

    def stop(operation: str) -> None:
        if next(calls) == place:
            raise Killed

    setattr(parts.aws, moment, stop)
    try:
        act()
    except Killed:
        return True
    finally:
        parts.aws.before = parts.aws.after = lambda operation: None
    return False


def test_a_question_reads_no_sorted_segment_of_other_days(
    parts: Parts, calls: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge, "MAX_DAYS", 2)
    put_all(parts)
    parts.merge()
    calls.clear()
    with parts.reader.open(FIRST + DAY, FIRST + 2 * DAY) as snapshot:
        found = snapshot.db.execute("SELECT count(*) FROM messages").fetchall()
    assert (found, calls["GetObject"]) == ([(4,)], 2)  # it touches two days


class Table:
    """ReportsTable, as far as a scan reads it."""

    def __init__(self, items: list[dict[str, Any]]) -> None:
        self._items = items

    def get_paginator(self, operation: str) -> "Table":
        assert operation == "scan"
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        yield {"Items": self._items}


@pytest.mark.parametrize(("held", "written", "most"), [(100, 100, 4), (9, 100, 3), (100, 3, 3)])
def test_a_refill_writes_segments_of_one_day_each_and_holds_no_more_than_it_may(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, held: int, written: int, most: int
) -> None:
    monkeypatch.setattr(refill, "MOST_HELD", held)
    monkeypatch.setattr(refill, "MOST_WRITTEN", written)
    items = [image(each) for each in reports()]
    broken = image(make_report()) | {"rank": {"N": "1"}}
    assert refill.refill(Table([*items, broken]), "t", parts.segments, KEY) == Refilled(4 * DAYS, 1)
    lines = {each.key: rows_in(parts, each.key) for each in parts.segments.waiting()}
    assert max(map(len, lines.values())) == most
    assert sum(map(len, lines.values())) == 4 * DAYS
    for each in parts.segments.waiting():
        assert {row["f"][:10] for row in lines[each.key]} == {str(each.day)}
    while parts.merge().more:
        pass
    assert len(answers(parts)[0]) == 4 * DAYS


def rows_in(parts: Parts, key: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(parts.aws.objects[key]).splitlines()]


# ---------------------------------------------------------------- what is not there


def lose(parts: Parts, day: date) -> dict[str, bytes]:
    """Deletes the day's messages behind everybody's back; gives them."""
    keys = parts.manifest.day(day).keys()
    for file in parts.folder.glob("*/*_*"):
        file.unlink()
    return {key: parts.aws.objects.pop(key) for key in keys}


def test_a_missing_object_stops_no_other_day_and_loses_nothing(parts: Parts) -> None:
    put_all(parts)
    parts.merge()
    lost = lose(parts, FIRST.date())
    for each in reports(status=Status.READ):
        parts.put(each)
    missing = frozenset({FIRST.date()})
    first = parts.merge()
    assert (first.missing, first.more) == (missing, False)
    assert versions(parts)[FIRST.date()] == 1
    assert set(versions(parts).values()) == {1, 2}
    assert {each.day for each in parts.segments.waiting()} == missing
    assert parts.merge().missing == missing  # it says so again
    assert parts.merge(missing) == Merged()
    parts.put(make_report(message_id="new"))
    assert parts.merge(missing) == Merged(1, 1)
    parts.aws.objects |= lost
    assert parts.merge() == Merged(1, 1)
    found = Counter(status for _, _, status in answers(parts)[0])
    assert found == {"read": 4 * DAYS, "delivered": 1}


def test_a_missing_object_stops_no_other_days_expiry(parts: Parts) -> None:
    put_all(parts)
    parts.merge()
    lose(parts, FIRST.date())
    later = NOW + 30 * DAY + EXPIRED_FOR + DAY
    expired = parts.expire(later, 25)
    assert (expired.days, expired.missing) == (DAYS - 1, {FIRST.date()})
    assert parts.expire(later, 25).days == 0


# ---------------------------------------------------------------- expiry that breaks off


TIMES = {
    "ids": NOW + 30 * DAY + EXPIRED_FOR + DAY,
    "hours": NOW + 30 * DAY + OVER_FOR + DAY,
    "days": datetime(2040, 1, 1, tzinfo=UTC),
}


@pytest.mark.parametrize("moment", ["before", pytest.param("after", marks=pytest.mark.slow)])
@pytest.mark.parametrize("what", TIMES)
def test_an_expiry_that_breaks_off_leaves_no_object_behind(
    parts: Parts, what: str, moment: str
) -> None:
    """After the next one nothing is in the bucket that the manifest does not name."""
    stopped = 0
    for place in count():
        parts.aws.objects.clear()
        parts.aws.items.clear()
        parts.put(make_report(message_id="a", received_at=FIRST), make_report(message_id="b"))
        parts.merge()
        if not breaks_off(parts, moment, place, lambda: parts.expire(TIMES[what], 25)):
            break
        stopped += 1
        parts.expire(TIMES[what], 25)
        named = set[str]().union(*(d.named() for d in parts.manifest.days(date.min, date.max)))
        assert parts.aws.objects.keys() == named
        assert (what == "days") == (not named)
    assert stopped > 3


def test_an_expiry_goes_on_where_it_had_no_more_time(parts: Parts) -> None:
    put_all(parts)
    parts.merge()
    for left in range(DAYS - 1, -1, -2):
        turns = iter([True, True])
        expired = parts.expire(TIMES["ids"], 25, lambda turns=turns: next(turns, False))
        assert (expired.days, expired.more) == (min(2, left + 1), left > 1)
    assert all(message_id is None for _, message_id, _ in answers(parts)[0])


def test_a_file_that_another_is_about_to_name_is_not_swept(parts: Parts) -> None:
    parts.put(make_report())
    parts.merge()
    fresh = "messages/day=2026-11-22/hour=12/00000002-x-0.parquet"
    parts.aws.objects[fresh] = b"not named yet"
    parts.expire(parts.aws.written_at + EXPIRED_FOR - timedelta(hours=1), 25)
    assert fresh in parts.aws.objects
    parts.expire(parts.aws.written_at + EXPIRED_FOR + timedelta(hours=1), 25)
    assert fresh not in parts.aws.objects


# ---------------------------------------------------------------- the function


@pytest.fixture
def handler(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """That of the function, on this lake."""
    environment = {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "POWERTOOLS_SERVICE_NAME": "merge",
        "POWERTOOLS_METRICS_NAMESPACE": "dlr",
        "LAKE_BUCKET": "lake",
        "DESK_TABLE": "desk",
        "STATISTICS_MONTHS": "1200",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    spec = spec_from_file_location("merge_app", ROOT / "functions/merge/app.py")
    assert spec is not None
    assert spec.loader is not None
    app = module_from_spec(spec)
    spec.loader.exec_module(app)
    app.manifest, app.merge, app.expire = parts.manifest, parts.merge, parts.expire
    context = Context("Merge")
    return lambda: app.handler({}, context)


def logged(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return line


def test_the_function_merges_day_after_day_and_says_that_nothing_waits(
    parts: Parts,
    handler: Callable[[], Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(merge, "MAX_DAYS", 2)
    put_all(parts)
    assert handler() == {"segments": 2 + DAYS}
    assert logged(capsys)["Merged"] == [1.0]
    assert parts.manifest.expired_on() == datetime.now(UTC).date()


def test_the_function_fails_for_a_missing_object_when_all_else_is_done(
    parts: Parts, handler: Callable[[], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    put_all(parts)
    handler()
    lose(parts, FIRST.date())
    parts.put(*reports(status=Status.READ))
    with pytest.raises(HandlerError, match="MissingObjectError"):
        handler()
    said = logged(capsys)
    assert (said["Merged"], said["missing"]) == ([0.0], [FIRST.date().isoformat()])
    assert set(versions(parts).values()) == {1, 2}
    assert parts.manifest.expired_on() == datetime.now(UTC).date()
