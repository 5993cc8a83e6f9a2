"""What a report consumes on its whole way, counted: the real handlers on the embedded AWS.

Each kind of message is sent through ingest, publish and suppress, one after the other, with every
call to AWS counted. The stack's own copies of publish and suppress are switched off meanwhile.
"""

import json
import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from importlib.util import module_from_spec, spec_from_file_location
from io import StringIO
from typing import Any
from unittest.mock import patch

from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.client import BaseClient

from local.cloud import ENVIRONMENT, Cloud
from local.http_event import http_event
from local.runtime import Built, functions
from local.stack import ROOT, describe

PROVIDER = "thesmsworks"
FUNCTIONS = {f"Ingest{PROVIDER}": "ingest", "Publish": "publish", "Suppress": "suppress"}
HARD, STRIKE, OPT_OUT = 5001, 5009, 5010
"""The provider's codes: an unknown subscriber, a failure that strikes, a person's word."""
NUMBER = "4477009000{:02}"
REQUESTS_OF_A_MESSAGE = 3
"""To SQS: it is sent, received and deleted, which EventBridge or we, and Lambda, do."""
WRITES, TRANSACTED, READS = {"UpdateItem", "PutItem"}, "TransactWriteItems", {"Query"}


@dataclass
class Path:
    """What one message takes behind its webhook, by what it says."""

    name: str
    calls: Counter[str] = field(default_factory=Counter)
    """By function and operation."""
    write_units: float = 0
    """Without those of ingest."""
    read_units: float = 0
    events: int = 0
    queue_requests: int = 0
    suppress_calls: int = 0
    log_bytes: Counter[str] = field(default_factory=Counter)
    """By function."""


def paths(cloud: Cloud) -> list[Path]:
    """One path for each kind of message, in the order of the table."""
    system = _System(cloud)
    with system.alone():
        system.run(Path("warm up"), NUMBER.format(99), OPT_OUT)
        delivered = system.run(Path("delivered, not listed"), NUMBER.format(1))
        dead = system.run(Path("dead number"), NUMBER.format(2), HARD)
        listed = system.run(Path("delivered, listed"), NUMBER.format(2))
        strike = system.run(Path("strike"), NUMBER.format(3), STRIKE)
        opt_out = system.run(Path("opt-out"), NUMBER.format(4), OPT_OUT)
    return [delivered, listed, dead, strike, opt_out]


