"""DynamoDB's documented limits, which the embedded AWS does not keep, as a client that keeps them.

It takes everything else and remembers nothing: for tests that send thousands of requests.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""

import json
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from tests.support.faults import answer

MAX_ITEM = 400 * 1024
MAX_KEY = 2048
MAX_BATCH = 25
MAX_DIGITS = 38
MAX_MAGNITUDE = 126
KEYS = ("pk", "id")


class Strict:
    """Holds the client, and what it had to refuse."""

    def __init__(self) -> None:
        self.refused: list[str] = []
        self.client = boto3.client("dynamodb")
        self.client.meta.events.register("before-send", self._answer)

    def _answer(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        reasons = [
            reason for each in _writes(json.loads(request.body)) for reason in _refusals(each)
        ]
        if reasons:
            self.refused += reasons
            return answer(request, 400, {"__type": "ValidationException", "message": reasons[0]})
        return answer(request, 200, {"Responses": {}})


def _writes(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Each write of a batch, or the only one. A batch may not hold a key twice."""
    batches = [each for each in content.get("RequestItems", {}).values() if isinstance(each, list)]
    if not batches:
        return [content]
    writes = [each["PutRequest"] for batch in batches for each in batch]
    ids = [each["Item"]["id"]["S"] for each in writes]
    assert len(set(ids)) == len(ids) <= MAX_BATCH
    return writes


def _refusals(content: dict[str, Any]) -> list[str]:
    values = {**content.get("ExpressionAttributeValues", {}), **content.get("Item", {})}
    key = {**content.get("Key", {}), **{k: v for k, v in values.items() if k in KEYS}}
    return [
        *(["item size"] if len(json.dumps(content)) > MAX_ITEM else []),
        *("key size" for each in key.values() if not 1 <= len(each["S"].encode()) <= MAX_KEY),
        *(reason for each in values.values() for reason in _problems(each)),
    ]


def _problems(value: dict[str, Any]) -> list[str]:
    ((kind, content),) = value.items()
    if kind == "N":
        digits = content.lstrip("-").strip("0")
        is_too_long = len(digits) > MAX_DIGITS or len(content) > MAX_MAGNITUDE
        return ["number too long"] if is_too_long else []
    if kind == "M":
        found = ["empty name"] if "" in content else []
        return found + [each for part in content.values() for each in _problems(part)]
    if kind == "L":
        return [each for part in content for each in _problems(part)]
    if kind == "S":
        content.encode()
    return []


def size_of(value: dict[str, Any]) -> int:
    """An attribute's size as DynamoDB documents it (item size and capacity units)."""
    ((kind, content),) = value.items()
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + size_of(part) for name, part in content.items())
    if kind == "L":
        return 3 + sum(1 + size_of(part) for part in content)
    if kind == "SS":
        return sum(len(text.encode()) for text in content)
    if kind == "N":
        return len(content) // 2 + 2
    return 1 if kind == "BOOL" else len(content.encode())
