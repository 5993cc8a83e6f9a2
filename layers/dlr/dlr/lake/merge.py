"""Merges segments into the lake: of each hour that they change a new version, then the manifest.

Whatever stops a merge, the segments are there until all their rows are in the manifest, and rows
that are merged twice are the same rows. Two merges at once meet at the manifest: one of them is
refused and begins the day again.

Rows of many days are first sorted into segments of one day each, and those are merged day by day:
so each call has a bounded piece of work, and what is done stays done.
"""

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, takewhile
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from dlr.lake import duck
from dlr.lake.days import TRIES, BusyError, Days
from dlr.lake.duck import Database
from dlr.lake.manifest import Day, Manifest
from dlr.lake.objects import GoneError
from dlr.lake.segment import Segment, Segments, first_of

MAX_BYTES = 64 * 1024 * 1024
"""Of segments that are merged at a time, packed as they are."""
MAX_DAYS = 8
"""That are merged at a time. Rows of more days are sorted instead."""


@dataclass(frozen=True, slots=True)
class Merged:
    """How many segments were taken in and how many days they were of.

    Of the days that are `missing` the manifest names an object that is not there: their rows wait.
    `more` is whether other segments wait now.
    """

    segments: int = 0
    days: int = 0
    missing: frozenset[date] = frozenset()
    more: bool = False


class Merger:
    """Keeps the lake in `bucket`. `s3` is an S3 client; `folder` is for files of its own."""

    def __init__(
        self, s3: Any, bucket: str, manifest: Manifest, folder: Path | None = None
    ) -> None:
        self._folder = folder or Path(mkdtemp(prefix="merge-"))
        self._segments = Segments(s3, bucket)
        self._days = Days(s3, bucket, manifest, self._folder)
        self._connection = duck.Connections(self._folder)

    def __call__(self, without: Set[date] = frozenset()) -> Merged:
        """Takes in some of what waits: as it came up to `MAX_BYTES`, or else of one day.

        Of the days `without` which this is nothing is read that waits sorted.
        """
        waiting = [each for each in self._segments.waiting() if each.day not in without]
        if not waiting:
            return Merged()
        chosen = _first(waiting)
        with self._connection() as db:
            self._take_in(db, chosen)
            found = db.execute("SELECT DISTINCT f::DATE FROM incoming").fetchall()
            days = sorted(day for (day,) in found)
            is_sorted = chosen[0].day is not None
            is_much = not is_sorted and len(days) > MAX_DAYS
            missing = {day for day in days if not is_much and not self._insist(db, day)}
            if not is_sorted:
                self._sort(db, days if is_much else missing)
        if not (is_sorted and missing):
            self._days.delete(each.key for each in chosen)
        more = is_much or len(waiting) > len(chosen)
        return Merged(len(chosen), len(days), frozenset(missing), more)

    def _take_in(self, db: Database, chosen: Iterable[Segment]) -> None:
        files = list(self._fetch_those_left(chosen))
        db.execute(f"CREATE OR REPLACE TEMP TABLE incoming AS SELECT * FROM {duck.segments(files)}")
        for file in files:
            file.unlink()

    def _fetch_those_left(self, chosen: Iterable[Segment]) -> Iterator[Path]:
        """Without those that another merge has finished meanwhile."""
        keys = [each.key for each in chosen]
        objects = self._days.objects
        try:
            yield from objects.fetch(keys).values()
        except GoneError:
            for key in keys:
                try:
                    yield from objects.fetch([key]).values()
                except GoneError:
                    continue

    def _sort(self, db: Database, days: Iterable[date]) -> None:
        """Puts what came in of these days aside, as segments of one day each."""
        file = self._folder / "sorted.jsonl.gz"
        for day in days:
            rows = duck.folded(f"(SELECT * FROM incoming WHERE f::DATE = DATE '{day}')")
            db.execute(f"COPY ({rows} ORDER BY f, mk) TO '{file}' (FORMAT json, COMPRESSION gzip)")
            self._segments.put_file(first_of(day), file)

    def _insist(self, db: Database, day: date) -> bool:
        """Whether it is merged: not where an object is not there that the manifest still names."""
        manifest = self._days.manifest
        for _ in range(TRIES):
            before = manifest.day(day)
            try:
                if self._merge(db, before):
                    return True
            except GoneError:
                if manifest.day(day) == before:
                    return False
        raise BusyError(f"others are changing {day}")

    def _merge(self, db: Database, before: Day) -> bool:
        found = db.execute(
            "SELECT DISTINCT hour(f) FROM incoming WHERE f::DATE = ?", [before.day]
        ).fetchall()
        dropped = {hour for hour, each in before.hours.items() if each.dropped}
        hours = {hour for (hour,) in found} - dropped
        return not hours or self._days.change(db, before, hours)


def _first(waiting: list[Segment]) -> list[Segment]:
    """The first ones, up to `MAX_BYTES` together; one at least, and no two days of sorted ones."""
    alike = [each for each in waiting if each.day == waiting[0].day]
    sizes = accumulate(each.size for each in alike)
    chosen = takewhile(lambda each: each[1] <= MAX_BYTES, zip(alike, sizes, strict=True))
    return [each for each, _ in chosen] or alike[:1]
