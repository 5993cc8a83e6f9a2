"""With AwsEvents=yes reports of AWS End User Messaging come by rule and queue to their function."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from dlr.messages.item import key_of, state_of
from local import template
from local.cloud import Cloud
from local.http_event import http_event
from local.recordings import recordings_of
from local.stack import deploy, describe
from local.waiting import wait_until
from tests.support.faults import answer
from tests.support.functions import Call, Functions
from tests.support.tables import make_table

WANTED = {"AwsEvents": "yes"}


def resources() -> dict[str, Any]:
    """Of a stack with the parameter."""
    found: dict[str, Any] = template.load(template.PATH, WANTED)["Resources"]
    return found


EVENT = next(
    json.loads(case.request.body) for case in recordings_of("awssms") if case.name == "event-bridge"
)
RESERVE = 20
"""What test_template.py keeps of CloudFormation's 500 resources."""


def properties(name: str) -> dict[str, Any]:
    found: dict[str, Any] = resources()[f"Ingestawssms{name}"]["Properties"]
    return found


def arn(name: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [f"Ingestawssms{name}", "Arn"]}


def test_without_it_there_is_nothing_and_with_it_a_part_of_the_reserve() -> None:
    without = template.load(template.PATH, {})["Resources"]
    added = resources().keys() - without.keys()
    ends = ("Rule", "Queue", "Failures", "QueuePolicy", "Reader", "Source", "FailuresAlarm")
    assert added == {f"Ingestawssms{end}" for end in ends}
    assert len(added) < RESERVE / 2
    alone = template.count_resources({"Providers": "awssms"})
    assert template.count_resources({"Providers": "awssms"} | WANTED) == alone + len(added)


def test_it_needs_its_provider() -> None:
    source = template.load(template.PATH, {})
    (rule,) = (each for name, each in source["Rules"].items() if name == "AwsEventsNeedAwssms")
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "AwsEvents"}, "yes"]}
    assert rule["Assertions"][0]["Assert"] == {"Fn::Contains": [{"Ref": "Providers"}, "awssms"]}


def test_the_rule_takes_what_the_vendor_sends_and_its_queue_keeps_what_fails() -> None:
    pattern, (target,) = properties("Rule")["EventPattern"], properties("Rule")["Targets"]
    assert {EVENT["source"]} == set(pattern["source"])
    assert EVENT["detail-type"] in pattern["detail-type"]
    assert "EventBusName" not in properties("Rule")  # the account's own, where AWS puts its events
    assert target["Arn"] == arn("Queue")
    assert target["DeadLetterConfig"] == {"Arn": arn("Failures")}
    queue = properties("Queue")
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == arn("Failures")
    timeout = template.load(template.PATH, WANTED)["Globals"]["Function"]["Timeout"]
    assert queue["VisibilityTimeout"] >= 6 * timeout
    for name in ("Queue", "Failures"):
        assert properties(name)["MessageRetentionPeriod"] == 14 * 24 * 3600
        assert properties(name)["SqsManagedSseEnabled"] is True
    (dimension,) = properties("FailuresAlarm")["Dimensions"]
    assert dimension["Value"] == {"Fn::GetAtt": ["IngestawssmsFailures", "QueueName"]}


def test_only_the_rule_may_send_and_only_over_tls() -> None:
    allow, deny = properties("QueuePolicy")["PolicyDocument"]["Statement"]
    assert allow["Condition"] == {"ArnEquals": {"aws:SourceArn": arn("Rule")}}
    assert (allow["Principal"], allow["Action"]) == (
        {"Service": "events.amazonaws.com"},
        "sqs:SendMessage",
    )
    assert (deny["Effect"], deny["Condition"]) == (
        "Deny",
        {"Bool": {"aws:SecureTransport": "false"}},
    )
    assert allow["Resource"] == deny["Resource"] == [arn("Queue"), arn("Failures")]


