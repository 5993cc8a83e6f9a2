"""What searches and exports show of a message, and the column of the lake that has it."""

from collections.abc import Mapping

SHOWN: Mapping[str, str] = {
    "first_seen": "f",
    "provider": "provider",
    "message_id": "message_id",
    "status": "status",
    "final": "finished",
    "cause": "cause",
    "bounce": "bounce",
    "action": "action",
    "permanent": "permanent",
    "code": "code",
    "country": "country",
    "network": "network",
    "sender": "sender",
    "segments": "segments",
    "price": "price",
    "currency": "currency",
    "occurred_at": '"at"',
    "sent_at": "sent_at",
    "latency_ms": "latency_ms",
    "latency_from": "latency_from",
}
"""In this order, by the names of `GET /messages`."""
HIDDEN = ("code", "message_id")
"""Columns that nobody sees of a message that has expired."""
