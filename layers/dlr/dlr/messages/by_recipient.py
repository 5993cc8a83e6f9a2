"""ReportsTable by recipient: a person's messages, and when one was last delivered."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from dlr.messages.item import expires_at_of, is_redacted, key_of, state_of
from dlr.report import Status
from dlr.runtime.batch import read_all

BY_RECIPIENT = "by_recipient"
MAX_MESSAGES = 500
"""Messages of one recipient looked at for a delivery; nobody gets more within the retention."""

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

    def last_delivery(self, hashes: Sequence[str]) -> datetime | None:
        """When a message was last delivered, also a message that has expired since."""
        reports = map(state_of, self._read(islice(self._keys(hashes), MAX_MESSAGES)))
        arrived = (r for r in reports if r.status in {Status.DELIVERED, Status.READ})
        return max((r.happened_at for r in arrived), default=None)

    def delete(self, hashes: Sequence[str], until: datetime) -> int:
        """Deletes the messages whose state was received up to `until`; returns how many.

        Also expired ones, and one whose state changes meanwhile.
        """
        keys = [
            key_of(report.provider, report.message_id)
            for report in map(state_of, self._read(self._keys(hashes)))
            if report.received_at <= until
        ]
        for key in keys:
            self._client.delete_item(TableName=self._table, Key=key)
        return len(keys)

    def _read(self, keys: Iterable[Any]) -> Iterator[Item]:
        found = read_all(self._client, self._table, list(keys))
        return (item for item in found if not is_redacted(item))

    def _keys(self, hashes: Sequence[str]) -> Iterator[Any]:
        query = self._client.get_paginator("query")
        for recipient_hash in hashes:
            pages = query.paginate(
                TableName=self._table,
                IndexName=BY_RECIPIENT,
                KeyConditionExpression="recipient_hash = :hash",
                ExpressionAttributeValues={":hash": {"S": recipient_hash}},
            )
            for page in pages:
                yield from ({"pk": item["pk"]} for item in page["Items"])
