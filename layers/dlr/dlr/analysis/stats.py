"""Counts, rates and latencies of a period."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from dlr.analysis.bands import band_of
from dlr.analysis.dimensions import (
    DIMENSIONS,
    IS_DELIVERED,
    IS_FINAL,
    TIMES,
    Filters,
    condition,
)
from dlr.analysis.source import Facts, Lake, Period, aware, open_facts
from dlr.messages.latency import seconds_of
from dlr.report import PLACES

MAX_ROWS = 10_000


class TooManyRowsError(ValueError):
    """There are more groups than are counted at once, or than one answer holds."""


class Question(NamedTuple):
    """What is to be counted. `by` names a time at most and dimensions."""

    period: Period
    by: Sequence[str] = ()
    filters: Filters = MappingProxyType({})

    @property
    def singly(self) -> bool:
        """Whether only the messages themselves tell it."""
        named = {*self.by, *self.filters} & DIMENSIONS.keys()
        return not all(DIMENSIONS[name].in_rollups for name in named)

    @property
    def is_placed(self) -> bool:
        """Whether countries or networks matter: counts by day are held without them."""
        return not {*PLACES}.isdisjoint({*self.by, *self.filters})

    @property
    def tells_outcome(self) -> bool:
        """Whether each row has messages of one outcome, so that it has no delivery rate."""
        named = {*self.by, *self.filters} & DIMENSIONS.keys()
        return any(DIMENSIONS[name].tells_outcome for name in named)


class Counted(NamedTuple):
    """One group of messages. Buckets are those of `dlr.messages.latency`, of delivered messages."""

    group: tuple[Any, ...]
    n: int
    final: int
    delivered: int
    p50: int | None
    p95: int | None


class Counts(NamedTuple):
    """The groups, in the order of their times, the largest first."""

    groups: list[Counted]
    as_of: datetime


def count(lake: Lake, question: Question, now: datetime, most: int | None = None) -> Counts:
    """Counts the messages of a period by group. Raises TooManyRowsError.

    `most` groups, or MAX_ROWS, which is an answer's.
    """
    most = MAX_ROWS if most is None else most
    with open_facts(
        lake,
        question.period,
        now,
        singly=question.singly,
        hourly="hour" in question.by,
        placed=question.is_placed,
    ) as facts:
        return Counts(list(_counted(facts, question, most)), facts.as_of)


def stats(lake: Lake, question: Question, now: datetime) -> tuple[list[dict[str, Any]], datetime]:
    """Every group with its counts, rates, band and latencies, and as of when."""
    counts = count(lake, question, now)
    return [row_of(question, each) for each in counts.groups], counts.as_of


def row_of(question: Question, counted: Counted) -> dict[str, Any]:
    """One key a dimension, then the figures."""
    row = {
        name: _shown(name, value) for name, value in zip(question.by, counted.group, strict=True)
    }
    final, delivered = counted.final, counted.delivered
    row |= {"n": counted.n, "final": final, "delivered": delivered}
    rated = final if not question.tells_outcome else 0
    band = band_of(delivered, rated)
    return row | {
        "delivery_rate": delivered / rated if rated else None,
        "report_ratio": None if question.tells_outcome else final / counted.n,
        "p50_s": None if counted.p50 is None else seconds_of(counted.p50),
        "p95_s": None if counted.p95 is None else seconds_of(counted.p95),
        "band": band and band.name,
        "advice": band and band.advice,
    }


def _counted(facts: Facts, question: Question, most: int) -> Iterator[Counted]:
    source = facts.query
    wanted = condition(question.filters)
    names = [f"g{number}" for number, _ in enumerate(question.by)]
    groups = "".join(
        f"{TIMES.get(name) or DIMENSIONS[name].sql} AS {alias}, "
        for name, alias in zip(question.by, names, strict=True)
    )
    listed = "".join(f"{name}, " for name in names)
    partition = f"PARTITION BY {listed[:-2]}" if names else ""
    grouped = f"GROUP BY {listed[:-2]}" if names else ""
    first = "g0, " if question.by and question.by[0] in TIMES else ""
    found = facts.db.execute(
        f"WITH facts AS ({source.sql}), "
        f"cells AS (SELECT {groups}bucket, status, sum(n) AS n"
        f" FROM facts WHERE {wanted.sql} GROUP BY ALL HAVING sum(n) <> 0), "
        "piled AS (SELECT *, sum(n) FILTER (WHERE bucket IS NOT NULL)"
        f" OVER ({partition} ORDER BY bucket NULLS LAST) AS upto,"
        f" sum(n) FILTER (WHERE bucket IS NOT NULL) OVER ({partition}) AS timed FROM cells) "
        f"SELECT {listed}sum(n)::BIGINT AS n,"
        f" coalesce(sum(n) FILTER (WHERE {IS_FINAL}), 0)::BIGINT,"
        f" coalesce(sum(n) FILTER (WHERE {IS_DELIVERED}), 0)::BIGINT,"
        " min(bucket) FILTER (WHERE bucket IS NOT NULL AND 100 * upto >= 50 * timed),"
        " min(bucket) FILTER (WHERE bucket IS NOT NULL AND 100 * upto >= 95 * timed)"
        f" FROM piled {grouped} HAVING sum(n) > 0"
        f" ORDER BY {first}n DESC, {listed}5 LIMIT {most + 1}",
        [*source.values, *wanted.values],
    ).fetchall()
    if len(found) > most:
        raise TooManyRowsError(
            f"The answer has more than {most} rows: take a shorter period, fewer dimensions or"
            " a filter."
        )
    size = len(names)
    return (Counted(tuple(row[:size]), *row[size:]) for row in found)


def _shown(name: str, value: Any) -> Any:
    """Hours with their zone, days as dates."""
    if name == "day":
        return value.date()
    return aware(value) if name == "hour" else value
