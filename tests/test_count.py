"""How many items an index has, counted up to a limit."""

from collections.abc import Iterator
from typing import Any

import pytest

from dlr.runtime.batch import count_all

PAGE = 7000


class Pages:
    """Stands in for DynamoDB's client: answers these pages, and counts those that are read."""

    def __init__(self, pages: int) -> None:
        self.pages, self.read = pages, 0

    def get_paginator(self, name: str) -> "Pages":
        assert name == "query"
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        assert asked["Select"] == "COUNT"
        for place in range(1, self.pages + 1):
            self.read += 1
            yield {"Count": PAGE, **({"LastEvaluatedKey": {}} if place < self.pages else {})}


@pytest.mark.parametrize(
    ("pages", "most", "found", "read"),
    [
        (1, 2, (PAGE, False), 1),
        (2, 2, (2 * PAGE, False), 2),
        (3, 2, (2 * PAGE, True), 2),
        (900, 2, (2 * PAGE, True), 2),
        (3, None, (3 * PAGE, False), 3),
    ],
)
def test_it_reads_no_more_than_the_limit_and_says_if_there_is_more(
    pages: int, most: int | None, found: tuple[int, bool], read: int
) -> None:
    client = Pages(pages)
    assert count_all(client, "table", "by_held", "held_by", "smsmode", most) == found
    assert client.read == read
