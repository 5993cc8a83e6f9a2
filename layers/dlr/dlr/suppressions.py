"""SuppressionsTable: the suppression list in DynamoDB, one item a recipient."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from dlr.report import DeliveryReport
from dlr.suppression import Suppression, entry_for, merge

MAX_KEYS = 100
"""The most that one BatchGetItem takes."""
MAX_TRIES = 10

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


class ConflictError(RuntimeError):
    """Other writers were faster each time; the event has to come again."""


class SuppressionList:
    """Writes and asks the list. `client` is a boto3 DynamoDB client."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def record(self, report: DeliveryReport, keep_number: timedelta) -> Suppression | None:
        """Puts on the list what the report says; None where it suppresses nothing.

        Idempotent, in any order. Raises ConflictError or botocore's errors: try again.
        """
        entry = entry_for(report, keep_number)
        if entry is None:
            return None
        for _ in range(MAX_TRIES):
            old = self._get(entry.recipient_hash)
            if old is None or old.is_expired(report.received_at):
                written = (
                    entry if old is None else entry.model_copy(update={"version": old.version + 1})
                )
            else:
                written = merge(old, entry)
            if written is old or self._put(written, old):
                return written
        raise ConflictError("the entry changed under every try")

    def find(self, hashes: Sequence[str], now: datetime) -> Suppression | None:
        """The entry under one of a recipient's hashes, None if there is none that counts now."""
        return self.find_all([hashes], now)[0]

    def find_all(
        self, recipients: Sequence[Sequence[str]], now: datetime
    ) -> list[Suppression | None]:
        """For each recipient (its hashes, the current key's first) the entry that counts now."""
        entries = self._read({key for hashes in recipients for key in hashes})
        return [_first_live((entries.get(key) for key in hashes), now) for hashes in recipients]

    def _read(self, keys: Iterable[str]) -> dict[str, Suppression]:
        wanted = [{"recipient_hash": {"S": key}} for key in sorted(keys)]
        entries: dict[str, Suppression] = {}
        while wanted:
            answer = self._client.batch_get_item(
                RequestItems={self._table: {"Keys": wanted[:MAX_KEYS], "ConsistentRead": True}}
            )
            for item in answer["Responses"].get(self._table, ()):
                entry = _entry_of(item)
                entries[entry.recipient_hash] = entry
            left = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            wanted = [*left, *wanted[MAX_KEYS:]]
        return entries

    def _get(self, recipient_hash: str) -> Suppression | None:
        answer = self._client.get_item(
            TableName=self._table,
            Key={"recipient_hash": {"S": recipient_hash}},
            ConsistentRead=True,
        )
        return _entry_of(answer["Item"]) if "Item" in answer else None

    def _put(self, entry: Suppression, old: Suppression | None) -> bool:
        """False if the item is not `old` any more."""
        is_unchanged: dict[str, Any] = {
            "ConditionExpression": "attribute_not_exists(recipient_hash)"
        }
        if old is not None:
            is_unchanged = {
                "ConditionExpression": "version = :version",
                "ExpressionAttributeValues": {":version": {"N": str(old.version)}},
            }
        try:
            self._client.put_item(TableName=self._table, Item=_item_of(entry), **is_unchanged)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True


def _first_live(entries: Iterator[Suppression | None], now: datetime) -> Suppression | None:
    return next((entry for entry in entries if entry and not entry.is_expired(now)), None)


def _item_of(entry: Suppression) -> dict[str, Any]:
    content = entry.model_dump(mode="json", exclude_none=True)
    if entry.expires_at is not None:
        content["expires_at"] = int(entry.expires_at.timestamp())
    return {name: _serialize(value) for name, value in content.items()}


def _entry_of(item: Mapping[str, Any]) -> Suppression:
    content = {name: _deserialize(value) for name, value in item.items()}
    return Suppression.model_validate(content)
