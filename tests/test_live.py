"""What people watch live: it costs little, names nobody, and can hold up nothing."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from dlr.live import EVENTS_A_SECOND, HEARD, LEASE, LiveReader, LiveWriter, is_place
from dlr.messages.event import ReportEvent
from dlr.messages.verdict import verdict_of
from dlr.phone import PhoneNumber
from dlr.report import Status
from tests.support.reports import NUMBER, make_report

pytestmark = pytest.mark.unit


class Desk:
    """DynamoDB in little, with the calls that were made."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.calls: list[str] = []
        self.broken = False

    def _note(self, name: str) -> None:
        self.calls.append(name)
        if self.broken:
            raise ClientError({"Error": {"Code": "InternalServerError"}}, name)

    def _put(self, item: dict[str, Any]) -> None:
        self.items[item["pk"]["S"], item["sk"]["S"]] = item

    def get_item(self, Key: dict[str, Any], **_: Any) -> dict[str, Any]:
        self._note("get_item")
        found = self.items.get((Key["pk"]["S"], Key["sk"]["S"]))
        return {} if found is None else {"Item": found}

    def put_item(self, Item: dict[str, Any], **_: Any) -> None:
        self._note("put_item")
        self._put(Item)

    def update_item(
        self, Key: dict[str, Any], ExpressionAttributeValues: dict[str, Any], **_: Any
    ) -> None:
        self._note("update_item")
        at = ExpressionAttributeValues[":at"]
        known = self.items.get((Key["pk"]["S"], Key["sk"]["S"]))
        if known and known["heard_at"]["S"] >= at["S"]:
            raise ClientError({"Error": {"Code": "ConditionalCheckFailedException"}}, "UpdateItem")
        self._put({**Key, "heard_at": at})

    def batch_write_item(self, RequestItems: dict[str, Any]) -> None:
        self._note("batch_write_item")
        (requests,) = RequestItems.values()
        for request in requests:
            self._put(request["PutRequest"]["Item"])

    def query(self, ExpressionAttributeValues: dict[str, Any], **asked: Any) -> dict[str, Any]:
        self._note("query")
        pk = next(
            value["S"] for name, value in ExpressionAttributeValues.items() if name != ":after"
        )
        after = ExpressionAttributeValues.get(":after", {"S": ""})["S"]
        found = [item for (p, s), item in sorted(self.items.items()) if p == pk and s > after]
        if not asked.get("ScanIndexForward", True):
            found.reverse()
        return {"Items": found[: asked.get("Limit", 1000)]}


class Clock:
    def __init__(self) -> None:
        self.now = 1_796_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def writer(desk: Desk, clock: Clock) -> LiveWriter:
    return LiveWriter(desk, "desk", clock)


@pytest.fixture
def reader(desk: Desk, clock: Clock) -> LiveReader:
    return LiveReader(desk, "desk", clock)


def event(place: int = 0, **fields: Any) -> ReportEvent:
    report = make_report(**{"at": float(place), "message_id": f"m{place}", **fields})
    return ReportEvent(**dict(report), reports=1, verdict=verdict_of([report]))


def test_nobody_watches_so_nothing_is_shown_and_a_provider_is_heard_once_a_minute(
    desk: Desk, clock: Clock, writer: LiveWriter, reader: LiveReader
) -> None:
    for place in range(50):
        assert writer([event(place)]) is None
        clock.now += 1
    assert desk.calls.count("update_item") == 1
    assert desk.calls.count("get_item") == 10  # every five seconds
    assert "batch_write_item" not in desk.calls
    assert reader.heard() == {"acme": event(0).received_at}
    clock.now += 60
    writer([event(110)])
    assert reader.heard() == {"acme": event(110).received_at}


def test_a_provider_is_never_heard_of_back_in_time(
    clock: Clock, writer: LiveWriter, reader: LiveReader
) -> None:
    writer([event(100)])
    clock.now += 100
    assert writer([event(3)]) is None  # an old record of the stream
    assert reader.heard() == {"acme": event(100).received_at}


def test_who_watches_sees_each_change_once_and_in_order(
    clock: Clock, writer: LiveWriter, reader: LiveReader
) -> None:
    page = reader.tail(None)
    assert page.items == []
    writer([event(place) for place in range(3)])
    clock.now += 1
    writer([event(3)])
    first = reader.tail(page.next)
    assert [each.message_id for each in first.items] == ["m0", "m1", "m2", "m3"]
    assert reader.tail(first.next).items == []
    assert reader.tail(first.next).next == first.next
    assert [each.message_id for each in reader.tail(None).items] == ["m0", "m1", "m2", "m3"]


