"""What DuckDB selects, as a file: CSV that a spreadsheet may open, or Parquet.

DuckDB writes while it reads, so memory does not grow with the rows.
"""

from pathlib import Path
from typing import Any

from dlr.exports.job import Format
from dlr.suppression.sheet import FORMULA, GUARD, INNER

TIMES = "%Y-%m-%dT%H:%M:%S.%fZ"
ROW_GROUP = 20_000
"""Rows of Parquet that are in memory at once."""


def quoted(text: str) -> str:
    """As a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


_ZONED = "timezone('UTC', {0})"
_INNER = f"regexp_replace({{0}}, {quoted(INNER)}, {quoted(GUARD)}, 'g')"
_GUARDED = (
    f"CASE WHEN regexp_matches({{0}}, {quoted('^' + FORMULA)}) THEN '''' ELSE '' END || {_INNER}"
)


def write_file(db: Any, select: str, form: Format, path: Path) -> int:
    """Writes the rows of a SELECT to a file; how many there are.

    CSV is RFC 4180 in UTF-8, with a header. A text that a spreadsheet would run has a `'`, as
    `dlr.suppression.sheet` writes it, which takes it off again where it reads one. Parquet says of
    times that they are UTC.
    """
    if form is Format.PARQUET:
        select = _with(db, select, "TIMESTAMP", _ZONED)
        options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP}"
    else:
        select = _with(db, select, "VARCHAR", _GUARDED)
        options = f"FORMAT csv, HEADER, NEW_LINE '\\r\\n', TIMESTAMPFORMAT '{TIMES}'"
    target = quoted(str(path))
    (count,) = db.execute(f"COPY ({select}) TO {target} ({options})").fetchone()
    return int(count)


def _with(db: Any, select: str, kind: str, written: str) -> str:
    """The SELECT, with what is written of `{0}` for each column of this kind."""
    found = db.execute(f"DESCRIBE {select}").fetchall()
    columns = ", ".join(
        f'{written.format(_name(name))} AS "{name}"' if each == kind else _name(name)
        for name, each, *_ in found
    )
    return f"SELECT {columns} FROM ({select})"  # noqa: S608 - our own


def _name(column: str) -> str:
    return f'"{column}"'
