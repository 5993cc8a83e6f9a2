"""Delivery reports made for tests."""

from datetime import datetime, timedelta
from typing import Any

from dlr.causes import BOUNCE, Cause, Policy, action_for
from dlr.phone import PhoneNumber, RecipientHasher
from dlr.report import FAILED, FINAL, DeliveryReport, Status, event_id_of
from tests.support.cases import NOW

HASHER = RecipientHasher(lambda: ["a key for tests"])
NUMBER = PhoneNumber("+447700900123")


def make_report(
    status: Status = Status.DELIVERED,
    at: float | None = 0,
    cause: Cause | None = None,
    **fields: Any,
) -> DeliveryReport:
    """A report of message `m1` of provider `acme`, `at` seconds after `NOW`, None for untimed."""
    failed = status in FAILED
    cause = cause or (Cause.UNSPECIFIED if failed else Cause.NONE)
    permanent = fields.get("permanent")
    occurred_at: datetime | None = None if at is None else NOW + timedelta(seconds=at)
    content: dict[str, Any] = {
        "provider": "acme",
        "message_id": "m1",
        "recipient": NUMBER,
        "recipient_hash": HASHER.hash(NUMBER),
        "status": status,
        "final": status in FINAL,
        "cause": cause,
        "bounce": BOUNCE[cause],
        "action": action_for(cause, permanent, Policy.CAUSE),
        "provider_status": status.upper(),
        "occurred_at": occurred_at,
        "received_at": NOW if at is None else max(NOW, NOW + timedelta(seconds=at)),
        **fields,
    }
    identity = ("provider", "message_id", "provider_status", "provider_code", "occurred_at")
    event_id = event_id_of(*(content.get(name) for name in identity))
    return DeliveryReport(event_id=event_id, **content)
