"""A period may begin and end anywhere: counted by day, it is what counting by hour gives."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dlr.analysis.compare import compare
from dlr.analysis.source import Period
from dlr.analysis.stats import Question, stats
from dlr.analysis.unfinished import unfinished
from dlr.lake.manifest import Manifest
from dlr.lake.merge import Merger
from dlr.lake.reader import LakeReader
from dlr.lake.row import COLUMNS
from dlr.lake.segment import Segments
from tests.support.lake import BUCKET, TABLE, FakeAws
from tests.support.made_up_lake import row

DAY = datetime(2026, 11, 20, tzinfo=UTC)
NOW = DAY + timedelta(days=3)
MINUTES = [10] * 3 + [22 * 60 + 30] * 10 + [23 * 60 + 10] * 5 + [24 * 60 + 15] * 2
"""When the messages first came, after the day began: its first and last hours, and the next day."""
BOUNDS = [0, 1, 10, 11, 60, 61, 22 * 60 + 30, 23 * 60, 23 * 60 + 5, 23 * 60 + 59, 24 * 60]
BOUNDS += [24 * 60 + 16, 25 * 60, 48 * 60]
STATUSES = ("delivered", "enroute")
"""Of every message, in turn."""
SECONDS = st.integers(-3600, 49 * 3600)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> LakeReader:
    aws, folder = FakeAws(), Path(tmp_path_factory.mktemp("lake"))
    manifest = Manifest(aws, TABLE)
    rows = [
        dict.fromkeys(COLUMNS)
        | row(f"{number:032x}", DAY + timedelta(minutes=minute), STATUSES[number % 2])
        for number, minute in enumerate(MINUTES)
    ]
    Segments(aws, BUCKET).put("1", [_plain(each) for each in rows])
    Merger(aws, BUCKET, manifest, folder / "merge")()
    return LakeReader(aws, BUCKET, manifest, folder / "cache")


def _plain(made: dict[str, object]) -> dict[str, object]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in made.items()
    }


@pytest.mark.parametrize("by", [(), ("day",), ("provider",), ("hour",)], ids=str)
def test_a_period_may_begin_and_end_anywhere(lake: LakeReader, by: tuple[str, ...]) -> None:
    for start in BOUNDS:
        for end in (each for each in BOUNDS if each > start):
            period = Period(DAY + timedelta(minutes=start), DAY + timedelta(minutes=end))
            found, _ = stats(lake, Question(period, by), NOW)
            wanted = sum(start <= minute < end for minute in MINUTES)
            assert sum(each["n"] for each in found) == wanted, (start, end)


def test_countries_and_networks_are_told_of_whole_days_too(lake: LakeReader) -> None:
    """Counts that are held have neither."""
    period = Period(DAY, DAY + timedelta(days=2))
    for name, value in (("country", "FR"), ("network", None)):
        (found,), _ = stats(lake, Question(period, (name,)), NOW)
        assert (found[name], found["n"]) == (value, len(MINUTES))
    for country, n in (("FR", len(MINUTES)), ("GB", 0)):
        rows, _ = stats(lake, Question(period, (), {"country": (country,)}), NOW)
        assert sum(each["n"] for each in rows) == n


@settings(max_examples=30)
@given(bounds=st.tuples(SECONDS, SECONDS).filter(lambda each: each[0] < each[1]))
@example((0, 24 * 3600 - 1))
@example((1, 24 * 3600))
@example((1, 48 * 3600 - 1))
def test_every_question_counts_what_lies_in_its_period(
    lake: LakeReader, bounds: tuple[int, int]
) -> None:
    start, end = bounds
    period = Period(DAY + timedelta(seconds=start), DAY + timedelta(seconds=end))
    inside = [n for n, minute in enumerate(MINUTES) if start <= 60 * minute < end]
    for by in ((), ("day",), ("provider",), ("hour",)):
        rows, _ = stats(lake, Question(period, by), NOW)
        assert sum(each["n"] for each in rows) == len(inside)
    rows, _ = compare(lake, period, ("country", "network"), {}, NOW)
    assert sum(each["n"] for each in rows) == len(inside)
    left, _ = unfinished(lake, period, NOW)
    assert sum(each["n"] for each in left) == sum(n % 2 for n in inside)
    if left:
        assert sum(each["of"] for each in left) == len(inside)
