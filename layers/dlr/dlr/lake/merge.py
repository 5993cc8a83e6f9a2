"""Merges segments into the lake: of each hour that they touch a new version, then the manifest.

Whatever stops a merge, the segments are there until all their rows are in the manifest, and rows
that are merged twice are the same rows. Two merges at once meet at the manifest: one of them is
refused and begins the day again. Objects carry the version that they were made for, so that nobody
deletes what another is about to name.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, islice, takewhile
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from uuid import uuid4

from dlr.lake import duck
from dlr.lake.duck import Database
from dlr.lake.manifest import (
    Day,
    Hour,
    Manifest,
    daily_of,
    folder_of,
    messages_of,
    rollups_of,
)
from dlr.lake.objects import GoneError, Objects
from dlr.lake.row import COLUMNS
from dlr.lake.segment import Segment, Segments

MAX_BYTES = 64 * 1024 * 1024
"""Of segments that are merged at a time, packed as they are."""
MAX_ROWS = 2_000_000
"""Of an object. A larger hour is cut by `mk`."""
TRIES = 10
EXPIRED_FOR = timedelta(days=1)
"""An id goes this long after it expired: until then the stream can still say that it has not."""
OVER_FOR = timedelta(days=15)
"""An hour is dropped this long after its last message expired: a failure queue keeps 14 days."""
DELETED_AT_ONCE = 1000
"""The most that one DeleteObjects takes."""


class BusyError(RuntimeError):
    """Others changed a day each time that this merge had prepared it."""


@dataclass(frozen=True, slots=True)
class Merged:
    """How many segments were merged and how many days that changed.

    `oldest` is when the first segment that waited was written, `more` whether others wait now.
    """

    segments: int = 0
    days: int = 0
    oldest: datetime | None = None
    more: bool = False


class Merger:
    """Keeps the lake in `bucket`. `s3` is an S3 client; `folder` is for files of its own."""

    def __init__(
        self, s3: Any, bucket: str, manifest: Manifest, folder: Path | None = None
    ) -> None:
        own = folder or Path(mkdtemp(prefix="merge-"))
        self._s3 = s3
        self._bucket = bucket
        self._segments = Segments(s3, bucket)
        self._manifest = manifest
        self._objects = Objects(s3, bucket, own)
        self._connection = duck.Connections(own)

    def __call__(self) -> Merged:
        """Merges what waits, up to `MAX_BYTES`, and deletes it."""
        waiting = list(self._segments.waiting())
        if not waiting:
            return Merged()
        chosen = list(_first(waiting))
        with self._connection() as db:
            self._take_in(db, chosen)
            days = [
                day for (day,) in db.execute("SELECT DISTINCT f::DATE FROM incoming").fetchall()
            ]
            for day in sorted(days):
                self._insist(db, day)
        self._delete(each.key for each in chosen)
        oldest = min(each.written_at for each in waiting)
        return Merged(len(chosen), len(days), oldest, len(waiting) > len(chosen))

    def expire(self, now: datetime, statistics_months: int) -> int:
        """Takes out ids and codes that have expired, and what is kept long enough; days changed.

        Hours go with their last message, their numbers after `statistics_months`.
        """
        changed = 0
        for day in list(self._manifest.days(date.min, date.max)):
            if day.day < _months_before(now.date(), statistics_months):
                changed += self._forget(day)
            elif _is_expiring(day, now):
                changed += self._expire(day.day, now)
        return changed

    def _take_in(self, db: Database, chosen: Iterable[Segment]) -> None:
        files = list(self._fetch_those_left(chosen))
        source = duck.segments(files) if files else duck.empty(dict(COLUMNS))
        db.execute(f"CREATE OR REPLACE TEMP TABLE incoming AS SELECT * FROM {source}")
        for file in files:
            file.unlink()

    def _fetch_those_left(self, chosen: Iterable[Segment]) -> Iterator[Path]:
        """Without those that another merge has finished meanwhile."""
        keys = [each.key for each in chosen]
        try:
            yield from self._objects.fetch(keys).values()
        except GoneError:
            for key in keys:
                try:
                    yield from self._objects.fetch([key]).values()
                except GoneError:
                    continue

    def _insist(self, db: Database, day: date) -> None:
        for _ in range(TRIES):
            if self._merge(db, self._manifest.day(day)):
                return
        raise BusyError(f"others are changing {day}")

    def _merge(self, db: Database, before: Day) -> bool:
        found = db.execute(
            "SELECT DISTINCT hour(f) FROM incoming WHERE f::DATE = ?", [before.day]
        ).fetchall()
        dropped = {hour for hour, each in before.hours.items() if each.dropped}
        hours = sorted({hour for (hour,) in found} - dropped)
        if not hours:
            return True
        try:
            return self._change(db, before, hours, None)
        except GoneError:
            return False

    def _expire(self, day: date, now: datetime) -> int:
        cutoff = int((now - EXPIRED_FOR).timestamp())
        for _ in range(TRIES):
            before = self._manifest.day(day)
            hours = [hour for hour, each in before.hours.items() if _has_expired(each, cutoff)]
            over = int((now - OVER_FOR).timestamp())
            kept = {hour: _over(each, over) for hour, each in before.hours.items()}
            hours = [hour for hour in hours if not kept[hour].dropped]
            with self._connection() as db:
                source = duck.empty(dict(COLUMNS))
                db.execute(f"CREATE OR REPLACE TEMP TABLE incoming AS SELECT * FROM {source}")
                try:
                    if self._change(db, replace(before, hours=kept), hours, cutoff):
                        return 1
                except GoneError:
                    continue
        raise BusyError(f"others are changing {day}")

    def _forget(self, day: Day) -> int:
        gone = Day(day.day, day.version + 1)
        if not self._manifest.forget(gone):
            return 0  # tomorrow, then
        self._delete_others(gone)
        return 1

    def _change(self, db: Database, before: Day, hours: Iterable[int], cutoff: int | None) -> bool:
        """Writes these hours anew and makes them the lake; whether nobody else was first."""
        version = before.version + 1
        changed = {
            hour: self._write_hour(db, before, hour, version, cutoff) for hour in sorted(hours)
        }
        after = replace(before, version=version, hours={**before.hours, **changed})
        if changed:
            after = replace(after, rollup=self._write_rollup(db, before, after, changed))
        if not self._manifest.commit(after):
            return False
        self._delete_others(after)
        return True

    def _write_hour(
        self,
        db: Database,
        before: Day,
        hour: int,
        version: int,
        cutoff: int | None,
    ) -> Hour:
        start = datetime(before.day.year, before.day.month, before.day.day, hour)
        old = list(self._objects.fetch(before.keys([hour])).values())
        stored = duck.parquet(old) if old else duck.empty(dict(COLUMNS))
        news = f"(SELECT * FROM incoming WHERE date_trunc('hour', f) = TIMESTAMP '{start}')"
        expiring = f"message_id IS NOT NULL AND expires_at < {cutoff or 0}"
        db.execute(
            f"CREATE OR REPLACE TEMP TABLE changed AS SELECT mk, f FROM {news} "
            f"UNION SELECT mk, f FROM {stored} WHERE {expiring}"
        )
        ((rows,),) = db.execute(
            f"SELECT (SELECT count(*) FROM {stored}) + (SELECT count(*) FROM changed)"
        ).fetchall()
        slices = rows // MAX_ROWS + 1
        stem = f"{version:08d}-{uuid4().hex[:12]}"
        names = [f"{stem}-{place}.parquet" for place in range(slices)]
        for place, name in enumerate(names):
            part = f"('0x' || mk[1:4])::INTEGER * {slices} // 65536 = {place}"
            touched = (
                f"(SELECT * FROM {stored} AS s SEMI JOIN changed USING (mk, f) WHERE {part} "
                f"UNION ALL BY NAME SELECT * FROM {news} WHERE {part})"
            )
            query = (
                f"SELECT * FROM {stored} AS s ANTI JOIN changed USING (mk, f) WHERE {part} "
                f"UNION ALL BY NAME {duck.folded(touched, cutoff)} ORDER BY f, mk"
            )
            self._write(db, f"{folder_of(before.day, hour)}{name}", query)
        written = duck.parquet(
            self._objects.file_of(f"{folder_of(before.day, hour)}{name}") for name in names
        )
        ((count, first, last),) = db.execute(
            "SELECT count(*), min(expires_at) FILTER (message_id IS NOT NULL), max(expires_at) "
            f"FROM {written}"
        ).fetchall()
        since = int(start.replace(tzinfo=UTC).timestamp())
        return Hour(tuple(names), count, first, max(last or 0, since))

    def _write_rollup(self, db: Database, before: Day, after: Day, changed: Iterable[int]) -> str:
        hours = list(changed)
        key, written = before.rollup_key, after.keys(hours)
        files = self._objects.fetch([*written, *([key] if key else [])])
        source = duck.parquet([files[key]]) if key else duck.empty(duck.ROLLUP_COLUMNS)
        name = f"{after.version:08d}-{uuid4().hex[:12]}.parquet"
        query = (
            f"SELECT * FROM {source} WHERE hour(hour) NOT IN ({', '.join(map(str, hours))}) "
            f"UNION ALL BY NAME {duck.counted(duck.parquet(files[each] for each in written))} "
            "ORDER BY ALL"
        )
        hourly = f"{rollups_of(after.day)}{name}"
        self._write(db, hourly, query)
        counts = duck.parquet(self._objects.fetch([hourly]).values())
        self._write(db, f"{daily_of(after.day)}{name}", duck.by_day(counts))
        return name

    def _write(self, db: Database, key: str, query: str) -> None:
        """The rows as an object, and as a file for whoever reads it next."""
        file = self._objects.file_of(key)
        db.execute(f"COPY ({query}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
        with file.open("rb") as content:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=content)

    def _delete_others(self, day: Day) -> None:
        """Objects of versions up to this one that it does not name: old ones, and leftovers."""
        named = {*day.keys(), day.rollup_key, day.daily_key}
        found = (
            each["Key"]
            for prefix in (messages_of(day.day), rollups_of(day.day), daily_of(day.day))
            for page in self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix
            )
            for each in page.get("Contents", ())
        )
        self._delete(key for key in found if key not in named and _version_of(key) <= day.version)

    def _delete(self, keys: Iterable[str]) -> None:
        left = iter(keys)
        while some := list(islice(left, DELETED_AT_ONCE)):
            wanted = {"Objects": [{"Key": key} for key in some], "Quiet": True}
            answer = self._s3.delete_objects(Bucket=self._bucket, Delete=wanted)
            if answer.get("Errors"):
                raise RuntimeError("objects that are merged could not be deleted")


def _first(waiting: Iterable[Segment]) -> Iterator[Segment]:
    """The first ones, up to `MAX_BYTES` together; one at least."""
    listed = list(waiting)
    sizes = accumulate(each.size for each in listed)
    chosen = takewhile(lambda each: each[1] <= MAX_BYTES, zip(listed, sizes, strict=True))
    return iter([each for each, _ in chosen] or listed[:1])


def _version_of(key: str) -> int:
    """The version that an object was made for."""
    return int(key.rpartition("/")[2].partition("-")[0])


def _has_expired(hour: Hour, cutoff: int) -> bool:
    return hour.next_expiry is not None and hour.next_expiry < cutoff


def _over(hour: Hour, before: int) -> Hour:
    """Dropped, if its last message expired before this Unix second."""
    return Hour(rows=hour.rows, dropped=True) if hour.last_expiry < before else hour


def _is_expiring(day: Day, now: datetime) -> bool:
    cutoff, over = (int((now - span).timestamp()) for span in (EXPIRED_FOR, OVER_FOR))
    return any(
        not hour.dropped and (_has_expired(hour, cutoff) or hour.last_expiry < over)
        for hour in day.hours.values()
    )


def _months_before(day: date, months: int) -> date:
    """The first of the month."""
    count = day.year * 12 + day.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)
