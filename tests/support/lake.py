"""S3 and DeskTable in memory, as far as the lake uses them: every call is atomic and consistent.

`before` is called with the name of each operation: a test lets others in between, or stops it.
"""

import io
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

BUCKET, TABLE = "lake", "desk"
_CONDITION = re.compile(r"(?:(\w+) = (:\w+))|(?:attribute_not_exists\((\w+)\))")


class _Body(io.BytesIO):
    def iter_chunks(self, size: int) -> Iterator[bytes]:
        while chunk := self.read(size):
            yield chunk


class _Pages:
    def __init__(self, answer: Callable[..., dict[str, Any]]) -> None:
        self._answer = answer

    def paginate(self, **wanted: Any) -> list[dict[str, Any]]:
        return [self._answer(**wanted)]


class FakeAws:
    """One bucket and one table; the client of both services."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.written_at = datetime(2026, 11, 22, 12, tzinfo=UTC)
        self.before: Callable[[str], None] = lambda operation: None
        self.after: Callable[[str], None] = lambda operation: None

    def get_paginator(self, operation: str) -> _Pages:
        return _Pages({"list_objects_v2": self.list_objects_v2, "query": self.query}[operation])

    def put_object(self, Bucket: str, Key: str, Body: Any) -> None:
        self.before("PutObject")
        self.objects[Key] = Body if isinstance(Body, bytes) else Body.read()
        self.after("PutObject")

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        self.before("GetObject")
        if Key not in self.objects:
            raise _error("NoSuchKey")
        return {"Body": _Body(self.objects[Key])}

    def list_objects_v2(self, Bucket: str, Prefix: str) -> dict[str, Any]:
        self.before("ListObjectsV2")
        return {
            "Contents": [
                {"Key": key, "Size": len(self.objects[key]), "LastModified": self.written_at}
                for key in sorted(self.objects)
                if key.startswith(Prefix)
            ]
        }

    def delete_objects(self, Bucket: str, Delete: Mapping[str, Any]) -> dict[str, Any]:
        self.before("DeleteObjects")
        for each in Delete["Objects"]:
            self.objects.pop(each["Key"], None)
        self.after("DeleteObjects")
        return {}

    def get_item(self, TableName: str, Key: Any, ConsistentRead: bool) -> dict[str, Any]:
        self.before("GetItem")
        item = self.items.get(_place(Key))
        return {"Item": item} if item else {}

    def query(self, ExpressionAttributeValues: Any, **_: Any) -> dict[str, Any]:
        self.before("Query")
        pk, first, last = (
            ExpressionAttributeValues[name]["S"] for name in (":days", ":first", ":last")
        )
        return {
            "Items": [
                item
                for place, item in sorted(self.items.items())
                if place[0] == pk and first <= place[1] <= last
            ]
        }

    def put_item(self, **wanted: Any) -> None:
        self.before("PutItem")
        if not self._allows(wanted, wanted["Item"]):
            raise _error("ConditionalCheckFailedException")
        self.items[_place(wanted["Item"])] = wanted["Item"]
        self.after("PutItem")

    def update_item(self, **wanted: Any) -> None:
        self.before("UpdateItem")
        self._update(wanted)
        self.after("UpdateItem")

    def transact_write_items(self, TransactItems: list[Any]) -> None:
        self.before("TransactWriteItems")
        for ((_, wanted),) in (each.items() for each in TransactItems):
            if not self._allows(wanted, wanted.get("Item") or wanted["Key"]):
                raise _error(
                    "TransactionCanceledException",
                    CancellationReasons=[{"Code": "ConditionalCheckFailed"}],
                )
        for ((kind, wanted),) in (each.items() for each in TransactItems):
            if kind == "Put":
                self.items[_place(wanted["Item"])] = wanted["Item"]
            elif kind == "Delete":
                self.items.pop(_place(wanted["Key"]), None)
            else:
                self._update(wanted)
        self.after("TransactWriteItems")

    def _update(self, wanted: Mapping[str, Any]) -> None:
        verb, name, _, value = re.findall(
            r"^(ADD|SET) (\w+) (= )?(:\w+)$", wanted["UpdateExpression"]
        )[0]
        item = self.items.setdefault(_place(wanted["Key"]), dict(wanted["Key"]))
        new = wanted["ExpressionAttributeValues"][value]
        if verb == "ADD":
            new = {"N": str(int(item.get(name, {"N": "0"})["N"]) + int(new["N"]))}
        item[name] = new

    def _allows(self, wanted: Mapping[str, Any], key: Mapping[str, Any]) -> bool:
        if "ConditionExpression" not in wanted:
            return True
        item = self.items.get(_place(key), {})
        match = _CONDITION.fullmatch(wanted["ConditionExpression"])
        assert match
        name, value, absent = match.groups()
        if absent:
            return absent not in item
        return item.get(name) == wanted["ExpressionAttributeValues"][value]


def _place(key: Mapping[str, Any]) -> tuple[str, str]:
    return key["pk"]["S"], key["sk"]["S"]


def _error(code: str, **content: Any) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}, **content}, "Operation")
