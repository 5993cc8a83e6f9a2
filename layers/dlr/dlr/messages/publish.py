"""From the table's stream to the event bus: one event for every change of a message's state."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import takewhile
from typing import Any, NamedTuple

from dlr.messages.event import DETAIL_TYPE, SOURCE, Record, ReportEvent, event_of
from dlr.messages.item import is_to_be_redacted
from dlr.report import FAILED, Status

MAX_ENTRIES = 10
"""The most that one PutEvents takes."""


class UnreadableRecordError(ValueError):
    """The first record of the batch cannot be read."""


class PublishResult(NamedTuple):
    """What was done with a batch of records."""

    failed: list[str]
    """The sequence numbers to be tried again: Lambda hands out all records from the first one."""
    done: list[ReportEvent]
    """The published events whose records are not handed out again: each comes here once."""


class ProviderCounts(NamedTuple):
    """Changes of one provider's messages to delivered, and to delivered or failed.

    A message that expires and is delivered later changes twice.
    """

    delivered: int
    finished: int


class _Pending(NamedTuple):
    number: str
    image: Mapping[str, Any]
    event: ReportEvent


class Publisher:
    """Puts the events of stream records on the bus. `client` is a boto3 EventBridge client.

    `redact` is called with the image of a published message that has a retention of zero.
    """

    def __init__(self, client: Any, bus: str, redact: Callable[[Mapping[str, Any]], None]) -> None:
        self._client = client
        self._bus = bus
        self._redact = redact

    def __call__(self, records: Iterable[Record]) -> PublishResult:
        """Publishes in order. Lambda retries the batch from the first failed record.

        A record that cannot be read ends the batch: the records before it are published. At the
        head of a batch it raises UnreadableRecordError, and Lambda halves the batch until it is
        alone; then it is the failed number, and in the end it goes to the failure queue.
        """
        records = list(records)
        pending: list[_Pending] = []
        for record in records:
            number = record["dynamodb"]["SequenceNumber"]
            try:
                event = event_of(record)
            except (KeyError, ValueError):
                if len(records) > 1 and not pending:
                    raise UnreadableRecordError from None
                failed, done = self._put_all(pending)
                return PublishResult(failed or [number], done)
            if event is not None:
                pending.append(_Pending(number, record["dynamodb"]["NewImage"], event))
        return self._put_all(pending)

    def _put_all(self, pending: list[_Pending]) -> PublishResult:
        failed = {number for batch in _batches(pending) for number in self._put(batch)}
        for each in pending:
            if each.number not in failed and is_to_be_redacted(each.image):
                self._redact(each.image)
        left = [each.number for each in pending if each.number in failed]
        done = takewhile(lambda each: each.number not in failed, pending)
        return PublishResult(left, [each.event for each in done])

    def _put(self, batch: list[_Pending]) -> Iterator[str]:
        """The numbers of the refused entries: a PutEvents may succeed in part."""
        answer = self._client.put_events(Entries=[self._entry_of(each.event) for each in batch])
        if answer["FailedEntryCount"]:
            for each, result in zip(batch, answer["Entries"], strict=True):
                if "ErrorCode" in result:
                    yield each.number

    def _entry_of(self, event: ReportEvent) -> dict[str, Any]:
        return {
            "EventBusName": self._bus,
            "Source": SOURCE,
            "DetailType": DETAIL_TYPE,
            "Time": event.received_at,
            "Detail": event.model_dump_json(),
        }


def counts_by_provider(events: Iterable[ReportEvent]) -> dict[str, ProviderCounts]:
    """By provider, for those of which a message was delivered or failed. `read` counts as none."""
    delivered: Counter[str] = Counter()
    finished: Counter[str] = Counter()
    for event in events:
        is_delivered = event.status is Status.DELIVERED
        delivered[event.provider] += is_delivered
        finished[event.provider] += is_delivered or event.status in FAILED
    return {
        name: ProviderCounts(delivered[name], count) for name, count in finished.items() if count
    }


def _batches(entries: list[_Pending]) -> Iterator[list[_Pending]]:
    for start in range(0, len(entries), MAX_ENTRIES):
        yield entries[start : start + MAX_ENTRIES]
