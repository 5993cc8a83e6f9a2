"""Takes out of the lake what has expired: ids and codes, hours, and in the end whole days."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple

from dlr.lake import duck
from dlr.lake.days import TRIES, BusyError, Days
from dlr.lake.manifest import Day, Hour, Manifest
from dlr.lake.objects import GoneError

EXPIRED_FOR = timedelta(days=1)
"""An id goes this long after it expired: until then the stream can still say that it has not."""
OVER_FOR = timedelta(days=15)
"""An hour is dropped this long after its last message expired: a failure queue keeps 14 days."""


class Expired(NamedTuple):
    """How many days were changed.

    Of the days that are `missing` the manifest names an object that is not there. `more` is whether
    others are left for the next call.
    """

    days: int
    missing: frozenset[date] = frozenset()
    more: bool = False


class Expiry:
    """Of the lake in `bucket`. `s3` is an S3 client; `folder` is for files of its own."""

    def __init__(
        self, s3: Any, bucket: str, manifest: Manifest, folder: Path | None = None
    ) -> None:
        own = folder or Path(mkdtemp(prefix="expiry-"))
        self._days = Days(s3, bucket, manifest, own)
        self._connection = duck.Connections(own)

    def __call__(
        self,
        now: datetime,
        statistics_months: int,
        may_go_on: Callable[[], bool] = lambda: True,
    ) -> Expired:
        """Takes out ids and codes that have expired, and what is kept long enough.

        Hours go with their last message, their numbers after `statistics_months`. Called again with
        the same `now`, it goes on.
        """
        changed, missing = 0, set[date]()
        for day in list(self._days.manifest.days(date.min, date.max)):
            over = day.day < _months_before(now.date(), statistics_months)
            if not (over or _is_expiring(day, now)):
                continue
            if not may_go_on():
                return Expired(changed, frozenset(missing), more=True)
            if over:
                changed += self._forget(day)
            elif self._expire(day.day, now):
                changed += 1
            else:
                missing.add(day.day)
        self._days.sweep(now - EXPIRED_FOR)
        return Expired(changed, frozenset(missing))

    def _expire(self, day: date, now: datetime) -> bool:
        """Whether it is done: not where an object is not there that the manifest still names."""
        cutoff, over = _limits(now)
        for _ in range(TRIES):
            before = self._days.manifest.day(day)
            kept = {hour: _over(each, over) for hour, each in before.hours.items()}
            hours = [
                hour
                for hour, each in before.hours.items()
                if _has_expired(each, cutoff) and not kept[hour].dropped
            ]
            with self._connection() as db:
                source = duck.segments([])
                db.execute(f"CREATE OR REPLACE TEMP TABLE incoming AS SELECT * FROM {source}")
                try:
                    if self._days.change(db, replace(before, hours=kept), hours, cutoff):
                        return True
                except GoneError:
                    if self._days.manifest.day(day) == before:
                        return False
        raise BusyError(f"others are changing {day}")

    def _forget(self, day: Day) -> int:
        """The objects before the manifest's item: as long as there are any, it finds them again."""
        emptied = Day(day.day, day.version + 1)
        if not self._days.manifest.commit(emptied):
            return 0  # tomorrow, then
        self._days.delete_others(emptied)
        return int(self._days.manifest.forget(Day(day.day, emptied.version + 1)))


def _limits(now: datetime) -> tuple[int, int]:
    """The Unix seconds before which ids have expired, and messages so long that hours go."""
    cutoff, over = (int((now - span).timestamp()) for span in (EXPIRED_FOR, OVER_FOR))
    return cutoff, over


def _has_expired(hour: Hour, cutoff: int) -> bool:
    return hour.next_expiry is not None and hour.next_expiry < cutoff


def _over(hour: Hour, before: int) -> Hour:
    """Dropped, if its last message expired before this Unix second."""
    return Hour(rows=hour.rows, dropped=True) if hour.last_expiry < before else hour


def _is_expiring(day: Day, now: datetime) -> bool:
    cutoff, over = _limits(now)
    return any(
        not hour.dropped and (_has_expired(hour, cutoff) or hour.last_expiry < over)
        for hour in day.hours.values()
    )


def _months_before(day: date, months: int) -> date:
    """The first of the month."""
    count = day.year * 12 + day.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)
