"""Writes messages out of the table into the lake, where those that are in it change nothing."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from dlr.lake.row import Row, row_of
from dlr.lake.segment import Segments

ROWS = 10_000
"""Of a segment."""
NAME = "refilled"

Item = Mapping[str, Any]


class Refilled(NamedTuple):
    """How many messages were written, and how many could not be read."""

    done: int
    left: int


def refill(
    client: Any,
    table: str,
    segments: Segments,
    key: bytes,
    is_wanted: Callable[[Item], bool] = lambda item: True,
) -> Refilled:
    """Every message of the table that has not expired, or those that are wanted.

    `client` is a boto3 DynamoDB client, `key` the lake's.
    """
    done, left = 0, 0
    rows: list[Row] = []
    for item in filter(is_wanted, _items(client, table)):
        try:
            row = row_of(item, key)
        except (KeyError, ValueError):
            left += 1
            continue
        if row is not None:
            rows.append(row)
        if len(rows) == ROWS:
            segments.put(NAME, rows)
            done, rows = done + len(rows), []
    segments.put(NAME, rows)
    return Refilled(done + len(rows), left)


def _items(client: Any, table: str) -> Iterator[Item]:
    pages = client.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="expires_at > :now",
        ExpressionAttributeValues={":now": {"N": str(int(datetime.now(UTC).timestamp()))}},
    )
    for page in pages:
        yield from page["Items"]
