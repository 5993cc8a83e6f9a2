"""From stream records to bus events, with every way in which PutEvents can fail."""

import json
from datetime import timedelta
from typing import Any

import pytest

from dlr.causes import Action, Cause
from dlr.messages.event import ReportEvent, event_of
from dlr.messages.publish import (
    Choice,
    ProviderCounts,
    Publisher,
    UnreadableRecordError,
    counts_by_provider,
    is_wanted,
)
from dlr.messages.verdict import verdict_of
from dlr.messages.volume import stored_in
from dlr.phone import PhoneNumber
from dlr.report import DeliveryReport, Status
from tests.support.cases import NOW
from tests.support.reports import NUMBER, make_report
from tests.support.stream import image


def keep(image: object) -> None:
    pytest.fail("this message is to be kept")


def nobody(recipients: set[PhoneNumber]) -> set[PhoneNumber]:
    return set()


def publisher(bus: Any, redact: Any = keep) -> Publisher:
    return Publisher(bus, "the-bus", redact, nobody)


def record(
    new: DeliveryReport | None, old: DeliveryReport | None = None, number: str = "1"
) -> dict[str, Any]:
    before = [old] if old else []
    images = {"NewImage": image(new, *before, version=1 + len(before))} if new else {}
    images |= {"OldImage": image(old)} if old else {}
    name = "REMOVE" if new is None else "MODIFY" if old else "INSERT"
    return {"eventName": name, "dynamodb": {"SequenceNumber": number, **images}}


class Bus:
    """Stands for the bus: takes entries, refuses those whose number is in `refuse`."""

    def __init__(self, refuse: set[int] = frozenset()) -> None:  # type: ignore[assignment]
        self.entries: list[dict[str, Any]] = []
        self.calls: list[int] = []
        self._refuse = refuse

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        results: list[dict[str, str]] = []
        for entry in Entries:
            place = sum(self.calls) + len(results)
            refused = place in self._refuse
            results.append({"ErrorCode": "ThrottlingException"} if refused else {"EventId": "e"})
            if not refused:
                self.entries.append(entry)
        self.calls.append(len(Entries))
        failed = sum("ErrorCode" in result for result in results)
        return {"FailedEntryCount": failed, "Entries": results}


ENROUTE, FAILED = make_report(Status.ENROUTE), make_report(Status.UNDELIVERED)


def test_an_event_is_the_report_with_its_version_and_the_status_before() -> None:
    bus = Bus()
    assert publisher(bus)([record(FAILED, ENROUTE)]).failed == []
    (entry,) = bus.entries
    assert (entry["EventBusName"], entry["Source"]) == ("the-bus", "dlr")
    assert entry["DetailType"] == "Delivery Report"
    detail = json.loads(entry["Detail"])
    assert (detail.pop("version"), detail.pop("previous_status")) == ("1", "enroute")
    assert (detail.pop("late"), detail.pop("listed"), detail.pop("reports")) == (False, False, 2)
    verdict = detail.pop("verdict")
    assert (verdict["action"], verdict["event_id"]) == ("keep", FAILED.event_id)
    assert DeliveryReport.model_validate(detail) == FAILED


def test_a_new_message_has_no_status_before() -> None:
    event = event_of(record(FAILED))
    assert event is not None
    assert event.previous_status is None


def late(report: DeliveryReport, *others: DeliveryReport) -> dict[str, Any]:
    """A record of a message in this state before and after the last of the others came."""
    images = {
        "OldImage": image(report, *others[:-1], version=8),
        "NewImage": image(report, *others, version=9),
    }
    return {"eventName": "MODIFY", "dynamodb": {"SequenceNumber": "1", **images}}


def test_a_change_of_the_history_only_is_no_event() -> None:
    assert event_of(late(FAILED, ENROUTE)) is None


def test_a_late_report_that_changes_the_verdict_is_an_event_and_no_change_of_state() -> None:
    code = make_report(Status.UNDELIVERED, 5, Cause.UNKNOWN_SUBSCRIBER)
    event = event_of(late(FAILED, code))
    assert event is not None
    assert (event.late, event.previous_status, event.reports) == (True, "undelivered", 9)
    assert (event.event_id, event.verdict.event_id) == (FAILED.event_id, code.event_id)
    assert (event.verdict.action, event.action) == ("suppress_number", "keep")


