"""From the table's stream to the event bus: one event for every change of a message's state."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from dlr.messages.event import DETAIL_TYPE, SOURCE, Record, ReportEvent, event_of
from dlr.messages.item import is_to_be_redacted

MAX_ENTRIES = 10
"""The most that one PutEvents takes."""


class UnreadableRecordError(ValueError):
    """The first record of the batch cannot be read."""


class _Pending(NamedTuple):
    number: str
    image: Mapping[str, Any]
    entry: dict[str, Any]


class Publisher:
    """Puts the events of stream records on the bus. `client` is a boto3 EventBridge client.

    `redact` is called with the image of a published message that is not to be kept at all.
    """

    def __init__(self, client: Any, bus: str, redact: Callable[[Mapping[str, Any]], None]) -> None:
        self._client = client
        self._bus = bus
        self._redact = redact

    def __call__(self, records: Iterable[Record]) -> list[str]:
        """Publishes in order; answers the sequence numbers to be tried again, the first decides.

        A record that cannot be read ends the batch there: what stands before it is published. At
        the head of a batch it raises UnreadableRecordError, and Lambda halves the batch until it
        stands alone; then its number is answered, and in the end it goes to the failure queue.
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
                return self._put_all(pending) or [number]
            if event is not None:
                image = record["dynamodb"]["NewImage"]
                pending.append(_Pending(number, image, self._entry_of(event)))
        return self._put_all(pending)

    def _put_all(self, pending: list[_Pending]) -> list[str]:
        failed = {number for batch in _batches(pending) for number in self._put(batch)}
        for each in pending:
            if each.number not in failed and is_to_be_redacted(each.image):
                self._redact(each.image)
        return [each.number for each in pending if each.number in failed]

    def _put(self, batch: list[_Pending]) -> Iterator[str]:
        """The numbers of the refused entries: a PutEvents may succeed in part."""
        answer = self._client.put_events(Entries=[each.entry for each in batch])
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


def _batches(entries: list[_Pending]) -> Iterator[list[_Pending]]:
    for start in range(0, len(entries), MAX_ENTRIES):
        yield entries[start : start + MAX_ENTRIES]
