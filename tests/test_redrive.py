"""What waits in a failure queue arrives after a redrive, on the whole embedded system."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner

from dlr.lake.manifest import Manifest
from dlr.lake.reader import LakeReader
from dlr.lake.segment import Segments
from dlr.messages.order import micros_of
from dlr_cli.__main__ import dlr
from dlr_cli.redrive import Moved, Redrive
from local.client import Client
from local.cloud import ENVIRONMENT, Cloud
from local.listener import Listener
from local.stack import STACK, Deployment
from local.waiting import wait_until
from tests.support.cases import ROOT
from tests.support.numbers import new_number
from tests.support.thesmsworks import HARD, report
from tests.support.waiting import copies_of, hears

PATHS = {"PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("layers/dlr", "cli"))}


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
    assert redrive.lake_failures() == nothing


def test_an_event_that_could_not_be_handled_suppresses_after_all(
    redrive: Redrive, client: Client, send: Send, event: Any, number: str
) -> None:
    other = renamed(event, number)
    send("SuppressFailures", other)
    assert redrive.suppress_failures() == Moved(1, 0)
    assert wait_until(lambda: client.suppression(other["detail"]["recipient"])["suppressed"])
    assert redrive.suppress_failures() == Moved(0, 0)


def rows_of(cloud: Cloud, deployment: Deployment, message_id: str, folder: Path) -> int:
    """How often the lake has the message."""
    manifest = Manifest(cloud.client("dynamodb"), deployment.resources["DeskTable"])
    reader = LakeReader(
        cloud.client("s3"), deployment.resources["LakeBucket"], manifest, folder / "cache"
    )
    now = datetime.now(UTC)
    with reader.open(now - timedelta(hours=1), now + timedelta(hours=1)) as snapshot:
        found = snapshot.db.execute(
            "SELECT count(*) FROM messages WHERE message_id = ?", [message_id]
        ).fetchall()
    return int(found[0][0])


@pytest.mark.parametrize("is_whole", [False, True], ids=["failures", "whole table"])
def test_rows_that_could_not_be_written_come_out_of_the_table(
    redrive: Redrive,
    cloud: Cloud,
    deployment: Deployment,
    send: Send,
    event: Any,
    tmp_path: Path,
    is_whole: bool,
) -> None:
    s3, bucket = cloud.client("s3"), deployment.resources["LakeBucket"]
    message_id = event["detail"]["message_id"]
    assert wait_until(lambda: rows_of(cloud, deployment, message_id, tmp_path) == 1)
    waiting = [each.key for each in Segments(s3, bucket).waiting()]
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in waiting]})
    assert rows_of(cloud, deployment, message_id, tmp_path) == 0
    if not is_whole:
        send("LakeFailures", failure(datetime.fromisoformat(event["detail"]["received_at"])))
    moved = redrive.whole_lake() if is_whole else redrive.lake_failures()
    assert (moved.done >= 1, moved.left) == (True, 0)
    assert rows_of(cloud, deployment, message_id, tmp_path) == 1
    assert redrive.lake_failures() == Moved(0, 0)


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
    heard = len(copies_of(listener, message_id))
    send("PublishFailures", failure(datetime.fromisoformat(event["detail"]["received_at"])))
    moved = redrive.publish_failures()
    assert moved.done >= 1
    assert moved.left == 0
    assert wait_until(lambda: len(copies_of(listener, message_id)) > heard)
    (first,) = hears(listener, message_id)
    assert first["previous_status"] is None
    assert redrive.publish_failures() == Moved(0, 0)


def test_a_late_report_that_could_not_be_published_reaches_the_list_with_its_verdict(
    cloud: Cloud,
    deployment: Deployment,
    redrive: Redrive,
    client: Client,
    listener: Listener,
    send: Send,
    number: str,
) -> None:
    """It changed the verdict and left the state, which came a day before."""
    message_id = uuid4().hex
    webhook = deployment.webhooks["thesmsworks"]
    assert client.post(webhook, report(message_id, number, minute=1)) == 200
    assert client.post(webhook, report(message_id, number, code=HARD, minute=5)) == 200
    assert wait_until(lambda: len(copies_of(listener, message_id)) == 2)
    received_at = datetime.fromisoformat(copies_of(listener, message_id)[0]["received_at"])
    cloud.client("dynamodb").update_item(
        TableName=deployment.resources["ReportsTable"],
        Key={"pk": {"S": f"thesmsworks#{message_id}"}},
        UpdateExpression="SET #s.r = :day_before, history[0].r = :day_before",
        ExpressionAttributeNames={"#s": "state"},
        ExpressionAttributeValues={
            ":day_before": {"N": str(micros_of(received_at - timedelta(days=1)))}
        },
    )
    send("PublishFailures", failure(received_at))
    assert redrive.publish_failures().done >= 1
    assert wait_until(lambda: len(copies_of(listener, message_id)) == 3)
    *_, last = copies_of(listener, message_id)
    assert (last["action"], last["verdict"]["action"]) == ("keep", "suppress_number")


def test_a_redrive_publishes_every_state_whatever_published_events_asks_for(
    deployment: Deployment,
    redrive: Redrive,
    client: Client,
    listener: Listener,
    send: Send,
    number: str,
) -> None:
    message_id = uuid4().hex
    body = report(message_id, number, "SENT")
    assert client.post(deployment.webhooks["thesmsworks"], body) == 200
    send("PublishFailures", failure(datetime.now(UTC)))
    assert redrive.publish_failures().done >= 1
    (detail,) = hears(listener, message_id)
    assert (detail["status"], detail["final"]) == ("enroute", False)


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
    send("PublishFailures", failure(datetime.fromisoformat(event["detail"]["received_at"])))
    try:
        assert redrive.publish_failures().left == 1
    finally:
        dynamodb.update_item(**set_status, ExpressionAttributeValues={":status": {"S": "expired"}})


def test_the_command_says_what_it_did(cloud: Cloud, send: Send, event: Any) -> None:
    send("RuleFailures", event)
    result = CliRunner().invoke(dlr, ["redrive", "--endpoint-url", cloud.url])
    assert (result.exit_code, result.stderr) == (0, "")
    assert "RuleFailures       1 sent on, 0 stay" in result.stdout


def test_without_a_stack_it_is_the_one_that_runs_here_and_nobodys_account(
    cloud: Cloud, send: Send, event: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLR_URL", "https://api.example.com")
    assert CliRunner().invoke(dlr, ["redrive"]).exit_code == 2
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local/outputs.json").write_text(json.dumps({"base_url": f"{cloud.url}/x"}))
    send("RuleFailures", event)
    result = CliRunner().invoke(dlr, ["redrive"])
    assert (result.exit_code, cloud.url in result.stderr) == (0, True)
    assert "RuleFailures       1 sent on, 0 stay" in result.stdout


def test_the_command_finds_its_account_in_the_shell(cloud: Cloud, send: Send, event: Any) -> None:
    """As a process of its own, as an operator calls it."""
    send("RuleFailures", event)
    done = subprocess.run(
        [sys.executable, "-m", "dlr_cli", "redrive", "--stack", STACK, "--json"],
        env={**ENVIRONMENT, **PATHS, "AWS_ENDPOINT_URL": cloud.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    queues = ["SuppressFailures", "RuleFailures", "PublishFailures", "LakeFailures"]
    assert [row["queue"] for row in rows] == queues
    assert rows[1] == {"queue": "RuleFailures", "sent_on": 1, "left": 0}


def test_what_stays_makes_the_exit_status(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Redrive, "rule_failures", lambda _: Moved(1, 2))
    result = CliRunner().invoke(dlr, ["redrive", "--endpoint-url", cloud.url])
    assert result.exit_code == 1
    assert "RuleFailures       1 sent on, 2 stay" in result.stdout
    assert "PublishFailures    0 sent on, 0 stay" in result.stdout


@pytest.mark.parametrize(
    ("credentials", "stack", "exit_code"), [("test", "another", 3), ("AKIAUNKNOWN", STACK, 4)]
)
def test_a_stack_that_is_not_there_or_not_for_us_is_said(
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    credentials: str,
    stack: str,
    exit_code: int,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials)
    result = CliRunner().invoke(dlr, ["redrive", "--stack", stack])
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert result.stderr.startswith("Error: ")


def test_a_stack_of_another_system_is_left_alone(cloud: Cloud) -> None:
    cloudformation = cloud.client("cloudformation")
    queue = {"Resources": {"Bus": {"Type": "AWS::SQS::Queue"}}}
    cloudformation.create_stack(StackName="other", TemplateBody=json.dumps(queue))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="other")
    try:
        arguments = ["redrive", "--stack", "other", "--endpoint-url", cloud.url]
        result = CliRunner().invoke(dlr, arguments)
    finally:
        cloudformation.delete_stack(StackName="other")
    assert result.exit_code == 1
    assert "Stack other has no DeskTable" in result.stderr
