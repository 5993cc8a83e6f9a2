"""What a report consumes at AWS, counted at the API: calls, write units, bytes of its item."""

import os
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import MagicMock, patch

from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from dlr.ingest.normalize import Normalizer
from dlr.messages.store import Outcome, ReportStore, Retention
from dlr.phone import RecipientHasher
from dlr.providers.base import load_provider
from local.cloud import Cloud
from local.http_event import http_event
from local.sample import Stage
from local.stack import describe
from local.traffic import life

PROVIDERS = ("bulksmsrates", "smpp", "thesmsworks")
STAGES: dict[int, tuple[Stage, ...]] = {
    1: ("delivered",),
    3: ("queued", "sent", "delivered"),
    5: ("queued", "sent", "sent", "sent", "delivered"),
}
NAIVE_TABLES = {"REPORTS_TABLE": "naive-reports", "ONCE_TABLE": "naive-once"}
KEYS = {"naive-reports": "pk", "naive-once": "id"}
LIST, MAP, ELEMENT = 3, 3, 1


@dataclass
class Consumption:
    """Of one message."""

    reports: int
    calls: Counter[str] = field(default_factory=Counter)
    write_units: float = 0
    stored: int = 0
    """Reports that the table's stream hands to publish: all but duplicates."""
    published: int = 0
    """Events that the webhook itself puts on the bus."""
    item_bytes: int = 0


def ours(cloud: Cloud) -> dict[tuple[str, int], Consumption]:
    """By provider and reports per message."""
    table = describe(cloud).resources["ReportsTable"]
    client = cloud.client("dynamodb")
    store = ReportStore(client, table, Retention(*[timedelta(days=30)] * 3))
    hasher = RecipientHasher(lambda: ("k" * 43,))
    found = {}
    for place, provider in enumerate(PROVIDERS):
        normalize = Normalizer(load_provider(provider), hasher=hasher)
        for number, stages in STAGES.items():
            consumed = found[provider, number] = Consumption(number)
            with _counted(consumed):
                for request in life(provider, 7000 + 10 * place + number, stages, seed=8):
                    (report,) = normalize(request, datetime.now(UTC)).reports
                    consumed.stored += store.put(report) is not Outcome.DUPLICATE
            key = {"pk": {"S": f"{provider}#{report.message_id}"}}
            item = client.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
            consumed.item_bytes = size_of(item)
    return found


def naive(cloud: Cloud) -> dict[int, Consumption]:
    """By reports per message; leaves its tables and the environment for the emulator."""
    resources = describe(cloud).resources
    for table, key in KEYS.items():
        cloud.client("dynamodb").create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        )
    secret = resources["TokenSecretthesmsworks"]
    bus = {"EVENT_BUS": resources["Bus"], "TOKEN_SECRET": secret}
    quiet = {"POWERTOOLS_TRACE_DISABLED": "true", "AWS_ENDPOINT_URL": cloud.url}
    token = describe(cloud).webhooks["thesmsworks"].rpartition("/")[2]
    tracing = {name: MagicMock() for name in ("aws_xray_sdk", "aws_xray_sdk.core")}
    with (
        patch.dict(os.environ, NAIVE_TABLES | bus | quiet),
        patch.dict(sys.modules, tracing),  # it speaks to a daemon, not to AWS
        warnings.catch_warnings(action="ignore"),  # of a context without a deadline
    ):
        from bench.naive import app

        found = {}
        for number, stages in STAGES.items():
            consumed = found[number] = Consumption(number)
            with _counted(consumed):
                for request in life("thesmsworks", 8000 + number, stages, seed=8):
                    path = f"/webhooks/thesmsworks/{token}"
                    event = http_event("POST", path, headers=request.headers, body=request.body)
                    app.resolve(event, LambdaContext())
            consumed.published = consumed.calls["PutEvents"]
    return found


@contextmanager
def _counted(consumed: Consumption) -> Iterator[None]:
    """Every call of every client made meanwhile. A refused write costs a unit at least."""
    original: Any = BaseClient._make_api_call

    def call(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        consumed.calls[operation] += 1
        is_write = operation in {"PutItem", "UpdateItem"}
        more = {"ReturnConsumedCapacity": "INDEXES"} if is_write else {}
        try:
            answer = original(self, operation, {**parameters, **more})
        except ClientError:
            consumed.write_units += is_write
            raise
        if is_write:
            consumed.write_units += answer["ConsumedCapacity"]["CapacityUnits"]
        return answer

    with patch.object(BaseClient, "_make_api_call", call):
        yield


def size_of(item: dict[str, dict[str, Any]]) -> int:
    """Bytes by DynamoDB's rules for the sizes of items."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def _size(value: dict[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind == "N":
        return len(content.strip("-0.")) // 2 + 2
    if kind == "SS":
        return sum(len(each.encode()) for each in content)
    if kind == "L":
        return LIST + sum(ELEMENT + _size(each) for each in content)
    if kind == "M":
        return MAP + sum(ELEMENT + len(k.encode()) + _size(each) for k, each in content.items())
    return len(content.encode()) if kind == "S" else 1
