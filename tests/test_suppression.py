"""The facts of an entry and what follows from them, without a database."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlr.causes import Action, Cause
from dlr.messages.verdict import Arrival
from dlr.phone import PhoneNumber
from dlr.suppression.entry import (
    Decision,
    ListName,
    MessageVerdict,
    Reason,
    Settlement,
    Suppression,
    empty,
)
from dlr.suppression.rules import (
    MANY_PROVIDERS,
    MAX_ACTS,
    MAX_DELIVERIES,
    MAX_SETTLEMENTS,
    MAX_VERDICTS,
    added,
    delivered,
    erase,
    held,
    judged,
    lifted,
    merge,
    settled,
    verdict_of,
)
from dlr.suppression.standing import MAX_LAG, Rules, Standing, State
from tests.support.cases import NOW
from tests.support.suppression import dead, event_of

YEAR = timedelta(days=365)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
EMPTY = empty("hash")
BOTH = (ListName.NUMBER, ListName.OPT_OUT)
LONG_AGO = NOW - 9 * YEAR


LEVELS = [Action.STRIKE, Action.SUPPRESS_NUMBER, Action.KEEP, Action.SUPPRESS_OPT_OUT]
"""From the lightest verdict of a message to the heaviest."""


def at(hours: float) -> datetime:
    return NOW + hours * HOUR


def verdict(
    action: Action = Action.SUPPRESS_NUMBER,
    hours: float = 0,
    version: int = 1,
    provider: str = "acme",
    received: float | None = None,
) -> MessageVerdict:
    received_at = at(hours if received is None else received)
    is_opt_out = action is Action.SUPPRESS_OPT_OUT
    return MessageVerdict(
        weight=f"{LEVELS.index(action)}{version}",
        version=version,
        action=action,
        at=at(hours),
        received_at=received_at,
        expires_at=None if is_opt_out else received_at + YEAR,
        provider=provider,
        cause=Cause.OPTED_OUT if is_opt_out else Cause.UNKNOWN_SUBSCRIBER,
        message_id="m",
        event_id="e",
    )


def stand(entry: Suppression, when: datetime = NOW + HOUR, rules: Rules | None = None) -> Standing:
    return Standing(entry, when, rules or Rules())


def lift(entry: Suppression, hours: float, lists: tuple[ListName, ...] = BOTH) -> Suppression:
    return lifted(entry, lists, at(hours), "me", YEAR)


def by_hand(name: ListName = ListName.NUMBER, hours: float = 0) -> Reason:
    end = at(hours) + YEAR if name is ListName.NUMBER else None
    return Reason(at=at(hours), cause=Cause.UNSPECIFIED, origin="operator", expires_at=end)


def arrived(
    entry: Suppression, hours: float, provider: str = "acme", received: float | None = None
) -> Suppression:
    received_at = at(hours if received is None else received)
    return delivered(entry, provider, [Arrival(at=at(hours), received_at=received_at)])


DEAD = judged(EMPTY, "1", verdict())
STOPPED = judged(EMPTY, "1", verdict(Action.SUPPRESS_OPT_OUT))


def test_a_dead_number_is_suppressed_until_it_expires() -> None:
    assert (stand(DEAD).list_name, stand(DEAD).state) == (ListName.NUMBER, State.ACTIVE)
    assert stand(DEAD, NOW + YEAR - HOUR).is_suppressed
    assert stand(DEAD, NOW + YEAR).state is None


def test_an_opt_out_does_not_expire_and_outranks_a_dead_number() -> None:
    both = stand(judged(STOPPED, "2", verdict(hours=1)), NOW + 100 * YEAR)
    assert (both.list_name, both.expires_at, both.keep_until) == (ListName.OPT_OUT, None, None)
    assert both.is_suppressed


def strikes(*hours: float) -> Suppression:
    entry = EMPTY
    for place, each in enumerate(hours):
        entry = judged(entry, str(place), verdict(Action.STRIKE, each))
    return entry


def test_the_list_keeps_no_number_of_a_code_or_an_id() -> None:
    number = PhoneNumber("+447700900123")
    told = {"message_id": f"sms-{number[1:]}", "provider_code": f"BAD MSISDN 0{number[3:]}"}
    kept = verdict_of(event_of(dead(number).model_copy(update=told)), YEAR)
    assert (kept.action, kept.message_id, kept.provider_code) == (
        Action.SUPPRESS_NUMBER,
        None,
        None,
    )
    told = {"message_id": "sms-1", "provider_code": "BAD MSISDN"}
    kept = verdict_of(event_of(dead(number).model_copy(update=told)), YEAR)
    assert (kept.message_id, kept.provider_code) == ("sms-1", "BAD MSISDN")


def test_strikes_are_watched_until_there_are_enough() -> None:
    assert stand(strikes(-3, -2)).state is State.WATCHING
    assert stand(strikes(-3, -2, -1)).state is State.ACTIVE
    assert stand(strikes(-3), rules=Rules(strike_limit=1)).state is State.ACTIVE
    assert stand(strikes(-3, -2, -1), NOW + YEAR - 2.5 * HOUR).state is State.WATCHING


def test_a_message_strikes_once_however_often_it_is_reported() -> None:
    entry = EMPTY
    for version in (3, 1, 2):
        entry = judged(entry, "1", verdict(Action.STRIKE, hours=-version, version=version))
    assert (stand(entry).state, len(stand(entry).strikes)) == (State.WATCHING, 1)


def test_the_heaviest_verdict_of_a_message_counts_in_any_order() -> None:
    made = [
        ("1", verdict(Action.STRIKE, 0, version=1)),
        ("1", verdict(Action.SUPPRESS_NUMBER, 0, version=2)),
        ("1", verdict(Action.KEEP, 0, version=3)),
    ]
    for order in permutations(made):
        entry = reduce(lambda old, each: judged(old, *each), order, EMPTY)
        assert stand(entry).state is None
        assert entry == reduce(lambda old, each: judged(old, *each), made, EMPTY)


def test_a_delivery_after_the_failure_takes_the_number_off_and_one_before_does_not() -> None:
    for entry in (DEAD, strikes(-2, -1, 0)):
        assert stand(arrived(entry, -3)).state is State.ACTIVE
        assert stand(arrived(entry, 0)).state is State.LIFTED
        after = judged(arrived(entry, 0), "9", verdict(hours=0.5))
        assert stand(after).state is State.ACTIVE


def test_a_team_on_a_grey_route_believes_no_delivery() -> None:
    no = Rules(release_on_delivery=False)
    assert stand(arrived(DEAD, 1), rules=no).state is State.ACTIVE


def test_a_delivery_says_nothing_against_an_opt_out_or_an_operator() -> None:
    assert stand(arrived(STOPPED, 1)).state is State.ACTIVE
    put = added(EMPTY, ListName.NUMBER, by_hand(), "me")
    assert stand(arrived(put, 1)).state is State.ACTIVE


@pytest.mark.parametrize("hours", [-5, 0, 0.1, 5])
def test_a_lift_takes_off_what_happened_before_it_in_either_order(hours: float) -> None:
    lifted_last = lift(DEAD, hours)
    lifted_first = judged(lift(EMPTY, hours), "1", verdict())
    assert stand(lifted_last).state == stand(lifted_first).state
    assert (stand(lifted_last).state is State.LIFTED) == (hours >= 0)


def test_a_slow_clock_hides_no_bounce_after_a_lift_and_a_fast_one_undoes_none() -> None:
    slow = verdict(hours=-2, received=1)
    assert stand(judged(lift(EMPTY, 0), "1", slow), at(2)).state is State.ACTIVE
    late = verdict(hours=-0.1, received=MAX_LAG / HOUR / 2)
    assert stand(judged(lift(EMPTY, 0), "1", late), at(2)).state is State.LIFTED


def test_a_lift_of_one_list_leaves_the_other() -> None:
    both = judged(STOPPED, "2", verdict())
    assert stand(lift(both, 0, (ListName.NUMBER,))).list_name is ListName.OPT_OUT
    assert stand(lift(both, 0, (ListName.OPT_OUT,))).list_name is ListName.NUMBER


def test_a_lift_has_a_life_of_its_own() -> None:
    """The lift of an opt-out must not go with a number that expires sooner."""
    soon = judged(STOPPED, "2", verdict(hours=-YEAR / HOUR + 24))
    entry = lift(soon, 0, (ListName.OPT_OUT,))
    assert stand(entry).keep_until == NOW + YEAR
    later = stand(judged(entry, "1", verdict(Action.SUPPRESS_OPT_OUT)), NOW + timedelta(days=90))
    assert later.state is State.LIFTED


def test_putting_on_a_list_revives_no_old_strike() -> None:
    entry = added(strikes(-1, -2), ListName.NUMBER, by_hand(hours=2 * YEAR / HOUR), "me")
    standing = stand(entry, NOW + 2 * YEAR + HOUR)
    assert (standing.state, standing.strikes) == (State.ACTIVE, [])


def test_an_operators_reason_outlives_a_lift_before_it_only() -> None:
    put = added(EMPTY, ListName.OPT_OUT, by_hand(ListName.OPT_OUT), "me")
    assert stand(lift(put, -1)).state is State.ACTIVE
    assert stand(lift(put, 0)).state is State.LIFTED


# ---------------------------------------------------------------- the guard


ALL_OF_ACME = Settlement(
    provider="acme", since=LONG_AGO, until=at(1), decision=Decision.DISCARD, decided_at=at(1)
)


def test_what_is_held_suppresses_nobody_but_an_opt_out_counts_at_once() -> None:
    entry = held(DEAD, "1")
    assert (stand(entry).state, set(stand(entry).held_by)) == (State.HELD, {"acme"})
    assert stand(judged(entry, "2", verdict(Action.SUPPRESS_OPT_OUT))).is_suppressed


def test_a_hold_ends_with_its_settlement_and_new_verdicts_count() -> None:
    entry = held(DEAD, "1")
    release = ALL_OF_ACME.model_copy(update={"decision": Decision.RELEASE})
    assert stand(settled(entry, release, at(1), "me")).state is State.ACTIVE
    gone = settled(entry, ALL_OF_ACME, at(1), "me")
    assert (stand(gone).state, set(stand(gone).held_by)) == (State.LIFTED, set())
    assert stand(judged(gone, "2", verdict(hours=2)), at(3)).state is State.ACTIVE


def test_dropping_one_providers_outage_leaves_what_another_says() -> None:
    for order in permutations(["acme", "other"]):
        entry = EMPTY
        for provider in order:
            entry = judged(entry, provider, verdict(provider=provider))
            entry = held(entry, provider)
        entry = settled(entry, ALL_OF_ACME, at(1), "me")
        assert (stand(entry).state, set(stand(entry).held_by)) == (State.HELD, {"other"})
    for place in range(2):
        entry = judged(entry, f"s{place}", verdict(Action.STRIKE, hours=place, provider="third"))
    assert len(stand(entry).strikes) == 2


def test_a_lift_leaves_nothing_held_also_where_two_entries_become_one() -> None:
    hanging = held(DEAD, "1")
    taken_off = lift(EMPTY, 1)
    for entry in (lift(hanging, 1), merge(hanging, taken_off), merge(taken_off, hanging)):
        assert (set(stand(entry, at(2)).held_by), stand(entry, at(2)).number) == (set(), None)


def test_what_one_provider_proves_no_other_ones_outage_holds() -> None:
    listed = judged(held(DEAD, "1"), "2", verdict(provider="sound"))
    assert stand(listed).state is State.ACTIVE


def test_reports_of_a_time_are_taken_back_opt_outs_too() -> None:
    window = ALL_OF_ACME.model_copy(update={"since": at(-1), "decision": Decision.REVERT})
    genuine = judged(STOPPED, "2", verdict(Action.SUPPRESS_OPT_OUT, hours=-2))
    assert stand(settled(STOPPED, window, at(1), "me")).state is State.LIFTED
    assert stand(settled(genuine, window, at(1), "me")).state is State.ACTIVE
    held_only = window.model_copy(update={"decision": Decision.DISCARD})
    assert stand(settled(STOPPED, held_only, at(1), "me")).state is State.ACTIVE


def test_a_hold_is_about_its_message_and_no_settlement_of_a_part_frees_the_rest() -> None:
    entry = held(held(judged(DEAD, "2", verdict(hours=1.5)), "2"), "1")
    later = ALL_OF_ACME.model_copy(update={"since": at(1), "until": at(2)})
    assert stand(settled(entry, later, at(2), "me"), at(3)).state is State.HELD
    after = judged(entry, "3", verdict(hours=1))
    assert stand(after, at(3)).state is State.ACTIVE


def test_of_two_decisions_about_what_is_held_the_first_one_counts() -> None:
    """A later outage is discarded from the beginning of time on, as the documentation shows it."""
    release = ALL_OF_ACME.model_copy(update={"decision": Decision.RELEASE})
    later = ALL_OF_ACME.model_copy(update={"until": at(500), "decided_at": at(500)})
    for order in permutations([release, later]):
        entry = held(DEAD, "1")
        for each in order:
            entry = settled(entry, each, each.decided_at, "me")
        assert stand(entry, at(501)).state is State.ACTIVE


def test_the_parts_of_a_long_message_strike_once() -> None:
    """They fail within seconds, and have ids of their own."""
    entry = EMPTY
    for part in range(4):
        entry = judged(entry, f"p{part}", verdict(Action.STRIKE, hours=part / 3600, version=part))
    assert len(stand(entry).strikes) == 1
    for place, provider in enumerate(["other", "third"]):
        entry = judged(
            entry, provider, verdict(Action.STRIKE, version=9 + place, provider=provider)
        )
    assert stand(entry).state is State.ACTIVE


def test_strikes_end_when_too_few_of_them_are_left() -> None:
    entry = EMPTY
    for place in range(Rules().strike_limit + 2):
        strike = verdict(Action.STRIKE, hours=24 * place, version=place)
        entry = judged(entry, f"s{place}", strike)
    end = stand(entry, at(24 * 10)).expires_at
    assert end is not None
    assert end == at(24 * 2) + YEAR  # the third latest of five
    assert stand(entry, end - SECOND).is_suppressed
    assert not stand(entry, end).is_suppressed


def test_a_number_that_has_also_strikes_stays_until_both_have_ended() -> None:
    entry = DEAD
    for place in range(Rules().strike_limit):
        strike = verdict(Action.STRIKE, hours=100 + place, version=place + 2)
        entry = judged(entry, f"s{place}", strike)
    end = stand(entry, at(101)).expires_at
    assert end == at(100) + YEAR
    assert stand(entry, at(101)).number.cause == stand(DEAD).number.cause
    assert stand(entry, at(1) + YEAR).is_suppressed


def test_a_discard_leaves_strikes_that_nothing_held() -> None:
    """Whether a later one of the same message's provider is held or not."""
    watched = judged(EMPTY, "s1", verdict(Action.STRIKE))
    discarded = settled(watched, ALL_OF_ACME, at(1), "me")
    later = [("s2", 2.0), ("s3", 3.0)]
    for key, hours in later:
        discarded = judged(discarded, key, verdict(Action.STRIKE, hours=hours))
    assert stand(discarded, at(4)).state is State.ACTIVE
    stopped = held(discarded, "s3")
    assert (stand(stopped, at(4)).state, len(stand(stopped, at(4)).strikes)) == (State.HELD, 3)
    release = ALL_OF_ACME.model_copy(update={"until": at(4), "decision": Decision.RELEASE})
    assert stand(settled(stopped, release, at(4), "me"), at(4)).state is State.ACTIVE


