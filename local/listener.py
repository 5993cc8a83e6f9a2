"""Hears every event of one kind, by a rule and a queue of its own that go away afterwards."""

import json
import uuid
from typing import Any, Self

from dlr.messages.event import DETAIL_TYPE, SOURCE
from local.cloud import Cloud


class Listener:
    """A context manager; the events come in the order in which the queue hands them out."""

    def __init__(self, cloud: Cloud, bus: str, detail_type: str = DETAIL_TYPE) -> None:
        self._pattern = {"source": [SOURCE], "detail-type": [detail_type]}
        self._name = f"listener-{uuid.uuid4().hex}"
        self._bus = bus
        self._sqs = cloud.client("sqs")
        self._events = cloud.client("events")
        self._heard: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        self._queue = self._sqs.create_queue(QueueName=self._name)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(
            QueueUrl=self._queue, AttributeNames=["QueueArn"]
        )
        self._events.put_rule(
            Name=self._name, EventBusName=self._bus, EventPattern=json.dumps(self._pattern)
        )
        self._events.put_targets(
            Rule=self._name,
            EventBusName=self._bus,
            Targets=[{"Id": "queue", "Arn": attributes["Attributes"]["QueueArn"]}],
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._events.remove_targets(Rule=self._name, EventBusName=self._bus, Ids=["queue"])
        self._events.delete_rule(Name=self._name, EventBusName=self._bus)
        self._sqs.delete_queue(QueueUrl=self._queue)

    def heard(self) -> list[dict[str, Any]]:
        """The details of all events so far."""
        while messages := self._receive():
            for message in messages:
                self._heard.append(json.loads(message["Body"])["detail"])
                self._sqs.delete_message(
                    QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"]
                )
        return self._heard

    def _receive(self) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages
