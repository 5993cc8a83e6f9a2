"""DuckDB as the lake uses it: the connection, and the few pieces of SQL that all of it is made of.

Columns are quoted, because `at` is a word of DuckDB's own.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb

from dlr.lake.row import COLUMNS, ERASED
from dlr.messages.latency import BUCKET_SQL

Database = duckdb.DuckDBPyConnection
KEY = ("mk", "f")
ROLLUP_COLUMNS = {
    "hour": "TIMESTAMP",
    "provider": "VARCHAR",
    "country": "VARCHAR",
    "network": "VARCHAR",
    "status": "VARCHAR",
    "cause": "VARCHAR",
    "action": "VARCHAR",
    "bucket": "SMALLINT",
    "n": "BIGINT",
}
"""What is counted. `bucket` is k where a delivery took from 2^(k/4) to 2^((k+1)/4) seconds, null
where nobody knows how long. The middle of a bucket, 2^((k+1/2)/4), is off by 9 per cent at most."""
_DIMENSIONS = [name for name in ROLLUP_COLUMNS if name not in {"hour", "bucket", "n"}]
_VALUES = [name for name in COLUMNS if name not in KEY]
DEFAULT_MB = 1024


class Connections:
    """Connections to one database in memory, made when the first is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._root: Database | None = None

    def __call__(self) -> Database:
        """With temporary tables and views of its own."""
        if self._root is None:
            self._root = connect(self._folder)
        return self._root.cursor()


def connect(folder: Path) -> Database:
    """A database in memory that reads and writes in this folder and nowhere else.

    It takes no more than half of the function's memory, then it goes on in the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    memory_mb = int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", DEFAULT_MB)) // 2
    db = duckdb.connect(":memory:", config={"threads": "1"})
    for name, value in {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "memory_limit": f"{memory_mb}MB",
        "temp_directory": str(folder / "spill"),
        "preserve_insertion_order": False,
        "parquet_metadata_cache": True,
        "allowed_directories": [str(folder)],
        "enable_external_access": False,
    }.items():
        db.execute(f"SET {name} = ?", [value])
    return db


def parquet(files: Iterable[Path | str]) -> str:
    """The rows of these Parquet files."""
    return f"read_parquet([{_texts(files)}])"


def messages(files: Iterable[Path | str]) -> str:
    """The rows of these Parquet files, with the columns of `COLUMNS`."""
    named = _texts(files)
    return f"read_parquet([{named}])" if named else empty(COLUMNS)


def segments(files: Iterable[Path | str]) -> str:
    """The rows of these segments."""
    named = _texts(files)
    if not named:
        return empty(COLUMNS)
    columns = ", ".join(f"\"{name}\": '{kind}'" for name, kind in COLUMNS.items())
    return (
        f"read_json([{named}], format = 'newline_delimited', compression = 'gzip', "
        f"columns = {{{columns}}})"
    )


def empty(columns: Mapping[str, str]) -> str:
    """No row at all."""
    nulls = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in columns.items())
    return f"(SELECT {nulls} WHERE false)"


def folded(rows: str, expired_before: int | None = None) -> str:
    """One row per message: that of the greatest rank, without `ERASED` if one of them erases.

    Also without them where the message has expired before this Unix second.
    """
    values = ", ".join(f'"{name}" := "{name}"' for name in _VALUES)
    gone = "gone" if expired_before is None else f"gone OR v.expires_at < {int(expired_before)}"
    columns = ", ".join(
        f"CASE WHEN {gone} THEN NULL ELSE v.{name} END AS {name}"
        if name in ERASED
        else f'v."{name}" AS "{name}"'
        for name in _VALUES
    )
    return (
        f"SELECT mk, f, {columns} FROM (SELECT mk, f, "
        f"arg_max(struct_pack({values}), rank) AS v, bool_or(message_id IS NULL) AS gone "
        f"FROM {rows} GROUP BY mk, f)"
    )


def counted(rows: str) -> str:
    """How many messages there are of each kind in each hour of their first report."""
    dimensions = ", ".join(_DIMENSIONS)
    return (
        f"SELECT date_trunc('hour', f) AS hour, {dimensions}, {BUCKET_SQL} AS bucket, "
        f"count(*) AS n FROM {rows} WHERE rank IS NOT NULL GROUP BY ALL"
    )


def by_day(counts: str) -> str:
    """Counts of a day's hours without the hours: under the day's first one."""
    others = ", ".join(name for name in ROLLUP_COLUMNS if name not in {"hour", "n"})
    return (
        f"SELECT date_trunc('day', hour) AS hour, {others}, sum(n)::BIGINT AS n FROM {counts} "
        "GROUP BY ALL ORDER BY ALL"
    )


def _texts(files: Iterable[Path | str]) -> str:
    return ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
