"""Writes messages out of the table into the lake, where those that are in it change nothing.

Segments hold rows of one day each, so that a merge has one day after the other to do.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from dlr.lake.row import Row, row_of
from dlr.lake.segment import Segments, first_of

MOST_HELD = 100_000
"""Rows in memory. Then the day with most of them is written."""
MOST_WRITTEN = 10_000
"""Rows of a segment."""

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
    done, left, in_hand = 0, 0, 0
    held: dict[date, list[Row]] = defaultdict(list)
    for item in filter(is_wanted, _items(client, table)):
        try:
            row = row_of(item, key)
        except (KeyError, ValueError):
            left += 1
            continue
        if row is None:
            continue
        done, in_hand = done + 1, in_hand + 1
        day = datetime.fromisoformat(row["f"]).date()
        held[day].append(row)
        if in_hand == MOST_HELD:
            day = max(held, key=lambda each: len(held[each]))
        if in_hand == MOST_HELD or len(held[day]) == MOST_WRITTEN:
            in_hand -= len(held[day])
            segments.put(first_of(day), held.pop(day))
    for day, rows in held.items():
        segments.put(first_of(day), rows)
    return Refilled(done, left)


def _items(client: Any, table: str) -> Iterator[Item]:
    pages = client.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="expires_at > :now",
        ExpressionAttributeValues={":now": {"N": str(int(datetime.now(UTC).timestamp()))}},
    )
    for page in pages:
        yield from page["Items"]
