"""What a caller may ask of the lake, and what is said to everything else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from dlr.analysis.asked import (
    DEFAULT,
    LONGEST,
    LONGEST_SINGLY,
    Asked,
    AskedWronglyError,
    CompareAsked,
    SearchAsked,
    StatsAsked,
    UnfinishedAsked,
)
from dlr.analysis.cursor import Cursor, write_cursor
from dlr.analysis.search import Position
from dlr.analysis.source import HOUR, Period
from dlr.analysis.tags import tag_of
from dlr.report import network_of

NOW = datetime(2026, 11, 30, 10, 20, tzinfo=UTC)
NOON = datetime(2026, 11, 30, 11, tzinfo=UTC)
DAY = timedelta(days=1)
HUSH = "+447700900123"


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("234-10", "23410"),
        ("310 260", "310260"),
        ("23410", "23410"),
        ("EE UK", "EE UK"),
        ("no.telenor", "no.telenor"),
        ("020-7946-0000", "020-7946-0000"),
        ("234-1", "234-1"),
        ("", ""),
    ],
)
def test_a_network_has_one_name(written: str, known: str) -> None:
    assert network_of(written) == known
    if written:
        assert SearchAsked(network=written).filters["network"] == (known,)


def test_messages_of_no_known_place_can_be_asked_for() -> None:
    asked = SearchAsked(country="none,GB", network="none")
    assert asked.filters == {"country": ("none", "GB"), "network": ("none",)}


@pytest.mark.parametrize(
    ("start", "end", "period"),
    [
        (None, None, Period(NOON - DEFAULT, NOON)),
        ("2026-11-30T10:00:00Z", None, Period(NOON - HOUR, NOON)),
        ("2026-11-30T11:00:00+01:00", None, Period(NOON - HOUR, NOON)),
        ("2026-11-30T11:00:00 01:00", None, Period(NOON - HOUR, NOON)),
        (
            None,
            "2026-11-20T00:00:00Z",
            Period(datetime(2026, 11, 13, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)),
        ),
        (
            "2026-11-20T00:10:00.5Z",
            "2026-11-20T00:20:00Z",
            Period(
                datetime(2026, 11, 20, 0, 10, 0, 500_000, UTC),
                datetime(2026, 11, 20, 0, 20, tzinfo=UTC),
            ),
        ),
        (
            "2026-11-30T10:00:00Z",
            "2026-12-24T10:30:00Z",
            Period(NOON - HOUR, NOON),
        ),
        (None, "2026-12-24T10:30:00Z", Period(NOON - DEFAULT, NOON)),
    ],
)
def test_a_period_is_half_open_and_in_utc(
    start: str | None, end: str | None, period: Period
) -> None:
    """An end that has not come yet is moved to the end of this hour: those are counted fast."""
    asked = Asked.model_validate({"from": start, "to": end})
    assert asked.period(NOW) == period


@pytest.mark.parametrize(
    ("asked", "detail"),
    [
        ({"from": "2026-11-30T10:00:00Z", "to": "2026-11-30T10:00:00Z"}, "before `to`"),
        ({"from": "2026-11-30T10:00:00Z", "to": "2026-11-29T10:00:00Z"}, "before `to`"),
        ({"from": "2026-12-30T10:00:00Z"}, "before now"),
        ({"from": "2026-12-30T10:00:00Z", "to": "2027-01-30T10:00:00Z"}, "before now"),
        ({"from": "2001-01-01T00:00:00Z"}, f"longer than {LONGEST.days} days"),
    ],
)
def test_a_period_that_is_none_is_refused(asked: dict[str, str], detail: str) -> None:
    with pytest.raises(AskedWronglyError, match=detail):
        Asked.model_validate(asked).period(NOW)


def test_a_period_means_the_same_messages_as_long_as_its_etag_is_the_same() -> None:
    """Also where its end passes within the hour: it begins no other time before it."""
    asked = StatsAsked.model_validate({"to": "2026-11-30T10:30:00Z"})
    later = NOW + timedelta(minutes=20)
    assert tag_of("v", "/stats", asked, NOW) == tag_of("v", "/stats", asked, later)
    assert asked.period(NOW).start == asked.period(later).start
    assert (asked.period(NOW).end, asked.period(later).end) == (NOON, NOW + timedelta(minutes=10))


def test_a_period_in_which_every_message_is_read_is_shorter() -> None:
    asked = Asked.model_validate({"from": (NOW - LONGEST_SINGLY - DAY).isoformat()})
    assert asked.period(NOW).start == NOW - LONGEST_SINGLY - DAY
    with pytest.raises(AskedWronglyError, match=f"longer than {LONGEST_SINGLY.days} days"):
        asked.period(NOW, LONGEST_SINGLY)


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        (Asked, {"from": "2026-11-30T10:00:00"}),
        (Asked, {"from": "2026-11-30"}),
        (Asked, {"to": "yesterday"}),
        (Asked, {"to": ""}),
        (Asked, {"from": "9999-12-31T23:59:59-23:59"}),
        (Asked, {"from": "0001-01-01T00:00:00+23:59"}),
        (Asked, {"to": "1999-12-31T23:59:59Z"}),
        (SearchAsked, {"limit": "0"}),
        (SearchAsked, {"limit": "201"}),
        (SearchAsked, {"limit": "many"}),
        (SearchAsked, {"numbers": "perhaps"}),
        (SearchAsked, {"cursor": "AAAA"}),
        (SearchAsked, {"cursor": "a" * 300}),
        (SearchAsked, {"provider": ""}),
        (SearchAsked, {"provider": HUSH}),
        (SearchAsked, {"provider": "smsmode,"}),
        (SearchAsked, {"status": "lost"}),
        (SearchAsked, {"status": "delivered,lost"}),
        (SearchAsked, {"cause": HUSH}),
        (SearchAsked, {"bounce": "Hard"}),
        (SearchAsked, {"country": "France"}),
        (SearchAsked, {"country": "fr"}),
        (SearchAsked, {"code": "a" * 300}),
        (StatsAsked, {"by": "colour"}),
        (StatsAsked, {"by": "provider,provider"}),
        (StatsAsked, {"by": "provider,status,country"}),
        (StatsAsked, {"by": "hour,day"}),
        (StatsAsked, {"by": "provider,,status"}),
        (CompareAsked, {"by": "provider"}),
        (CompareAsked, {"by": "country,country"}),
        (UnfinishedAsked, {"hours": "0"}),
        (UnfinishedAsked, {"hours": "99999"}),
    ],
)
def test_what_cannot_be_asked_is_refused_without_a_word_of_it(
    model: type[BaseModel], parameters: dict[str, str]
) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(parameters)
    (error,) = caught.value.errors()
    ((name, value),) = parameters.items()
    assert error["loc"] == (name,)
    assert not value or value not in error["msg"]
    assert HUSH not in str(caught.value)


def test_several_values_stand_between_commas_where_no_value_has_one() -> None:
    asked = SearchAsked.model_validate(
        {"provider": "smsmode,twilio", "country": "FR", "code": "a,b", "network": "EE, UK"}
    )
    assert asked.filters == {
        "provider": ("smsmode", "twilio"),
        "country": ("FR",),
        "code": ("a,b",),
        "network": ("EE, UK",),
    }
    assert CompareAsked.model_validate({"country": "FR,GB", "network": "x,y"}).filters == {
        "country": ("FR", "GB"),
        "network": ("x,y",),
    }
    assert CompareAsked.model_validate({}).filters == {}
    assert CompareAsked.model_validate({}).places == ("country", "network")


@pytest.mark.parametrize(
    ("by", "names"),
    [(None, ()), ("status,provider", ("status", "provider")), ("code,hour", ("hour", "code"))],
)
def test_the_time_comes_first(by: str | None, names: tuple[str, ...]) -> None:
    assert StatsAsked.model_validate({"by": by}).names == names


def cursor_after(first: dict[str, Any], position: Position) -> str:
    asked = SearchAsked.model_validate(first)
    period, none = asked.place(NOW)
    assert none is None
    text = asked.cursor_of(period, position)
    assert text is not None
    assert asked.cursor_of(period, None) is None
    return text


def test_a_cursor_keeps_the_beginning_of_its_search() -> None:
    """Which moves on with the clock where nobody has given it."""
    position = Position(NOW - HOUR, "00ff")
    cursor = cursor_after({"provider": "smsmode"}, position)
    later = SearchAsked.model_validate({"provider": "smsmode", "cursor": cursor, "limit": 3})
    period, found = later.place(NOW + 3 * DAY)
    assert (period.start, found) == (NOON - DEFAULT, position)
    assert period.end >= position.f


@pytest.mark.parametrize(
    "other",
    [{}, {"provider": "twilio"}, {"status": "read"}, {"from": "2026-11-29T00:00:00Z"}],
)
def test_a_cursor_of_another_search_is_refused(other: dict[str, str]) -> None:
    cursor = cursor_after({"provider": "smsmode"}, Position(NOW))
    with pytest.raises(AskedWronglyError, match="other filters"):
        SearchAsked.model_validate({**other, "cursor": cursor}).place(NOW)


def test_a_cursor_takes_nobody_beyond_the_longest_period() -> None:
    asked = SearchAsked.model_validate({})
    mark = asked.mark
    for start, is_taken in ((NOON - LONGEST, True), (NOON - LONGEST - DAY, False)):
        text = write_cursor(Cursor(NOW, "", start, mark))
        later = SearchAsked.model_validate({"cursor": text})
        if is_taken:
            assert later.place(NOW)[0].start == start
        else:
            with pytest.raises(AskedWronglyError, match="other filters or times"):
                later.place(NOW)


def test_unfinished_messages_are_older_than_the_hours_asked_for() -> None:
    latest = NOW - timedelta(hours=24)
    assert UnfinishedAsked.model_validate({}).period(NOW) == Period(latest - DEFAULT, latest)
    later = NOW.replace(second=59, microsecond=7)
    assert UnfinishedAsked.model_validate({}).period(later) == Period(latest - DEFAULT, latest)
    early = UnfinishedAsked.model_validate({"to": "2026-11-20T00:00:00Z", "hours": 1})
    assert early.period(NOW).end == datetime(2026, 11, 20, tzinfo=UTC)
    for refused in ({"from": "2026-11-30T00:00:00Z"}, {"from": "2020-01-01T00:00:00Z"}):
        with pytest.raises(AskedWronglyError):
            UnfinishedAsked.model_validate(refused).period(NOW)
