"""QuarantineTable: authentic requests that could not be read, kept to be looked at and replayed."""

import concurrent.futures
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, Field

from dlr.ingest.quarantined import (
    CONTENT,
    MANY,
    Item,
    Items,
    Kept,
    Quarantined,
    by_id,
    is_over,
    is_request,
    items_of,
    kept_of,
    pointer_keys,
    shown,
    target_of,
)
from dlr.ingest.unread import Unread
from dlr.phone import RecipientHasher
from dlr.runtime.aws import is_refused_by_condition
from dlr.runtime.batch import delete_all, find_all, put_all, read_all

PAGE = 100
BY_RECIPIENT = "by_recipient"
KEEP = timedelta(days=14)
WORKERS = 8
COUNTED_PAGES = 8
"""Of a megabyte each: who asks how many there are reads all of them."""


class QuarantinePage(BaseModel):
    """A part of what is kept; `next` begins the next part and is null at the end."""

    items: list[Quarantined] = Field(repr=False)
    next: str | None


class QuarantineQuota:
    """Limits what is kept per provider and hour. `client` is a boto3 DynamoDB client."""

    def __init__(self, client: Any, table: str, max_requests: int, max_bytes: int) -> None:
        self._client = client
        self._table = table
        self._max_requests = max_requests
        self._max_bytes = max_bytes

    def allows(self, provider: str, requests: int, size: int, now: datetime) -> bool:
        """Takes places. A counter that cannot be reached allows: no request is lost for it."""
        try:
            counted = self._count(provider, requests, size, now)
        except (ClientError, BotoCoreError):
            return True
        taken, taken_bytes = (int(counted[name]["N"]) for name in ("taken", "taken_bytes"))
        return taken <= self._max_requests and taken_bytes <= self._max_bytes

    def _count(self, provider: str, requests: int, size: int, now: datetime) -> Any:
        return self._client.update_item(
            TableName=self._table,
            Key={"id": {"S": f"{provider}.quota.{now:%Y-%m-%dT%H}"}},
            UpdateExpression="ADD taken :requests, taken_bytes :size SET expires_at = :expires_at",
            ExpressionAttributeValues={
                ":requests": {"N": str(requests)},
                ":size": {"N": str(size)},
                ":expires_at": {"N": str(int((now + timedelta(days=1)).timestamp()))},
            },
            ReturnValues="UPDATED_NEW",
        )["Attributes"]


