"""Providers' times, with and without zones."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dlr.ingest.normalize import Normalizer
from dlr.providers.base import ParsedReport, load_provider
from dlr.providers.times import read_iso, read_javascript, read_smpp
from dlr.wire.request import Request
from local.recordings import NOW

DAY = timedelta(days=1)
YEAR = 365 * DAY


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
        ("20261120", datetime(2026, 11, 19, 23, tzinfo=UTC)),
        ("20261120T160010", datetime(2026, 11, 20, 15, 0, 10, tzinfo=UTC)),
        ("1731110400123", datetime(2024, 11, 9, 0, 0, 0, 123_000, tzinfo=UTC)),
        ("17311104001", None),
        ("202611201160010", None),
        ("٣٣٣٣٣٣٣٣٣٣٣٣٣", None),
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


@given(st.datetimes(datetime(2001, 9, 10), datetime(2286, 11, 20), timezones=st.just(UTC)))
def test_unix_milliseconds_are_the_time_that_they_count(time: datetime) -> None:
    time = time.replace(microsecond=time.microsecond // 1000 * 1000)
    milliseconds = (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert read_iso(str(milliseconds)) == time


@given(
    received_at=st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    ahead=st.timedeltas(-2000 * YEAR, 2 * DAY) | st.timedeltas(-100 * YEAR, 2 * DAY),
)
@example(received_at=NOW, ahead=DAY)
@example(received_at=NOW, ahead=DAY + timedelta(microseconds=1))
@example(received_at=NOW, ahead=datetime(2000, 1, 1, tzinfo=UTC) - NOW)
def test_a_time_before_2000_or_more_than_a_day_ahead_is_null_and_any_other_is_kept(
    received_at: datetime, ahead: timedelta
) -> None:
    time = received_at + ahead
    parsed = ParsedReport("m", ("SENT",), occurred_at=time, sent_at=time)
    provider = replace(load_provider("thesmsworks"), parse=lambda _: iter([parsed]))
    request = Request("POST", body=b'{"messageid": "m", "status": "SENT"}')
    (report,) = Normalizer(provider)(request, received_at).reports
    expected = time if time.year >= 2000 and ahead <= DAY else None
    assert (report.occurred_at, report.sent_at) == (expected, expected)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "1732-11-04T00:00:00Z", "2031-01-01"])
def test_an_implausible_time_of_a_report_is_null(text: str) -> None:
    body = {"message_id": "m", "status": "DELIVRD", "delivered_at": text}
    request = Request("POST", body=json.dumps(body).encode())
    (report,) = Normalizer(load_provider("bulksmsrates"))(request, NOW).reports
    assert report.occurred_at is None
