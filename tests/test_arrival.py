"""Reports of every kind, in the order in which they should come and in any other."""

import json
from datetime import datetime, timedelta
from itertools import permutations

import pytest

from dlr.messages.by_recipient import RecipientReports
from dlr.runtime.batch import put_all
from local.cloud import Cloud
from tests.support.chain import DAY, NOW, Chain, iso, works
from tests.support.numbers import new_number
from tests.support.reports import HASHER

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
HARD, ABSENT, UNDELIVERED, STOP, SUSPENDED = 5001, 5006, 5009, 5010, 5011


def later(second: float) -> datetime:
    return NOW + second * SECOND


# ---------------------------------------------------------------- reports of one message


BARE_THEN_HARD = [(1, None), (5, HARD)]
ABSENT_THEN_STOP = [(1, ABSENT), (5, STOP)]


@pytest.mark.parametrize("order", list(permutations(BARE_THEN_HARD)), ids=str)
def test_a_code_lists_the_number_also_where_it_comes_after_the_bare_word(
    chain: Chain, order: list[tuple[int, int | None]]
) -> None:
    number = new_number()
    for second, code in order:
        chain.send("thesmsworks", works("m", number, second, code), later(9))
    assert chain.answer(number, later(10)).cause == "unknown_subscriber"


@pytest.mark.parametrize("order", list(permutations(ABSENT_THEN_STOP)), ids=str)
def test_an_opt_out_counts_also_where_it_comes_after_another_code(
    chain: Chain, order: list[tuple[int, int | None]]
) -> None:
    number = new_number()
    for second, code in order:
        chain.send("thesmsworks", works("m", number, second, code), later(9))
    assert chain.answer(number, later(10)).list == "opt_out"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=str)
def test_an_opt_out_counts_also_beside_a_failure_without_a_time(
    chain: Chain, order: tuple[int, int]
) -> None:
    number = new_number()
    made = [works("m", number, None), works("m", number, None, STOP, "REJECTED")]
    for place in order:
        chain.send("thesmsworks", made[place], later(9))
    assert chain.answer(number, later(10)).list == "opt_out"


@pytest.mark.parametrize("second", [1, 5], ids=["the same time", "another time"])
def test_a_recipient_that_only_the_second_report_names_is_suppressed(
    chain: Chain, second: int
) -> None:
    number = new_number()
    chain.send("thesmsworks", works("m", "", 1, HARD), later(9))
    chain.send("thesmsworks", works("m", number, second, HARD), later(9))
    assert chain.answer(number, later(10)).suppressed


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["text first", "JSON first"])
def test_a_receipts_text_without_a_number_hides_no_json_with_one(
    chain: Chain, order: tuple[int, int]
) -> None:
    number = new_number()
    fields = {
        "message_id": "b1",
        "to": number,
        "status": "UNDELIV",
        "error_code": "001",
        "delivered_at": "2026-11-22T12:00:00Z",
    }
    made = ["id:b1 stat:UNDELIV err:001 done date:2611221200", json.dumps(fields)]
    for place in order:
        chain.send("bulksmsrates", made[place], later(9))
    assert chain.answer(number, later(10)).suppressed


@pytest.mark.parametrize("order", list(permutations((3, 4, 5))), ids=str)
def test_three_reports_of_one_message_are_one_strike(chain: Chain, order: tuple[int, ...]) -> None:
    number = new_number()
    for second in order:
        chain.send("thesmsworks", works("m", number, second, UNDELIVERED), later(9))
    answer = chain.answer(number, later(10))
    assert (answer.state, answer.strikes) == ("watching", 1)


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))), ids=str)
def test_three_strikes_are_dated_by_the_last_of_them_in_any_order(
    chain: Chain, order: tuple[int, ...]
) -> None:
    number = new_number()
    for minute in order:
        made = works(f"m{minute}", number, 60 * minute, UNDELIVERED)
        chain.send("thesmsworks", made, later(200))
    answer = chain.answer(number, later(201))
    assert (answer.state, answer.strikes, answer.message_id) == ("active", 3, "m3")
    assert (answer.first_seen, answer.last_seen) == (later(60), later(180))


# ---------------------------------------------------------------- deliveries


@pytest.mark.parametrize("order", list(permutations(range(2))), ids=str)
def test_a_message_that_arrived_takes_its_own_failure_back(
    chain: Chain, order: tuple[int, ...]
) -> None:
    number = new_number()
    made = [works("m1", number, 5, HARD), works("m1", number, 3, status="DELIVERED")]
    for place in order:
        chain.send("thesmsworks", made[place], later(9))
    assert not chain.answer(number, later(10)).suppressed


@pytest.mark.parametrize("order", list(permutations(range(2))), ids=str)
def test_a_delivery_of_another_message_after_the_failure_counts_whichever_comes_first(
    chain: Chain, order: tuple[int, ...]
) -> None:
    number = new_number()
    made = [works("m2", number, 5, status="DELIVERED"), works("m1", number, 1, SUSPENDED)]
    for place in order:
        chain.send("thesmsworks", made[place], later(9))
    assert not chain.answer(number, later(10)).suppressed


