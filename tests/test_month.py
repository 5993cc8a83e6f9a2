"""The made-up month of the demo: what of it the overview has to tell in words."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from dlr.analysis.findings import HOUR, MONTH, better, falls, hourly_of, month_of
from dlr.analysis.source import floor_hour
from dlr.analysis.stats import Counted
from dlr.report import FINAL, Status
from local.month import FALL, MESSAGES, month

DAY = 24 * HOUR


def counted(
    finals: Counter[tuple[object, ...]], good: Counter[tuple[object, ...]]
) -> list[Counted]:
    return [Counted(group, n, n, good[group], None, None) for group, n in finals.items()]


@pytest.mark.parametrize(("hour", "seed"), [(0, 20_26), (9, 20_26), (15, 7)])
def test_one_fall_of_the_last_day_is_found_at_any_hour(hour: int, seed: int) -> None:
    now = datetime(2026, 11, 30, hour, 20, tzinfo=UTC)
    start = floor_hour(now) + HOUR - DAY
    before, before_good, day, day_good = (Counter[tuple[object, ...]]() for _ in range(4))
    total = 0
    for sent in month(now, seed):
        total += 1
        place = (sent.provider, sent.country, sent.network)
        if sent.status not in FINAL:
            continue
        is_good = sent.status is Status.DELIVERED
        if sent.at >= start:
            group = (floor_hour(sent.at), *place)
            day[group] += 1
            day_good[group] += is_good
        elif sent.at >= start - MONTH:
            before[place] += 1
            before_good[place] += is_good
    assert total == MESSAGES
    usual = month_of(counted(before, before_good))
    hourly = hourly_of(counted(day, day_good), usual)
    (found,) = falls(hourly, usual)
    bad, good, country, network, hours = FALL
    assert found.place == (bad, country, network)
    assert now - timedelta(hours=hours + 1) <= found.since <= now - timedelta(hours=hours - 2)
    assert found.now.whole >= 100
    assert found.before.whole >= 300
    rival = better(found, hourly)
    assert rival is not None
    assert rival[0] == good
