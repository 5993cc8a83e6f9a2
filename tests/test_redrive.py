"""What waits in a failure queue arrives after a redrive, on the whole embedded system."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from local import redrive as command
from local.client import Client
from local.cloud import Cloud
from local.listener import Listener
from local.redrive import Moved, Redrive
from local.stack import STACK, Deployment
from tests.support.numbers import new_number
from tests.support.thesmsworks import HARD, report
from tests.support.waiting import hears, wait_until


@pytest.fixture
def redrive(cloud: Cloud) -> Redrive:
    return Redrive(cloud.client, STACK)


Send = Callable[[str, Any], None]


@pytest.fixture
def send(cloud: Cloud, deployment: Deployment) -> Send:
    """Puts something into a failure queue."""
    sqs = cloud.client("sqs")
    return lambda queue, body: sqs.send_message(
        QueueUrl=deployment.resources[queue], MessageBody=json.dumps(body)
    )


@pytest.fixture
def event(client: Client, deployment: Deployment, listener: Listener, number: str) -> Any:
    """An event as it was once on the bus; its number is lifted off the list again."""
    message_id = uuid4().hex
    body = report(message_id, number, code=HARD)
    assert client.post(deployment.webhooks["thesmsworks"], body) == 200
    (detail,) = hears(listener, message_id)
    return {"source": "dlr", "detail-type": "Delivery Report", "detail": detail}


def failure(at: datetime) -> dict[str, Any]:
    """What Lambda leaves in the queue when it gives up a batch of the stream."""
    time = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "requestContext": {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": 51},
        "DDBStreamBatchInfo": {
            "shardId": "shardId-00000001",
            "startSequenceNumber": "1",
            "endSequenceNumber": "2",
            "approximateArrivalOfFirstRecord": time,
            "approximateArrivalOfLastRecord": time,
            "batchSize": 2,
        },
    }


def test_empty_queues_are_left_alone(redrive: Redrive) -> None:
    nothing = Moved(0, 0)
    assert redrive.suppress_failures() == nothing
    assert redrive.rule_failures() == nothing
    assert redrive.publish_failures() == nothing


def test_an_event_that_could_not_be_handled_suppresses_after_all(
    redrive: Redrive, client: Client, send: Send, event: Any, number: str
) -> None:
    other = renamed(event, number)
    send("SuppressFailures", other)
    assert redrive.suppress_failures() == Moved(1, 0)
    assert wait_until(lambda: client.suppression(other["detail"]["recipient"])["suppressed"])
    assert redrive.suppress_failures() == Moved(0, 0)


@pytest.mark.parametrize("is_bare", [False, True], ids=["event", "detail alone"])
def test_an_event_that_a_rule_could_not_hand_over_reaches_every_rule(
    redrive: Redrive, client: Client, send: Send, event: Any, number: str, is_bare: bool
) -> None:
    other = renamed(event, number)
    send("RuleFailures", other["detail"] if is_bare else other)
    assert redrive.rule_failures() == Moved(1, 0)
    assert wait_until(lambda: client.suppression(other["detail"]["recipient"])["suppressed"])
    assert redrive.rule_failures() == Moved(0, 0)


def renamed(event: Any, number: str) -> Any:
    """The same event of a number that nobody suppressed yet."""
    recipient = new_number()
    return json.loads(json.dumps(event).replace(number, recipient))


def test_reports_that_could_not_be_published_come_out_of_the_table(
    redrive: Redrive, listener: Listener, send: Send, event: Any
) -> None:
    message_id = event["detail"]["message_id"]
    send("PublishFailures", failure(datetime.now(UTC)))
    moved = redrive.publish_failures()
    assert moved.done >= 1
    assert moved.left == 0
    assert wait_until(lambda: len(hears(listener, message_id)) == 2)
    first, again = hears(listener, message_id)
    assert again == {**first, "previous_status": None}
    assert redrive.publish_failures() == Moved(0, 0)


def test_what_was_written_at_another_time_is_not_published_again(
    redrive: Redrive, send: Send, event: Any
) -> None:
    send("PublishFailures", failure(datetime(2026, 1, 1, tzinfo=UTC)))
    assert redrive.publish_failures() == Moved(0, 0)


def test_a_message_that_cannot_be_read_stays_and_so_does_its_failure(
    cloud: Cloud, deployment: Deployment, redrive: Redrive, send: Send, event: Any
) -> None:
    dynamodb, table = cloud.client("dynamodb"), deployment.resources["ReportsTable"]
    key = {"pk": {"S": f"thesmsworks#{event['detail']['message_id']}"}}
    write = {"TableName": table, "Key": key, "ExpressionAttributeNames": {"#s": "state"}}
    set_status = {**write, "UpdateExpression": "SET #s.s = :status"}
    dynamodb.update_item(**set_status, ExpressionAttributeValues={":status": {"S": "odd"}})
    send("PublishFailures", failure(datetime.now(UTC)))
    try:
        assert redrive.publish_failures().left == 1
    finally:
        dynamodb.update_item(**set_status, ExpressionAttributeValues={":status": {"S": "expired"}})


def test_the_command_says_what_it_did(
    cloud: Cloud, send: Send, event: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr("sys.argv", ["redrive", "--port", str(cloud.port)])
    send("RuleFailures", event)
    assert command.main() == 0
    assert "RuleFailures       1 sent on, 0 stay" in capsys.readouterr().out