class Quarantine:
    """Keeps each unreadable request once. `client` is a boto3 DynamoDB client."""

    def __init__(
        self,
        client: Any,
        table: str,
        hasher: RecipientHasher,
        keep: timedelta = KEEP,
        quota: QuarantineQuota | None = None,
    ) -> None:
        self._client = client
        self._table = table
        self._hasher = hasher
        self._keep = keep
        self._quota = quota

    def put(self, provider: str, unread: Sequence[Unread], now: datetime) -> bool:
        """Stores the requests that are not kept yet. Raises botocore's errors.

        False if the provider's quota is used up: then none of them is stored.
        """
        new = by_id(provider, unread)
        for item in self._read(list(new)):
            if is_request(item, now):
                del new[item["id"]["S"]]
        if not new:
            return True
        expires_at = int((now + self._keep).timestamp())
        items = items_of(provider, new, self._hasher, now, expires_at)
        if self._quota and not self._quota.allows(provider, len(new), items.size, now):
            return False
        self._write(items)
        return True

    def narrow(self, quarantine_id: str, kept: Kept, unread: Sequence[Unread]) -> None:
        """Keeps only these parts of the request, for as long as the whole would be kept."""
        parts = by_id(kept.provider, unread)
        if quarantine_id not in parts:
            self._write(
                items_of(kept.provider, parts, self._hasher, kept.received_at, kept.expires_at)
            )
            self.delete(quarantine_id)

    def page(self, after: str | None, now: datetime, limit: int = PAGE) -> QuarantinePage:
        """Up to `limit` requests, those after an id, and never more than 1 MB of them."""
        start = {"ExclusiveStartKey": {"id": {"S": after}}} if after else {}
        answer = self._client.scan(TableName=self._table, Limit=limit, **start)
        last = answer.get("LastEvaluatedKey")
        return QuarantinePage(
            items=[shown(item) for item in answer["Items"] if is_request(item, now)],
            next=last and last["id"]["S"],
        )

    def count(self, now: datetime) -> tuple[int, bool]:
        """How many requests are kept, and whether there are more than were looked at."""
        found, start = 0, dict[str, Any]()
        for _ in range(COUNTED_PAGES):
            answer = self._client.scan(
                TableName=self._table,
                Select="COUNT",
                FilterExpression="attribute_exists(received_at) AND expires_at > :now",
                ExpressionAttributeValues={":now": {"N": str(int(now.timestamp()))}},
                **start,
            )
            found += answer["Count"]
            if "LastEvaluatedKey" not in answer:
                return found, False
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        return found, True

    def request(self, quarantine_id: str, now: datetime) -> Kept | None:
        """The exact request; None where there is none."""
        answer = self._client.get_item(
            TableName=self._table, Key={"id": {"S": quarantine_id}}, ConsistentRead=True
        )
        item = answer.get("Item")
        return kept_of(item) if item is not None and is_request(item, now) else None

    def ids_of(self, hashes: Iterable[str], now: datetime) -> list[str]:
        """The requests with a number of one of these hashes."""
        pointers = (each for each in self._pointers(hashes) if not is_over(each, now))
        return list(dict.fromkeys(map(target_of, pointers)))

    def read(self, ids: Sequence[str], now: datetime) -> list[Quarantined]:
        """Those of these requests that are kept, in no order."""
        return [shown(item) for item in self._read(ids) if is_request(item, now)]

    def erase(self, hashes: Iterable[str], until: datetime | None = None) -> int:
        """Deletes the requests with a number of one of these hashes; returns how many.

        Also those with too many numbers to point to. `until` leaves what was received later.
        """
        pointers = list(self._pointers((*hashes, MANY)))
        ids = dict.fromkeys(map(target_of, pointers))
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            deleted = sum(pool.map(lambda each: self.delete(each, until), ids))
        if until is None:  # also pointers whose request was never written
            delete_all(self._client, self._table, [{"id": each["id"]} for each in pointers])
        return deleted

    def delete(self, quarantine_id: str, until: datetime | None = None) -> bool:
        """Deletes a request with its pointers; whether there was one, received up to `until`.

        The content goes first and the key last, so that a call that breaks off can be made again.
        """
        key = {"id": {"S": quarantine_id}}
        pointers = self._empty(key, until)
        if pointers is None:
            return False
        delete_all(self._client, self._table, pointer_keys(quarantine_id, pointers))
        self._client.delete_item(TableName=self._table, Key=key)
        return True

    def _empty(self, key: Item, until: datetime | None) -> int | None:
        """Removes the content; the number of pointers, or None where there is no such request."""
        condition, values = "attribute_exists(received_at)", {}
        if until is not None:
            condition += " AND received_at <= :until"
            values = {"ExpressionAttributeValues": {":until": {"S": until.isoformat()}}}
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=key,
                UpdateExpression="REMOVE " + ", ".join(f"#{name}" for name in CONTENT),
                ConditionExpression=condition,
                ExpressionAttributeNames={f"#{name}": name for name in CONTENT},
                ReturnValues="ALL_NEW",
                **values,
            )
        except ClientError as error:
            if not is_refused_by_condition(error):
                raise
            return None
        return int(answer["Attributes"]["pointers"]["N"])

    def _write(self, items: Items) -> None:
        put_all(self._client, self._table, items.pointers)
        put_all(self._client, self._table, items.requests)

    def _read(self, ids: Sequence[str]) -> Iterator[Item]:
        return read_all(self._client, self._table, [{"id": {"S": each}} for each in ids])

    def _pointers(self, hashes: Iterable[str]) -> Iterator[Item]:
        for each in hashes:
            yield from find_all(self._client, self._table, BY_RECIPIENT, "recipient_hash", each)
