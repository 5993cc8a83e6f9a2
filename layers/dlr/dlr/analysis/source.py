"""What is asked: the lake, seen for a period, and its rows in one shape for every question."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from dlr.messages.latency import BUCKET_SQL

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
        placed: bool = True,
    ) -> AbstractContextManager[Snapshot]:
        """Without one of the views `messages` and `rollups` less is fetched.

        Where it need not be `hourly`, whole days are counted under their begin; where it need not
        be `placed` either, without countries and networks.
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


class Facts(NamedTuple):
    """Counts of messages by hour and by whatever a question may group or filter by.

    `query` runs on `db`. A group may be there several times.
    """

    db: Any
    query: Query
    as_of: datetime


_ROLLED = Query(
    "SELECT hour, provider, country, network, status, cause, NULL AS code, NULL AS sender, n,"
    " bucket FROM rollups WHERE hour >= ? AND hour < ?"
)
_ROWS = Query(
    "SELECT date_trunc('hour', f) AS hour, provider, country, network, status, cause,"
    " CASE WHEN expires_at > ? THEN code END AS code, sender, 1 AS n,"
    f" {BUCKET_SQL} AS bucket FROM messages WHERE f >= ? AND f < ?"
)
_EDGE = {
    "hour": "TIMESTAMP",
    "provider": "VARCHAR",
    "country": "VARCHAR",
    "network": "VARCHAR",
    "status": "VARCHAR",
    "cause": "VARCHAR",
    "code": "VARCHAR",
    "sender": "VARCHAR",
    "n": "BIGINT",
    "bucket": "SMALLINT",
}
"""What is carried over from an hour of which a period has a part: the columns of a fact."""
_CARRIED = ", ".join(f"unnest(?::{kind}[]) AS {name}" for name, kind in _EDGE.items())


@contextmanager
def open_facts(
    lake: Lake,
    period: Period,
    now: datetime,
    *,
    singly: bool,
    hourly: bool = True,
    placed: bool = True,
) -> Iterator[Facts]:
    """The messages of a period, counted.

    Whole hours come from the rollups; only hours of which the period has a part, and all of them
    with `singly`, are read message by message. Codes of expired messages are left out.
    """
    start, end = ceil_hour(period.start), floor_hour(period.end)
    if singly or start >= end:
        with lake.open(*period.whole_hours()) as snapshot:
            yield Facts(snapshot.db, _rows(period, now), snapshot.as_of)
        return
    edges = (Period(period.start, start), Period(end, period.end))
    parts, moments = [Query(_ROLLED.sql, (plain(start), plain(end)))], []
    for edge in edges:
        if edge.start < edge.end:
            carried, as_of = _counted(lake, edge, now)
            parts.append(carried)
            moments.append(as_of)
    with lake.open(start, end, messages=False, hourly=hourly, placed=placed) as snapshot:
        query = Query(
            " UNION ALL BY NAME ".join(part.sql for part in parts),
            tuple(value for part in parts for value in part.values),
        )
        yield Facts(snapshot.db, query, min([*moments, snapshot.as_of]))


def _counted(lake: Lake, edge: Period, now: datetime) -> tuple[Query, datetime]:
    """The messages of a part of an hour, as lists that any database can read."""
    rows = _rows(edge, now)
    columns = ", ".join(
        {"n": "sum(n)::BIGINT", "code": "NULL", "sender": "NULL"}.get(name, name) for name in _EDGE
    )
    with lake.open(*edge.whole_hours()) as snapshot:
        found = snapshot.db.execute(
            f"SELECT {columns} FROM ({rows.sql}) GROUP BY ALL", list(rows.values)
        ).fetchall()
        lists = zip(*found, strict=True) if found else ([] for _ in _EDGE)
        return Query(f"SELECT {_CARRIED}", tuple(map(list, lists))), snapshot.as_of


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
