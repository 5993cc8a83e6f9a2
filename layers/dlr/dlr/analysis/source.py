"""What is asked: the lake, seen for a period, and its rows in one shape for every question."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from dlr.analysis.latency import BUCKET_SQL

HOUR = timedelta(hours=1)


class Snapshot(Protocol):
    """The lake at one moment. `db` has the views `messages` and `rollups` of a period."""

    @property
    def db(self) -> Any:
        """A DuckDB connection."""

    @property
    def as_of(self) -> datetime:
        """Everything that was stored until then is in it."""


class Lake(Protocol):
    """Opens the cohorts of whole hours, [start, end) in UTC."""

    def open(
        self,
        start: datetime,
        end: datetime,
        *,
        messages: bool = True,
        rollups: bool = True,
        hourly: bool = True,
    ) -> AbstractContextManager[Snapshot]:
        """Without one of the views `messages` and `rollups` less is fetched.

        Where it need not be `hourly`, whole days are counted under their begin.
        """


class Period(NamedTuple):
    """Half open, UTC: the messages whose first report came in it."""

    start: datetime
    end: datetime

    def whole_hours(self) -> "Period":
        """The smallest period of whole hours that holds it."""
        return Period(floor_hour(self.start), ceil_hour(self.end))


class Query(NamedTuple):
    """SQL and the values of its question marks."""

    sql: str
    values: tuple[Any, ...] = ()


_ROLLED = Query(
    "SELECT hour, provider, country, network, status, cause, NULL AS code, NULL AS sender, n,"
    " bucket FROM rollups WHERE hour >= ? AND hour < ?"
)
_ROWS = Query(
    "SELECT date_trunc('hour', f) AS hour, provider, country, network, status, cause,"
    " CASE WHEN expires_at > ? THEN code END AS code, sender, 1 AS n,"
    f" {BUCKET_SQL} AS bucket FROM messages WHERE f >= ? AND f < ?"
)


def facts(period: Period, now: datetime, *, singly: bool) -> Query:
    """Counts of messages by hour and by whatever a question may group or filter by.

    From the rollups where the period is of whole hours; hours of which it has a part, and all of
    them with `singly`, are counted message by message. Codes of expired messages are left out.
    """
    start, end = ceil_hour(period.start), floor_hour(period.end)
    if singly or start >= end:
        return _rows(period, now)
    parts = [Query(_ROLLED.sql, (plain(start), plain(end)))]
    edges = (Period(period.start, start), Period(end, period.end))
    parts += [_rows(edge, now) for edge in edges if edge.start < edge.end]
    return Query(
        " UNION ALL ".join(part.sql for part in parts),
        tuple(value for part in parts for value in part.values),
    )


def needs_messages(period: Period, *, singly: bool) -> bool:
    """Whether `facts` reads messages."""
    return singly or period != period.whole_hours()


def _rows(period: Period, now: datetime) -> Query:
    return Query(_ROWS.sql, (int(now.timestamp()), plain(period.start), plain(period.end)))


def floor_hour(time: datetime) -> datetime:
    """The beginning of its hour."""
    return time.replace(minute=0, second=0, microsecond=0)


def ceil_hour(time: datetime) -> datetime:
    """The next beginning of an hour, or the time itself if it is one."""
    floor = floor_hour(time)
    return floor if floor == time else floor + HOUR


def plain(time: datetime) -> datetime:
    """UTC as DuckDB's TIMESTAMP has it: without a zone."""
    return time.astimezone(UTC).replace(tzinfo=None)


def aware(time: datetime) -> datetime:
    """The other way."""
    return time.replace(tzinfo=UTC)
