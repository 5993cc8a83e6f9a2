"""The numbers of messages, from ReportsTable at the time of the export.

The lake holds none. Who was erased has none in the table either, so nobody erased is in an export.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, NamedTuple

from dlr.exports.staged import rows_of
from dlr.lake.names import Names
from dlr.messages.item import expires_at_of, is_redacted
from dlr.runtime.batch import MAX_KEYS, chunks, read_all

WORKERS = 8
TRIES = 30
"""Answers of DynamoDB that left keys, before a part gives up and is tried again."""

Item = Mapping[str, Any]


class Named(NamedTuple):
    """A message of the lake by its name there and its name in the table."""

    mk: str
    f: datetime
    provider: str
    message_id: str
    apart: str | None = None
    """What leads to the item where other recipients' messages have the same id."""


class MessageItems:
    """Reads the items of messages. `client` is a boto3 DynamoDB client."""

    def __init__(self, client: Any, table: str, names: Names) -> None:
        self._client = client
        self._table = table
        self._names = names

    def read(self, messages: Iterable[Named], now: datetime) -> Iterator[tuple[Named, Item]]:
        """Each message that is still there and not redacted, with its item, in no order.

        An id may be another message's by now: only an item that names itself as the lake did
        counts.
        """
        with ThreadPoolExecutor(WORKERS) as pool:
            for some in chunks(messages, WORKERS * MAX_KEYS):
                parts = chunks(some, MAX_KEYS)
                for found in pool.map(lambda each: self._read(each, now), parts):
                    yield from found

    def _read(self, messages: Sequence[Named], now: datetime) -> list[tuple[Named, Item]]:
        wanted = {(each.mk, each.f): each for each in messages}
        place = self._names.place
        places = (place(m.provider, m.message_id, m.mk, m.apart) for m in messages)
        keys = {each["pk"]["S"] for each in places}
        found: list[tuple[Named, Item]] = []
        items = read_all(
            self._client, self._table, [{"pk": {"S": key}} for key in sorted(keys)], tries=TRIES
        )
        for item in items:
            if is_redacted(item) or expires_at_of(item) <= now.timestamp():
                continue
            named = self._names.name(item)
            if named in wanted:
                found.append((wanted[named], item))
        return found


def utc(time: datetime) -> datetime:
    """A time of DuckDB's, which has no zone."""
    return time.replace(tzinfo=UTC)


def named_in(db: Any) -> Iterator[Named]:
    """The messages in the view `wanted` that have an id."""
    select = "SELECT mk, f, provider, message_id, apart FROM wanted WHERE message_id IS NOT NULL"
    for mk, f, provider, message_id, apart in rows_of(db, select):
        yield Named(mk, utc(f), provider, message_id, apart)


NUMBERS = {"mk": "VARCHAR", "f": "TIMESTAMP", "number": "VARCHAR"}
"""The columns of the table of numbers; `mk` and `f` together name a message."""


def rows_with_numbers(found: Iterable[tuple[Named, Item]]) -> Iterator[Mapping[str, object]]:
    """A row for each message of which the providers named the recipient."""
    for message, item in found:
        if "recipient" in item:
            yield {"mk": message.mk, "f": message.f, "number": item["recipient"]["S"]}
