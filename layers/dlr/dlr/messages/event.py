"""The event that says a message's state changed, and the stream record it is made of."""

from collections.abc import Mapping
from typing import Any

from dlr.messages.item import is_redacted, state_of
from dlr.report import DeliveryReport, Status

SOURCE = "dlr"
DETAIL_TYPE = "Delivery Report"
VERSION = "1"

Record = Mapping[str, Any]
"""A record of the table's stream: `eventName`, and under `dynamodb` the old and the new image."""


class ReportEvent(DeliveryReport):
    """The detail of the event: the report, and the message's status before it."""

    version: str = VERSION
    previous_status: Status | None = None


def event_of(record: Record) -> ReportEvent | None:
    """The event of a stream record; None where the message's state did not change.

    A late report changes the history only; a removal by TTL is no event. Raises KeyError or
    ValueError for an item of another shape.
    """
    images = record["dynamodb"]
    new, old = images.get("NewImage"), images.get("OldImage")
    if new is None or (old is not None and old["rank"] == new["rank"]):
        return None
    previous = None if old is None or is_redacted(old) else state_of(old).status
    return ReportEvent(**dict(state_of(new)), previous_status=previous)
