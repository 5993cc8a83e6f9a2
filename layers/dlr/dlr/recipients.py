"""ReportsTable asked by recipient: what is kept of a person, and when something last arrived."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from dlr.batch import read_all
from dlr.item import expires_at_of, state_of
from dlr.report import Status

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
        keys = list(self._keys(hashes))
        found = read_all(self._client, self._table, keys)
        return [item for item in found if expires_at_of(item) > now.timestamp()]

    def last_delivery(self, hashes: Sequence[str]) -> datetime | None:
        """When a message last arrived. Messages that have expired still tell; they harm nobody."""
        keys = [key for _, key in zip(range(MAX_MESSAGES), self._keys(hashes), strict=False)]
        reports = map(state_of, read_all(self._client, self._table, keys))
        arrived = (r for r in reports if r.status in {Status.DELIVERED, Status.READ})
        return max((r.occurred_at or r.received_at for r in arrived), default=None)

    def delete(self, hashes: Sequence[str]) -> int:
        """Deletes every message of the recipient, expired or not; how many there were."""
        keys = list(self._keys(hashes))
        for key in keys:
            self._client.delete_item(TableName=self._table, Key=key)
        return len(keys)

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
