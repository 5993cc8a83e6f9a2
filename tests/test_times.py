"""Providers' times, with and without zones."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlr.providers.times import read_iso, read_javascript, read_smpp


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2502141030", datetime(2025, 2, 14, 10, 30, tzinfo=UTC)),
        ("250214103059", datetime(2025, 2, 14, 10, 30, 59, tzinfo=UTC)),
        ("201506201641", datetime(2015, 6, 20, 16, 41, tzinfo=UTC)),
        ("202602141030", datetime(2026, 2, 14, 10, 30, tzinfo=UTC)),
        ("200602141030", datetime(2020, 6, 2, 14, 10, 30, tzinfo=UTC)),
        ("20250214103059", datetime(2025, 2, 14, 10, 30, 59, tzinfo=UTC)),
        ("180711070003912+", datetime(2018, 7, 11, 4, 0, 3, 900_000, tzinfo=UTC)),
        ("180711070003912-", datetime(2018, 7, 11, 10, 0, 3, 900_000, tzinfo=UTC)),
        ("0000000000", None),
        ("000000000000", None),
        ("2513141030", None),
        ("25021410", None),
        ("²502141030", None),
        ("now", None),
        ("", None),
    ],
)
def test_a_receipts_date_is_read_or_absent(text: str, time: datetime | None) -> None:
    assert read_smpp(text) == time


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-20T16:00:10", datetime(2026, 11, 20, 15, 0, 10, tzinfo=UTC)),
        ("2026-07-20 16:00:10", datetime(2026, 7, 20, 14, 0, 10, tzinfo=UTC)),
        ("2026-11-20T16:00:10.000Z", datetime(2026, 11, 20, 16, 0, 10, tzinfo=UTC)),
        ("2026-11-20T16:00:10+0530", datetime(2026, 11, 20, 10, 30, 10, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_an_iso_time_without_a_zone_is_the_providers(text: str, time: datetime | None) -> None:
    assert read_iso(text, ZoneInfo("Europe/Paris")) == time


def test_a_javascript_date_brings_its_offset() -> None:
    text = "Wed Jul 19 2017 20:53:46 GMT+0100 (BST)"
    assert read_javascript(text) == datetime(2017, 7, 19, 19, 53, 46, tzinfo=UTC)
    assert read_javascript("Wed Foo 19 2017 20:53:46 GMT+0100") is None
    assert read_javascript("2017-07-19") is None


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_none(text: str) -> None:
    for read in (read_iso, read_smpp, read_javascript):
        time = read(text)
        assert time is None or time.tzinfo is UTC
