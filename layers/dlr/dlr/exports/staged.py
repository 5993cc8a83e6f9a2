"""Rows that Python makes, for DuckDB to read: through a file, so that memory holds none of them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from dlr.exports.file import quoted

FETCH = 10_000
"""Rows of DuckDB's in Python's memory at once."""


def stage(
    db: Any,
    table: str,
    columns: Mapping[str, str],
    rows: Iterable[Mapping[str, object]],
    folder: Path,
) -> None:
    """Makes a temporary table of these columns, name to DuckDB's type. What a row lacks is NULL."""
    path = folder / f"{table}.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, default=datetime.isoformat) + "\n")
    types = ", ".join(f"\"{name}\": '{kind}'" for name, kind in columns.items())
    source = f"read_json({quoted(str(path))}, format = 'newline_delimited', columns = {{{types}}})"
    db.execute(f"CREATE TEMP TABLE {table} AS SELECT * FROM {source}")  # noqa: S608 - our own names
    path.unlink()


def rows_of(db: Any, select: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a SELECT, some in memory at once. Meanwhile the connection is taken."""
    found = db.execute(select)
    while rows := found.fetchmany(FETCH):
        yield from rows