def test_what_is_left_of_a_redacted_message_can_be_copied_into_the_table() -> None:
    """After a restore; a record that cannot be published would hold up its shard for hours."""
    made = record(FAILED)
    for name in ("state", "history", "recipient", "recipient_hash"):
        del made["dynamodb"]["NewImage"][name]
    assert event_of(made) is None


def test_what_is_left_of_a_redacted_message_is_counted_as_no_report() -> None:
    left = record(FAILED)
    del left["dynamodb"]["NewImage"]["state"]
    redacted = record(FAILED, ENROUTE)
    redacted["dynamodb"]["NewImage"]["v"] = redacted["dynamodb"]["OldImage"]["v"]
    assert not stored_in([left, redacted, record(None, FAILED)])


def test_each_stored_report_is_counted_by_what_it_does_to_its_message() -> None:
    records = [record(ENROUTE), record(FAILED, ENROUTE), late(FAILED, ENROUTE)]
    assert stored_in(records) == {"New": 2, "Stale": 1}
    back = record(FAILED, ENROUTE)  # a late copy of a redacted message
    del back["dynamodb"]["OldImage"]["state"]
    assert stored_in([back]) == {"New": 1}
    del back["dynamodb"]["OldImage"]["v"]  # as a stack without the counter left it
    assert stored_in([back]) == {"New": 1}


def test_a_recipient_that_comes_late_is_an_event() -> None:
    nameless = FAILED.model_copy(update={"recipient": None, "recipient_hash": None})
    made = late(FAILED, FAILED)
    made["dynamodb"]["OldImage"] = image(nameless, version=8)
    event = event_of(made)
    assert event is not None
    assert (event.late, event.recipient) == (True, NUMBER)


def test_a_delivery_withdraws_what_the_message_said_before() -> None:
    dead = make_report(Status.UNDELIVERED, 5, Cause.UNKNOWN_SUBSCRIBER)
    event = event_of(record(make_report(Status.DELIVERED, 3), dead))
    assert event is not None
    assert (event.verdict.action, event.verdict.withdraws) == ("keep", True)
    assert event.verdict.delivered_at == NOW + timedelta(seconds=3)


def test_an_event_out_of_the_table_withdraws_what_may_have_been_published_before() -> None:
    """A redrive does not see the state before: the list keeps a strike that nothing takes back."""
    strike = make_report(Status.UNDELIVERED, 1, permanent=True)
    reason = make_report(Status.UNDELIVERED, 5, Cause.ABSENT)
    made = record(reason, strike)
    del made["dynamodb"]["OldImage"]
    event = event_of(made)
    assert event is not None
    assert (event.verdict.action, event.verdict.withdraws) == ("keep", True)
    first = event_of(record(strike))
    assert first is not None
    assert not first.verdict.withdraws


def test_a_message_that_takes_over_an_expired_id_has_nothing_before_it() -> None:
    made = record(FAILED, FAILED)
    made["dynamodb"]["NewImage"] |= image(FAILED, version=10**15)
    event = event_of(made)
    assert event is not None
    assert (event.previous_status, event.late) == (None, False)


def without_counter(made: dict[str, Any], *names: str) -> dict[str, Any]:
    """The record as a stack before the counter `v` wrote it."""
    for name in names:
        del made["dynamodb"][name]["v"]
    return made


@pytest.mark.parametrize("images", [("NewImage",), ("OldImage",), ("OldImage", "NewImage")])
def test_an_item_of_a_stack_without_the_counter_is_published(images: tuple[str, ...]) -> None:
    bus = Bus()
    first, changed = record(ENROUTE), record(FAILED, ENROUTE, number="2")
    records = [without_counter(first, "NewImage"), without_counter(changed, *images)]
    assert publisher(bus)(records).failed == []
    details = [json.loads(entry["Detail"]) for entry in bus.entries]
    assert [each["status"] for each in details] == ["enroute", "undelivered"]
    assert all(each["reports"] >= 0 for each in details)
    if "OldImage" in images:
        assert details[1]["previous_status"] == "enroute"


def test_an_item_without_the_counter_says_what_a_late_report_changes_and_nothing_else() -> None:
    code = make_report(Status.UNDELIVERED, 5, Cause.UNKNOWN_SUBSCRIBER)
    made = event_of(without_counter(late(FAILED, code), "OldImage", "NewImage"))
    assert made is not None
    assert (made.late, made.verdict.action) == (True, "suppress_number")
    assert event_of(without_counter(late(FAILED, ENROUTE), "OldImage", "NewImage")) is None


