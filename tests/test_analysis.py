"""What the lake answers, against a plain fold over its rows."""

import json
from base64 import urlsafe_b64encode
from binascii import crc32
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlr.analysis import cursor
from dlr.analysis.bands import band_of
from dlr.analysis.compare import compare
from dlr.analysis.interval import Share, differ, wilson
from dlr.analysis.search import HOURS_FILTERED, MOST_HOURS, Position, search
from dlr.analysis.source import Period
from dlr.analysis.stats import Question, TooManyRowsError, stats
from dlr.analysis.unfinished import unfinished
from dlr.causes import BOUNCE, Cause
from dlr.messages.latency import seconds_of
from tests.support.made_up_lake import EXPIRES_AT, FakeLake, Row, row

NOW = datetime(2026, 11, 30, tzinfo=UTC)
START = datetime(2026, 11, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
STATUSES = ("delivered", "read", "undelivered", "expired", "enroute", "accepted")
CAUSES = ("absent", "invalid_number", "opted_out")
LONG = Period(START - HOUR, START + timedelta(days=1))
EXAMPLES = 20


@st.composite
def messages(draw: st.DrawFn) -> Row:
    """Any message of some hours: often with the same time as another."""
    status = draw(st.sampled_from(STATUSES))
    f = START + timedelta(minutes=draw(st.integers(0, 16)) * 15)
    return row(
        draw(st.text("0123456789abcdef", min_size=32, max_size=32)),
        f,
        status,
        provider=draw(st.sampled_from(["smsmode", "twilio", "smpp"])),
        country=draw(st.sampled_from(["FR", "GB", None])),
        network=draw(st.sampled_from(["208-01", None])),
        cause=draw(st.sampled_from(CAUSES)) if status in {"undelivered", "expired"} else "none",
        code=draw(st.sampled_from(["7", "9", None])),
        sender=draw(st.sampled_from(["ACME", None])),
        expires_at=draw(st.sampled_from([EXPIRES_AT, 1])),
        latency_ms=draw(st.integers(0, 10**7)) if status in {"delivered", "read"} else None,
    )


def lake_of(rows: Iterable[Row]) -> FakeLake:
    lake = FakeLake()
    for each in rows:
        lake.put(each)
    return lake


ROWS = st.lists(messages(), min_size=5, max_size=20, unique_by=lambda each: each["mk"])
FILTERS = st.sampled_from(
    [
        {},
        {"provider": ("smsmode",)},
        {"status": ("undelivered", "expired")},
        {"bounce": ("hard", "opt_out")},
        {"code": ("7",), "country": ("FR", "GB")},
        {"sender": ("ACME",), "network": ("208-01",)},
        {"country": ("none",)},
        {"country": ("none", "FR"), "network": ("none",)},
    ]
)


def value_of(each: Row, name: str) -> Any:
    """What a message counts for in a dimension."""
    if name == "hour":
        return each["f"].replace(minute=0)
    if name == "day":
        return each["f"].date()
    if name == "bounce":
        return str(BOUNCE[Cause(each["cause"])])
    return None if name == "code" and each["expires_at"] == 1 else each[name]


def fits(each: Row, filters: Mapping[str, tuple[str, ...]]) -> bool:
    places = ("country", "network")
    return all(
        (value_of(each, name) or ("none" if name in places else None)) in values
        for name, values in filters.items()
    )


def folded(rows: Iterable[Row], by: Sequence[str]) -> dict[tuple[Any, ...], tuple[int, int, int]]:
    """How many there are of each group, how many of them are final, how many delivered."""
    counts: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0])
    for each in rows:
        found = counts[tuple(value_of(each, name) for name in by)]
        found[0] += 1
        found[1] += each["status"] in {"delivered", "read", "undelivered", "expired"}
        found[2] += each["status"] in {"delivered", "read"}
    return {group: (n, final, delivered) for group, (n, final, delivered) in counts.items()}


@settings(max_examples=EXAMPLES)
@given(rows=ROWS, filters=FILTERS, limit=st.integers(2, 7), data=st.data())
def test_pages_give_each_message_once_while_others_are_added_and_changed(
    rows: list[Row], filters: dict[str, tuple[str, ...]], limit: int, data: st.DataObject
) -> None:
    lake = lake_of(rows)
    asked = {each["mk"] for each in rows if fits(each, filters)}
    later = iter(data.draw(st.lists(messages(), max_size=10)))
    seen: list[dict[str, Any]] = []
    position: Position | None = None
    while True:
        page = search(lake, LONG, filters, position, limit, NOW)
        seen += page.items
        if page.end is None:
            break
        assert len(page.items) == limit
        position = page.end
        for new in later:
            known = lake.rows.get(new["mk"])
            lake.put({**new, "f": known["f"] if known else new["f"]})
            break
    found = Counter(each["mk"] for each in seen)
    assert set(found.values()) <= {1}
    assert asked <= found.keys()
    assert all(fits(lake.rows[mk], filters) for mk in found.keys() & asked)
    order = [(each["first_seen"], each["mk"]) for each in seen]
    assert order == sorted(order, reverse=True)


