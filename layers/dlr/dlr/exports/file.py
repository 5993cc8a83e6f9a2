"""What DuckDB selects, as a file: CSV that a spreadsheet may open, or Parquet.

DuckDB writes while it reads, so memory does not grow with the rows.
"""

from pathlib import Path
from typing import Any

from dlr.exports.job import Format
from dlr.suppression.sheet import FORMULA

TIMES = "%Y-%m-%dT%H:%M:%S.%fZ"
ROW_GROUP = 20_000
"""Rows of Parquet that are in memory at once."""


def write_file(db: Any, select: str, form: Format, path: Path) -> int:
    """Writes the rows of a SELECT to a file; how many there are.

    CSV is RFC 4180 in UTF-8, with a header. A text that a spreadsheet would run begins with `'`, as
    `dlr.suppression.sheet` writes it, which takes it off again where it reads one.
    """
    if form is Format.PARQUET:
        options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP}"
    else:
        select = f"SELECT {_guarded(db, select)} FROM ({select})"  # noqa: S608 - our own
        options = f"FORMAT csv, HEADER, NEW_LINE '\\r\\n', TIMESTAMPFORMAT '{TIMES}'"
    target = quoted(str(path))
    (count,) = db.execute(f"COPY ({select}) TO {target} ({options})").fetchone()
    return int(count)


def _guarded(db: Any, select: str) -> str:
    """The columns of a SELECT, its texts without formulas."""
    found = db.execute(f"DESCRIBE {select}").fetchall()
    return ", ".join(_guard(name) if kind == "VARCHAR" else f'"{name}"' for name, kind, *_ in found)


def _guard(column: str) -> str:
    begins = f'regexp_matches("{column}", {quoted("^" + FORMULA)})'
    return f'CASE WHEN {begins} THEN \'\'\'\' || "{column}" ELSE "{column}" END AS "{column}"'


def quoted(text: str) -> str:
    """As a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"
