"""The failure queues: what waits in them is sent on its way again, once its cause is repaired.

| queue              | way                                                                     |
|--------------------|-------------------------------------------------------------------------|
| `SuppressFailures` | to SuppressQueue                                                        |
| `RuleFailures`     | each event to the bus, so to every rule: a target may get it twice      |
| `PublishFailures`  | its messages name times, not reports: the reports come out of the table |
| `LakeFailures`     | the same, as rows of the lake                                           |

An event out of the table says how its message stands now: state, and verdict of all reports.

It comes whatever `PublishedEvents` asks for.

Each message is deleted when it has arrived, so an interruption loses nothing. What comes twice does
no harm: whoever listens knows a report's event by its `event_id` and `reports`, and an event of the
list by its `entry_version`.

It needs boto3 and the layer's package `dlr`, so nothing but `dlr redrive` imports this module.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from dlr.lake.key import lake_key
from dlr.lake.refill import refill
from dlr.lake.segment import Segments
from dlr.messages.event import DETAIL_TYPE, SOURCE, event_of
from dlr.messages.item import expires_at_of, is_redacted, is_to_be_redacted
from dlr.messages.order import micros_of
from dlr.messages.publish import Publisher
from dlr.messages.redact import Redactor
from dlr.phone import PhoneNumber
from dlr.suppression.announce import RELEASED, SUPPRESSED
from dlr.suppression.standing import State
from dlr_cli.aws import ClientMaker, resources
from dlr_cli.errors import CommandError

NEEDED = {
    "SuppressFailures",
    "RuleFailures",
    "PublishFailures",
    "LakeFailures",
    "SuppressQueue",
    "ReportsTable",
    "DeskTable",
    "LakeBucket",
    "Bus",
}
INVISIBLE_S = 900
AROUND = timedelta(minutes=1)
"""A report is written within seconds of its receipt; a failure names times of writing."""

EVER = (0, 2**63)

Message = Mapping[str, Any]
Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Moved:
    """How much went on its way, and how much had to stay."""

    done: int
    left: int


class Redrive:
    """The failure queues of one stack. `client` makes boto3 clients."""

    def __init__(self, client: ClientMaker, stack: str) -> None:
        self._names = resources(client, stack)
        if missing := NEEDED - self._names.keys():
            raise CommandError(f"Stack {stack} has no {min(missing)}: it is of another system.")
        self._sqs, self._events, self._dynamodb = map(client, ("sqs", "events", "dynamodb"))
        self._s3 = client("s3")

    def suppress_failures(self) -> Moved:
        """Events that `suppress` could not handle, to its queue."""
        queue, done, left = self._names["SuppressQueue"], 0, 0
        for batch in self._batches("SuppressFailures"):
            entries = [{"Id": str(n), "MessageBody": m["Body"]} for n, m in enumerate(batch)]
            answer = self._sqs.send_message_batch(QueueUrl=queue, Entries=entries)
            sent = [batch[int(each["Id"])] for each in answer.get("Successful", ())]
            self._delete("SuppressFailures", sent)
            done, left = done + len(sent), left + len(batch) - len(sent)
        return Moved(done, left)

    def rule_failures(self) -> Moved:
        """Events that a rule could not hand over, to the bus."""
        done = left = 0
        for batch in self._batches("RuleFailures"):
            answer = self._events.put_events(Entries=[self._entry(m["Body"]) for m in batch])
            results = zip(batch, answer["Entries"], strict=True)
            sent = [message for message, result in results if "ErrorCode" not in result]
            self._delete("RuleFailures", sent)
            done, left = done + len(sent), left + len(batch) - len(sent)
        return Moved(done, left)

    def publish_failures(self) -> Moved:
        """State and verdict of each message of which a report came then, to the bus."""
        messages = [message for batch in self._batches("PublishFailures") for message in batch]
        if not messages:
            return Moved(0, 0)
        records = list(self._written([_times_of(message) for message in messages]))
        readable = [record for record in records if _is_readable(record)]
        left = len(records) - len(readable) + len(self._publish(filter(_is_kept, readable)))
        if not left:
            self._delete("PublishFailures", messages)
        return Moved(len(records) - left, left)

    def lake_failures(self) -> Moved:
        """Each message of which a report came then, and what is left of erased ones, as rows."""
        messages = [message for batch in self._batches("LakeFailures") for message in batch]
        if not messages:
            return Moved(0, 0)
        moved = self._write_rows([_times_of(message) for message in messages])
        if not moved.left:
            self._delete("LakeFailures", messages)
        return moved

    def whole_lake(self) -> Moved:
        """Every message of the table to the lake, where those that are in it change nothing."""
        return self._write_rows([EVER])

    def _write_rows(self, times: list[tuple[int, int]]) -> Moved:
        done, left = refill(
            self._dynamodb,
            self._names["ReportsTable"],
            Segments(self._s3, self._names["LakeBucket"]),
            lake_key(self._dynamodb, self._names["DeskTable"])(),
            lambda item: _is_of(item, times),
        )
        return Moved(done, left)

    def _publish(self, records: Iterable[Record]) -> list[str]:
        redact = Redactor(self._dynamodb, self._names["ReportsTable"])
        return Publisher(self._events, self._names["Bus"], redact, _all)(records).failed

    def _written(self, times: list[tuple[int, int]]) -> Iterator[Record]:
        """Stream records, as of now, of the messages of which a report came at these times.

        Any report: a late one can change the verdict and leave the state as it was. DynamoDB
        cannot look for it in a list, so all messages are read.
        """
        pages = self._dynamodb.get_paginator("scan").paginate(
            TableName=self._names["ReportsTable"],
            FilterExpression="attribute_exists(#state)",
            ExpressionAttributeNames={"#state": "state"},
        )
        for item in (item for page in pages for item in page["Items"]):
            if any(first <= each <= last for each in _receipts(item) for first, last in times):
                yield {"dynamodb": {"SequenceNumber": item["pk"]["S"], "NewImage": item}}

    def _entry(self, body: str) -> dict[str, Any]:
        """Of an event, or of its detail alone as some targets want it."""
        event = json.loads(body)
        detail = event.get("detail", event)
        return {
            "EventBusName": self._names["Bus"],
            "Source": SOURCE,
            "DetailType": event.get("detail-type") or _detail_type_of(detail),
            "Detail": json.dumps(detail),
        }

    def _batches(self, queue: str) -> Iterator[list[Message]]:
        """Everything that is in the queue, unseen by others meanwhile; ten at a time."""
        while batch := self._sqs.receive_message(
            QueueUrl=self._names[queue],
            MaxNumberOfMessages=10,
            WaitTimeSeconds=1,
            VisibilityTimeout=INVISIBLE_S,
        ).get("Messages"):
            yield batch

    def _delete(self, queue: str, messages: list[Message]) -> None:
        for message in messages:
            handle = message["ReceiptHandle"]
            self._sqs.delete_message(QueueUrl=self._names[queue], ReceiptHandle=handle)


def _all(recipients: set[PhoneNumber]) -> set[PhoneNumber]:
    """Without the hash key nobody knows who is listed: suppress finds out."""
    return recipients


def _detail_type_of(detail: Mapping[str, Any]) -> str:
    """Of an event of which the rule handed on the detail alone."""
    if "previous_state" not in detail:
        return DETAIL_TYPE
    return SUPPRESSED if detail["state"] == State.ACTIVE else RELEASED


def _times_of(message: Message) -> tuple[int, int]:
    """From when to when the records of a failed batch were written, in microseconds."""
    batch = json.loads(message["Body"])["DDBStreamBatchInfo"]
    first, last = (
        datetime.fromisoformat(batch[f"approximateArrivalOf{which}Record"])
        for which in ("First", "Last")
    )
    return micros_of(first - AROUND), micros_of(last + AROUND)


def _is_of(item: Mapping[str, Any], times: list[tuple[int, int]]) -> bool:
    """Whether a report of it came at these times; nobody knows when a message was erased."""
    if is_redacted(item):
        return True
    return any(first <= each <= last for each in _receipts(item) for first, last in times)


def _receipts(item: Mapping[str, Any]) -> Iterator[Decimal]:
    """When the reports of a message came, in microseconds, as far as that can be read."""
    for report in (item["state"], *item.get("history", {}).get("L", ())):
        received_at = report.get("M", {}).get("r", {}).get("N")
        if received_at is not None:
            yield Decimal(received_at)


def _is_readable(record: Record) -> bool:
    try:
        event_of(record)
    except (KeyError, ValueError):
        return False
    return True


def _is_kept(record: Record) -> bool:
    """Not expired; or kept for nothing but to be published, where the retention is zero."""
    item = record["dynamodb"]["NewImage"]
    return expires_at_of(item) > datetime.now(UTC).timestamp() or is_to_be_redacted(item)