@pytest.mark.parametrize("f", [START, START + 30 * timedelta(minutes=1)])
def test_messages_of_one_moment_may_be_on_several_pages(f: datetime) -> None:
    lake, position, found = lake_of(row(f"{n}", f) for n in range(5)), None, []
    for _ in range(3):
        page = search(lake, LONG, {}, position, 2, NOW)
        found += [item["mk"] for item in page.items]
        position = page.end
    assert (found, position) == (["4", "3", "2", "1", "0"], None)


@settings(max_examples=EXAMPLES)
@given(
    rows=ROWS,
    by=st.lists(
        st.sampled_from(
            [*["provider", "country", "network", "status", "cause", "bounce", "code", "sender"]]
        ),
        max_size=2,
        unique=True,
    ),
    time=st.sampled_from([[], ["hour"], ["day"]]),
    filters=FILTERS,
    quarters=st.tuples(st.integers(-2, 7), st.integers(1, 14)),
)
def test_statistics_are_a_fold_over_the_rows(
    rows: list[Row],
    by: list[str],
    time: list[str],
    filters: dict[str, tuple[str, ...]],
    quarters: tuple[int, int],
) -> None:
    """From rollups, from messages, and from both in the hours of which the period has a part."""
    start = START + timedelta(minutes=15 * quarters[0])
    period = Period(start, start + timedelta(minutes=15 * quarters[1]))
    lake, names = lake_of(rows), [*time, *by]
    found, as_of = stats(lake, Question(period, names, filters), NOW)
    inside = [
        each for each in rows if period.start <= each["f"] < period.end and fits(each, filters)
    ]
    assert as_of == lake.as_of
    counts = [tuple(each[name] for name in names) for each in found]
    assert len(set(counts)) == len(counts)
    assert {
        group: (each["n"], each["final"], each["delivered"])
        for group, each in zip(counts, found, strict=True)
    } == folded(inside, names)
    for group, each in zip(counts, found, strict=True):
        mine = sorted(
            one["latency_ms"]
            for one in inside
            if tuple(value_of(one, name) for name in names) == group
            and one["latency_ms"] is not None
        )
        for share, name in ((50, "p50_s"), (95, "p95_s")):
            if not mine:
                assert each[name] is None
                continue
            exact = max(mine[-(-share * len(mine) // 100) - 1], 1) / 1000
            assert each[name] == pytest.approx(exact, rel=0.0915, abs=0.001)


@settings(max_examples=EXAMPLES)
@given(rows=ROWS, by=st.sampled_from(["provider", "status", "country", "cause"]))
def test_rollups_and_rows_answer_alike(rows: list[Row], by: str) -> None:
    """The same question once over rollups, once message by message: a filter that all pass."""
    named = [{**each, "sender": "ACME"} for each in rows]
    period = Period(START, START + 5 * HOUR)
    rolled = stats(lake_of(named), Question(period, ("hour", by)), NOW)
    singly = stats(lake_of(named), Question(period, ("hour", by), {"sender": ("ACME",)}), NOW)
    assert rolled == singly


def test_messages_are_read_only_of_the_hours_of_which_a_period_has_a_part() -> None:
    minute, day = timedelta(minutes=1), timedelta(days=1)
    lake = lake_of([row("a", START + minute), row("b", START + 3 * day + minute)])
    for period, hours, n in (
        (Period(START + minute, START + 3 * day + 2 * minute), [START, START + 3 * day], 2),
        (Period(START + 2 * minute, START + 3 * day), [START], 0),
        (Period(START, START + 3 * day + minute), [START + 3 * day], 1),
        (Period(START, START + 4 * day), [], 2),
        (Period(START + minute, START + 2 * minute), [START], 1),
    ):
        for ask in (
            lambda at: stats(lake, Question(at), NOW),
            lambda at: compare(lake, at, ("country",), {}, NOW),
            lambda at: unfinished(lake, at, NOW),
        ):
            lake.read.clear()
            ask(period)
            assert lake.read == [(hour, hour + HOUR) for hour in hours]
        (counted,) = stats(lake, Question(period), NOW)[0] or [{"n": 0}]
        assert counted["n"] == n


@pytest.mark.parametrize(("slow", "p50_s", "p95_s"), [(1, 1, 1), (2, 1, 1000), (10, 1, 1000)])
def test_a_latency_is_the_shortest_that_so_many_messages_keep_within(
    slow: int, p50_s: float, p95_s: float
) -> None:
    latencies = [1000] * (20 - slow) + [1_000_000] * slow
    lake = lake_of(row(f"{n}", START, latency_ms=ms) for n, ms in enumerate(latencies))
    (found,), _ = stats(lake, Question(Period(START, START + HOUR)), NOW)
    assert found["p50_s"] == pytest.approx(p50_s, rel=0.1)
    assert found["p95_s"] == pytest.approx(p95_s, rel=0.1)


def test_a_question_that_rollups_answer_reads_no_message() -> None:
    lake = lake_of([row("a", START)])
    period = Period(START, START + HOUR)
    with lake.open(*period, messages=False) as snapshot, pytest.raises(Exception, match="messages"):
        snapshot.db.execute("SELECT * FROM messages")
    assert stats(lake, Question(period, ("provider",)), NOW)[0][0]["n"] == 1


def test_more_rows_than_an_answer_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dlr.analysis.stats.MAX_ROWS", 3)
    lake = lake_of(row(f"{number}", START, sender=str(number)) for number in range(4))
    period = Period(START, START + HOUR)
    with pytest.raises(TooManyRowsError, match="shorter period"):
        stats(lake, Question(period, ("sender",)), NOW)
    assert len(stats(lake, Question(period, ("provider",)), NOW)[0]) == 1


@pytest.mark.parametrize("by", ["status", "cause", "bounce", "code"])
def test_a_group_of_one_outcome_has_no_rate(by: str) -> None:
    lake = lake_of([row("a", START, code="0")])
    (found,), _ = stats(lake, Question(Period(START, START + HOUR), (by,)), NOW)
    assert (found["n"], found["delivered"]) == (1, 1)
    shown = ("delivery_rate", "report_ratio", "band", "advice")
    assert [found[name] for name in shown] == [None] * len(shown)


def test_a_row_of_statistics_says_what_its_figures_mean() -> None:
    rows = [row(f"d{number}", START) for number in range(19)]
    rows += [row("u", START, "undelivered", cause="absent"), row("e", START, "enroute")]
    (found,), _ = stats(lake_of(rows), Question(Period(START, START + HOUR), ("provider",)), NOW)
    assert found == {
        "provider": "smsmode",
        "n": 21,
        "final": 20,
        "delivered": 19,
        "delivery_rate": 0.95,
        "report_ratio": 20 / 21,
        "p50_s": seconds_of(6),
        "p95_s": seconds_of(6),
        "band": "good",
        "advice": "Some invalid numbers: clean your list.",
    }


@pytest.mark.parametrize(
    ("delivered", "final", "name"),
    [
        (0, 0, None),
        (100, 100, "excellent"),
        (951, 1000, "excellent"),
        (95, 100, "good"),
        (949, 1000, "good"),
        (90, 100, "good"),
        (899, 1000, "fair"),
        (80, 100, "fair"),
        (799, 1000, "poor"),
        (0, 1, "poor"),
    ],
)
def test_a_band_at_its_borders(delivered: int, final: int, name: str | None) -> None:
    band = band_of(delivered, final)
    assert (band and band.name) == name


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [  # Newcombe, Two-sided confidence intervals for the single proportion, 1998, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilsons_interval_is_that_of_the_literature(
    part: int, whole: int, low: float, high: float
) -> None:
    found = wilson(Share(part, whole))
    assert found == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    mirrored = wilson(Share(whole - part, whole))
    assert mirrored == (pytest.approx(1 - found[1]), pytest.approx(1 - found[0]))


@pytest.mark.parametrize(
    ("one", "other", "significant"),
    [  # Newcombe, Interval estimation for the difference, 1998, table II, method 10
        ((56, 70), (48, 80), True),  # 0.0524 to 0.3339
        ((9, 10), (3, 10), True),  # 0.1705 to 0.8090
        ((6, 7), (2, 7), True),  # 0.0582 to 0.8062
        ((5, 56), (0, 29), False),  # -0.0381 to 0.1926
        ((0, 10), (0, 20), False),
        ((10, 10), (0, 20), True),
        ((10, 10), (0, 0), False),
        ((12, 12), (11_000, 12_000), False),
    ],
)
def test_two_rates_differ_where_the_interval_of_the_difference_leaves_out_zero(
    one: tuple[int, int], other: tuple[int, int], significant: bool
) -> None:
    assert differ(Share(*one), Share(*other)) is significant
    assert differ(Share(*other), Share(*one)) is significant


def many(provider: str, good: int, bad: int, **fields: Any) -> list[Row]:
    kinds = ["delivered"] * good + ["undelivered"] * bad
    return [
        row(f"{provider}{fields}{n}", START, kind, provider=provider, **fields)
        for n, kind in enumerate(kinds)
    ]


def test_providers_are_compared_place_by_place_and_few_messages_never_win() -> None:
    rows = many("smsmode", 190, 10) + many("twilio", 120, 80) + many("smpp", 3, 0)
    rows += many("plivo", 1, 0, country="GB")
    period = Period(START, START + HOUR)
    found, as_of = compare(lake_of(rows), period, ("country",), {}, NOW)
    shown = [(r["country"], r["provider"], r["n"], r["best"], r["significant"]) for r in found]
    assert shown == [
        ("FR", "smsmode", 200, "smsmode", None),
        ("FR", "twilio", 200, "smsmode", True),
        ("FR", "smpp", 3, "smsmode", False),
        ("GB", "plivo", 1, None, None),
    ]
    assert as_of == lake_of(rows).as_of
    assert found[0]["low"] < found[0]["delivery_rate"] == 0.95 < found[0]["high"]
    only, _ = compare(lake_of(rows), period, ("country", "network"), {"country": ("GB",)}, NOW)
    assert [(each["provider"], each["network"]) for each in only] == [("plivo", None)]


def test_the_best_provider_is_one_that_has_final_messages() -> None:
    rows = [row(f"{n}", START, "enroute", provider="smpp") for n in range(9)]
    rows += many("smsmode", 0, 5) + many("twilio", 0, 4)
    found, _ = compare(lake_of(rows), Period(START, START + HOUR), ("country",), {}, NOW)
    assert {each["best"] for each in found} == {"smsmode"}


def test_an_answer_is_as_old_as_the_oldest_of_what_it_was_made_of() -> None:
    class Later(FakeLake):
        def open(self, *arguments: Any, **named: Any) -> Any:
            self.as_of += HOUR
            return super().open(*arguments, **named)

    lake = Later()
    first = lake.as_of + HOUR
    _, as_of = stats(lake, Question(Period(START + HOUR / 2, START + 5 * HOUR / 2)), NOW)
    assert len(lake.opened) == 3
    assert as_of == first


def test_unfinished_messages_are_counted_by_provider_with_the_oldest() -> None:
    minute = timedelta(minutes=1)
    rows = [
        row("a", START + 5 * minute, "enroute"),
        row("b", START + 3 * minute, "accepted"),
        row("c", START + 150 * minute, "enroute", provider="twilio", expires_at=1),
        row("d", START + 151 * minute, "delivered", provider="twilio"),
        row("z", START + 91 * minute, "delivered", provider="twilio"),
        row("e", START + 151 * minute, "delivered", provider="smpp"),
        row("g", START + 600 * minute, "enroute"),
        row("h", START + 1 * minute, "enroute"),
    ]
    lake = lake_of(rows)
    found, as_of = unfinished(lake, Period(START + 2 * minute, START + 160 * minute), NOW)
    assert found == [
        {
            "provider": "smsmode",
            "n": 2,
            "of": 2,
            "oldest": (START + 3 * minute),
            "oldest_message_id": "id-b",
        },
        {
            "provider": "twilio",
            "n": 1,
            "of": 3,
            "oldest": (START + 150 * minute),
            "oldest_message_id": None,
        },
    ]
    assert as_of == lake.as_of


def test_the_oldest_message_may_finish_between_two_looks() -> None:
    class Finishing(FakeLake):
        def open(self, *arguments: Any, **named: Any) -> Any:
            opened = super().open(*arguments, **named)
            if self.opened:
                self.put(row("a", START, "delivered"))
            return opened

    lake = Finishing()
    lake.put(row("a", START, "enroute"))
    (found,), _ = unfinished(lake, Period(START, START + HOUR), NOW)
    assert (found["n"], found["oldest"], found["oldest_message_id"]) == (1, None, None)


def test_a_position_behind_the_end_leads_to_no_message_behind_it() -> None:
    """A cursor can be forged; the end of a period is not part of it."""
    lake = lake_of([row("a", START), row("b", START + HOUR)])
    for position in (Position(START + HOUR, "f"), Position(START + 9 * HOUR)):
        page = search(lake, Period(START, START + HOUR), {}, position, 9, NOW)
        assert [each["mk"] for each in page.items] == ["a"]


def test_a_page_opens_no_more_hours_than_it_needs() -> None:
    rows = [row(f"{n:04}", START + timedelta(minutes=n)) for n in range(60 * 24)]
    lake = lake_of(rows)
    period = Period(START, START + 24 * HOUR)
    page = search(lake, period, {}, None, 50, NOW)
    assert lake.opened == [(START + 23 * HOUR, START + 24 * HOUR)]
    assert page.end is not None
    assert (
        page.scanned_to == page.items[-1]["first_seen"] == START + timedelta(minutes=24 * 60 - 50)
    )
    lake.opened.clear()
    search(lake, period, {}, page.end, 200, NOW)
    hours = sum((end - start) // HOUR for start, end in lake.opened)
    assert hours <= 7


def test_a_search_that_finds_nothing_takes_more_and_more_hours_at_once() -> None:
    lake = lake_of([row("a", START)])
    period = Period(START - 400 * HOUR, START + 400 * HOUR)
    page = search(lake, period, {"provider": ("twilio",)}, None, 50, NOW)
    assert (page.items, page.end, page.scanned_to) == ([], None, period.start)
    sizes = [(end - start) // HOUR for start, end in lake.opened]
    assert sizes[:3] == [HOURS_FILTERED, 4 * HOURS_FILTERED, MOST_HOURS]
    assert max(sizes) == MOST_HOURS
    assert sum(sizes) == 800


def test_a_search_that_takes_too_long_says_how_far_it_came_and_goes_on_there() -> None:
    lake = lake_of([row("a", START)])
    period = Period(START, START + 10 * HOUR)
    ticks = iter(range(0, 1000, 5))
    page = search(lake, period, {}, None, 50, NOW, clock=lambda: next(ticks))
    assert page.items == []
    assert page.end is not None
    assert page.scanned_to == page.end.f == START + 5 * HOUR
    page = search(lake, period, {}, page.end, 50, NOW)
    assert [each["mk"] for each in page.items] == ["a"]
    assert page.end is None


def test_an_expired_message_is_there_without_its_id_and_code() -> None:
    lake = lake_of([row("a", START, code="7", expires_at=int(NOW.timestamp()))])
    period = Period(START, START + HOUR)
    (item,) = search(lake, period, {}, None, 50, NOW).items
    assert (item["message_id"], item["code"]) == (None, None)
    assert search(lake, period, {"code": ("7",)}, None, 50, NOW).items == []
    (item,) = search(lake, period, {}, None, 50, NOW - HOUR).items
    assert (item["message_id"], item["code"]) == ("id-a", "7")


@given(
    st.builds(
        cursor.Cursor,
        st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
        st.text("0123456789abcdef", max_size=32),
        st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
        st.text("0123456789abcdef", min_size=16, max_size=16),
    )
)
def test_a_cursor_comes_back_as_it_was_written(written: cursor.Cursor) -> None:
    text = cursor.write_cursor(written)
    assert cursor.read_cursor(text) == written
    assert len(text) <= cursor.MAX_LENGTH
    with pytest.raises(cursor.CursorError):
        cursor.read_cursor(text[:-2])


def forged(f: Any = 0, mk: Any = "", start: Any = 0) -> str:
    """With a right checksum: anybody can make it."""
    content = json.dumps([f, mk, start, "0" * 16]).encode()
    return urlsafe_b64encode(content + crc32(content).to_bytes(4, "big")).decode().rstrip("=")


def test_a_forged_cursor_is_read_where_its_content_could_be_ours() -> None:
    assert cursor.read_cursor(forged(7, "00ff")).mk == "00ff"


@pytest.mark.parametrize(
    "text",
    [
        *("", "?", "é", "AAAA", "a" * 300, "W10", "null"),
        *(forged(f=f) for f in (253402300799999999, 2**70, -(10**16), 1e300, None)),
        *(forged(mk=mk) for mk in ("\ud800", "a\x00", "A", "0" * 33, 7, ["a"])),
        *(forged(start=start) for start in (-1, 253402300799999999, "0")),
    ],
)
def test_anything_else_is_no_cursor(text: str) -> None:
    with pytest.raises(cursor.CursorError) as caught:
        cursor.read_cursor(text)
    assert str(caught.value) == "not a cursor of this API"
