"""The event that says what changed of a message, and the stream record it is made of."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from dlr.messages.item import is_redacted, state_of, version_of
from dlr.messages.verdict import Verdict, is_withdrawn, overrules_another, verdict_in
from dlr.report import DeliveryReport, Status

SOURCE = "dlr"
DETAIL_TYPE = "Delivery Report"
VERSION = "1"

Record = Mapping[str, Any]
"""A record of the table's stream: `eventName`, and under `dynamodb` the old and the new image."""


class ReportEvent(DeliveryReport):
    """The detail of the event: the report that is the message's state, and what follows from all.

    `late`: a report came that changes the verdict or the recipient, and not the state. `reports`
    grows with every report of the message, so the event with the greatest is the newest. `listed`:
    the message was delivered, and the suppression list has an entry of its recipient or could not
    be asked.
    """

    version: str = VERSION
    previous_status: Status | None = None
    late: bool = False
    listed: bool = False
    reports: int = Field(ge=0)
    verdict: Verdict


def event_of(record: Record) -> ReportEvent | None:
    """The event of a stream record; None where state, verdict and recipient stay as they were.

    A removal by TTL is no event. Raises KeyError or ValueError for an item of another shape.
    """
    images = record["dynamodb"]
    new, old = images.get("NewImage"), images.get("OldImage")
    if new is None or (old is not None and "v" in new and new["v"] == old.get("v")):
        return None  # deleted or redacted
    if is_redacted(new) and "seen" in new and "history" not in new:
        return None  # what is left of a message, copied out of a restored table
    state, verdict = state_of(new), verdict_in(new)
    if old is None or not _is_same_message(old, new):
        return ReportEvent(
            **dict(state),
            reports=version_of(new),
            verdict=_withdrawing(verdict, overrules_another(verdict, new)),
        )
    before, verdict_before = state_of(old), verdict_in(old)
    late = old["state"] == new["state"]
    if late and verdict == verdict_before and state.recipient == before.recipient:
        return None
    return ReportEvent(
        **dict(state),
        previous_status=before.status,
        late=late,
        reports=version_of(new),
        verdict=_withdrawing(verdict, is_withdrawn(verdict_before, verdict)),
    )


def _withdrawing(verdict: Verdict, withdraws: bool) -> Verdict:
    return verdict.model_copy(update={"withdraws": withdraws})


def _is_same_message(old: Record, new: Record) -> bool:
    """Not where the old image was redacted, or had expired and was replaced."""
    if is_redacted(old):
        return False
    if "v" in old:
        return version_of(new) == version_of(old) + 1
    return set(old["seen"]["SS"]) <= set(new["seen"]["SS"])  # of a stack without the counter
