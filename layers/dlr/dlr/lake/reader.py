"""Reads the lake: each message once, as it stood at one moment.

A reader lists the segments first and reads the manifest after it, so that a merge in between takes
nothing away: what is in both is one row. Where a merge deletes an object meanwhile, the reader
begins again.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple

from dlr.lake import duck
from dlr.lake.duck import Database
from dlr.lake.held import HeldDays
from dlr.lake.manifest import Day, Manifest
from dlr.lake.objects import GoneError, Objects
from dlr.lake.row import COLUMNS
from dlr.lake.segment import Segments, day_of

LAG = timedelta(seconds=70)
"""The stream hands out a report within a minute, and the writer takes seconds. Nothing measures it:
where the writer is behind, `as_of` says too much, and after ten minutes an alarm says so."""
TRIES = 5
HOUR = timedelta(hours=1)


class _Views(NamedTuple):
    """Which of a snapshot's views are wanted, and what the counts must tell."""

    messages: bool
    rollups: bool
    hourly: bool
    placed: bool

    @property
    def are_held(self) -> bool:
        """Whether `HeldDays` tell all that is wanted of a whole day."""
        return self.rollups and not (self.hourly or self.placed)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The lake at one moment, in two views of `db`.

    `messages` has one row per message whose first report came in the hours asked for, with the
    columns of `COLUMNS`; tombstones are left out. `rollups` has their numbers, by
    `ROLLUP_COLUMNS`: the sum of `n` is the number of messages, and counts also those of hours whose
    messages have all expired. A group may be there several times, also with a negative `n`: what
    has changed since the last merge. Everything stored until `as_of` is in it.
    """

    db: Database
    as_of: datetime


class LakeReader:
    """Reads the lake in `bucket`. `s3` is an S3 client; `cache` is a folder for its objects."""

    def __init__(self, s3: Any, bucket: str, manifest: Manifest, cache: Path | None = None) -> None:
        folder = cache or Path(mkdtemp(prefix="lake-"))
        self._segments = Segments(s3, bucket)
        self._manifest = manifest
        self._objects = Objects(s3, bucket, folder)
        self._held = HeldDays(self._objects)
        self._connection = duck.Connections(folder)
        self.forget()

    def forget(self) -> None:
        """What was read of the manifest."""
        self._known: tuple[int, date, date, list[Day]] = (-1, date.max, date.min, [])

    def look(self) -> "Look":
        """What the lake is made of at this moment."""
        at = datetime.now(UTC)
        waiting = tuple(each.key for each in self._segments.waiting())
        return Look(self, at, waiting, self._manifest.head())

    def version(self) -> str:
        """That of the lake at this moment: see `Look.version`."""
        return self.look().version

    @contextmanager
    def open(
        self,
        start: datetime,
        end: datetime,
        *,
        messages: bool = True,
        rollups: bool = True,
        hourly: bool = True,
        placed: bool = True,
        look: "Look | None" = None,
    ) -> Iterator[Snapshot]:
        """The messages whose first report came in the hours that [start, end) touches.

        Without `messages` there is the view `rollups` alone, and the objects of most hours need not
        be fetched. Where it need not be `hourly` either, a whole day is counted under its begin;
        where it need not be `placed` either, without its country, network and action. Without
        `rollups` there is the view `messages` alone. Raises GoneError where merges are
        faster than this reader, five times.
        """
        start, end = _whole_hours(start, end)
        views = _Views(messages, rollups, hourly, placed)
        with self._connection() as db:
            for left in reversed(range(TRIES)):
                seen = look or self.look()
                try:
                    self._load(db, start, end, seen, views)
                    break
                except GoneError:
                    self.forget()
                    if not left:
                        raise
                    look = None
            yield Snapshot(db, seen.at - LAG)

    def _days(self, seen: "Look", first: date, last: date) -> list[Day]:
        """Of the manifest, or as they were read before if it is the same manifest still."""
        head, known_first, known_last, known = self._known
        if not (head == seen.head and known_first <= first and last <= known_last):
            known = list(self._manifest.days(first, last))
            self._known = seen.head, first, last, known
        return [day for day in known if first <= day.day <= last]

    def _load(
        self,
        db: Database,
        start: datetime,
        end: datetime,
        seen: "Look",
        views: "_Views",
    ) -> None:
        days = self._days(seen, start.date(), (end - HOUR).date())
        waiting = [key for key in seen.waiting if _is_of(key, start, end)]
        hours = {
            _time_of(day, hour): day.keys([hour])
            for day in days
            for hour in (day.hours if views.messages or waiting else ())
            if start <= _time_of(day, hour) < end
        }
        changing = self._take_in(db, waiting, start, end, days) if waiting else set()
        touched = _keys(hours, hours.keys() & changing)
        untouched = _keys(hours, hours.keys() - changing) if views.messages else []
        held = [day for day in days if views.are_held and _is_whole(day, start, end)]
        counts = list(_rollups(days, start, end, views)) if views.rollups else []
        fetched = self._objects.fetch([*touched, *untouched, *counts])
        if changing:
            _make_fresh(db, _files(fetched, touched))
        if views.rollups:
            parts = [self._held.counts(db, held)] if held else []
            parts.append(_counts_in(_files(fetched, counts)))
            _make_rollups(db, parts, start, end, changed=bool(changing))
        if views.messages:
            files = _files(fetched, untouched), _files(fetched, touched)
            _make_messages(db, *files, changed=bool(changing))

    def _take_in(
        self, db: Database, keys: Iterable[str], start: datetime, end: datetime, days: list[Day]
    ) -> set[datetime]:
        """Makes `incoming` of these segments; the hours in it."""
        source = duck.segments(self._objects.fetch(keys).values())
        db.execute(
            "CREATE OR REPLACE TEMP TABLE incoming AS "
            f"SELECT * FROM {source} WHERE f >= ? AND f < ?",
            [_naive(start), _naive(end)],
        )
        _drop(db, days)
        return _hours_in(db)


@dataclass(frozen=True, slots=True)
class Look:
    """What the lake was made of at one moment: the segments that waited, the manifest's number."""

    reader: LakeReader
    at: datetime
    waiting: tuple[str, ...]
    head: int

    @property
    def version(self) -> str:
        """The same as long as every answer is: 32 hex digits, for ETags."""
        text = "\n".join([str(self.head), *self.waiting])
        return sha256(text.encode()).hexdigest()[:32]

    def open(
        self,
        start: datetime,
        end: datetime,
        *,
        messages: bool = True,
        rollups: bool = True,
        hourly: bool = True,
        placed: bool = True,
    ) -> AbstractContextManager[Snapshot]:
        """As `LakeReader.open`, without another look at what is there, unless that is gone."""
        return self.reader.open(
            start,
            end,
            messages=messages,
            rollups=rollups,
            hourly=hourly,
            placed=placed,
            look=self,
        )


