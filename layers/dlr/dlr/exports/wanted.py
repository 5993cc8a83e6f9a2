"""Which messages of the lake a part is about: the view `wanted`."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from dlr.exports.file import quoted
from dlr.messages.shown import HIDDEN
from dlr.report import NO_PLACE, PLACES

HOUR = timedelta(hours=1)


class Snapshot(Protocol):
    """The lake at one moment. `db` has the view `messages`."""

    @property
    def db(self) -> Any:
        """A DuckDB connection."""

    @property
    def as_of(self) -> datetime:
        """Everything that was stored until then is in it."""


class Lake(Protocol):
    """Opens the cohorts of whole hours, [start, end) in UTC."""

    def open(
        self, start: datetime, end: datetime, *, rollups: bool
    ) -> AbstractContextManager[Snapshot]:
        """With each message once; without `rollups` less is fetched."""


@contextmanager
def open_wanted(
    lake: Lake,
    span: tuple[datetime, datetime],
    filters: Mapping[str, tuple[str, ...]],
    now: datetime,
) -> Iterator[Snapshot]:
    """The lake with the view `wanted`: the messages of [start, end) that the filters let through.

    A filter names a column and the values of which a message must have one.
    """
    start, end = span
    floor = start.replace(minute=0, second=0, microsecond=0)
    hours = -((floor - end) // HOUR)
    with lake.open(floor, floor + hours * HOUR, rollups=False) as snapshot:
        hidden = ", ".join(f"CASE WHEN kept THEN {name} END AS {name}" for name in HIDDEN)
        kept = f"SELECT *, expires_at > {int(now.timestamp())} AS kept FROM messages"  # noqa: S608
        where = " AND ".join(
            [
                f"f >= {_time(start)}",
                f"f < {_time(end)}",
                *(
                    f"{_known(column, values)} IN ({_list(values)})"
                    for column, values in filters.items()
                ),
            ]
        )
        snapshot.db.execute(
            f"CREATE TEMP VIEW wanted AS SELECT * REPLACE ({hidden}) FROM ({kept})"  # noqa: S608
            f" WHERE {where}"
        )
        yield snapshot


def _time(time: datetime) -> str:
    """As a literal. DuckDB's TIMESTAMP has no zone."""
    plain = time.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")
    return f"TIMESTAMP {quoted(plain)}"


def _known(column: str, values: tuple[str, ...]) -> str:
    """The column, in which NO_PLACE stands for none where it is asked for."""
    is_asked = column in PLACES and NO_PLACE in values
    return f"coalesce({column}, '{NO_PLACE}')" if is_asked else column


def _list(values: tuple[str, ...]) -> str:
    return ", ".join(map(quoted, values))