def test_a_second_has_room_for_twenty(
    desk: Desk, clock: Clock, writer: LiveWriter, reader: LiveReader
) -> None:
    start = reader.tail(None).next
    writer([event(place) for place in range(15)])
    writer([event(place) for place in range(15, 100)])
    writer([event(200)])
    assert len(reader.tail(start).items) == EVENTS_A_SECOND
    clock.now += 1
    writer([event(300)])
    assert reader.tail(start).items[-1].message_id == "m300"


def test_nobody_asks_any_more_so_it_ends(
    desk: Desk, clock: Clock, writer: LiveWriter, reader: LiveReader
) -> None:
    reader.tail(None)
    clock.now += 31
    writer([event(1)])
    assert "batch_write_item" not in desk.calls


def test_who_goes_on_asking_goes_on_seeing(
    desk: Desk, clock: Clock, writer: LiveWriter, reader: LiveReader
) -> None:
    after = reader.tail(None).next
    seen = []
    for place in range(60):
        clock.now += 2
        writer([event(place)])
        page = reader.tail(after)
        after = page.next
        seen += [each.message_id for each in page.items]
    assert seen == [f"m{place}" for place in range(60)]
    assert desk.calls.count("put_item") <= 13  # a lease every ten seconds, not at every call


def test_what_was_written_ends_by_itself(
    desk: Desk, clock: Clock, writer: LiveWriter, reader: LiveReader
) -> None:
    start = reader.tail(None).next
    writer([event(1)])
    written = [item for (pk, _), item in desk.items.items() if pk not in (HEARD, LEASE)]
    assert [int(each["expires_at"]["N"]) - int(clock.now) for each in written] == [600]
    clock.now += 601
    assert reader.tail(start).items == []  # whether DynamoDB has deleted it or not


def test_no_failure_reaches_a_report_and_none_is_tried_again_soon(
    desk: Desk, clock: Clock, writer: LiveWriter
) -> None:
    desk.broken = True
    said = writer([event(1, message_id="a secret")])
    assert said is not None
    assert "secret" not in said
    calls = len(desk.calls)
    for place in range(20):
        clock.now += 1
        assert writer([event(place)]) is None
    assert len(desk.calls) == calls
    desk.broken = False
    clock.now += 30
    assert writer([event(30)]) is None
    assert len(desk.calls) > calls


@pytest.mark.parametrize("name", ["message_id", "provider_code"])
def test_no_number_is_ever_in_it(
    desk: Desk, writer: LiveWriter, reader: LiveReader, name: str
) -> None:
    start = reader.tail(None).next
    number = str(NUMBER)
    writer([event(1, **{name: f"id-{number[1:]}-7", "status": Status.UNDELIVERED})])
    (item,) = reader.tail(start).items
    assert getattr(item, {"provider_code": "code"}.get(name, name)) is None
    assert item.country == "GB"
    assert number[-8:] not in str(desk.items)


def test_a_recipient_that_could_not_be_read_is_not_in_it_either(
    desk: Desk, writer: LiveWriter, reader: LiveReader
) -> None:
    start = reader.tail(None).next
    unread = {"recipient": None, "recipient_hash": None, "provider_recipient": "07700 900123"}
    writer([event(1, message_id="x07700900123", **unread)])
    (item,) = reader.tail(start).items
    assert (item.message_id, item.country) == (None, None)
    assert "900123" not in str(desk.items)


def test_a_number_of_another_message_may_stand_in_an_id(
    writer: LiveWriter, reader: LiveReader
) -> None:
    start = reader.tail(None).next
    writer([event(1, message_id="447700900999", recipient=PhoneNumber("+447700900123"))])
    assert reader.tail(start).items[0].message_id == "447700900999"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("2026-11-24T13:00:02.000000Z#", True),
        ("2026-11-24T13:00:02.000000Z#07", True),
        ("2026-11-24T13:00:02.000000Z", False),
        ("2026-11-24T13:00:02.000000Z#x7", False),
        ("2026-13-24T13:00:02.000000Z#", False),
        ("", False),
        ("#", False),
        ("zzz#00", False),
    ],
)
def test_only_what_was_next_can_be_a_place(text: str, is_one: bool) -> None:
    assert is_place(text) is is_one
