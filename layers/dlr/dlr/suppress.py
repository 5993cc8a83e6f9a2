"""From a published report to the suppression list: policy, strikes and the mass-bounce guard."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from dlr.causes import Action
from dlr.guard import Guard
from dlr.recipient import RecipientHasher
from dlr.report import DeliveryReport
from dlr.suppression import ListName, Strike, Suppression, blank
from dlr.suppression_list import SuppressionList
from dlr.suppression_rules import put_on_list, reason_of, with_strike

LastDelivery = Callable[[Sequence[str]], datetime | None]
"""When something was last delivered to the recipient with these hashes."""


@dataclass(frozen=True, slots=True)
class Suppressor:
    """Puts on the list what reports say. Idempotent by event, the same in any order."""

    suppressions: SuppressionList
    hasher: RecipientHasher
    guard: Guard
    last_delivery: LastDelivery
    strike_limit: int
    keep_number: timedelta

    def __call__(self, report: DeliveryReport, now: datetime) -> Suppression | None:
        """The recipient's entry; None where the report suppresses nobody.

        Raises ConflictError or botocore's errors: the same report has to come again.
        """
        if report.action is Action.KEEP or report.recipient is None:
            return None
        hashes = self.hasher.every_hash(report.recipient)
        is_strike = report.action is Action.STRIKE
        delivered_at = self.last_delivery(hashes) if is_strike else None
        may_suppress = cache(  # a place is taken once, however often the change is tried
            lambda: self.guard.allows(report.provider, now)
        )

        def make(old: Suppression | None) -> Suppression | None:
            entry = self._entry(old, hashes[0], report)
            known = entry.knows(report.event_id)
            changes = {} if known else self._changes(entry, report, delivered_at)
            if not changes:
                return old
            if "number" in changes and (entry.number is None or entry.held_by is not None):
                changes["held_by"] = self._held_by(entry, report.provider, may_suppress)
            return self._changed(entry, report, changes)

        return self.suppressions.change(hashes, make)

    def _held_by(
        self, entry: Suppression, provider: str, may_suppress: Callable[[], bool]
    ) -> str | None:
        """Who is held responsible. What one provider says twice stays held; another's word counts.

        Asked of a recipient that is not on the list of dead numbers, or held on it.
        """
        if entry.held_by == provider:
            return provider
        return None if may_suppress() else entry.held_by or provider

    def _entry(
        self, old: Suppression | None, recipient_hash: str, report: DeliveryReport
    ) -> Suppression:
        """What there is; afresh where it has expired."""
        if old is not None and not old.is_expired(report.received_at):
            return old
        fresh = blank(recipient_hash, report.happened_at, report.received_at + self.keep_number)
        return fresh if old is None else fresh.model_copy(update={"version": old.version})

    def _changes(
        self, entry: Suppression, report: DeliveryReport, delivered_at: datetime | None
    ) -> dict[str, object]:
        reason = reason_of(report, report.received_at + self.keep_number)
        if report.action is Action.SUPPRESS_OPT_OUT:
            return put_on_list(entry, ListName.OPT_OUT, reason)
        if report.action is Action.SUPPRESS_NUMBER:
            return put_on_list(entry, ListName.NUMBER, reason)
        strike = Strike(at=reason.at, event_id=report.event_id)
        strikes = with_strike(entry, strike, delivered_at)
        changes: dict[str, object] = {} if strikes == entry.strikes else {"strikes": strikes}
        if len(strikes) >= self.strike_limit:
            changes |= put_on_list(entry, ListName.NUMBER, reason)
        return changes

    def _changed(
        self, entry: Suppression, report: DeliveryReport, changes: dict[str, object]
    ) -> Suppression:
        at = report.happened_at
        return entry.changed(
            at,
            report.provider,
            report.action,
            event_id=report.event_id,
            first_seen=min(entry.first_seen, at),
            last_seen=max(entry.last_seen, at),
            keep_until=max(entry.keep_until, report.received_at + self.keep_number),
            **changes,
        )
