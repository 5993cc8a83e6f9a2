"""From a published report to the suppression list: policy, strikes and the mass-bounce guard."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from dlr.causes import Action
from dlr.phone import RecipientHasher
from dlr.report import DeliveryReport
from dlr.suppression.entry import ListName, Strike, Suppression, empty
from dlr.suppression.guard import Guard
from dlr.suppression.rules import add_strike, held, put_on_list, reason_of, replacing, seen
from dlr.suppression.table import SuppressionList

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

        Raises ConflictError or botocore's errors: the caller must deliver the report again.
        """
        if report.action is Action.KEEP or report.recipient is None:
            return None
        hashes = self.hasher.every_hash(report.recipient)
        is_strike = report.action is Action.STRIKE
        delivered_at = self.last_delivery(hashes) if is_strike else None
        may_suppress = cache(  # a place is taken once, however often the change is tried
            lambda: self.guard.allows(report.provider, now)
        )

        def mutate(old: Suppression | None) -> Suppression | None:
            entry = self._entry(old, hashes[0], report)
            if entry.knows(report.event_id):
                return old
            changed = self._apply(entry, report, delivered_at)
            if changed is entry:
                return old
            if changed.number is not entry.number and not _is_proven(entry):
                changed = held(changed, self._held_by(entry, report.provider, may_suppress))
            at, keep_until = report.happened_at, report.received_at + self.keep_number
            known = seen(changed, first=at, last=at, keep_until=keep_until)
            return known.audited(at, report.provider, report.action, report.event_id)

        return self.suppressions.change(hashes, mutate)

    def _entry(
        self, old: Suppression | None, recipient_hash: str, report: DeliveryReport
    ) -> Suppression:
        """The stored entry; an empty one where there is none or it has expired."""
        if old is not None and not old.is_expired(report.received_at):
            return old
        fresh = empty(recipient_hash, report.happened_at, report.received_at + self.keep_number)
        return fresh if old is None else replacing(fresh, old)

    def _apply(
        self, entry: Suppression, report: DeliveryReport, delivered_at: datetime | None
    ) -> Suppression:
        """The entry with the report's reason or strike; the same object where nothing changes."""
        reason = reason_of(report, report.received_at + self.keep_number)
        if report.action is Action.SUPPRESS_OPT_OUT:
            return put_on_list(entry, ListName.OPT_OUT, reason)
        if report.action is Action.SUPPRESS_NUMBER:
            return put_on_list(entry, ListName.NUMBER, reason)
        struck = add_strike(entry, Strike(at=reason.at, event_id=report.event_id), delivered_at)
        if len(struck.strikes) < self.strike_limit:
            return struck
        return put_on_list(struck, ListName.NUMBER, reason)

    def _held_by(
        self, entry: Suppression, provider: str, may_suppress: Callable[[], bool]
    ) -> str | None:
        """The provider whose report the guard holds; None where the number counts as dead.

        A second report of the same provider stays held; another provider's report is counted.
        """
        if entry.held_by == provider:
            return provider
        return None if may_suppress() else entry.held_by or provider


def _is_proven(entry: Suppression) -> bool:
    """Whether the recipient is on the list of dead numbers and not held."""
    return entry.number is not None and entry.held_by is None
