"""Hears the events of the smoke test, by a rule and a queue of its own."""

import json
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from dlr.messages.event import SOURCE
from dlr_cli.aws import ClientMaker
from dlr_cli.errors import CommandError

PROBE = "dlr.smoke"
"""Source of the events that show whether the rule works already. No rule of the stack wants it."""
NAME = "dlr-smoke-"
"""What the names of rule and queue begin with."""
KEEP_S = 900
WAIT_S = 1


class Heard(NamedTuple):
    """One event: its detail type, and its detail."""

    detail_type: str
    detail: dict[str, Any]


class Listener:
    """The rule lets through what names one of these messages or this number, and nothing else."""

    def __init__(
        self, client: ClientMaker, bus: str, message_ids: Sequence[str], number: str
    ) -> None:
        self.name = NAME + uuid.uuid4().hex
        self._bus = bus
        self._probe = f"{self.name}-probe"
        ids = [*message_ids, self._probe]
        self._pattern = {
            "source": [SOURCE, PROBE],
            "detail": {"$or": [{"message_id": ids}, {"number": [number]}]},
        }
        self._sqs, self._events = client("sqs"), client("events")
        self._queue: str | None = None
        self._has_rule = False
        self._heard: list[Heard] = []

    def start(self) -> None:
        """Makes the queue and the rule."""
        attributes = {"MessageRetentionPeriod": str(KEEP_S)}
        self._queue = self._sqs.create_queue(QueueName=self.name, Attributes=attributes)["QueueUrl"]
        found = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        queue_arn = found["Attributes"]["QueueArn"]
        rule = self._events.put_rule(
            Name=self.name,
            EventBusName=self._bus,
            EventPattern=json.dumps(self._pattern),
            Description="Of dlr smoke. Delete it if no smoke test runs.",
        )
        self._has_rule = True
        policy = _policy(queue_arn, rule["RuleArn"])
        self._sqs.set_queue_attributes(QueueUrl=self._queue, Attributes={"Policy": policy})
        answer = self._events.put_targets(
            Rule=self.name,
            EventBusName=self._bus,
            Targets=[{"Id": "queue", "Arn": queue_arn}],
        )
        if answer.get("FailedEntryCount"):
            raise CommandError("The event bus refused the queue of the smoke test.")

    def probe(self) -> bool:
        """Puts an event of its own on the bus, and answers whether one was heard yet.

        A new rule and a new policy bind within a minute or so; what comes before is lost.
        """
        entry = {
            "EventBusName": self._bus,
            "Source": PROBE,
            "DetailType": "Probe",
            "Detail": json.dumps({"message_id": self._probe}),
        }
        answer = self._events.put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            raise CommandError("The event bus refused an event of the smoke test.")
        return any(each.detail.get("message_id") == self._probe for each in self.heard())

    def heard(self) -> list[Heard]:
        """Everything so far."""
        answer = self._sqs.receive_message(
            QueueUrl=self._queue, MaxNumberOfMessages=10, WaitTimeSeconds=WAIT_S
        )
        for message in answer.get("Messages", ()):
            event = json.loads(message["Body"])
            self._heard.append(Heard(event["detail-type"], event["detail"]))
            self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return self._heard

    @property
    def removals(self) -> list[Callable[[], object]]:
        """What takes away what there is. Each has to be tried, whatever becomes of the others."""
        found: list[Callable[[], object]] = []
        if self._has_rule:
            found += [self._remove_target, self._remove_rule]
        if self._queue is not None:
            found.append(self._remove_queue)
        return found

    def _remove_target(self) -> None:
        self._events.remove_targets(Rule=self.name, EventBusName=self._bus, Ids=["queue"])

    def _remove_rule(self) -> None:
        self._events.delete_rule(Name=self.name, EventBusName=self._bus)
        left = self._events.list_rules(NamePrefix=self.name, EventBusName=self._bus)["Rules"]
        if left:
            raise CommandError(f"Rule {self.name} is still there.")

    def _remove_queue(self) -> None:
        self._sqs.delete_queue(QueueUrl=self._queue)


def wait_until(condition: Callable[[], bool], timeout_s: float, pause_s: float = 0.2) -> bool:
    """Whether the condition became true in time."""
    deadline = time.monotonic() + timeout_s
    while not (fulfilled := condition()) and time.monotonic() < deadline:
        time.sleep(pause_s)
    return fulfilled


def _policy(queue_arn: str, rule_arn: str) -> str:
    """Lets this one rule send."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
