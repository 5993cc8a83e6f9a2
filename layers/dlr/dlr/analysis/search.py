"""Messages one by one, newest first, page by page."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from math import ceil
from typing import Any, NamedTuple

from dlr.analysis.dimensions import Filters, condition
from dlr.analysis.source import HOUR, Lake, Period, Query, aware, floor_hour, plain
from dlr.messages.shown import HIDDEN, SHOWN

SCAN_S = 8.0
"""A page that is not full by then ends where it is: API Gateway waits for 30 s."""
MOST_HOURS = 48
"""Hours that are opened at once."""
HOURS_FILTERED = 10
"""At first, where a filter leaves out most messages; without one an hour fills most pages."""
_MICROSECOND = timedelta(microseconds=1)
_NAMES = (*SHOWN, "mk", "apart")
_TIMES = ("first_seen", "occurred_at", "sent_at")


class Position(NamedTuple):
    """Behind the message `mk` of the time `f`; with an empty `mk` behind all of that time."""

    f: datetime
    mk: str = ""


class Page(NamedTuple):
    """Messages by the names of `SHOWN`, `mk` and `apart`, times in UTC, and how far was read."""

    items: list[dict[str, Any]]
    end: Position | None
    """Where the next page begins; None when the period was read to its beginning."""
    scanned_to: datetime
    as_of: datetime | None


def search(
    lake: Lake,
    period: Period,
    filters: Filters,
    position: Position | None,
    limit: int,
    now: datetime,
    clock: Callable[[], float] = time.monotonic,
) -> Page:
    """The next `limit` messages of the period behind `position`, newest first.

    Hours are opened newest first, and no more of them than the page needs. A page may be short,
    even empty, when SCAN_S were not enough: it goes on at `end`. Ids and codes of messages that
    have expired are left out.

    A message keeps its first time and its `mk` for ever, so whatever is added, merged or changed
    meanwhile, pages that follow each other show none twice, and each that was there at the first.
    """
    until, scanned = clock() + SCAN_S, timedelta()
    hours = HOURS_FILTERED if filters else 1
    position = min(position or Position(period.end), Position(period.end))
    items: list[dict[str, Any]] = []
    as_of: datetime | None = None
    while position > Position(period.start):
        window = _window(period, position, hours)
        with lake.open(*window.whole_hours(), rollups=False) as snapshot:
            query = _query(window, filters, position, limit - len(items), now)
            found = snapshot.db.execute(query.sql, list(query.values)).fetchall()
            as_of = min(as_of or snapshot.as_of, snapshot.as_of)
        items += map(_item, found)
        if len(items) == limit:
            position = Position(items[-1]["first_seen"], items[-1]["mk"])
            break
        position = Position(window.start)
        scanned += window.end - window.start
        hours = _next_hours(scanned, len(items), limit)
        if clock() >= until:
            break
    done = position <= Position(period.start)
    return Page(items, None if done else position, position.f, as_of)


def _window(period: Period, position: Position, hours: int) -> Period:
    """So many hours up to the position, of which the newest may be a part."""
    end = position.f + _MICROSECOND if position.mk else position.f
    start = floor_hour(end - _MICROSECOND) - (hours - 1) * HOUR
    return Period(max(period.start, start), end)


def _next_hours(scanned: timedelta, found: int, limit: int) -> int:
    """What will probably fill the page, by what was found so far."""
    share = 1.2 * (limit - found) / found if found else 4
    return min(ceil(share * (scanned / HOUR)), MOST_HOURS)


def _query(
    window: Period, filters: Filters, position: Position, limit: int, now: datetime
) -> Query:
    hidden = ", ".join(
        f"CASE WHEN expires_at > {int(now.timestamp())} THEN {name} END AS {name}"
        for name in HIDDEN
    )
    columns = ", ".join(f"{column} AS {name}" for name, column in SHOWN.items())
    wanted, f = condition(filters), plain(position.f)
    return Query(
        f"SELECT {columns}, mk, apart FROM (SELECT * REPLACE ({hidden}) FROM messages) AS found"
        " WHERE f >= ? AND f < ? AND (f < ? OR (f = ? AND mk < ?))"
        f" AND {wanted.sql} ORDER BY f DESC, mk DESC LIMIT ?",
        (
            *(plain(window.start), plain(window.end), f, f, position.mk),
            *wanted.values,
            limit,
        ),
    )


def _item(row: tuple[Any, ...]) -> dict[str, Any]:
    item = dict(zip(_NAMES, row, strict=True))
    return item | {name: item[name] and aware(item[name]) for name in _TIMES}
