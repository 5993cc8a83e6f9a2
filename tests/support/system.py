"""The whole system on resources of its own, driven step by step as AWS would drive it.

The provider sends again what was not answered 200, the stream hands out a batch until it is done,
the queue hands out a message five times. Nothing runs by itself: a test sees every step.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from dlr.access.scopes import Caller, Scope
from local.cloud import Cloud
from local.http_event import http_event
from local.listener import Listener
from tests.support.faults import Killed
from tests.support.functions import Functions
from tests.support.tables import make_table
from tests.support.template import resources

TABLES = ("ReportsTable", "SuppressionsTable", "QuarantineTable", "ErasuresTable", "DeskTable")
BUCKETS = ("LakeBucket", "ExportsBucket")
PROVIDER, SIGNING = "thesmsworks", "smsmode"
"""The one that reports, and one that is deployed beside it and can sign."""
INGEST = f"Ingest{PROVIDER}"
TOKEN = "hush-webhook-token"
ADMIN = "hush-admin-token"
ADMINISTRATOR = Caller("admin", frozenset({Scope.ADMIN}), "admin:0000000000000000")
"""What the authorizer says of who calls with it."""
JSON = {"content-type": "application/json"}
HASH_KEYS = ("hush-new-key", "hush-old-key")
TRIES = 5
"""Of the provider, the stream and the queue (its maxReceiveCount)."""

Outcome = tuple[int, Any]
"""An HTTP status and the answer's body."""


