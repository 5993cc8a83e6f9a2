"""The files of a backtest, read again and held against a plain recount."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from bench.backtest_model import Outcome, Row
from dlr.exports.job import Format

GUARD = "'"
"""Stands before what a spreadsheet would run, as a number with its `+`."""
_BOOLEANS = {"true": True, "false": False}


def problems_of(jobs: Mapping[str, Any], wanted: list[Outcome]) -> Iterator[str]:
    """In what files and counts differ from these outcomes; nothing where they do not."""
    expected = Counter(each.row for each in wanted)
    for form, job in jobs.items():
        if job["state"] != "done" or (job["done"], job["total"]) != (1, 1):
            yield f"{form}: the job is {job['state']}"
        found = Counter(READERS[Format(form)](Path(job["file"])))
        if found.total() != job["rows"]:
            yield f"{form}: {found.total()} rows in the file, {job['rows']} in the job"
        if missing := (expected - found).total():
            yield f"{form}: {missing} recipients are not as the recount has them"
        if added := (found - expected).total():
            yield f"{form}: {added} rows that the recount has not"
        result = {name: job["result"][name] for name in ("tried", "today", "added", "removed")}
        if result != counts_of(wanted):
            yield f"{form}: the counts are not those of the recount"
        if job["result"]["not_kept"]:
            yield f"{form}: {job['result']['not_kept']} messages were not found"


def counts_of(outcomes: list[Outcome]) -> Mapping[str, Any]:
    """By name: how many recipients, and how many by cause, as the API says it."""
    found = {
        "tried": Counter(each.tried for each in outcomes if each.tried),
        "today": Counter(each.today for each in outcomes if each.today),
        "added": Counter(each.tried for each in outcomes if each.tried and not each.today),
        "removed": Counter(each.today for each in outcomes if each.today and not each.tried),
    }
    return {
        name: {"recipients": each.total(), "by_cause": dict(sorted(each.items()))}
        for name, each in found.items()
    }


def _in_csv(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            texts = {name: value.removeprefix(GUARD) or None for name, value in row.items()}
            yield _row(
                {
                    **texts,
                    "at": datetime.fromisoformat(row["at"]),
                    "strikes": int(row["strikes"]),
                    "tried": _BOOLEANS[row["tried"]],
                    "today": _BOOLEANS[row["today"]],
                }
            )


def _in_parquet(path: Path) -> Iterator[Row]:
    """The times are moments, so they come in microseconds: no zone of this machine is in them."""
    select = 'SELECT * REPLACE (epoch_us("at") AS "at") FROM read_parquet(?)'
    with duckdb.connect(":memory:") as db:
        found = db.execute(select, [str(path)])
        names = [each[0] for each in found.description]
        for values in found.fetchall():
            row = dict(zip(names, values, strict=True))
            seconds, micros = divmod(row["at"], 10**6)
            at = datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)
            yield _row({**row, "at": at})


def _row(row: Mapping[str, Any]) -> Row:
    """Raises TypeError for a row with other columns."""
    return Row(**row)


READERS = {Format.CSV: _in_csv, Format.PARQUET: _in_parquet}