def test_the_function_may_read_this_queue_and_names_what_was_not_stored() -> None:
    (statement,) = properties("Reader")["PolicyDocument"]["Statement"]
    assert statement["Resource"] == arn("Queue")
    assert not [action for action in statement["Action"] if "*" in action]
    source = properties("Source")
    assert source["FunctionName"] == {"Ref": "Ingestawssms"}
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert resources()["IngestawssmsSource"]["DependsOn"] == "IngestawssmsReader"


# ---------------------------------------------------------------- the function


def names_on(cloud: Cloud, provider: str) -> dict[str, str]:
    secrets = cloud.client("secretsmanager")
    tables = {table: make_table(cloud, table) for table in ("ReportsTable", "QuarantineTable")}
    return tables | {
        name: secrets.create_secret(
            Name=f"{name}-{uuid4().hex}", SecretString=json.dumps({"current": "token"})
        )["ARN"]
        for name in (f"TokenSecret{provider}", "HashSecret")
    }


def message(message_id: str) -> dict[str, Any]:
    detail = {**EVENT["detail"], "messageId": message_id}
    return {
        "messageId": f"queue-{message_id}",
        "eventSource": "aws:sqs",
        "body": json.dumps({**EVENT, "detail": detail}),
    }


def stored(cloud: Cloud, table: str, message_id: str) -> Any:
    key = key_of("awssms", message_id)
    item = cloud.client("dynamodb").get_item(TableName=table, Key=key, ConsistentRead=True)
    return item.get("Item")


def test_what_was_not_stored_comes_again_and_nothing_else(cloud: Cloud) -> None:
    names = names_on(cloud, "awssms")
    functions = Functions(cloud, names, Providers="awssms")

    def fail(call: Call, request: AWSPreparedRequest) -> AWSResponse | None:
        is_it = call.operation == "UpdateItem" and b"spoilt" in request.body
        return answer(request, 500, {"__type": "InternalServerError"}) if is_it else None

    functions.intercept = fail
    batch = {"Records": [message("good"), message("spoilt")]}
    failed = functions.call("Ingestawssms", batch)
    assert failed == {"batchItemFailures": [{"itemIdentifier": "queue-spoilt"}]}
    with pytest.raises(Exception, match="RuntimeError"):
        functions.call("Ingestawssms", json.loads(message("spoilt")["body"]))
    functions.intercept = lambda call, request: None
    assert functions.call("Ingestawssms", batch) == {"batchItemFailures": []}
    for message_id in ("good", "spoilt"):
        item = stored(cloud, names["ReportsTable"], message_id)
        assert state_of(item).cause == "invalid_number"
    request = http_event("POST", "/webhooks/awssms/wrong", body=b"{}")
    assert functions.call("Ingestawssms", request)["statusCode"] == 401


def test_another_providers_function_takes_nothing_without_a_webhook(cloud: Cloud) -> None:
    names = names_on(cloud, "azure")
    functions = Functions(cloud, names, Providers="azure")
    with pytest.raises(Exception, match="KeyError"):
        functions.call("Ingestazure", {"Records": [message("m")]})
    assert cloud.client("dynamodb").scan(TableName=names["ReportsTable"])["Count"] == 0


@pytest.mark.slow
def test_an_event_on_the_accounts_bus_becomes_a_stored_report(
    new_cloud: Callable[..., Cloud],
) -> None:
    with new_cloud() as cloud:
        deploy(cloud, parameters={"Providers": "awssms", **WANTED})
        names, events = describe(cloud).resources, cloud.client("events")
        table = names["ReportsTable"]
        pattern = json.dumps({"source": ["test"]})  # nobody but AWS may say that it is AWS
        events.put_rule(Name=names["IngestawssmsRule"], EventPattern=pattern)
        entry = {
            "Source": "test",
            "DetailType": EVENT["detail-type"],
            "Detail": json.dumps(EVENT["detail"]),
        }
        answered = events.put_events(Entries=[entry])
        assert answered["FailedEntryCount"] == 0
        message_id = EVENT["detail"]["messageId"]
        assert wait_until(lambda: stored(cloud, table, message_id) is not None)
        assert state_of(stored(cloud, table, message_id)).status == "undelivered"
