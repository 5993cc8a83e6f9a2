"""The rules of the suppression list, without a database."""

from datetime import timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlr.causes import Cause
from dlr.suppression.entry import MAX_AUDIT, ListName, Reason, State, Strike, Suppression, empty
from dlr.suppression.rules import (
    MAX_STRIKES,
    add_strike,
    discard,
    erase,
    lift,
    merge,
    put_on_list,
    release,
)
from tests.support.cases import NOW

YEAR = timedelta(days=365)
EMPTY = empty("hash", NOW, NOW + YEAR)
BOTH = (ListName.NUMBER, ListName.OPT_OUT)


def reason(at: float = 0, event_id: str = "e", cause: Cause = Cause.UNKNOWN_SUBSCRIBER) -> Reason:
    return Reason(
        at=NOW + timedelta(seconds=at),
        cause=cause,
        event_id=event_id,
        message_id="m",
        provider="acme",
        expires_at=None if cause is Cause.OPTED_OUT else NOW + YEAR,
    )


STOP = reason(cause=Cause.OPTED_OUT, event_id="stop")


def listed(entry: Suppression, name: ListName, why: Reason) -> Suppression:
    return put_on_list(entry, name, why)


DEAD = listed(EMPTY, ListName.NUMBER, reason())
STOPPED = listed(EMPTY, ListName.OPT_OUT, STOP)


def test_a_dead_number_is_suppressed_until_it_expires() -> None:
    assert (DEAD.list, DEAD.state) == (ListName.NUMBER, State.ACTIVE)
    assert DEAD.is_suppressed(NOW)
    assert not DEAD.is_suppressed(NOW + YEAR)


def test_an_opt_out_does_not_expire_and_outranks_a_dead_number() -> None:
    both = listed(STOPPED, ListName.NUMBER, reason(9))
    assert (both.list, both.expires_at) == (ListName.OPT_OUT, None)
    assert both.reason == STOP
    assert both.is_suppressed(NOW + 100 * YEAR)


def test_what_the_guard_holds_suppresses_nobody_but_an_opt_out_counts_at_once() -> None:
    held = DEAD.model_copy(update={"held_by": "acme"})
    assert (held.state, held.is_suppressed(NOW)) == (State.HELD, False)
    assert listed(held, ListName.OPT_OUT, STOP).is_suppressed(NOW)


def test_strikes_are_watched() -> None:
    strikes = add_strike(EMPTY, Strike(at=NOW, event_id="1")).strikes
    watched = EMPTY.model_copy(update={"strikes": strikes})
    assert (watched.state, watched.is_suppressed(NOW)) == (State.WATCHING, False)


strikes = st.builds(
    lambda at: Strike(at=NOW + timedelta(seconds=at), event_id=str(at)), st.integers(-5, 5)
)