def test_a_verdict_that_comes_again_stays_held_and_a_heavier_one_is_judged_anew() -> None:
    entry = held(judged(EMPTY, "1", verdict(Action.STRIKE)), "1")
    assert stand(judged(entry, "1", verdict(Action.STRIKE))).held_by.keys() == {"acme"}
    assert not stand(judged(entry, "1", verdict())).held_by
    heavier = held(judged(EMPTY, "1", verdict()), "1")
    for merged in (merge(heavier, judged(EMPTY, "1", verdict(Action.STRIKE))), merge(entry, DEAD)):
        assert bool(stand(merged).held_by) == (merged.messages["1"] == heavier.messages["1"])


def test_a_settlement_is_remembered_longer_than_a_failure_queue_keeps_a_report() -> None:
    window = ALL_OF_ACME.model_copy(update={"decision": Decision.REVERT})
    gone = stand(settled(STOPPED, window, at(1), "me"))
    assert gone.keep_until is not None
    assert gone.keep_until >= at(1) + timedelta(days=14)


def test_one_providers_settlements_push_out_no_other_ones() -> None:
    entry = settled(held(DEAD, "1"), ALL_OF_ACME, at(1), "me")
    for minute in range(2 * MAX_SETTLEMENTS):
        other = ALL_OF_ACME.model_copy(update={"provider": "other", "until": at(2 + minute)})
        entry = settled(entry, other, at(2), "me")
    assert stand(entry, at(3)).state is State.LIFTED
    assert len(entry.settlements) == MAX_SETTLEMENTS + 1