@pytest.mark.parametrize("place", range(4))
def test_a_delivery_between_strikes_forgives_those_before_it_whenever_it_comes(
    chain: Chain, place: int
) -> None:
    number = new_number()
    made = [works(f"m{n}", number, 60 * n, UNDELIVERED) for n in (1, 2, 4)]
    made.insert(place, works("arrived", number, 180, status="DELIVERED"))
    for each in made:
        chain.send("thesmsworks", each, later(300))
    answer = chain.answer(number, later(301))
    assert (answer.state, answer.strikes) == ("watching", 1)


def test_what_was_held_and_then_arrived_is_not_suppressed_by_a_release(chain: Chain) -> None:
    number = new_number()
    chain.send("thesmsworks", works("m1", number, 1, HARD), later(2), limit=0)
    assert chain.answer(number, later(2)).state == "held"
    chain.send("thesmsworks", works("m1", number, 3, status="DELIVERED"), later(4))
    chain.settle("thesmsworks", later(5), dropped=False)
    assert not chain.answer(number, later(6)).suppressed


def test_deliveries_forgive_strikes_also_after_their_messages_have_expired(cloud: Cloud) -> None:
    """Delivered messages are kept for a shorter time than the list keeps strikes."""
    chain, number = Chain(cloud, kept_days=(30, 90, 30)), new_number()
    for day, is_strike in ((0, True), (35, False), (70, True), (105, False), (140, True)):
        now = NOW + day * DAY
        chain.delete_expired(now)
        status, code = ("UNDELIVERABLE", UNDELIVERED) if is_strike else ("DELIVERED", None)
        body = works(f"m{day}", number, day * DAY / SECOND, code, status)
        chain.send("thesmsworks", body, now)
    answer = chain.answer(number, now)
    assert (answer.state, answer.strikes) == ("watching", 1)


@pytest.mark.parametrize("place", [0, 255, 510, 519])
def test_the_last_delivery_is_found_among_any_number_of_messages(chain: Chain, place: int) -> None:
    number = new_number()
    chain.send("thesmsworks", works("arrived", number, 5, status="DELIVERED"), later(9))
    (delivered,) = chain.client.scan(TableName=chain.reports_table)["Items"]
    chain.delete_messages()
    chain.send("thesmsworks", works("sent", number, 9, status="SENT"), later(9))
    (sent,) = chain.client.scan(TableName=chain.reports_table)["Items"]
    every = [sent | {"pk": {"S": f"thesmsworks#m{n:03}"}} for n in range(520)]
    every[place] = delivered | {"pk": every[place]["pk"]}
    put_all(chain.client, chain.reports_table, every)
    found = RecipientReports(chain.client, chain.reports_table).deliveries([HASHER.hash(number)])
    assert {each.at for each in found["thesmsworks"]} == {later(5)}


# ---------------------------------------------------------------- clocks


def bulk(number: str, status: str, delivered_at: str, message_id: str = "b") -> str:
    code = {"UNDELIV": "001"}.get(status, "000")
    made = {"message_id": message_id, "to": number, "status": status, "error_code": code}
    return json.dumps(made | {"delivered_at": delivered_at})


@pytest.mark.parametrize(
    ("delivered_at", "after"),
    [("0001-01-01T00:00:00Z", 30 * DAY), (iso(NOW - HOUR), HOUR)],
    ids=["a time that is none", "a clock that is two hours slow"],
)
def test_a_bounce_after_a_lift_counts_whatever_time_it_says(
    chain: Chain, delivered_at: str, after: timedelta
) -> None:
    number, now = new_number(), NOW + after
    chain.put(number, "number", NOW - DAY)
    chain.lift(number, NOW)
    chain.send("bulksmsrates", bulk(number, "UNDELIV", delivered_at), now)
    assert chain.answer(number, now).suppressed


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=str)
def test_a_failure_of_the_year_1_replaces_no_delivery(chain: Chain, order: tuple[int, int]) -> None:
    number = new_number()
    made = [
        bulk(number, "DELIVRD", "2026-11-22T12:00:00Z"),
        bulk(number, "UNDELIV", "0001-01-01T00:00:00Z"),
    ]
    for place in order:
        chain.send("bulksmsrates", made[place], later(9))
    assert chain.messages(number, later(10)) == {"b": "delivered"}


def test_an_id_that_comes_again_without_a_time_after_it_expired_is_an_event(cloud: Cloud) -> None:
    chain, number = Chain(cloud, kept_days=(1, 1, 1)), new_number()
    body = works("again", number, None, HARD)
    assert len(chain.events_of("thesmsworks", body)) == 1
    assert len(chain.events_of("thesmsworks", body, NOW + 3 * DAY)) == 1
