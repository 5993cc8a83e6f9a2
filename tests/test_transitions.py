"""Every pair of states has one winner, whatever came first."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlr.messages.order import RANK, micros_of, rank_of, time_of
from dlr.report import FINAL, Status
from tests.support.cases import NOW
from tests.support.reports import make_report

ORDER = [
    {"unknown"},
    {"scheduled"},
    {"accepted"},
    {"enroute"},
    {"partially_delivered"},
    {"expired"},
    {"delivered", "undelivered", "rejected", "deleted"},
    {"read"},
]
PLACE = {status: place for place, statuses in enumerate(ORDER) for status in statuses}

reports = st.builds(
    make_report,
    st.sampled_from(Status),
    st.none() | st.integers(-3, 3),
    provider_code=st.sampled_from([None, "1", "2"]),
)


def test_every_status_has_its_place() -> None:
    assert set(RANK) == set(Status) == set(PLACE)
    assert max(RANK[s] for s in set(Status) - FINAL) < min(RANK[s] for s in FINAL)


@pytest.mark.parametrize(("one", "other"), list(product(Status, Status)))
def test_of_two_statuses_the_later_one_in_the_order_is_the_state(
    one: Status, other: Status
) -> None:
    """Whatever their times say."""
    for at in (-1, 0, 1, None):
        first, second = rank_of(make_report(one, 0)), rank_of(make_report(other, at))
        if PLACE[one] != PLACE[other]:
            assert (first < second) == (PLACE[one] < PLACE[other])


@pytest.mark.parametrize(
    ("one", "other"), list(product(sorted(FINAL - {"read", "expired"}), repeat=2))
)
def test_of_two_conflicting_ends_the_earlier_is_the_state(one: Status, other: Status) -> None:
    early, late, untimed = (make_report(s, at) for s, at in ((one, 1), (other, 2), (other, None)))
    assert rank_of(early) > rank_of(late) > rank_of(untimed)


@given(reports, reports)
def test_the_order_is_total(one: object, other: object) -> None:
    first, second = rank_of(one), rank_of(other)  # type: ignore[arg-type]
    assert (first == second) == (one.event_id == other.event_id)  # type: ignore[attr-defined]


@given(st.datetimes(timezones=st.just(NOW.tzinfo)))
def test_a_time_is_kept_to_the_microsecond(time: object) -> None:
    assert time_of(micros_of(time)) == time  # type: ignore[arg-type]