def test_a_delivery_to_somebody_whom_the_list_knows_says_so() -> None:
    bus = Bus()
    asked: list[set[PhoneNumber]] = []

    def known(recipients: set[PhoneNumber]) -> set[PhoneNumber]:
        asked.append(recipients)
        return recipients & {NUMBER}

    other = PhoneNumber("+447700900124")
    reports = [make_report(), make_report(recipient=other, message_id="m2"), FAILED, ENROUTE]
    Publisher(bus, "b", keep, known)([record(each) for each in reports])
    listed = [json.loads(entry["Detail"])["listed"] for entry in bus.entries]
    assert (listed, asked) == ([True, False, False, False], [{NUMBER, other}])


def test_a_list_that_cannot_be_asked_holds_up_no_event() -> None:
    """Suppress reads the list itself, so each delivery goes there."""

    def known(recipients: set[PhoneNumber]) -> set[PhoneNumber]:
        raise ConnectionError(f"cannot ask for {recipients}")

    bus = Bus()
    records = [record(make_report()), record(FAILED, number="2")]
    failed, done, _, error = Publisher(bus, "b", keep, known)(records)
    assert (failed, len(done)) == ([], 2)
    assert [json.loads(entry["Detail"])["listed"] for entry in bus.entries] == [True, False]
    assert error is not None
    assert error.startswith("ConnectionError at ")
    assert NUMBER not in error


def test_a_removal_is_no_event() -> None:
    assert event_of(record(None, FAILED)) is None


def test_entries_go_out_by_tens_in_order() -> None:
    bus = Bus()
    records = [record(make_report(message_id=str(n)), number=str(n)) for n in range(23)]
    assert publisher(bus)(records).failed == []
    assert bus.calls == [10, 10, 3]
    assert [json.loads(entry["Detail"])["message_id"] for entry in bus.entries] == [
        str(n) for n in range(23)
    ]


def test_each_refused_entry_is_named_for_another_try() -> None:
    records = [record(make_report(message_id=str(n)), number=str(n)) for n in range(12)]
    assert publisher(Bus(refuse={3, 11}))(records).failed == ["3", "11"]


def test_a_record_that_cannot_be_read_stops_there_and_loses_nothing_before_it() -> None:
    bus = Bus()
    poison = record(FAILED, number="2")
    del poison["dynamodb"]["NewImage"]["state"]
    records = [record(FAILED, number="1"), poison, record(ENROUTE, number="3")]
    assert publisher(bus)(records).failed == ["2"]
    assert len(bus.entries) == 1


def test_a_record_that_cannot_be_read_is_halved_out_of_its_batch_before_it_fails_alone() -> None:
    poison = {"dynamodb": {"SequenceNumber": "2", "NewImage": {"rank": {"S": "x"}}}}
    publish = publisher(Bus())
    with pytest.raises(UnreadableRecordError):  # Lambda halves a batch whose function failed
        publish([poison, record(FAILED, number="3")])
    assert publish([poison]).failed == ["2"]


def test_a_refused_entry_before_a_poison_record_is_tried_again_first() -> None:
    poison = {"dynamodb": {"SequenceNumber": "2", "NewImage": {"rank": {"S": "x"}}}}
    assert publisher(Bus(refuse={0}))([record(FAILED, number="1"), poison]).failed == ["1"]


def test_an_error_of_the_whole_call_is_raised_for_lambda_to_try_again() -> None:
    class Down:
        def put_events(self, Entries: object) -> None:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        publisher(Down())([record(FAILED)])


def expired(report: DeliveryReport, number: str) -> dict[str, Any]:
    made = record(report, number=number)
    made["dynamodb"]["NewImage"]["expires_at"] = {"N": str(int(report.received_at.timestamp()))}
    return made


def test_a_message_with_zero_retention_is_redacted_once_it_is_published() -> None:
    redacted: list[Any] = []
    done, refused, kept = (make_report(Status.DELIVERED, message_id=name) for name in "abc")
    records = [expired(done, "1"), expired(refused, "2"), record(kept, number="3")]
    assert publisher(Bus(refuse={1}), redacted.append)(records).failed == ["2"]
    assert redacted == [records[0]["dynamodb"]["NewImage"]]


