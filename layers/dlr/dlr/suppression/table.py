"""SuppressionsTable: the suppression list in DynamoDB, one item a recipient."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import reduce
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from dlr.runtime.aws import is_refused_by_condition
from dlr.runtime.batch import read_all
from dlr.suppression.entry import Suppression
from dlr.suppression.guard import PREFIX
from dlr.suppression.rules import merge

BY_HELD = "by_held"
MAX_TRIES = 10

Change = Callable[[Suppression | None], Suppression | None]
"""From the entry that stands there to the one that should; the same object is no change."""

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


class ConflictError(RuntimeError):
    """Another writer was faster at every try."""


class SuppressionList:
    """Reads and changes the list. `client` is a boto3 DynamoDB client.

    A recipient is known by its hashes under every live key, the current one first. A change moves
    an entry that stands under an older key to the current one.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def change(self, hashes: Sequence[str], mutate: Change) -> Suppression | None:
        """Puts what `mutate` returns for the recipient's entry; None deletes it.

        `mutate` may be called again when another writer was faster: it must be safe to ask twice.
        Raises ConflictError or botocore's errors.
        """
        for _ in range(MAX_TRIES):
            found = self._read(hashes)
            old = _merged(found, hashes)
            wanted = mutate(old)
            if wanted is old and set(found) <= {hashes[0]}:
                return old
            if not self._write(hashes[0], wanted, found.get(hashes[0])):
                continue
            older = [entry for key, entry in found.items() if key != hashes[0]]
            if all(self._write(entry.recipient_hash, None, entry) for entry in older):
                return wanted
        raise ConflictError("the entry changed under every try")

    def find(self, hashes: Sequence[str], now: datetime) -> Suppression | None:
        """The recipient's entry, None if there is none that counts now."""
        return self.find_all([hashes], now)[0]

    def find_all(
        self, recipients: Sequence[Sequence[str]], now: datetime
    ) -> list[Suppression | None]:
        """For each recipient the entry that counts now."""
        found = self._read({key for hashes in recipients for key in hashes})
        entries = (_merged(found, hashes) for hashes in recipients)
        return [entry if entry and not entry.is_expired(now) else None for entry in entries]

    def held(self, provider: str) -> Iterator[str]:
        """The hashes of the recipients that the guard holds for this provider."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=BY_HELD,
            KeyConditionExpression="held_by = :provider",
            ExpressionAttributeValues={":provider": {"S": provider}},
        )
        for page in pages:
            yield from (item["recipient_hash"]["S"] for item in page["Items"])

    def page(self, after: str | None, size: int) -> tuple[list[Suppression], str | None]:
        """Up to `size` entries and the hash to go on after; None at the end."""
        start = {"ExclusiveStartKey": {"recipient_hash": {"S": after}}} if after else {}
        answer = self._client.scan(TableName=self._table, Limit=size, **start)
        items = [i for i in answer["Items"] if not i["recipient_hash"]["S"].startswith(PREFIX)]
        last = answer.get("LastEvaluatedKey")
        return [_entry_of(item) for item in items], last and last["recipient_hash"]["S"]

    def _read(self, keys: Iterable[str]) -> dict[str, Suppression]:
        wanted = [{"recipient_hash": {"S": key}} for key in sorted(keys)]
        entries = map(_entry_of, read_all(self._client, self._table, wanted))
        return {entry.recipient_hash: entry for entry in entries}

    def _write(self, key: str, wanted: Suppression | None, current: Suppression | None) -> bool:
        """False if the item is not what it was any more."""
        unchanged: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(recipient_hash)"}
        if current is not None:
            unchanged = {
                "ConditionExpression": "version = :version",
                "ExpressionAttributeValues": {":version": {"N": str(current.version)}},
            }
        try:
            if wanted is None:
                self._delete(key, **unchanged)
            else:
                item = _item_of(wanted)
                self._client.put_item(TableName=self._table, Item=item, **unchanged)
        except ClientError as error:
            if not is_refused_by_condition(error):
                raise
            return False
        return True

    def _delete(self, key: str, **condition: Any) -> None:
        self._client.delete_item(
            TableName=self._table, Key={"recipient_hash": {"S": key}}, **condition
        )


def _merged(found: Mapping[str, Suppression], hashes: Sequence[str]) -> Suppression | None:
    """The recipient's entries under all its hashes as one under the current hash."""
    entries = [found[key] for key in hashes if key in found]
    if not entries:
        return None
    entry = reduce(merge, entries)
    if entry.recipient_hash == hashes[0]:
        return entry
    return entry.model_copy(update={"recipient_hash": hashes[0]})


def _item_of(entry: Suppression) -> dict[str, Any]:
    """With `expires_at` in the seconds that DynamoDB's TTL wants; state and list for people."""
    content = entry.model_dump(mode="json", exclude_none=True)
    if entry.expires_at is not None:
        content["expires_at"] = int(entry.expires_at.timestamp())
    return {name: _serialize(value) for name, value in content.items()}


def _entry_of(item: Mapping[str, Any]) -> Suppression:
    return Suppression.model_validate({name: _deserialize(item[name]) for name in item})
