"""Falls of delivery: found where there is one, with the hour it began, and never made of chance."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from dlr.analysis.findings import Fall, better, falls, findings, hourly_of, month_of
from dlr.analysis.interval import Share
from dlr.analysis.stats import Counted
from tests.support.made_up_lake import FakeLake, row

NOW = datetime(2026, 11, 30, 14, 20, tzinfo=UTC)
BEGIN = datetime(2026, 11, 29, 15)  # the lake's times are without a zone
NINE = datetime(2026, 11, 30, 9, tzinfo=UTC)
HOURS = 24
VODAFONE = ("messente", "DE", "26202")
TELEKOM = ("messente", "DE", "26201")
FRANCE = ("messente", "FR", "20801")
WORKS = ("thesmsworks", "DE", "26202")

Place = tuple[str | None, ...]
Rates = dict[Place, tuple[float, float, int]]
"""By place: the rate before nine, from nine on, and how many messages an hour."""


def counted(group: tuple[object, ...], delivered: int, final: int) -> Counted:
    return Counted(group, final, final, delivered, None, None)


def found_in(rates: Rates, month: dict[Place, float] | None = None) -> list[Fall]:
    """What is found in a day of these rates after a month at the first of them."""
    before, day = counts_of(rates, month)
    return falls(hourly_of(day, month_of(before)), month_of(before))


def counts_of(
    rates: Rates, month: dict[Place, float] | None = None
) -> tuple[list[Counted], list[Counted]]:
    usual = {place: rate for place, (rate, _, _) in rates.items()} | (month or {})
    before = [counted(place, round(20_000 * rate), 20_000) for place, rate in usual.items()]
    day = []
    for place, (early, late, n) in rates.items():
        for number in range(HOURS):
            hour = BEGIN + timedelta(hours=number)
            rate = late if hour >= NINE.replace(tzinfo=None) else early
            day.append(counted((hour, *place), round(rate * n), n))
    return before, day


def places(found: Iterable[Fall]) -> list[tuple[Place, datetime]]:
    return [(fall.place, fall.since) for fall in found]


def test_a_fall_is_found_with_its_network_and_its_hour() -> None:
    found = found_in({VODAFONE: (0.9, 0.7, 100), TELEKOM: (0.9, 0.9, 100)})
    assert places(found) == [(VODAFONE, NINE)]
    assert found[0].now == Share(420, 600)
    assert found[0].before == Share(18_000, 20_000)


def test_what_several_parts_of_fell_is_named_itself() -> None:
    country = {VODAFONE: (0.9, 0.6, 100), TELEKOM: (0.9, 0.6, 100), FRANCE: (0.9, 0.9, 100)}
    assert places(found_in(country)) == [(("messente", "DE"), NINE)]
    assert places(found_in(country | {FRANCE: (0.9, 0.6, 100)})) == [(("messente",), NINE)]


def test_more_messages_to_a_place_that_was_always_bad_are_no_fall() -> None:
    always_bad = ("messente", "IN", "40410")
    rates = {TELEKOM: (0.97, 0.97, 50), always_bad: (0.5, 0.5, 2000)}
    assert found_in(rates) == []


def test_few_messages_are_no_fall_however_bad() -> None:
    assert found_in({VODAFONE: (0.0, 0.0, 4)}, {VODAFONE: 0.9}) == []  # 96 of the day
    assert len(found_in({VODAFONE: (0.0, 0.0, 5)}, {VODAFONE: 0.9})) == 1


def test_a_small_drop_of_very_many_is_no_fall() -> None:
    assert found_in({VODAFONE: (0.9, 0.86, 100_000)}) == []


def test_a_place_without_a_month_behind_it_is_not_judged() -> None:
    before = [counted(VODAFONE, 100, 100)]
    _, day = counts_of({VODAFONE: (1.0, 0.2, 500)})
    month = month_of(before)
    assert falls(hourly_of(day, month), month) == []


def test_messages_without_a_country_count_for_the_provider_alone() -> None:
    nowhere: Place = ("smpp", None, None)
    assert places(found_in({nowhere: (0.9, 0.6, 100)})) == [(("smpp",), NINE)]


def test_the_costliest_fall_comes_first() -> None:
    found = found_in({VODAFONE: (0.9, 0.7, 100), ("bird", "GB", "23410"): (0.9, 0.7, 1000)})
    assert [fall.place[0] for fall in found] == ["bird", "messente"]


@pytest.mark.parametrize(
    ("rate", "n", "is_better"),
    [(0.94, 60, True), (0.94, 10, False), (0.72, 60, False), (0.3, 60, False)],
)
def test_a_better_provider_is_named_only_where_it_is_surely_better(
    rate: float, n: int, is_better: bool
) -> None:
    rates = {VODAFONE: (0.9, 0.7, 100), WORKS: (0.94, 0.94, 60)} | {WORKS: (rate, rate, n)}
    before, day = counts_of(rates)
    hourly = hourly_of(day, month_of(before))
    fall = next(each for each in falls(hourly, month_of(before)) if each.place == VODAFONE)
    named = better(fall, hourly)
    assert named == (("thesmsworks", Share(round(rate * n) * 6, n * 6)) if is_better else None)


def test_chance_alone_makes_no_finding() -> None:
    """1,000 places a day that deliver as in their month: dice, not rounded rates."""
    dice = random.Random(12)
    for _ in range(10):
        rates = {("messente", "DE", f"262{n:02}"): dice.uniform(0.4, 0.99) for n in range(100)}
        before = [counted(place, round(20_000 * rate), 20_000) for place, rate in rates.items()]
        day = [
            counted(
                (BEGIN + timedelta(hours=h), *place),
                sum(dice.random() < rate for _ in range(20)),
                20,
            )
            for place, rate in rates.items()
            for h in range(HOURS)
        ]
        month = month_of(before)
        assert falls(hourly_of(day, month), month) == []


def test_it_is_asked_of_the_lake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where there are more hours of places than an answer has rows."""
    monkeypatch.setattr("dlr.analysis.stats.MAX_ROWS", 1)
    lake = FakeLake()
    names = dict(zip(("provider", "country", "network"), VODAFONE, strict=True))
    for number in range(400):
        lake.put(row(f"m{number}", NOW - timedelta(days=3, hours=number % 40), **names))
    for number in range(120):
        status = "delivered" if number % 2 else "undelivered"
        lake.put(row(f"d{number}", NOW - timedelta(hours=number % 3), status, **names))
    rows, as_of = findings(lake, 24, NOW)
    assert as_of == lake.as_of
    (found,) = rows
    assert (found["provider"], found["country"], found["network"]) == VODAFONE
    assert found["since"] == NOW.replace(hour=12, minute=0)
    assert (found["delivered"], found["final"], found["rate"]) == (60, 120, 0.5)
    assert found["low"] < 0.5 < found["high"]
    assert (found["before"]["rate"], found["better"]) == (1.0, None)