def _rollups(days: Iterable[Day], start: datetime, end: datetime, views: _Views) -> Iterator[str]:
    """The keys of their counts: by hour, if they must be or a part of the day is wanted.

    Without those of days that are held.
    """
    for day in days:
        is_whole = _is_whole(day, start, end)
        key = day.daily_key if is_whole and not views.hourly else day.rollup_key
        if key is not None and not (is_whole and views.are_held):
            yield key


def _is_whole(day: Day, start: datetime, end: datetime) -> bool:
    """Whether all its hours are between these times."""
    begin = _time_of(day, 0)
    return start <= begin and begin + 24 * HOUR <= end


def _make_fresh(db: Database, files: list[Path]) -> None:
    """What the segments change: the messages as they were (`old`) and as they are (`fresh`)."""
    db.execute("CREATE OR REPLACE TEMP TABLE changed AS SELECT DISTINCT mk, f FROM incoming")
    db.execute(f"CREATE OR REPLACE TEMP TABLE old AS {_of(files)} SEMI JOIN changed USING (mk, f)")
    rows = "(SELECT * FROM old UNION ALL BY NAME SELECT * FROM incoming)"
    db.execute(f"CREATE OR REPLACE TEMP TABLE fresh AS {duck.folded(rows)}")


def _counts_in(files: list[Path]) -> str:
    source = duck.parquet(files) if files else duck.empty(duck.ROLLUP_COLUMNS)
    return f"SELECT {', '.join(duck.ROLLUP_COLUMNS)} FROM {source}"


def _make_rollups(
    db: Database, parts: list[str], start: datetime, end: datetime, *, changed: bool
) -> None:
    """Not grouped, so that a question reads no more columns than it asks for."""
    columns = ", ".join(duck.ROLLUP_COLUMNS)
    if changed:
        parts.append(duck.counted("fresh"))
        parts.append(f"SELECT * REPLACE (-n AS n) FROM ({duck.counted('old')})")
    db.execute(
        f"CREATE OR REPLACE TEMP VIEW rollups AS SELECT {columns} "
        f"FROM ({' UNION ALL BY NAME '.join(parts)}) "
        f"WHERE hour >= TIMESTAMP '{_naive(start)}' AND hour < TIMESTAMP '{_naive(end)}'"
    )


def _make_messages(
    db: Database, untouched: list[Path], touched: list[Path], *, changed: bool
) -> None:
    columns = ", ".join(f'"{name}"' for name in COLUMNS)
    parts = [_of(untouched)]
    if changed:
        parts.append(f"({_of(touched)} ANTI JOIN changed USING (mk, f))")
        parts.append("SELECT * FROM fresh")
    db.execute(
        f"CREATE OR REPLACE TEMP VIEW messages AS SELECT {columns} "
        f"FROM ({' UNION ALL BY NAME '.join(parts)}) WHERE rank IS NOT NULL"
    )


def _drop(db: Database, days: Iterable[Day]) -> None:
    """What still comes of hours that are over changes nothing."""
    for day in days:
        for hour, each in day.hours.items():
            if each.dropped:
                db.execute(
                    "DELETE FROM incoming WHERE date_trunc('hour', f) = ?",
                    [_naive(_time_of(day, hour))],
                )


def _of(files: list[Path]) -> str:
    return f"SELECT * FROM {duck.messages(files)} AS stored"


def _keys(hours: Mapping[datetime, list[str]], wanted: Iterable[datetime]) -> list[str]:
    return [key for hour in sorted(wanted) for key in hours[hour]]


def _files(fetched: Mapping[str, Path], keys: Iterable[str]) -> list[Path]:
    return [fetched[key] for key in keys]


def _hours_in(db: Database) -> set[datetime]:
    found = db.execute("SELECT DISTINCT date_trunc('hour', f) FROM incoming").fetchall()
    return {hour.replace(tzinfo=UTC) for (hour,) in found}


def _is_of(segment: str, start: datetime, end: datetime) -> bool:
    """Whether a segment can have rows of these hours."""
    day = day_of(segment)
    return day is None or start.date() <= day <= (end - HOUR).date()


def _time_of(day: Day, hour: int) -> datetime:
    return datetime(day.day.year, day.day.month, day.day.day, hour, tzinfo=UTC)


def _whole_hours(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """The hours that a range touches."""
    first = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    last = end.astimezone(UTC)
    whole = last.replace(minute=0, second=0, microsecond=0)
    return first, max(first, whole if whole == last else whole + HOUR)


def _naive(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(tzinfo=None)
