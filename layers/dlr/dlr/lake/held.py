"""Counts of whole days, held in DuckDB's memory from one question to the next.

An object never changes under its key, so a day is read again only when the manifest names another
one: after a merge that is one day, not a month.
"""

from collections.abc import Iterable
from datetime import date

from dlr.lake import duck
from dlr.lake.duck import Database
from dlr.lake.manifest import Day
from dlr.lake.objects import Objects

COLUMNS = ("hour", "provider", "status", "cause", "bucket", "n")
"""Those of `ROLLUP_COLUMNS` without places and actions: a twentieth of the rows, or less."""
_COLUMNS_SQL = ", ".join(f"{name} {duck.ROLLUP_COLUMNS[name]}" for name in COLUMNS)


class HeldDays:
    """A table of one database: each day under its begin, by `COLUMNS`.

    Its size has a bound: what providers, states, causes and latencies there are, for each day.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._keys: dict[date, str] = {}

    def counts(self, db: Database, days: Iterable[Day]) -> str:
        """The rows of these days as the manifest has them, in SQL.

        Raises GoneError where an object is not there any more.
        """
        wanted = {each.day: each.daily_key for each in days if each.daily_key is not None}
        missing = {day: key for day, key in wanted.items() if self._keys.get(day) != key}
        files = self._objects.fetch(missing.values())
        db.execute(f"CREATE TABLE IF NOT EXISTS held_days ({_COLUMNS_SQL})")
        for day in missing:
            self._keys.pop(day, None)  # first: a day that breaks off here is read again
            db.execute("DELETE FROM held_days WHERE hour::DATE = ?", [day])
        if missing:
            source, names = duck.parquet(files.values()), ", ".join(COLUMNS[:-1])
            db.execute(
                f"INSERT INTO held_days SELECT {names}, sum(n)::BIGINT FROM {source} GROUP BY ALL"
            )
        self._keys |= missing
        listed = ", ".join(f"TIMESTAMP '{day}'" for day in wanted)
        return f"SELECT * FROM held_days WHERE hour IN ({listed or 'NULL'})"