class _System:
    """The stack's queue, stream and tables, and its handlers in this process."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._stack = describe(cloud)
        self._lambda, self._sqs = cloud.client("lambda"), cloud.client("sqs")
        self._streams = cloud.client("dynamodbstreams")
        self._position, self._log = "", StringIO()
        self._sent = 0
        self._variables: dict[str, dict[str, str]] = {}
        self._handlers: dict[str, Callable[[Any, Any], Any]] = {}

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else reads the stream and the queue; ends with both as they were."""
        mappings = self._lambda.list_event_source_mappings()["EventSourceMappings"]
        self._switch(mappings, on=False)
        self._position = self._end_of_stream()
        built = {each.name: each for each in functions()}
        for name, short in FUNCTIONS.items():
            self._variables[short] = self._environment(built[name])
            with patch.dict(os.environ, self._variables[short]), _quiet(self._log):
                self._handlers[short] = _load(built[name], short)
        try:
            yield
        finally:
            self._switch(mappings, on=True)

    def run(self, path: Path, number: str, code: int | None = None) -> Path:
        """One message with one report, as far as it goes."""
        self._sent += 1
        self._call(path, "ingest", self._webhook(number, code))
        records = self._records()
        self._call(path, "publish", {"Records": records})
        for _ in range(2):  # the event, and the second look that it may have asked for
            for message in self._messages():
                self._call(path, "suppress", {"Records": [message]})
                path.suppress_calls += 1
                path.queue_requests += REQUESTS_OF_A_MESSAGE
        return path

    def _call(self, path: Path, function: str, event: dict[str, Any]) -> None:
        context, begin = LambdaContext(), self._log.tell()
        context._aws_request_id, context._function_name = "r" * 36, function
        context._memory_limit_in_mb, context._invoked_function_arn = 512, "a" * 80
        variables = patch.dict(os.environ, self._variables[function])
        with variables, _counting(path, function), _quiet(self._log):
            answer = self._handlers[function](event, context)
        if answer.get("statusCode", 200) != 200 or answer.get("batchItemFailures"):
            raise RuntimeError(f"{function} failed: {answer}")
        path.log_bytes[function] += self._log.tell() - begin

    def _webhook(self, number: str, code: int | None) -> dict[str, Any]:
        content: dict[str, Any] = {
            "messageid": f"path-{self._sent:032}",
            "destination": int(number),
            "status": "UNDELIVERABLE" if code else "DELIVERED",
            "modified": f"2026-11-20T12:{self._sent:02}:00.000Z",
        }
        if code:
            content["failurereason"] = {"code": code, "details": "", "permanent": True}
        token = self._stack.webhooks[PROVIDER].rpartition("/")[2]
        headers, body = {"content-type": "application/json"}, json.dumps(content).encode()
        return http_event("POST", f"/webhooks/{PROVIDER}/{token}", headers=headers, body=body)

    def _environment(self, built: Built) -> dict[str, str]:
        named = {k: self._stack.resources.get(v, v) for k, v in built.variables.items()}
        return {**ENVIRONMENT, **named, "AWS_ENDPOINT_URL": self._cloud.url, "SECOND_LOOK_S": "0"}

    def _switch(self, mappings: list[dict[str, Any]], on: bool) -> None:
        for each in mappings:
            self._lambda.update_event_source_mapping(UUID=each["UUID"], Enabled=on)

    def _end_of_stream(self) -> str:
        table = self._stack.resources["ReportsTable"]
        described = self._cloud.client("dynamodb").describe_table(TableName=table)["Table"]
        arn = described["LatestStreamArn"]
        (shard,) = self._streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        return str(
            self._streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="LATEST"
            )["ShardIterator"]
        )

    def _records(self) -> list[dict[str, Any]]:
        answer = self._streams.get_records(ShardIterator=self._position)
        self._position = answer["NextShardIterator"]
        return list(answer["Records"])

    def _messages(self) -> list[dict[str, Any]]:
        """Of the queue, as Lambda hands them out, and taken from it; a delay is over at once."""
        queue = self._stack.resources["SuppressQueue"]
        answer = self._sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, AttributeNames=["ApproximateReceiveCount"]
        )
        messages = []
        for each in answer.get("Messages", []):
            self._sqs.delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])
            messages.append(
                {
                    "messageId": each["MessageId"],
                    "body": each["Body"],
                    "attributes": each["Attributes"],
                }
            )
        return messages


def _load(built: Built, short: str) -> Callable[[Any, Any], Any]:
    file, _, function = built.handler.partition(".")
    spec = spec_from_file_location(f"bench_{short}", ROOT / "functions" / short / f"{file}.py")
    if spec is None or spec.loader is None:
        raise RuntimeError(f"there is no function {short}")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Callable[[Any, Any], Any] = getattr(module, function)
    return handler


@contextmanager
def _quiet(log: StringIO) -> Iterator[None]:
    """What the functions print goes there, their warnings nowhere."""
    with redirect_stdout(log), warnings.catch_warnings(action="ignore"):
        yield


@contextmanager
def _counting(path: Path, function: str) -> Iterator[None]:
    """Every call that the handler makes."""
    original: Any = BaseClient._make_api_call

    def call(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        answer = original(self, operation, parameters | _asking_for_units(operation))
        if operation != "GetSecretValue":  # once in five minutes
            path.calls[f"{function} {operation}"] += 1
            if function != "ingest":
                _add_units(path, operation, parameters, answer)
        return answer

    with patch.object(BaseClient, "_make_api_call", call):
        yield


def _asking_for_units(operation: str) -> dict[str, str]:
    return {"ReturnConsumedCapacity": "INDEXES"} if operation in WRITES else {}


def _add_units(
    path: Path, operation: str, parameters: Mapping[str, Any], answer: Mapping[str, Any]
) -> None:
    """By what was answered for a single write; else by AWS's rules for items below 1 KB."""
    if operation in WRITES:
        path.write_units += answer["ConsumedCapacity"]["CapacityUnits"]
    elif operation == TRANSACTED:
        path.write_units += 2 * len(parameters["TransactItems"])
    elif operation == "BatchGetItem":
        for table in parameters["RequestItems"].values():
            path.read_units += len(table["Keys"]) * (1 if table.get("ConsistentRead") else 0.5)
    elif operation in READS:
        path.read_units += 1 if parameters.get("ConsistentRead") else 0.5
    elif operation == "PutEvents":
        path.events += len(parameters["Entries"])
