"""The rules of the suppression list, without a database."""

from datetime import timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlr.causes import Cause
from dlr.report import DeliveryReport, Status
from dlr.suppression import MAX_AUDIT, ListName, State, Suppression, entry_for, merge
from tests.cases import NOW
from tests.reports import make_report

YEAR = timedelta(days=365)


def failure(cause: Cause, at: float = 0, **fields: object) -> DeliveryReport:
    return make_report(Status.UNDELIVERED, at, cause, provider_code=cause, **fields)


def entry(cause: Cause, at: float = 0, **fields: object) -> Suppression:
    made = entry_for(failure(cause, at, **fields), YEAR)
    assert made is not None
    return made


entries = st.lists(
    st.builds(
        entry,
        st.sampled_from([Cause.UNKNOWN_SUBSCRIBER, Cause.OPTED_OUT, Cause.INVALID_NUMBER]),
        st.integers(-5, 5),
    )
    | st.builds(entry, st.just(Cause.UNSPECIFIED), st.integers(-5, 5), permanent=st.just(True)),
    min_size=1,
    max_size=6,
)


def test_a_hard_bounce_is_suppressed_with_its_cause_until_it_expires() -> None:
    found = entry(Cause.UNKNOWN_SUBSCRIBER)
    assert found.is_suppressed(NOW)
    assert (found.list, found.cause, found.message_id) == ("number", "unknown_subscriber", "m1")
    assert not found.is_suppressed(NOW + YEAR)


def test_an_opt_out_does_not_expire() -> None:
    assert entry(Cause.OPTED_OUT).is_suppressed(NOW + 100 * YEAR)


def test_a_strike_is_watched_and_not_suppressed() -> None:
    found = entry(Cause.UNSPECIFIED, permanent=True)
    assert (found.state, found.strikes, found.is_suppressed(NOW)) == (State.WATCHING, 1, False)


@pytest.mark.parametrize("cause", [Cause.ABSENT, Cause.CONTENT, Cause.UNKNOWN, Cause.UNSPECIFIED])
def test_what_is_to_be_kept_makes_no_entry(cause: Cause) -> None:
    assert entry_for(failure(cause), YEAR) is None


def test_a_report_without_a_number_makes_no_entry() -> None:
    report = failure(Cause.UNKNOWN_SUBSCRIBER, recipient=None, recipient_hash=None)
    assert entry_for(report, YEAR) is None


@given(entries, st.randoms(use_true_random=False), st.integers(1, 3))
def test_any_order_and_any_repetition_leaves_the_same_entry(
    made: list[Suppression], random: object, times: int
) -> None:
    shuffled = made * times
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    expected, found = reduce(merge, made), reduce(merge, shuffled)
    assert found.model_copy(update={"version": 0}) == expected.model_copy(update={"version": 0})


def test_an_opt_out_outlasts_a_later_dead_number() -> None:
    both = merge(entry(Cause.OPTED_OUT, 0), entry(Cause.UNKNOWN_SUBSCRIBER, 5))
    assert (both.list, both.cause, both.expires_at) == (ListName.OPT_OUT, Cause.OPTED_OUT, None)


def test_the_latest_report_tells_the_cause_and_the_first_and_last_are_kept() -> None:
    both = merge(entry(Cause.UNKNOWN_SUBSCRIBER, 5), entry(Cause.INVALID_NUMBER, 1))
    assert both.cause is Cause.UNKNOWN_SUBSCRIBER
    assert (both.last_seen - both.first_seen).total_seconds() == 4


def test_the_audit_is_bounded_and_keeps_the_first() -> None:
    made = [entry(Cause.UNKNOWN_SUBSCRIBER, at) for at in range(MAX_AUDIT * 2)]
    audit = reduce(merge, made).audit
    assert len(audit) == MAX_AUDIT
    assert (audit[0].event_id, audit[-1].event_id) == (made[0].event_id, made[-1].event_id)
