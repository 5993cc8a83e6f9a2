"""ReportsTable by recipient: a person's messages, and when they were delivered."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from dlr.messages.item import expires_at_of, is_redacted, state_of
from dlr.messages.redact import redact
from dlr.messages.verdict import Arrival, arrivals_in
from dlr.runtime.batch import find_all, read_all

BY_RECIPIENT = "by_recipient"
WORKERS = 8
"""Messages erased side by side: a person with thousands must not outlast the call."""
KEEP_ERASED = timedelta(days=365)
"""Providers that sign no time can be replayed for ever; within a year such a copy is known."""

Item = Mapping[str, Any]


class RecipientReports:
    """The messages of a recipient, found by its hashes. `client` is a boto3 DynamoDB client."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def items(self, hashes: Sequence[str], now: datetime) -> list[Item]:
        """Every message that has not expired."""
        found = self._read(self._keys(hashes))
        return [item for item in found if expires_at_of(item) > now.timestamp()]

    def deliveries(self, hashes: Sequence[str]) -> dict[str, list[Arrival]]:
        """When messages were delivered, by provider; also messages that have expired since."""
        found: dict[str, list[Arrival]] = {}
        for item in self._read(self._keys(hashes)):
            if arrivals := arrivals_in(item):
                found.setdefault(state_of(item).provider, []).extend(arrivals)
        return found

    def erase(self, hashes: Sequence[str], now: datetime, until: datetime | None = None) -> int:
        """Erases the messages, also expired ones and those that change meanwhile; how many.

        `until` leaves those whose state was received later. Id and fingerprints of the others stay
        for `KEEP_ERASED`, so that a copy which somebody sends again brings nobody back.
        """
        items = list(self._read(self._keys(hashes)))
        with ThreadPoolExecutor(WORKERS) as pool:
            return sum(pool.map(lambda item: self._erase(item, now, until), items))

    def _erase(self, item: Item, now: datetime, until: datetime | None) -> bool:
        expires_at = int((now + KEEP_ERASED).timestamp())
        while until is None or state_of(item).received_at <= until:
            if redact(self._client, self._table, item, expires_at):
                return True
            found = list(self._read([{"pk": item["pk"]}]))  # a report was stored meanwhile
            if not found:
                return True
            item = found[0]
        return False

    def _read(self, keys: Iterable[Any]) -> Iterator[Item]:
        found = read_all(self._client, self._table, list(keys))
        return (item for item in found if not is_redacted(item))

    def _keys(self, hashes: Sequence[str]) -> Iterator[Any]:
        for each in hashes:
            found = find_all(self._client, self._table, BY_RECIPIENT, "recipient_hash", each)
            yield from ({"pk": item["pk"]} for item in found)
