"""The mass-bounce guard: a provider's outage must not erase an address book.

Each new entry of the number list takes one place of its provider's hour. When the places are
gone, further entries are held until an operator releases or discards them. Opt-outs take none:
a person's word counts at once.
"""

from datetime import datetime, timedelta
from typing import Any

PREFIX = "guard#"
"""Begins the keys of the counters, which stand in SuppressionsTable beside the entries."""


class Guard:
    """Counts new suppressions per provider and hour. `client` is a boto3 DynamoDB client."""

    def __init__(self, client: Any, table: str, limit_per_hour: int) -> None:
        self._client = client
        self._table = table
        self._limit = limit_per_hour

    def allows(self, provider: str, now: datetime) -> bool:
        """Takes a place. A retry after a crash may take a second one: careful, never lax."""
        answer = self._client.update_item(
            TableName=self._table,
            Key={"recipient_hash": {"S": f"{PREFIX}{provider}#{now:%Y-%m-%dT%H}"}},
            UpdateExpression="ADD taken :one SET expires_at = :expires_at",
            ExpressionAttributeValues={
                ":one": {"N": "1"},
                ":expires_at": {"N": str(int((now + timedelta(days=1)).timestamp()))},
            },
            ReturnValues="UPDATED_NEW",
        )
        return int(answer["Attributes"]["taken"]["N"]) <= self._limit
