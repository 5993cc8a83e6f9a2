"""What all reports of one message together say about its recipient.

A maximum over the reports: the order in which they come, and what is known already, change nothing.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from dlr.causes import Action, Cause
from dlr.messages.item import arrived_at_of, history_of, state_of
from dlr.messages.order import rank_of
from dlr.report import DeliveryReport, Status

ARRIVED = frozenset({Status.DELIVERED, Status.READ})
OPT_OUT, ARRIVAL, DEAD, STRIKE, REASON, STRIKE_WITHOUT_REASON, NOTHING = range(6, -1, -1)
"""What a report says about the recipient; of two reports of a message the greater one counts.

An opt-out stays, whatever else is reported. A message that arrived withdraws what its failures
said. A failure with a reason overrules a strike for which none was given.
"""
_NO_REASON = {Cause.NONE, Cause.UNKNOWN, Cause.UNSPECIFIED, Cause.CANCELLED}


class Arrival(BaseModel):
    """That a message reached its recipient, or was read."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    """When it happened: `happened_at` of the report."""
    received_at: datetime
    """When the report of it came. After a redaction `at` stands for it."""


class Verdict(BaseModel):
    """What a message does to its recipient, and because of which report."""

    model_config = ConfigDict(frozen=True)

    action: Action
    cause: Cause = Cause.NONE
    provider_code: str | None = None
    event_id: str
    at: datetime
    """When it happened, UTC: `happened_at` of the report."""
    received_at: datetime
    weight: str
    """Sorts the verdicts of a message: the greatest counts, in whatever order they come."""
    delivered_at: datetime | None = None
    """When the message arrived, or was read; the latest time that a report says."""
    delivery_received_at: datetime | None = None
    """When the report came that says so."""
    withdraws: bool = False
    """Whether an earlier verdict of this message did something that this one does not."""

    @property
    def arrival(self) -> Arrival | None:
        """The latest arrival of the message."""
        if self.delivered_at is None:
            return None
        received_at = self.delivery_received_at or self.delivered_at
        return Arrival(at=self.delivered_at, received_at=received_at)


def verdict_of(reports: Iterable[DeliveryReport], delivered_at: datetime | None = None) -> Verdict:
    """The verdict of a message with these reports, at least one.

    `delivered_at` is what is known of its arrival beside them.
    """
    every = list(reports)
    best = max(every, key=weight_of)
    arrival = _latest(_arrivals_of(every, delivered_at))
    is_withdrawn = arrival is not None and best.action is not Action.SUPPRESS_OPT_OUT
    return Verdict(
        action=Action.KEEP if is_withdrawn else best.action,
        cause=best.cause,
        provider_code=best.provider_code,
        event_id=best.event_id,
        at=best.happened_at,
        received_at=best.received_at,
        weight=f"{max(ARRIVAL, _says(best))}{rank_of(best)}" if is_withdrawn else weight_of(best),
        delivered_at=arrival and arrival.at,
        delivery_received_at=arrival and arrival.received_at,
    )


def verdict_in(item: Mapping[str, Any]) -> Verdict:
    """The verdict of the message in an item of ReportsTable."""
    return verdict_of(_reports_in(item), arrived_at_of(item))


def arrivals_in(item: Mapping[str, Any]) -> list[Arrival]:
    """Every arrival that is known of the message in an item of ReportsTable."""
    return _arrivals_of(_reports_in(item), arrived_at_of(item))


def weight_of(report: DeliveryReport) -> str:
    """Sorts the reports of a message by what they say, then by their rank."""
    return f"{_says(report)}{rank_of(report)}"


def is_withdrawn(before: Verdict, after: Verdict) -> bool:
    """Whether `after` takes back what `before` did to the recipient."""
    return before.action is not Action.KEEP and after.action is not before.action


def overrules_another(verdict: Verdict, item: Mapping[str, Any]) -> bool:
    """Whether a report in the item does something that its verdict does not.

    Where nobody knows what was published before, that may have been: the list has to hear of it.
    """
    return any(each.action not in {Action.KEEP, verdict.action} for each in history_of(item))


def _reports_in(item: Mapping[str, Any]) -> list[DeliveryReport]:
    return [state_of(item), *history_of(item)]


def _arrivals_of(reports: Iterable[DeliveryReport], delivered_at: datetime | None) -> list[Arrival]:
    found = [
        Arrival(at=each.happened_at, received_at=each.received_at)
        for each in reports
        if each.status in ARRIVED
    ]
    if delivered_at is not None:
        found.append(Arrival(at=delivered_at, received_at=delivered_at))
    return found


def _latest(arrivals: Iterable[Arrival]) -> Arrival | None:
    """Of one time the one whose report came first, so that a second report changes nothing."""
    by_receipt = sorted(arrivals, key=lambda each: each.received_at)
    return max(by_receipt, key=lambda each: each.at, default=None)


def _says(report: DeliveryReport) -> int:
    if report.action is Action.SUPPRESS_OPT_OUT:
        return OPT_OUT
    if report.status in ARRIVED:
        return ARRIVAL
    if report.action is Action.SUPPRESS_NUMBER:
        return DEAD
    has_reason = report.cause not in _NO_REASON
    if report.action is Action.STRIKE:
        return STRIKE if has_reason else STRIKE_WITHOUT_REASON
    return REASON if has_reason else NOTHING
