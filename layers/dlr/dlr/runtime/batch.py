"""Any number of keys, items, pages and events, in as many calls as AWS wants for them."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

MAX_KEYS = 100
"""The most that one BatchGetItem takes."""
MAX_WRITES = 25
"""The most that one BatchWriteItem takes."""
MAX_EVENTS = 10
"""The most that one PutEvents takes."""
MAX_WAIT_S = 1.6

_T = TypeVar("_T")


class UnprocessedError(RuntimeError):
    """DynamoDB left keys unprocessed at every try."""


def chunks(values: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """The values in lists of so many; the last may be shorter."""
    chunk: list[_T] = []
    for value in values:
        chunk.append(value)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def read_all(
    client: Any, table: str, keys: Sequence[Any], *, tries: int | None = None, **options: Any
) -> Iterator[dict[str, Any]]:
    """The items that exist, in no order. Keys that DynamoDB leaves unprocessed are read again.

    The read is consistent, unless `options` of BatchGetItem for a table say otherwise. Raises
    UnprocessedError after `tries` answers that left keys; without it there is no end but Lambda's.
    """
    wanted, wait_s, tried = list(keys), 0.05, 0
    while wanted:
        answer = client.batch_get_item(
            RequestItems={table: {"ConsistentRead": True, **options, "Keys": wanted[:MAX_KEYS]}}
        )
        yield from answer["Responses"].get(table, ())
        left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
        wanted = [*left, *wanted[MAX_KEYS:]]
        if left:
            tried += 1
            if tried == tries:
                raise UnprocessedError
            time.sleep(wait_s)
            wait_s = min(2 * wait_s, MAX_WAIT_S)


def find_all(
    client: Any,
    table: str,
    index: str,
    key: str,
    value: str,
    after: Mapping[str, Any] | None = None,
) -> Iterator[dict[str, Any]]:
    """The items of an index under one value of its key, page after page. Eventually consistent.

    `after` is the table's key of an item: only those after it.
    """
    start = {"ExclusiveStartKey": {**after, key: {"S": value}}} if after else {}
    for page in _pages(client, table, index, key, value, **start):
        yield from page["Items"]


def count_all(
    client: Any, table: str, index: str, key: str, value: str, most_pages: int | None = None
) -> tuple[int, bool]:
    """How many items `find_all` would find, and whether there are more behind `most_pages`.

    A page is a megabyte that DynamoDB reads; the items stay there.
    """
    found = 0
    for place, page in enumerate(_pages(client, table, index, key, value, Select="COUNT"), 1):
        found += page["Count"]
        if place == most_pages and "LastEvaluatedKey" in page:
            return found, True
    return found, False


def _pages(
    client: Any, table: str, index: str, key: str, value: str, **options: Any
) -> Iterable[dict[str, Any]]:
    pages: Iterable[dict[str, Any]] = client.get_paginator("query").paginate(
        TableName=table,
        IndexName=index,
        KeyConditionExpression=f"{key} = :value",
        ExpressionAttributeValues={":value": {"S": value}},
        **options,
    )
    return pages


def put_all(client: Any, table: str, items: Sequence[Mapping[str, Any]]) -> None:
    """Writes items with different keys, each over what stands there."""
    _write_all(client, table, [{"PutRequest": {"Item": item}} for item in items])


def delete_all(client: Any, table: str, keys: Sequence[Mapping[str, Any]]) -> None:
    """Deletes what stands under these different keys."""
    _write_all(client, table, [{"DeleteRequest": {"Key": key}} for key in keys])


def _write_all(client: Any, table: str, requests: Sequence[Mapping[str, Any]]) -> None:
    """What DynamoDB leaves unprocessed is sent again."""
    wanted, wait_s = list(requests), 0.05
    while wanted:
        answer = client.batch_write_item(RequestItems={table: wanted[:MAX_WRITES]})
        left = answer.get("UnprocessedItems", {}).get(table, [])
        wanted = [*left, *wanted[MAX_WRITES:]]
        if left:
            time.sleep(wait_s)
            wait_s = min(2 * wait_s, MAX_WAIT_S)