def test_messages_that_arrived_after_all_push_out_no_older_failure() -> None:
    entry = DEAD
    for version in range(2, 3 * MAX_VERDICTS):
        entry = judged(entry, f"k{version}", verdict(Action.KEEP, version=version))
    assert stand(entry).state is State.ACTIVE


def test_an_active_number_stays_active_whatever_is_held_after_it() -> None:
    """Entries under two hash keys, of which the guard held one, are one recipient's."""
    for other in (held(DEAD, "1"), held(judged(EMPTY, "2", verdict(hours=1)), "2")):
        for merged in (merge(DEAD, other), merge(other, DEAD)):
            assert stand(merged, at(2)).state is State.ACTIVE
            later = settled(merged, ALL_OF_ACME, at(1), "me")
            assert stand(later, at(2)).state is State.ACTIVE


def test_no_settlement_of_another_kind_pushes_a_revert_out() -> None:
    revert = ALL_OF_ACME.model_copy(update={"decision": Decision.REVERT})
    entry = settled(STOPPED, revert, at(1), "me")
    for hour in range(3 * MAX_SETTLEMENTS):
        for decision in (Decision.DISCARD, Decision.RELEASE):
            daily = ALL_OF_ACME.model_copy(update={"until": at(hour + 2), "decision": decision})
            entry = settled(entry, daily, at(hour + 2), "me")
    assert stand(entry, at(3)).state is State.LIFTED
    assert len(entry.settlements) == 2 * MAX_SETTLEMENTS + 1


