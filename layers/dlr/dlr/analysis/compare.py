"""Provider against provider where both send: the same country and network."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any

from dlr.analysis.dimensions import Filters
from dlr.analysis.interval import Share, differ, wilson
from dlr.analysis.source import Lake, Period
from dlr.analysis.stats import Counted, Question, count, row_of


def compare(
    lake: Lake, period: Period, places: tuple[str, ...], filters: Filters, now: datetime
) -> tuple[list[dict[str, Any]], datetime]:
    """Every provider in every place, and as of when: places with most messages first.

    `best` names the place's provider with the highest lower end of its interval, so that few
    messages never win; null where one provider alone has final messages. `significant` says
    whether a provider's rate differs from the best one's; null for the best itself.
    """
    question = Question(period, (*places, "provider"), filters)
    counts = count(lake, question, now)
    groups = sorted(counts.groups, key=lambda each: [str(part or "") for part in each.group[:-1]])
    found = [list(same) for _, same in groupby(groups, key=lambda each: each.group[:-1])]
    found.sort(key=lambda same: -sum(each.n for each in same))
    return [row for same in found for row in _place(question, same)], counts.as_of


def _place(question: Question, same: Iterable[Counted]) -> list[dict[str, Any]]:
    ranked = sorted(same, key=lambda each: (-wilson(_share(each))[0], -each.n, each.group))
    finished = [each for each in ranked if each.final]
    best = finished[0] if len(finished) > 1 else None
    rows = []
    for each in ranked:
        low, high = wilson(_share(each))
        against = None if best is None or each is best else differ(_share(each), _share(best))
        own = {"low": low, "high": high, "best": best and best.group[-1], "significant": against}
        rows.append(row_of(question, each) | own)
    return rows


def _share(counted: Counted) -> Share:
    return Share(counted.delivered, counted.final)