def test_with_zero_retention_a_late_report_without_an_event_is_redacted_too() -> None:
    """It stands in the table by then, so that the image before it cannot be redacted any more."""
    redacted: list[Any] = []
    records = [expired(FAILED, "1"), expired(FAILED, "2")]
    late = records[1]["dynamodb"]
    late["OldImage"] = records[0]["dynamodb"]["NewImage"]
    late["NewImage"] |= {"v": {"N": "2"}}
    bus = Bus()
    assert publisher(bus, redacted.append)(records).failed == []
    assert (len(bus.entries), redacted) == (1, [late["NewImage"]])


def test_a_redacted_message_that_moves_on_has_no_status_before() -> None:
    moved = record(FAILED, ENROUTE)
    del moved["dynamodb"]["OldImage"]["state"]
    event = event_of(moved)
    assert event is not None
    assert event.previous_status is None


@pytest.mark.parametrize("refuse", [set(), {0}, {2}, {4}, {1, 3}, {0, 5, 6}, set(range(5))])
def test_each_record_is_done_once_however_often_its_batch_comes(refuse: set[int]) -> None:
    """Lambda hands out a batch again from the first failed record, published ones after it too."""
    records = [record(make_report(message_id=str(n)), number=str(n)) for n in range(5)]
    publish, done, left = publisher(Bus(refuse)), [], records
    while left:
        failed, events, *_ = publish(left)
        done += events
        left = [each for each in left if failed and int(number_of(each)) >= int(failed[0])]
    assert [event.message_id for event in done] == ["0", "1", "2", "3", "4"]


def number_of(record: dict[str, Any]) -> str:
    return record["dynamodb"]["SequenceNumber"]


def test_a_record_before_one_that_cannot_be_read_is_done() -> None:
    poison = {"dynamodb": {"SequenceNumber": "2", "NewImage": {"rank": {"S": "x"}}}}
    failed, done, *_ = publisher(Bus())([record(FAILED, number="1"), poison])
    assert (failed, [event.status for event in done]) == (["2"], [FAILED.status])


def event(report: DeliveryReport, **fields: Any) -> ReportEvent:
    return ReportEvent(**dict(report), reports=1, verdict=verdict_of([report]), **fields)


@pytest.mark.parametrize(
    ("choice", "statuses"),
    [
        (Choice.ALL, ["enroute", "delivered", "undelivered"]),
        (Choice.FINAL, ["delivered", "undelivered"]),
        (Choice.BOUNCES, ["undelivered"]),
    ],
)
def test_the_bus_gets_what_the_team_wants_and_all_are_done(
    choice: Choice, statuses: list[str]
) -> None:
    bus = Bus()
    reports = [
        make_report(status, message_id=status)
        for status in (Status.ENROUTE, Status.DELIVERED, Status.UNDELIVERED)
    ]
    publish = Publisher(bus, "b", keep, nobody, choice)
    result = publish([record(each, number=str(n)) for n, each in enumerate(reports)])
    assert [json.loads(entry["Detail"])["status"] for entry in bus.entries] == statuses
    assert (result.failed, len(result.done)) == ([], 3)


@pytest.mark.parametrize("choice", Choice)
def test_what_the_list_needs_is_published_in_any_case(choice: Choice) -> None:
    moved = event(make_report(Status.ENROUTE))
    for changes in (
        {"listed": True},
        {"verdict": moved.verdict.model_copy(update={"withdraws": True})},
        {"verdict": moved.verdict.model_copy(update={"action": Action.STRIKE})},
    ):
        assert is_wanted(moved.model_copy(update=changes), choice)


def test_a_late_report_finishes_no_message_again() -> None:
    assert counts_by_provider([event(make_report(), late=True)]) == {}


def test_a_message_that_is_read_was_delivered_before_and_ends_once() -> None:
    statuses = [Status.ENROUTE, Status.DELIVERED, Status.READ]
    events = [event(make_report(status)) for status in statuses]
    assert counts_by_provider(events) == {"acme": ProviderCounts(delivered=1, finished=1)}


def test_outcomes_are_counted_by_provider_and_only_where_there_are_any() -> None:
    reports = [
        make_report(provider="a"),
        make_report(Status.REJECTED, provider="a", message_id="m2"),
        make_report(Status.REJECTED, provider="b"),
        make_report(Status.ENROUTE, provider="c"),
    ]
    events = [event(report) for report in reports]
    assert counts_by_provider(events) == {"a": ProviderCounts(1, 2), "b": ProviderCounts(0, 1)}