def test_a_discard_is_about_what_is_held_and_leaves_the_rest() -> None:
    assert stand(settled(DEAD, ALL_OF_ACME, at(1), "me")).state is State.ACTIVE
    revert = ALL_OF_ACME.model_copy(update={"decision": Decision.REVERT})
    assert stand(settled(DEAD, revert, at(1), "me")).state is State.LIFTED


def test_a_revert_takes_back_the_deliveries_of_its_provider_and_time() -> None:
    revert = ALL_OF_ACME.model_copy(
        update={"since": at(1), "until": at(2), "decision": Decision.REVERT}
    )
    forged = arrived(DEAD, 0.5, received=1.5)
    assert stand(forged).state is State.LIFTED
    assert stand(settled(forged, revert, at(2), "me"), at(3)).state is State.ACTIVE
    for other in (arrived(forged, 0.5, "other", 1.5), arrived(forged, 0.5, received=0.9)):
        assert stand(settled(other, revert, at(2), "me"), at(3)).state is State.LIFTED
    discard = revert.model_copy(update={"decision": Decision.DISCARD})
    assert stand(settled(forged, discard, at(2), "me"), at(3)).state is State.LIFTED


def test_of_the_deliveries_of_a_provider_the_latest_are_kept() -> None:
    entry = arrived(DEAD, 0, "other")
    for hour in range(3 * MAX_DELIVERIES):
        entry = arrived(entry, hour)
    kept = [each.at for each in entry.deliveries["acme"]]
    assert kept == [at(hour) for hour in range(2 * MAX_DELIVERIES, 3 * MAX_DELIVERIES)]
    assert len(entry.deliveries["other"]) == 1