@given(st.lists(strikes, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_strikes_count_once_in_any_order(made: list[Strike], random: object) -> None:
    def fold(each: list[Strike]) -> tuple[Strike, ...]:
        def add(entry: Suppression, strike: Strike) -> Suppression:
            return add_strike(entry, strike)

        return reduce(add, each, EMPTY).strikes

    shuffled = made * 2
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fold(shuffled) == fold(made)
    assert len(fold(made)) == len(set(made))


def test_a_delivery_or_a_lift_forgives_the_strikes_before_it() -> None:
    old = EMPTY.model_copy(update={"strikes": (Strike(at=NOW, event_id="1"),)})
    late = Strike(at=NOW + timedelta(seconds=9), event_id="2")
    assert add_strike(old, late, NOW + timedelta(seconds=5)).strikes == (late,)
    lifted = lift(old, BOTH, NOW + timedelta(seconds=5), "me")
    assert add_strike(lifted, late).strikes == (late,)
    assert add_strike(lifted, old.strikes[0]).strikes == ()


def test_strikes_are_bounded() -> None:
    entry = EMPTY
    for n in range(MAX_STRIKES + 9):
        strike = Strike(at=NOW + timedelta(seconds=n), event_id=str(n))
        entry = add_strike(entry, strike)
    assert len(entry.strikes) == MAX_STRIKES


reasons = st.builds(reason, st.integers(-5, 5), st.sampled_from("abc"))


@given(st.lists(reasons, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_any_order_of_reasons_leaves_the_latest(made: list[Reason], random: object) -> None:
    shuffled = made * 2
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    ends = [
        reduce(lambda e, r: listed(e, ListName.NUMBER, r), order, EMPTY).number
        for order in (made, shuffled)
    ]
    assert ends[0] == ends[1]
    assert ends[0] is not None
    assert ends[0].at == max(each.at for each in made)


@given(st.integers(-5, 5))
def test_a_lift_outlives_what_happened_before_it_in_either_order(at: int) -> None:
    when = NOW + timedelta(seconds=at)
    lifted_last = lift(DEAD, BOTH, when, "me")
    lifted_first = listed(lift(EMPTY, BOTH, when, "me"), ListName.NUMBER, reason())
    assert lifted_last.number == lifted_first.number
    assert (lifted_last.state is State.LIFTED) == (at >= 0)


def test_a_lift_of_one_list_leaves_the_other() -> None:
    both = listed(STOPPED, ListName.NUMBER, reason())
    assert lift(both, (ListName.NUMBER,), NOW, "me").list is ListName.OPT_OUT
    assert lift(both, (ListName.OPT_OUT,), NOW, "me").list is ListName.NUMBER


def test_a_later_event_suppresses_again() -> None:
    lifted = lift(DEAD, BOTH, NOW, "me")
    assert listed(lifted, ListName.NUMBER, reason(1)).is_suppressed(NOW)


def test_held_entries_are_released_or_discarded_and_opt_outs_stay() -> None:
    held = listed(DEAD.model_copy(update={"held_by": "acme"}), ListName.OPT_OUT, STOP)
    assert release(held, NOW, "me").held_by is None
    gone = discard(held, NOW, "me")
    assert (gone.number, gone.held_by, gone.opt_out) == (None, None, STOP)


def test_an_erasure_leaves_the_bare_hash_and_no_replay_brings_the_details_back() -> None:
    later = NOW + timedelta(seconds=9)
    erased = erase(STOPPED.audited(NOW, "me", "looked"), later)
    assert erased is not None
    assert erased.is_suppressed(later)
    assert not {"m", "acme", "me", "stop"} & set(str(erased.model_dump(mode="json")).split("'"))
    assert listed(erased, ListName.OPT_OUT, STOP).opt_out == erased.opt_out
    assert erase(EMPTY, later) is None


def test_entries_under_two_keys_merge_without_losing_a_reason() -> None:
    lifted = lift(EMPTY, (ListName.NUMBER,), NOW, "me")
    struck = EMPTY.model_copy(update={"strikes": (Strike(at=NOW, event_id="1"),)})
    assert merge(STOPPED, DEAD).number == DEAD.number
    assert merge(STOPPED, DEAD).opt_out == STOP
    assert merge(lifted, DEAD).number is None
    assert merge(DEAD, struck).strikes == struck.strikes
    assert merge(EMPTY, lifted).lifted == lifted.lifted


@pytest.mark.parametrize("count", [1, MAX_AUDIT * 2])
def test_the_audit_is_bounded_and_keeps_the_first_and_the_latest(count: int) -> None:
    entry = EMPTY
    for n in range(count):
        entry = entry.audited(NOW + timedelta(seconds=n), "me", "did", event_id=str(n))
    assert len(entry.audit) == min(count, MAX_AUDIT)
    assert (entry.audit[0].event_id, entry.audit[-1].event_id) == ("0", str(count - 1))
    assert entry.knows(str(count - 1))
    assert entry.version == count