class SystemHarness:
    """Everything from the webhook to the list."""

    def __init__(self, cloud: Cloud, **parameters: str) -> None:
        self.dynamodb = cloud.client("dynamodb")
        self._streams = cloud.client("dynamodbstreams")
        self._sqs = cloud.client("sqs")
        self.s3 = cloud.client("s3")
        self.names = {table: make_table(cloud, table) for table in TABLES}
        self.names |= _secrets(cloud) | _stack(cloud) | _bus(cloud, self._sqs)
        self.names["ExportQueue"] = self._sqs.create_queue(QueueName=uuid4().hex)["QueueUrl"]
        for bucket in BUCKETS:
            self.names[bucket] = f"{bucket.lower()}-{uuid4().hex}"
            self.s3.create_bucket(Bucket=self.names[bucket])
        self.functions = Functions(
            cloud, self.names, Providers=f"{PROVIDER},{SIGNING}", **parameters
        )
        self.listener = Listener(cloud, self.names["Bus"])
        self.retries: Counter[str] = Counter()
        self.said: list[str] = []
        """What of failures and answers could be seen from outside."""
        self.headers: Mapping[str, str] = {}
        """Of the last answer."""
        self._position = self._start_of_stream()
        self._lake_position = self._start_of_stream()

    def send(self, body: bytes, method: str = "POST") -> Outcome:
        """As a provider: again and again until it is taken or refused for good."""
        event = http_event(method, f"/webhooks/{PROVIDER}/{TOKEN}", headers=JSON, body=body)
        return self._insist("provider", INGEST, event)

    def ask(
        self,
        route: str,
        path: str,
        body: Any = None,
        operator: str | None = None,
        key: str | None = None,
        caller: Caller = ADMINISTRATOR,
        **query: str,
    ) -> Outcome:
        """As the team; `operator` and `key` go into the headers for notes and of idempotency."""
        given = {"X-Operator": operator, "Idempotency-Key": key}
        who = {name: value for name, value in given.items() if value is not None}
        event = http_event(
            route.split()[0],
            path,
            query=urlencode(query),
            headers=JSON | {"authorization": f"Bearer {ADMIN}"} | who,
            body=_bytes_of(body),
            route=route,
            caller=caller.to_context(),
        )
        return self._insist("client", self.functions.serving(route), event)

    def enter(self, token: str) -> bool:
        """What the authorizer says; a gateway that gets no word lets nobody in."""
        answer = self._invoke("Authorizer", {"headers": {"authorization": f"Bearer {token}"}})
        return bool(answer and answer["isAuthorized"])

    def publish(self) -> bool:
        """Hand out the stream's new records; whether none is left."""
        changes = {"INSERT", "MODIFY"}  # what the template's filter lets through
        records = [each for each in self._new_records() if each["eventName"] in changes]
        return self._hand_out("Publish", records)

    def fill_lake(self) -> bool:
        """Hand out the stream's new records to Lake; whether none is left."""
        records, self._lake_position = self._records_from(self._lake_position)
        return self._hand_out("Lake", records)

    def merge(self) -> bool:
        """As the schedule, until it succeeds."""
        for _ in range(TRIES):
            if self._invoke("Merge", {}) is not None:
                return True
            self.retries["schedule"] += 1
        return False

    def objects(self) -> dict[str, bytes]:
        """All that is in the lake's bucket."""
        bucket = self.names["LakeBucket"]
        keys = [each["Key"] for each in self._listed(bucket)]
        return {key: self.s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}

    def _listed(self, bucket: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        return found

    def _hand_out(self, function: str, records: list[dict[str, Any]]) -> bool:
        for _ in range(TRIES):
            if not records:
                return True
            answer = self._invoke(function, {"Records": records})
            if answer is not None:
                failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
                numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
                first = next((n for n, number in enumerate(numbers) if number in failed), None)
                if first is None:
                    return True
                records = records[first:]
            self.retries["stream"] += 1
        return False

    def suppress(self) -> bool:
        """Hand out the queue's messages; whether none is left."""
        return self._drain_queue("SuppressQueue", "Suppress")

    def export(self) -> bool:
        """The same of the exports' queue."""
        return self._drain_queue("ExportQueue", "Export", most=1)

    def _drain_queue(self, queue: str, function: str, most: int = 10) -> bool:
        for _ in range(10 * TRIES):
            messages = self._receive(queue, most)
            if not messages:
                return True
            records = [
                {
                    "messageId": m["MessageId"],
                    "receiptHandle": m["ReceiptHandle"],
                    "body": m["Body"],
                    "attributes": m["Attributes"],
                }
                for m in messages
            ]
            answer = self._invoke(function, {"Records": records})
            failed = {m["MessageId"] for m in messages}
            if answer is not None:
                failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
            if failed:
                self.retries["queue"] += 1
            for message in messages:
                handle = {
                    "QueueUrl": self.names[queue],
                    "ReceiptHandle": message["ReceiptHandle"],
                }
                if message["MessageId"] in failed:
                    self._sqs.change_message_visibility(**handle, VisibilityTimeout=0)
                else:
                    self._sqs.delete_message(**handle)
        return False

    def wipe(self) -> None:
        """Empty the tables, the counters and what was heard."""
        for table in TABLES:
            keys = [each["AttributeName"] for each in self._describe(table)["KeySchema"]]
            for item in self.items(table):
                key = {name: item[name] for name in keys}
                self.dynamodb.delete_item(TableName=self.names[table], Key=key)
        for queue in ("SuppressQueue", "ExportQueue"):  # second looks wait in the one
            self._sqs.purge_queue(QueueUrl=self.names[queue])
        for bucket in BUCKETS:
            for key in self.keys(bucket):
                self.s3.delete_object(Bucket=self.names[bucket], Key=key)
        self._new_records()
        _, self._lake_position = self._records_from(self._lake_position)
        self.listener.heard().clear()
        self.retries.clear()

    def keys(self, bucket: str) -> list[str]:
        """Of all that is in a bucket."""
        return [each["Key"] for each in self._listed(self.names[bucket])]

    def items(self, table: str) -> list[dict[str, Any]]:
        """All that is in a table."""
        found: list[dict[str, Any]] = self.dynamodb.scan(TableName=self.names[table])["Items"]
        return found

    def _insist(self, who: str, function: str, event: Mapping[str, Any]) -> Outcome:
        for _ in range(TRIES):
            answer = self._invoke(function, event)
            if answer is not None:
                self.headers = answer.get("headers", {})
                if answer["statusCode"] < 500:
                    return answer["statusCode"], _content_of(answer)
                self.said.append(json.dumps(answer))
            self.retries[who] += 1
        raise AssertionError(f"{function} never took {event.get('routeKey')}: {self.said[-1:]}")

    def _invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        """None where the function failed; whatever it threw is noted."""
        try:
            return self.functions.call(function, event)
        except Killed:
            self.functions.stop(function)
        except Exception as error:
            self.said += [f"{type(error).__name__}: {error}", repr(error)]
        return None

    def _receive(self, queue: str, most: int) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(
            QueueUrl=self.names[queue],
            MaxNumberOfMessages=most,
            VisibilityTimeout=0,
            AttributeNames=["ApproximateReceiveCount"],
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found

    def _describe(self, table: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.dynamodb.describe_table(TableName=self.names[table])
        return answer["Table"]

    def _start_of_stream(self) -> str:
        arn = self._describe("ReportsTable")["LatestStreamArn"]
        (shard,) = self._streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        return str(
            self._streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
        )

    def _new_records(self) -> list[dict[str, Any]]:
        records, self._position = self._records_from(self._position)
        return records

    def _records_from(self, position: str) -> tuple[list[dict[str, Any]], str]:
        """As Lambda gets them, plain JSON; and the position after them."""
        answer = self._streams.get_records(ShardIterator=position)
        return answer["Records"], answer["NextShardIterator"]


def drain(steps: Iterable[Callable[[], bool]]) -> None:
    """Each step to its end."""
    for step in steps:
        assert step(), "not done after all tries"


def _bytes_of(body: Any) -> bytes:
    if body is None:
        return b""
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def _content_of(answer: Mapping[str, Any]) -> Any:
    body = answer.get("body")
    return json.loads(body) if body else None


def _secrets(cloud: Cloud) -> dict[str, str]:
    values = {
        "HashSecret": HASH_KEYS,
        "AdminSecret": (ADMIN,),
    }
    client = cloud.client("secretsmanager")
    return {
        name: client.create_secret(
            Name=f"{name}-{uuid4().hex}",
            SecretString=json.dumps({"current": current, "previous": previous}),
        )["ARN"]
        for name, (current, *previous) in values.items()
    }


def _stack(cloud: Cloud) -> dict[str, str]:
    """The webhooks' secrets in a stack of their own: the API asks it for them."""
    name, client = f"system-{uuid4().hex}", cloud.client("cloudformation")
    content = json.dumps({"current": TOKEN, "previous": []})
    secrets = {
        f"TokenSecret{provider}": {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {"Name": f"{name}-{provider}"},
        }
        for provider in (PROVIDER, SIGNING)
    }
    client.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": secrets}))
    client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    found = client.describe_stack_resources(StackName=name)["StackResources"]
    ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}
    for secret in ids.values():
        cloud.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=content)
    return {**ids, "AWS::StackId": name}


def _bus(cloud: Cloud, sqs: Any) -> dict[str, str]:
    """The bus with the template's rules that lead to the suppression queue."""
    events, name = cloud.client("events"), f"system-{uuid4().hex}"
    events.create_event_bus(Name=name)
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    for rule in ("HardBounceRule", "OptOutRule", "DeliveryRule"):
        pattern = json.dumps(resources()[rule]["Properties"]["EventPattern"])
        events.put_rule(Name=f"{name}-{rule}", EventBusName=name, EventPattern=pattern)
        events.put_targets(
            Rule=f"{name}-{rule}",
            EventBusName=name,
            Targets=[{"Id": "suppress", "Arn": arn["Attributes"]["QueueArn"]}],
        )
    return {"Bus": name, "SuppressQueue": queue}