# ---------------------------------------------------------------- erasure


def test_an_erasure_leaves_the_bare_hash_on_its_list() -> None:
    for entry, name in ((STOPPED, ListName.OPT_OUT), (DEAD, ListName.NUMBER)):
        erased = stand(erase(entry, at(1)))
        assert (erased.list_name, erased.is_suppressed) == (name, True)
        assert erased.reason is not None
        assert (erased.reason.origin, erased.reason.provider) == ("erasure", None)
        assert not {"m", "e", "unknown_subscriber"} & set(str(erased.entry).split("'"))


def test_a_verdict_that_comes_after_the_erasure_it_precedes_is_as_bare() -> None:
    late = judged(erase(EMPTY, at(1)), "1", verdict())
    assert late == erase(DEAD, at(1))
    assert stand(late).is_suppressed
    again = judged(erase(DEAD, at(1)), "1", verdict())
    assert again == erase(DEAD, at(1))


def test_an_erasure_keeps_lifts_and_what_comes_after_it() -> None:
    entry = erase(lift(STOPPED, 0), at(1))
    assert stand(entry).state is State.LIFTED
    later = judged(lift(entry, 2), "2", verdict(hours=3))
    assert stand(erase(later, at(1)), at(4)).state is State.ACTIVE
    assert [each.did for each in entry.acts] == ["lift number opt_out"]


