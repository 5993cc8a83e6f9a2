"""BatchGetItem over any number of keys."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

MAX_KEYS = 100
"""The most that one BatchGetItem takes."""
MAX_WAIT_S = 1.6


def read_all(client: Any, table: str, keys: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """The items that exist, in no order. Keys that DynamoDB leaves unprocessed are read again."""
    wanted, wait_s = list(keys), 0.05
    while wanted:
        answer = client.batch_get_item(
            RequestItems={table: {"Keys": wanted[:MAX_KEYS], "ConsistentRead": True}}
        )
        yield from answer["Responses"].get(table, ())
        left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
        wanted = [*left, *wanted[MAX_KEYS:]]
        if left:
            time.sleep(wait_s)
            wait_s = min(2 * wait_s, MAX_WAIT_S)
