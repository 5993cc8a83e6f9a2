"""From stream records to bus events, with every way in which PutEvents can fail."""

import json
from typing import Any

import pytest

from dlr.messages.event import ReportEvent, event_of
from dlr.messages.publish import (
    ProviderCounts,
    Publisher,
    UnreadableRecordError,
    counts_by_provider,
)
from dlr.report import DeliveryReport, Status
from tests.support.reports import make_report
from tests.support.stream import image


def keep(image: object) -> None:
    pytest.fail("this message is to be kept")


def record(
    new: DeliveryReport | None, old: DeliveryReport | None = None, number: str = "1"
) -> dict[str, Any]:
    images = {"NewImage": image(new)} if new else {}
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
    assert Publisher(bus, "the-bus", keep)([record(FAILED, ENROUTE)]).failed == []
    (entry,) = bus.entries
    assert (entry["EventBusName"], entry["Source"]) == ("the-bus", "dlr")
    assert entry["DetailType"] == "Delivery Report"
    detail = json.loads(entry["Detail"])
    assert (detail.pop("version"), detail.pop("previous_status")) == ("1", "enroute")
    assert DeliveryReport.model_validate(detail) == FAILED


def test_a_new_message_has_no_status_before() -> None:
    event = event_of(record(FAILED))
    assert event is not None
    assert event.previous_status is None


def test_a_change_of_the_history_only_is_no_event() -> None:
    assert event_of(record(FAILED, FAILED)) is None


def test_a_removal_is_no_event() -> None:
    assert event_of(record(None, FAILED)) is None


def test_entries_go_out_by_tens_in_order() -> None:
    bus = Bus()
    records = [record(make_report(message_id=str(n)), number=str(n)) for n in range(23)]
    assert Publisher(bus, "b", keep)(records).failed == []
    assert bus.calls == [10, 10, 3]
    assert [json.loads(entry["Detail"])["message_id"] for entry in bus.entries] == [
        str(n) for n in range(23)
    ]


def test_each_refused_entry_is_named_for_another_try() -> None:
    records = [record(make_report(message_id=str(n)), number=str(n)) for n in range(12)]
    assert Publisher(Bus(refuse={3, 11}), "b", keep)(records).failed == ["3", "11"]


def test_a_record_that_cannot_be_read_stops_there_and_loses_nothing_before_it() -> None:
    bus = Bus()
    poison = record(FAILED, number="2")
    del poison["dynamodb"]["NewImage"]["state"]
    records = [record(FAILED, number="1"), poison, record(ENROUTE, number="3")]
    assert Publisher(bus, "b", keep)(records).failed == ["2"]
    assert len(bus.entries) == 1


def test_a_record_that_cannot_be_read_is_halved_out_of_its_batch_before_it_fails_alone() -> None:
    poison = {"dynamodb": {"SequenceNumber": "2", "NewImage": {"rank": {"S": "x"}}}}
    publish = Publisher(Bus(), "b", keep)
    with pytest.raises(UnreadableRecordError):  # Lambda halves a batch whose function failed
        publish([poison, record(FAILED, number="3")])
    assert publish([poison]).failed == ["2"]


def test_a_refused_entry_before_a_poison_record_is_tried_again_first() -> None:
    poison = {"dynamodb": {"SequenceNumber": "2", "NewImage": {"rank": {"S": "x"}}}}
    assert Publisher(Bus(refuse={0}), "b", keep)([record(FAILED, number="1"), poison]).failed == [
        "1"
    ]


def test_an_error_of_the_whole_call_is_raised_for_lambda_to_try_again() -> None:
    class Down:
        def put_events(self, Entries: object) -> None:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        Publisher(Down(), "b", keep)([record(FAILED)])


def expired(report: DeliveryReport, number: str) -> dict[str, Any]:
    made = record(report, number=number)
    made["dynamodb"]["NewImage"]["expires_at"] = {"N": str(int(report.received_at.timestamp()))}
    return made


def test_a_message_with_zero_retention_is_redacted_once_it_is_published() -> None:
    redacted: list[Any] = []
    records = [expired(FAILED, "1"), expired(ENROUTE, "2"), record(FAILED, number="3")]
    assert Publisher(Bus(refuse={1}), "b", redacted.append)(records).failed == ["2"]
    assert redacted == [records[0]["dynamodb"]["NewImage"]]


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
    publish, done, left = Publisher(Bus(refuse), "b", keep), [], records
    while left:
        failed, events = publish(left)
        done += events
        left = [each for each in left if failed and int(number_of(each)) >= int(failed[0])]
    assert [event.message_id for event in done] == ["0", "1", "2", "3", "4"]


def number_of(record: dict[str, Any]) -> str:
    return record["dynamodb"]["SequenceNumber"]


def test_a_record_before_one_that_cannot_be_read_is_done() -> None:
    poison = {"dynamodb": {"SequenceNumber": "2", "NewImage": {"rank": {"S": "x"}}}}
    failed, done = Publisher(Bus(), "b", keep)([record(FAILED, number="1"), poison])
    assert (failed, [event.status for event in done]) == (["2"], [FAILED.status])


def test_a_message_that_is_read_was_delivered_before_and_ends_once() -> None:
    statuses = [Status.ENROUTE, Status.DELIVERED, Status.READ]
    events = [ReportEvent(**dict(make_report(status))) for status in statuses]
    assert counts_by_provider(events) == {"acme": ProviderCounts(delivered=1, finished=1)}


def test_outcomes_are_counted_by_provider_and_only_where_there_are_any() -> None:
    reports = [
        make_report(provider="a"),
        make_report(Status.REJECTED, provider="a", message_id="m2"),
        make_report(Status.REJECTED, provider="b"),
        make_report(Status.ENROUTE, provider="c"),
    ]
    events = [ReportEvent(**dict(report)) for report in reports]
    assert counts_by_provider(events) == {"a": ProviderCounts(1, 2), "b": ProviderCounts(0, 1)}