# ---------------------------------------------------------------- laws


hours = st.integers(-6, 6)
providers = st.sampled_from(["acme", "other"])


KINDS = ["verdict", "flood", "delivery", "lift", "add", "settle", "erase"]


def message(place: int, reports: int) -> tuple[str, MessageVerdict]:
    """The verdict of a message after so many further reports, and its key.

    Each report says more; one version of a message has one content, held by the guard or not.
    """
    made = verdict(
        LEVELS[reports], place % 7 - reports, 10 * place, "acme" if place % 30 else "other"
    )
    further = {"version": 10 * place + reports, "held": place % 3 == 1 and reports < 3}
    return f"k{place:02}", made.model_copy(update=further)


@st.composite
def facts(draw: st.DrawFn) -> Callable[[Suppression], Suppression]:
    """A fact, as a function that joins it to an entry."""
    kind = draw(st.sampled_from(KINDS))
    when = draw(hours)
    if kind == "verdict":
        place, reports = draw(st.sampled_from([0, 1, 30, 59])), draw(st.integers(0, 3))
        return lambda entry: judged(entry, *message(place, reports))
    if kind == "flood":
        first, reports = draw(st.sampled_from([2, 5, 31])), draw(st.integers(0, 3))
        made = [message(place, reports) for place in range(first, first + MAX_VERDICTS + 5)]
        return lambda entry: reduce(lambda old, each: judged(old, *each), made, entry)
    if kind == "delivery":
        provider = draw(providers)
        return lambda entry: arrived(entry, when, provider, when + 1)
    if kind == "lift":
        lists = draw(st.sampled_from([BOTH, BOTH[:1], BOTH[1:]]))
        return lambda entry: lift(entry, when, lists)
    if kind == "add":
        name = draw(st.sampled_from(ListName))
        return lambda entry: added(entry, name, by_hand(name, when), "me")
    provider = draw(providers)
    if kind == "erase":
        return lambda entry: erase(entry, at(when))
    settlement = Settlement(
        provider=provider,
        since=at(when - draw(st.integers(0, 5))),
        until=at(when),
        decision=draw(st.sampled_from(Decision)),
        decided_at=at(when),
    )
    return lambda entry: settled(entry, settlement, at(when), "me")


def fold(made: list[Callable[[Suppression], Suppression]]) -> Suppression:
    return reduce(lambda entry, fact: fact(entry), made, EMPTY)


@given(st.lists(facts(), max_size=8), st.randoms(use_true_random=False))
def test_any_order_and_repetition_of_facts_ends_in_the_same_entry(
    made: list[Callable[[Suppression], Suppression]], random: object
) -> None:
    shuffled = made * 2
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fold(shuffled) == fold(made)
    assert fold(shuffled).audit == fold(made).audit


