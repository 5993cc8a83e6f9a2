"""What stays true after an operator's act, an erasure, a provider's outage or a forged report."""

import json
from datetime import timedelta
from itertools import permutations, product
from urllib.parse import quote

import pytest

from local.cloud import Cloud
from tests.support.chain import DAY, NOW, YEAR, Chain, iso, works
from tests.support.numbers import new_number

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
HARD, UNDELIVERED, STOP = 5001, 5009, 5010


def bulk(message_id: str, number: str, error_code: str = "001", minutes: float = 0) -> str:
    """A failure of BulkSMSRates; without a code it is a strike."""
    happened_at = iso(NOW + minutes * MINUTE)
    made = {"message_id": message_id, "to": number, "status": "UNDELIV"}
    return json.dumps(made | {"error_code": error_code, "delivered_at": happened_at})


# ---------------------------------------------------------------- lifts


def test_a_lift_before_any_report_outlives_the_reports_that_were_on_their_way(cloud: Cloud) -> None:
    chain, number = Chain(cloud), new_number()
    chain.lift(number, NOW + MINUTE)
    chain.send("thesmsworks", works("m", number, 0, STOP), NOW + 2 * MINUTE)
    assert not chain.answer(number, NOW + HOUR).suppressed


def test_an_erasure_leaves_a_lift_standing_against_older_reports(chain: Chain) -> None:
    number = new_number()
    events = chain.events_of("thesmsworks", works("m", number, 0, STOP))
    chain.lift(number, NOW + MINUTE)
    assert not chain.erase(number, NOW + 2 * MINUTE)
    chain.handle(events, NOW + 3 * MINUTE)
    assert not chain.answer(number, NOW + HOUR).suppressed


def test_the_lift_of_an_opt_out_stays_when_the_dead_number_beside_it_expires(chain: Chain) -> None:
    number = new_number()
    stop = chain.events_of("thesmsworks", works("stop", number, 0, STOP))
    chain.send("thesmsworks", works("dead", number, 0, HARD))
    chain.lift(number, NOW + YEAR - 5 * DAY, "opt_out")
    chain.delete_expired(NOW + YEAR + DAY)
    chain.handle(stop, NOW + YEAR + DAY)  # out of a failure queue
    assert not chain.answer(number, NOW + YEAR + DAY).suppressed


# ---------------------------------------------------------------- erasures


def test_a_repeated_erasure_keeps_strikes_and_lifts_that_came_after_the_erasure(
    chain: Chain,
) -> None:
    number = new_number()
    chain.send("thesmsworks", works("dead", number, 0, HARD))
    chain.erase(number, NOW + MINUTE)
    chain.lift(number, NOW + 2 * MINUTE)
    late = chain.events_of("thesmsworks", works("late", number, 90, HARD), NOW + 3 * MINUTE)
    for minute in (20, 21):
        at = NOW + minute * MINUTE
        chain.send("thesmsworks", works(f"s{minute}", number, 60 * minute, UNDELIVERED), at)
    chain.repeat_erasures(NOW + 30 * MINUTE)
    chain.handle(late, NOW + 31 * MINUTE)
    answer = chain.answer(number, NOW + HOUR)
    assert (answer.state, answer.strikes) == ("watching", 2)
    chain.send("thesmsworks", works("s40", number, 40 * 60, UNDELIVERED), NOW + 40 * MINUTE)
    assert chain.answer(number, NOW + HOUR).suppressed


def test_a_repeated_erasure_keeps_what_an_operator_did_after_the_erasure(chain: Chain) -> None:
    number, later = new_number(), NOW + DAY
    chain.send("thesmsworks", works("dead", number, 0, HARD))
    chain.erase(number, NOW + MINUTE)
    chain.put(number, "opt_out", later)
    chain.repeat_erasures(later + HOUR)
    answer = chain.answer(number, later + HOUR)
    assert (answer.list, answer.cause) == ("opt_out", "opted_out")
    assert "carol" in chain.audit(number, later + HOUR)


def test_an_event_from_before_an_erasure_brings_back_no_provider_and_no_message(
    chain: Chain,
) -> None:
    number = new_number()
    stop = chain.events_of("thesmsworks", works("old-stop", number, 0, STOP))
    assert chain.erase(number, NOW + MINUTE)
    chain.handle(stop, NOW + HOUR)
    answer = chain.answer(number, NOW + HOUR)
    assert (answer.suppressed, answer.list) == (True, "opt_out")
    assert (answer.provider, answer.provider_code, answer.message_id) == (None, None, None)
    entry = chain.entry(number, NOW + HOUR)
    assert [text for text in (stop[0].event_id, "old-stop", str(STOP)) if text in entry] == []


