"""The lake's parts: what a row says, what expires when, what is cut, and who is refused."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dlr.causes import Cause
from dlr.lake import days, duck, merge, reader
from dlr.lake.days import BusyError
from dlr.lake.expiry import EXPIRED_FOR, OVER_FOR
from dlr.lake.key import lake_key
from dlr.lake.manifest import Day
from dlr.lake.mask import masked, unmasked
from dlr.lake.merge import Merged
from dlr.lake.names import Names
from dlr.lake.objects import GoneError, Objects
from dlr.lake.row import COLUMNS, mk_of, row_of, row_of_record
from dlr.lake.writer import LakeWriter, UnreadableRecordError
from dlr.messages.item import key_of
from dlr.messages.order import micros_of
from dlr.phone import PhoneNumber, country_of, holds_number
from dlr.report import DeliveryReport, Price, Status
from tests.support.cases import NOW
from tests.support.lake import BUCKET, TABLE, FakeAws
from tests.support.lake_parts import DAY, KEY, Parts
from tests.support.reports import make_report
from tests.support.stream import image

RECIPIENT_HASH = str(make_report().recipient_hash)
SENT = NOW - timedelta(minutes=3)


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return Parts(tmp_path)


def messages(count: int) -> list[DeliveryReport]:
    return [make_report(message_id=f"m{place}") for place in range(count)]


# ---------------------------------------------------------------- a row


def row(report: DeliveryReport, *before: DeliveryReport) -> dict[str, Any]:
    made = row_of(image(report, *before), KEY)
    assert made is not None
    assert made.keys() == COLUMNS.keys()
    return made


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("+447700900123", "GB"),  # in no range that was given out
        ("+441481960123", "GG"),  # as Jersey and others, beside Britain
        ("+33639980015", "FR"),
        ("+15550101234", "US"),
        ("+14165550123", "CA"),
        ("+80012345678", None),  # of no country
    ],
)
def test_a_row_says_the_country_of_the_recipient(number: str, country: str | None) -> None:
    assert country_of(PhoneNumber(number)) == country
    assert row(make_report(recipient=PhoneNumber(number)))["country"] == country


def test_a_row_without_a_recipient_has_no_country() -> None:
    report = make_report()
    item = {k: v for k, v in image(report).items() if not k.startswith("recipient")}
    made = row_of(item, KEY)
    assert made is not None
    assert made["country"] is None


@pytest.mark.parametrize(
    ("text", "is_kept"),
    [("ACME", True), ("60000", True), ("+44 7700 900-999", False), ("447700900999", False)],
)
def test_a_sender_that_could_be_a_phone_number_is_left_out(text: str, is_kept: bool) -> None:
    made = row(make_report(sender=text, network=text))
    assert made["sender"] == made["network"] == (text if is_kept else None)


@pytest.mark.parametrize("text", ["447700900123", "0770 090 0123", "sms-00900123-1"])
def test_the_recipients_number_is_found_in_any_notation(text: str) -> None:
    assert holds_number(text, "+447700900123")
    assert not holds_number(text, "+447700900124")
    assert row(make_report(message_id=text, provider_code=text))["message_id"] is None


@pytest.mark.parametrize(
    ("amount", "price"), [("0.042", 0.042), ("NaN", None), ("1e999", None), ("free", None)]
)
def test_a_price_is_a_number_or_nothing(amount: str, price: float | None) -> None:
    made = row(make_report(price=Price(amount=amount, currency="EUR"), segments=2))
    assert (made["price"], made["currency"], made["segments"]) == (price, "EUR", 2)


def test_more_segments_than_a_column_holds_are_no_number() -> None:
    assert row(make_report(segments=10**12))["segments"] is None


@pytest.mark.parametrize(
    ("reports", "latency"),
    [
        ([make_report(sent_at=SENT)], (180_000, "sent")),
        ([make_report(Status.ENROUTE, -60, sent_at=SENT), make_report()], (180_000, "sent")),
        ([make_report(Status.ACCEPTED, 0), make_report(at=42)], (42_000, "first_report")),
        ([make_report()], (None, None)),  # nothing was heard before it
        ([make_report(Status.ACCEPTED, 0), make_report(Status.UNDELIVERED, 5)], (None, None)),
        (
            [make_report(Status.ENROUTE, 0), make_report(at=9), make_report(Status.READ, 700)],
            (9_000, "first_report"),
        ),
        ([make_report(sent_at=NOW + DAY)], (0, "sent")),  # clocks that disagree
    ],
)
def test_the_time_to_delivery_is_counted_from_the_sending_or_the_first_report(
    reports: list[DeliveryReport], latency: tuple[int | None, str | None]
) -> None:
    *before, state = reports
    made = row(state, *before)
    assert (made["latency_ms"], made["latency_from"]) == latency


def test_the_first_report_of_a_message_outlives_its_redaction() -> None:
    item = image(make_report())
    left = {name: item[name] for name in ("pk", "seen", "rank", "v", "expires_at")}
    assert row_of(left, KEY) is None  # of a stack without the lake
    tombstone = row_of(left | {"f": {"N": str(micros_of(NOW))}}, KEY)
    assert tombstone is not None
    known = {name: value for name, value in tombstone.items() if value is not None}
    assert known == {"mk": mk_of(item, KEY), "f": NOW.replace(tzinfo=None).isoformat()}


def test_a_recipient_that_could_not_be_read_stands_in_no_text() -> None:
    raw = "07700 900123"
    report = make_report(
        recipient=None,
        recipient_hash=None,
        provider_recipient=raw,
        message_id="447700900123-77",
        provider_code=f"to {raw}",
    )
    item = {k: v for k, v in image(report).items() if not k.startswith("recipient")}
    assert "900123" not in json.dumps(row_of(item, KEY))


def test_an_item_without_any_report_is_no_message() -> None:
    item = image(make_report())
    state = {"M": {k: v for k, v in item["state"]["M"].items() if k != "r"}}
    with pytest.raises((KeyError, ValueError)):
        row_of(item | {"state": state, "history": {"L": [state]}}, KEY)


def test_only_a_person_makes_a_tombstone_of_a_deletion() -> None:
    images = {"SequenceNumber": "1", "OldImage": image(make_report())}
    by_time = {"userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"}}
    assert row_of_record({"dynamodb": images} | by_time, KEY) is None
    deleted = row_of_record({"dynamodb": images}, KEY)
    assert deleted is not None
    assert deleted["rank"] is None
    assert row_of_record({"dynamodb": {"SequenceNumber": "1"}}, KEY) is None


# ---------------------------------------------------------------- the writer and its key


def record(number: int, content: dict[str, Any]) -> dict[str, Any]:
    return {"dynamodb": {"SequenceNumber": str(number), "NewImage": content}}


def test_the_records_before_an_unreadable_one_are_written(parts: Parts) -> None:
    write = LakeWriter(parts.segments, lambda: KEY)
    good, bad = image(make_report()), {"state": {}}
    assert write([record(1, good), record(2, bad), record(3, good)]) == (["2"], 1)
    with pytest.raises(UnreadableRecordError):
        write([record(2, bad), record(3, good)])
    assert write([record(2, bad)]) == (["2"], 0)
    assert len(list(parts.segments.waiting())) == 1


def test_a_batch_that_says_nothing_leaves_no_object(parts: Parts) -> None:
    assert parts.segments.put("1", []) is None
    write = LakeWriter(parts.segments, lambda: KEY)
    assert write([{"dynamodb": {"SequenceNumber": "1"}}]) == ([], 0)
    assert parts.aws.objects == {}


def test_the_lakes_key_is_made_once_and_never_changes() -> None:
    aws = FakeAws()
    first, second = lake_key(aws, TABLE), lake_key(aws, TABLE)
    assert len(first()) == 32
    assert first() == first() == second()


def test_of_two_who_make_the_key_at_once_one_is_first() -> None:
    aws, made = FakeAws(), []

    def before(operation: str) -> None:
        if operation == "PutItem" and not made:
            made.append(None)
            made[0] = lake_key(aws, TABLE)()

    aws.before = before
    assert lake_key(aws, TABLE)() == made[0]


def test_a_key_that_cannot_be_written_is_no_key() -> None:
    aws = FakeAws()
    aws.before = refuse("PutItem", "InternalServerError")
    with pytest.raises(ClientError):
        lake_key(aws, TABLE)()


def refuse(operation: str, code: str) -> Callable[[str], None]:
    def before(name: str) -> None:
        if name == operation:
            raise ClientError({"Error": {"Code": code, "Message": ""}}, operation)

    return before


@pytest.mark.parametrize("text", ["", "k", "k" * 32, "k" * 33, RECIPIENT_HASH])
def test_a_mask_tells_its_text_to_who_has_key_and_name_and_to_nobody_else(text: str) -> None:
    hidden = masked(text, "mk", KEY)
    assert unmasked(hidden, "mk", KEY) == text
    if text:
        assert hidden not in {masked(text, "other", KEY), masked(text, "mk", b"another-key")}
        assert text.encode() not in urlsafe_b64decode(hidden)


def test_a_row_leads_to_an_item_that_is_kept_under_id_and_recipient() -> None:
    names = Names(lambda: KEY)
    for apart in ("", RECIPIENT_HASH):
        item = image(make_report()) | key_of("acme", "m1", apart)
        made = row_of(item, KEY)
        assert made is not None
        assert (made["apart"] is None) == (not apart)
        mk, _ = names.name(item)
        assert names.place("acme", "m1", mk, made["apart"])["pk"] == item["pk"]


# ---------------------------------------------------------------- merging


def test_a_large_hour_is_cut_into_slices(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(days, "MAX_ROWS", 10)
    parts.put(*messages(45))
    parts.merge()
    (hour,) = parts.manifest.day(NOW.date()).hours.values()
    assert (len(hour.files), hour.rows) == (5, 45)
    parts.put(*messages(60))
    parts.merge()
    (hour,) = parts.manifest.day(NOW.date()).hours.values()
    assert hour.rows == 60
    assert parts.ask("SELECT count(*), count(DISTINCT mk) FROM messages") == [(60, 60)]
    assert parts.ask("SELECT sum(n) FROM rollups") == [(60,)]


def test_much_is_merged_in_parts(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    for report in messages(3):
        parts.put(report)
    sizes = [each.size for each in parts.segments.waiting()]
    monkeypatch.setattr(merge, "MAX_BYTES", sizes[0] + sizes[1])
    assert parts.merge() == Merged(2, 1, more=True)
    monkeypatch.setattr(merge, "MAX_BYTES", 1)
    assert parts.merge() == Merged(1, 1)
    assert parts.merge() == Merged()
    assert parts.ask("SELECT count(*) FROM messages") == [(3,)]


def test_ids_go_a_day_after_their_message_expired(parts: Parts) -> None:
    parts.put(make_report(message_id="short", provider_code="7"), kept=DAY)
    parts.put(make_report(message_id="long", provider_code="8"), kept=60 * DAY)
    parts.merge()
    assert parts.expire(NOW + DAY + EXPIRED_FOR - DAY / 24, 25).days == 0
    assert parts.expire(NOW + DAY + EXPIRED_FOR + DAY / 24, 25).days == 1
    found = parts.ask("SELECT message_id, code, status FROM messages ORDER BY ALL")
    assert found == [("long", "8", "delivered"), (None, None, "delivered")]
    assert parts.expire(NOW + DAY + EXPIRED_FOR + DAY / 24, 25).days == 0


def test_an_hour_goes_with_its_last_message_and_its_numbers_stay(parts: Parts) -> None:
    parts.put(*messages(3), kept=DAY)
    parts.merge()
    over = NOW + DAY + OVER_FOR
    assert parts.expire(over - DAY / 24, 25).days == 1  # the ids
    assert parts.ask("SELECT count(*) FROM messages") == [(3,)]
    assert parts.expire(over + DAY / 24, 25).days == 1
    assert parts.ask("SELECT count(*) FROM messages") == [(0,)]
    assert parts.ask("SELECT sum(n) FROM rollups") == [(3,)]
    assert [key for key in parts.aws.objects if key.startswith("messages")] == []
    parts.put(*messages(4))  # too late
    assert parts.ask("SELECT count(*) FROM messages") == [(0,)]
    parts.merge()
    assert parts.ask("SELECT sum(n) FROM rollups") == [(3,)]
    assert parts.expire(over + DAY, 25).days == 0


def test_a_tombstone_alone_keeps_its_hour_as_long_as_its_message_can_still_come(
    parts: Parts,
) -> None:
    item = image(make_report())
    write = LakeWriter(parts.segments, lambda: KEY)
    write([{"dynamodb": {"SequenceNumber": "1", "OldImage": item}}])
    parts.merge()
    assert parts.expire(NOW + OVER_FOR - DAY, 25).days == 0
    parts.put(make_report())
    parts.merge()
    assert parts.ask("SELECT message_id, status FROM messages") == [(None, "delivered")]


def test_numbers_go_after_the_months_that_were_asked_for(parts: Parts) -> None:
    parts.put(*messages(2))
    parts.merge()
    later = datetime(2028, 12, 31, tzinfo=UTC)
    parts.expire(later, 25)
    assert parts.ask("SELECT sum(n) FROM rollups") == [(2,)]
    assert parts.expire(later + DAY, 25).days == 1
    assert parts.aws.objects == {}
    assert list(parts.manifest.days(NOW.date(), NOW.date())) == []
    assert parts.expire(later + DAY, 25).days == 0


def test_a_day_that_somebody_else_changes_is_forgotten_tomorrow(parts: Parts) -> None:
    parts.put(*messages(1))
    parts.merge()

    def before(operation: str) -> None:
        if operation == "TransactWriteItems":
            parts.aws.before = lambda name: None
            parts.put(make_report(message_id="other"))
            parts.merge()

    parts.aws.before = before
    assert parts.expire(datetime(2040, 1, 1, tzinfo=UTC), 25).days == 0
    assert parts.expire(datetime(2040, 1, 1, tzinfo=UTC), 25).days == 1


@pytest.mark.parametrize("what", ["merge", "expire"])
def test_who_is_always_second_gives_up_and_leaves_everything(parts: Parts, what: str) -> None:
    parts.put(*messages(2), kept=DAY)
    if what == "expire":
        parts.merge()

    def before(operation: str) -> None:
        if operation == "TransactWriteItems":
            day = parts.manifest.day(NOW.date())
            place = "lake#days", NOW.date().isoformat()
            item = parts.aws.items.get(place, {"hours": {"M": {}}})
            item |= {"pk": {"S": place[0]}, "sk": {"S": place[1]}}
            parts.aws.items[place] = item | {"version": {"N": str(day.version + 1)}}

    parts.aws.before = before
    with pytest.raises(BusyError):
        parts.merge() if what == "merge" else parts.expire(NOW + 5 * DAY, 25)
    parts.aws.before = lambda name: None
    assert parts.ask("SELECT count(*) FROM messages") == [(2,)]


@pytest.mark.parametrize("what", ["merge", "expire"])
def test_who_finds_an_hours_object_gone_begins_the_day_again(parts: Parts, what: str) -> None:
    """Another merge has replaced it since the manifest was read."""
    parts.put(*messages(1), kept=DAY)
    parts.merge()
    parts.put(make_report(message_id="second"), kept=DAY)
    for file in parts.folder.glob("*/messages_*"):
        file.unlink()

    calls = iter(["segment"] if what == "merge" else [])

    def before(operation: str) -> None:
        if operation == "GetObject" and next(calls, "hour") == "hour":
            parts.aws.before = lambda name: None
            parts.merge()

    act: Callable[[], object] = parts.merge
    if what == "expire":
        act = lambda: parts.expire(NOW + 5 * DAY, 25)  # noqa: E731
    parts.aws.before = before
    act()
    assert parts.ask("SELECT count(*) FROM messages") == [(2,)]
    assert parts.ask("SELECT sum(n) FROM rollups") == [(2,)]


def test_the_day_of_the_last_expiry_is_noted(parts: Parts) -> None:
    assert parts.manifest.expired_on() is None
    parts.manifest.note_expired(NOW.date())
    parts.put(*messages(1))
    parts.merge()
    assert parts.manifest.expired_on() == NOW.date()


def test_a_manifest_that_cannot_be_written_is_an_error(parts: Parts) -> None:
    parts.aws.before = refuse("TransactWriteItems", "InternalServerError")
    with pytest.raises(ClientError):
        parts.manifest.commit(Day(NOW.date(), 1))


def test_objects_that_cannot_be_deleted_are_an_error(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts.put(*messages(1))
    answer = {"Errors": [{"Key": "x", "Code": "AccessDenied"}]}
    monkeypatch.setattr(parts.aws, "delete_objects", lambda **_: answer)
    with pytest.raises(RuntimeError):
        parts.merge()


# ---------------------------------------------------------------- reading


def test_the_version_changes_with_every_answer_and_with_nothing_else(parts: Parts) -> None:
    seen = [parts.reader.version()]
    parts.put(*messages(1))
    seen.append(parts.reader.version())
    assert parts.reader.version() == seen[-1]
    parts.merge()
    seen.append(parts.reader.version())
    parts.expire(NOW + 40 * DAY, 25)
    seen.append(parts.reader.version())
    assert len(set(seen)) == 4
    parts.merge()
    assert parts.reader.version() == seen[-1]


def test_a_range_takes_in_every_hour_that_it_touches(parts: Parts) -> None:
    parts.put(*messages(1))  # at twelve
    parts.merge()
    minute = timedelta(minutes=1)
    for start, end, count in (
        (NOW - minute, NOW, 0),
        (NOW - minute, NOW + minute, 1),
        (NOW + 59 * minute, NOW + 60 * minute, 1),
        (NOW + 60 * minute, NOW + 61 * minute, 0),
        (NOW, NOW, 0),
    ):
        for whole in (True, False):
            with parts.reader.open(start, end, messages=whole) as snapshot:
                n = snapshot.db.execute("SELECT coalesce(sum(n), 0) FROM rollups").fetchall()
                assert n == [(count,)]
                if whole:
                    found = snapshot.db.execute("SELECT count(*) FROM messages").fetchall()
                    assert found == [(count,)]


def test_what_was_stored_before_the_stream_hands_it_out_is_not_promised(parts: Parts) -> None:
    before = datetime.now(UTC)
    with parts.reader.open(NOW, NOW + DAY) as snapshot:
        assert before - reader.LAG <= snapshot.as_of <= datetime.now(UTC) - reader.LAG


def test_a_reader_that_is_always_too_slow_says_so(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts.put(*messages(1))
    monkeypatch.setattr(parts.aws, "get_object", refuse_object)
    with pytest.raises(GoneError):
        parts.ask("SELECT 1")


def refuse_object(**_: Any) -> Any:
    raise ClientError({"Error": {"Code": "NoSuchKey", "Message": ""}}, "GetObject")


def test_another_failure_of_s3_is_no_missing_object(tmp_path: Path) -> None:
    aws = FakeAws()
    aws.before = refuse("GetObject", "SlowDown")
    with pytest.raises(ClientError):
        Objects(aws, BUCKET, tmp_path).fetch(["x"])


def test_objects_stay_as_files_until_there_is_no_room(tmp_path: Path) -> None:
    aws = FakeAws()
    aws.objects = dict.fromkeys(("a/1", "a/2", "a/3"), b"x" * 10)
    objects = Objects(aws, BUCKET, tmp_path, most=10)
    calls: list[str] = []
    aws.before = calls.append
    objects.fetch(["a/1"])
    objects.fetch(["a/1", "a/2"])
    assert len(calls) == 2
    objects.fetch(["a/3"])
    assert {file.name for file in tmp_path.iterdir()} in ({"a_1", "a_3"}, {"a_2", "a_3"})


def test_a_question_opens_no_file_outside_the_folder_and_loads_nothing(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    secret = tmp_path / "secret.csv"
    secret.write_text("hush")
    with duck.connect(tmp_path / "other") as db:
        for sql in (f"FROM '{secret}'", "INSTALL httpfs", "LOAD httpfs"):
            with pytest.raises(Exception, match=r"(?i)permission|disabled|not allowed"):
                db.execute(sql)


def test_a_failure_is_counted_like_anything_else(parts: Parts) -> None:
    parts.put(make_report(Status.UNDELIVERED, cause=Cause.ABSENT, message_id="a"))
    found = parts.ask("SELECT status, cause, action, bucket, n FROM rollups")
    assert found == [("undelivered", "absent", "keep", None, 1)]