entries = st.lists(facts(), max_size=5).map(fold)


@given(entries, entries, entries)
def test_entries_merge_in_any_grouping_and_repetition(
    one: Suppression, two: Suppression, three: Suppression
) -> None:
    assert merge(one, two) == merge(two, one)
    assert merge(merge(one, two), three) == merge(one, merge(two, three))
    assert merge(one, one) == one


@given(st.lists(facts(), max_size=6), st.lists(facts(), max_size=6))
def test_a_merged_entry_is_the_one_that_all_the_facts_make(
    one: list[Callable[[Suppression], Suppression]], two: list[Callable[[Suppression], Suppression]]
) -> None:
    assert merge(fold(one), fold(two)) == fold(one + two)


# ---------------------------------------------------------------- bounds


def flooded(entry: Suppression, versions: range, action: Action = Action.STRIKE) -> Suppression:
    for version in versions:
        entry = judged(entry, f"k{version:03}", verdict(action, version=version))
    return entry


def test_verdicts_are_bounded_and_no_strike_evicts_an_opt_out() -> None:
    between = judged(EMPTY, "1", verdict(Action.SUPPRESS_OPT_OUT, version=50))
    entry = flooded(flooded(between, range(1, 50)), range(51, 99))
    assert len(entry.messages) == MAX_VERDICTS + 1
    assert stand(entry).list_name is ListName.OPT_OUT
    assert "k098" in entry.messages


@pytest.mark.parametrize("action", [Action.SUPPRESS_OPT_OUT, Action.SUPPRESS_NUMBER])
def test_no_flood_of_forged_messages_evicts_the_genuine_one_before_it(action: Action) -> None:
    """After a revert the genuine one counts again."""
    genuine = judged(EMPTY, "1", verdict(action, hours=-2, version=1))
    forged = flooded(genuine, range(2, 5 * MAX_VERDICTS), action)
    window = ALL_OF_ACME.model_copy(update={"since": at(-1), "decision": Decision.REVERT})
    assert stand(settled(forged, window, at(1), "me")).state is State.ACTIVE


def test_no_flood_of_forged_messages_evicts_the_genuine_one_after_it() -> None:
    forged = flooded(EMPTY, range(1, 5 * MAX_VERDICTS), Action.SUPPRESS_OPT_OUT)
    stop = verdict(Action.SUPPRESS_OPT_OUT, hours=2, version=5 * MAX_VERDICTS)
    window = ALL_OF_ACME.model_copy(update={"decision": Decision.REVERT})
    entry = settled(judged(forged, "1", stop), window, at(1), "me")
    assert stand(entry, at(3)).state is State.ACTIVE


def test_the_more_providers_speak_the_fewer_messages_of_each_are_kept() -> None:
    entry = EMPTY
    for place in range(4 * MANY_PROVIDERS):
        for version in range(MAX_VERDICTS + 1):
            made = verdict(Action.STRIKE, version=version, provider=f"p{place}")
            entry = judged(entry, f"p{place}v{version:02}", made)
    assert len({each.provider for each in entry.messages.values()}) == 4 * MANY_PROVIDERS
    assert len(entry.messages) <= MANY_PROVIDERS * MAX_VERDICTS


@pytest.mark.parametrize("count", [1, MAX_ACTS * 2])
def test_the_acts_are_bounded_and_keep_the_first_and_the_latest(count: int) -> None:
    entry = EMPTY
    for n in range(count):
        entry = lift(entry, n)
    assert len(entry.acts) == min(count, MAX_ACTS)
    assert (entry.acts[0].at, entry.acts[-1].at) == (at(0), at(count - 1))


def test_reports_push_no_operators_act_out_of_the_audit() -> None:
    entry = lift(EMPTY, 0)
    for version in range(2 * MAX_ACTS):
        later = verdict(hours=version + 1, version=version, provider=f"p{version % 5}")
        entry = judged(entry, f"k{version}", later)
    assert ("me", "lift number opt_out") in {(each.by, each.did) for each in entry.audit}
    assert len(entry.audit) > MAX_ACTS
