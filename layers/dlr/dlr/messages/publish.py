"""From the table's stream to the event bus.

One event for each of the changes that `PublishedEvents` asks for, and of all that the list needs.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from itertools import takewhile
from typing import Any, NamedTuple

from dlr.causes import Action
from dlr.messages.event import DETAIL_TYPE, SOURCE, Record, ReportEvent, event_of
from dlr.messages.item import is_redacted, is_to_be_redacted
from dlr.phone import PhoneNumber
from dlr.report import FAILED, Status
from dlr.runtime.batch import MAX_EVENTS, chunks
from dlr.runtime.errors import redacted


class UnreadableRecordError(ValueError):
    """The first record of the batch cannot be read."""


class Choice(StrEnum):
    """Which events a team wants on its bus."""

    ALL = "all"
    FINAL = "final"
    BOUNCES = "bounces"


class PublishResult(NamedTuple):
    """What was done with a batch of records."""

    failed: list[str]
    """The sequence numbers to be tried again: Lambda hands out all records from the first one."""
    done: list[ReportEvent]
    """The events whose records are not handed out again, published or not wanted: each once."""
    published: int = 0
    """The events that the bus took."""
    lookup_error: str | None = None
    """Why the suppression list could not be asked, without a number."""


class ProviderCounts(NamedTuple):
    """Changes of one provider's messages to delivered, and to delivered or failed.

    A message that expires and is delivered later changes twice.
    """

    delivered: int
    finished: int


class _Pending(NamedTuple):
    number: str
    event: ReportEvent
    key: str


class Publisher:
    """Puts the events of stream records on the bus. `client` is a boto3 EventBridge client.

    `redact` is called with the newest image of a message that has a retention of zero, unless one
    of its events was refused. `known`
    gives those of some recipients that the suppression list has an entry of. Where it fails, each
    delivery is published as `listed`: suppress reads the list itself. `choice` says which events
    the team wants; what the list needs is published in any case.
    """

    def __init__(
        self,
        client: Any,
        bus: str,
        redact: Callable[[Mapping[str, Any]], None],
        known: Callable[[set[PhoneNumber]], set[PhoneNumber]],
        choice: Choice = Choice.ALL,
    ) -> None:
        self._client = client
        self._bus = bus
        self._redact = redact
        self._known = known
        self._choice = choice

    def __call__(self, records: Iterable[Record]) -> PublishResult:
        """Publishes in order. Lambda retries the batch from the first failed record.

        A record that cannot be read ends the batch: the records before it are published. At the
        head of a batch it raises UnreadableRecordError, and Lambda halves the batch until it is
        alone; then it is the failed number, and in the end it goes to the failure queue.
        """
        records = list(records)
        pending: list[_Pending] = []
        images: dict[str, Mapping[str, Any]] = {}
        for record in records:
            number = record["dynamodb"]["SequenceNumber"]
            try:
                event = event_of(record)
            except (KeyError, ValueError):
                if len(records) > 1 and not pending:
                    raise UnreadableRecordError from None
                result = self._put_all(pending, images)
                return result._replace(failed=result.failed or [number])
            if (image := record["dynamodb"].get("NewImage")) is None:
                continue
            key = image["pk"]["S"]
            images[key] = image
            if event is not None:
                pending.append(_Pending(number, event, key))
        return self._put_all(pending, images)

    def _put_all(
        self, pending: list[_Pending], images: Mapping[str, Mapping[str, Any]]
    ) -> PublishResult:
        """`images` are the newest of each message, by key, with and without an event."""
        pending, lookup_error = self._with_listed(pending)
        wanted = [each for each in pending if is_wanted(each.event, self._choice)]
        failed = {number for batch in chunks(wanted, MAX_EVENTS) for number in self._put(batch)}
        failing = {each.key for each in pending if each.number in failed}
        for key, image in images.items():
            if key not in failing and not is_redacted(image) and is_to_be_redacted(image):
                self._redact(image)
        left = [each.number for each in pending if each.number in failed]
        done = takewhile(lambda each: each.number not in failed, pending)
        published = len(wanted) - len(failed)
        return PublishResult(left, [each.event for each in done], published, lookup_error)

    def _with_listed(self, pending: list[_Pending]) -> tuple[list[_Pending], str | None]:
        """A delivery concerns the suppression list only where it knows the recipient.

        Also why the list could not be asked.
        """
        delivered = [each.event for each in pending if each.event.verdict.delivered_at]
        recipients = {event.recipient for event in delivered if event.recipient}
        known, error = recipients, None
        if recipients:
            try:
                known = self._known(recipients)
            except Exception as raised:  # whatever it is, the stream must not wait for it
                error = redacted(raised)
        marked = [
            each._replace(event=_listed(each.event)) if each.event.recipient in known else each
            for each in pending
        ]
        return marked, error

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


def is_wanted(event: ReportEvent, choice: Choice) -> bool:
    """Whether an event goes on the bus: one that the suppression list needs does always."""
    verdict = event.verdict
    if event.listed or verdict.withdraws or verdict.action is not Action.KEEP:
        return True
    if choice is Choice.BOUNCES:
        return event.status in FAILED
    return choice is Choice.ALL or event.final


def _listed(event: ReportEvent) -> ReportEvent:
    return event.model_copy(update={"listed": event.verdict.delivered_at is not None})


def counts_by_provider(events: Iterable[ReportEvent]) -> dict[str, ProviderCounts]:
    """By provider, for those of which a message was delivered or failed. `read` counts as none."""
    delivered: Counter[str] = Counter()
    finished: Counter[str] = Counter()
    for event in events:
        if event.late:
            continue
        is_delivered = event.status is Status.DELIVERED
        delivered[event.provider] += is_delivered
        finished[event.provider] += is_delivered or event.status in FAILED
    return {
        name: ProviderCounts(delivered[name], count) for name, count in finished.items() if count
    }
