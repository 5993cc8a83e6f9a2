"""The mass-bounce guard: a provider's outage must not erase an address book.

A number that a provider's reports put on the list takes one place of its provider's hour, in the
same transaction. When the places are gone, what the provider says is held until an operator
releases or drops it. Opt-outs take none: a person's word counts at once.
"""

from datetime import datetime, timedelta
from typing import Any

GUARD_PREFIX = "guard#"
"""Begins the keys of the counters, which stand in SuppressionsTable beside the entries."""


def place_of(table: str, provider: str, limit: int, now: datetime) -> dict[str, Any]:
    """The part of a transaction that takes a place, refused when `limit` (1 or more) are taken."""
    return {
        "TableName": table,
        "Key": {"recipient_hash": {"S": f"{GUARD_PREFIX}{provider}#{now:%Y-%m-%dT%H}"}},
        "UpdateExpression": "ADD taken :one SET expires_at = :expires_at",
        "ConditionExpression": "attribute_not_exists(taken) OR taken < :limit",
        "ExpressionAttributeValues": {
            ":one": {"N": "1"},
            ":limit": {"N": str(limit)},
            ":expires_at": {"N": str(int((now + timedelta(days=1)).timestamp()))},
        },
    }
