"""A lake in memory: the two views over made-up rows, as `dlr.lake.reader` makes them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from dlr.lake import duck
from dlr.lake.row import COLUMNS

EXPIRES_AT = 4_000_000_000
_TABLE = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Seen:
    """What was opened."""

    db: Any
    as_of: datetime


class FakeLake:
    """Rows by `mk`; `opened` remembers the hours asked for, `read` those with their messages."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.opened: list[tuple[datetime, datetime]] = []
        self.read: list[tuple[datetime, datetime]] = []
        self.as_of = datetime(2026, 11, 30, tzinfo=UTC)
        self.failure: Exception | None = None
        self._db = duckdb.connect(":memory:", config={"threads": 1})

    def put(self, row: Row) -> None:
        """A message, or a new state of one."""
        self.rows[row["mk"]] = row

    def look(self) -> "FakeLake":
        """The same lake, as it is."""
        return self

    @property
    def version(self) -> str:
        """Changes with every row."""
        return f"v{hash(tuple(sorted(map(str, self.rows.values()))))}"

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
    ) -> Iterator[Seen]:
        """With the views that were asked for; without `hourly` no hour is right, no place either
        without `placed`."""
        if self.failure:
            raise self.failure
        assert start == start.replace(minute=0, second=0, microsecond=0) < end
        assert end == end.replace(minute=0, second=0, microsecond=0)
        self.opened.append((start, end))
        inside = [row for row in self.rows.values() if start <= row["f"] < end]
        self._db.execute("DROP VIEW IF EXISTS messages")
        self._db.execute(f"CREATE OR REPLACE TABLE rolled ({_TABLE})")
        if inside:
            marks = f"({', '.join('?' * len(COLUMNS))})"
            values = [_plain(row[name]) for row in inside for name in COLUMNS]
            self._db.execute(
                f"INSERT INTO rolled VALUES {', '.join([marks] * len(inside))}",  # noqa: S608
                values,
            )
        # As where every message was something else at the last merge: that is taken back again.
        was = "(SELECT * REPLACE ('enroute' AS status, 7 AS latency_ms) FROM rolled)"
        counts = (
            f"{duck.counted('rolled')} UNION ALL BY NAME {duck.counted(was)}"  # noqa: S608
            f" UNION ALL BY NAME SELECT * REPLACE (-n AS n) FROM ({duck.counted(was)})"
        )
        if not hourly and start.hour == end.hour == 0:
            counts = duck.by_day(f"({counts})")
            if not placed:
                gone = "NULL::VARCHAR AS country, NULL::VARCHAR AS network"
                counts = f"SELECT * REPLACE ({gone}) FROM ({counts})"  # noqa: S608
        self._db.execute("DROP VIEW IF EXISTS rollups")
        if rollups:
            self._db.execute(f"CREATE VIEW rollups AS {counts}")
        if messages:
            self.read.append((start, end))
            self._db.execute("CREATE VIEW messages AS SELECT * FROM rolled")
        yield Seen(self._db, self.as_of)


def row(mk: str, f: datetime, status: str = "delivered", **fields: Any) -> dict[str, Any]:
    """A message like many."""
    known: dict[str, Any] = dict.fromkeys(COLUMNS)
    known |= {"mk": mk, "f": f, "rank": "5", "provider": "smsmode", "message_id": f"id-{mk}"}
    known |= {"status": status, "cause": "none", "bounce": "none", "action": "keep"}
    known |= {"country": "FR", "at": f + timedelta(seconds=3), "expires_at": EXPIRES_AT}
    known["finished"] = status not in {"accepted", "enroute", "unknown", "scheduled"}
    if status == "delivered":
        known |= {"latency_ms": 3000, "latency_from": "first_report"}
    return known | fields


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    return value