@pytest.mark.parametrize(
    ("provider", "body"),
    [
        ("twilio", "MessageSid=SM1&MessageStatus=undelivered&ErrorCode=21610&To={plus}"),
        ("smsmode", "smsID=s1&statut=3999&numero={number}&date_reception=2026-11-22%2012:00:00"),
    ],
    ids=["twilio", "smsmode"],
)
def test_a_request_that_is_sent_again_after_lift_and_erasure_lists_nobody(
    chain: Chain, provider: str, body: str
) -> None:
    """Neither provider signs a time, so its old requests are genuine for ever."""
    number = new_number()
    request = body.format(plus=quote(number), number=number[1:])
    chain.send(provider, request)
    assert chain.answer(number).list == "opt_out"
    chain.lift(number, NOW + MINUTE)
    chain.erase(number, NOW + 2 * MINUTE)
    for days in (1, 100, 360):
        at = NOW + days * DAY
        chain.delete_expired(at)
        assert chain.send(provider, request, at) == ["duplicate"]
        assert chain.messages(number, at) == {}
        assert not chain.answer(number, at).suppressed


# ---------------------------------------------------------------- one id, two people


def test_two_people_under_one_message_id_have_a_message_each(chain: Chain) -> None:
    one, other = new_number(), new_number()
    delivered = {"message_id": "17", "to": one, "status": "DELIVRD"}
    delivered["delivered_at"] = "2026-11-22T12:00:00Z"
    chain.send("bulksmsrates", json.dumps(delivered))
    assert chain.send("bulksmsrates", bulk("17", other, minutes=5), NOW + HOUR) == ["apart"]
    assert chain.messages(one, NOW + HOUR) == {"17": "delivered"}
    assert chain.messages(other, NOW + HOUR) == {"17": "undelivered"}
    assert not chain.answer(one, NOW + HOUR).suppressed
    assert chain.answer(other, NOW + HOUR).suppressed


# ---------------------------------------------------------------- the guard


ARRIVALS = list(permutations(["thesmsworks", "bulksmsrates"]))


@pytest.mark.parametrize(("arrival", "settling"), list(product(ARRIVALS, ARRIVALS)), ids=str)
def test_what_two_providers_said_is_settled_for_each_alone(
    cloud: Cloud, arrival: tuple[str, str], settling: tuple[str, str]
) -> None:
    """One had an outage and is dropped, the other one is sound and is released."""
    chain = Chain(cloud)  # of its own: a settlement is also about what comes later of its time
    number, settled_at = new_number(), NOW + HOUR
    made = {"thesmsworks": works("w", number, 0, HARD), "bulksmsrates": bulk("b", number)}
    for provider in arrival:
        chain.send(provider, made[provider], limit=0)
    assert chain.answer(number, settled_at).state == "held"
    for provider in settling:
        chain.settle(provider, settled_at, dropped=provider == "thesmsworks")
    answer = chain.answer(number, settled_at)
    assert (answer.state, answer.provider) == ("active", "bulksmsrates")


def test_a_dropped_outage_leaves_the_strikes_of_another_provider(chain: Chain) -> None:
    number, settled_at = new_number(), NOW + HOUR
    for minute in (1, 2):
        chain.send("bulksmsrates", bulk(f"s{minute}", number, "", minute), NOW + minute * MINUTE)
    chain.send("thesmsworks", works("w", number, 3 * 60, HARD), NOW + 3 * MINUTE, limit=0)
    chain.settle("thesmsworks", settled_at, dropped=True)
    answer = chain.answer(number, settled_at)
    assert (answer.state, answer.strikes) == ("watching", 2)


def test_a_genuine_report_behind_forged_ones_is_released_while_those_are_dropped(
    cloud: Cloud,
) -> None:
    chain, genuine = Chain(cloud, limit=2), new_number()
    forged = [new_number() for _ in range(5)]
    for place, number in enumerate(forged):
        chain.send("thesmsworks", works(f"f{place}", number, 0, HARD), NOW)
    chain.send("thesmsworks", works("g", genuine, 10 * 60, HARD), NOW + 10 * MINUTE)
    assert chain.answer(genuine, NOW + HOUR).state == "held"
    assert chain.settle("thesmsworks", NOW + HOUR, dropped=True, until=NOW + 5 * MINUTE) == 3
    chain.settle("thesmsworks", NOW + HOUR, dropped=False)
    states = [chain.answer(number, NOW + HOUR).state for number in (genuine, *forged[2:])]
    assert states == ["active", "lifted", "lifted", "lifted"]
