"""From a published report to the suppression list."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce

from dlr.causes import Action
from dlr.messages.event import ReportEvent
from dlr.messages.verdict import Arrival
from dlr.phone import RecipientHasher
from dlr.suppression.entry import Suppression
from dlr.suppression.rules import delivered, judged, key_of, verdict_of
from dlr.suppression.table import Changed, Claim, SuppressionList

Deliveries = Mapping[str, Sequence[Arrival]]
"""By provider."""
FindDeliveries = Callable[[Sequence[str]], Deliveries]
"""What was delivered to the recipient with these hashes."""
LookAgain = Callable[[Sequence[str]], None]
"""Asks for a second look at these hashes, after a minute."""


@dataclass(frozen=True, slots=True)
class Suppressor:
    """Adds to the list what reports say. Idempotent, the same in any order.

    A delivery and a failure of two messages may be published at the same time: then publish finds
    no entry, and the index of the reports may not have the delivery yet. So a new failure asks
    for a second look a minute later. It also finds what an operator settled while the failure was
    written.
    """

    suppressions: SuppressionList
    hasher: RecipientHasher
    find_deliveries: FindDeliveries
    look_again: LookAgain
    limit_per_hour: int
    keep_number: timedelta

    def __call__(self, event: ReportEvent, now: datetime) -> Changed | None:
        """How the recipient stood and stands; None where the event is nothing to the list.

        Raises ConflictError or botocore's errors: the caller must deliver the event again.
        """
        verdict = event.verdict
        is_failure = verdict.action in {Action.SUPPRESS_NUMBER, Action.STRIKE}
        says = verdict.action is not Action.KEEP or verdict.withdraws
        if event.recipient is None or not (says or event.listed):
            return None
        hashes = self.hasher.every_hash(event.recipient)
        deliveries: Deliveries = {event.provider: [verdict.arrival]} if verdict.arrival else {}
        if is_failure:
            deliveries = self.find_deliveries(hashes)
            self.look_again(hashes)
        key, made = key_of(event), verdict_of(event, self.keep_number)

        def mutate(entry: Suppression) -> Suppression:
            is_judged = says or key in entry.messages
            return with_deliveries(judged(entry, key, made) if is_judged else entry, deliveries)

        claim = Claim(key, event.provider, verdict.received_at, self.limit_per_hour)
        providers = {event.provider, *deliveries}
        return self.suppressions.change(
            hashes, mutate, now, claim if is_failure else None, providers
        )

    def look(self, hashes: Sequence[str], now: datetime) -> Changed:
        """The second look. Raises as the call does."""
        deliveries = self.find_deliveries(hashes)
        entry = self.suppressions.find(hashes, now).entry
        providers = {*deliveries, *entry.providers}
        return self.suppressions.change(
            hashes, lambda old: with_deliveries(old, deliveries), now, providers=providers
        )


def with_deliveries(entry: Suppression, deliveries: Deliveries) -> Suppression:
    """The entry with these deliveries; none where nothing else is known of the recipient."""
    if not (entry.version or entry.messages):
        return entry
    return reduce(lambda old, each: delivered(old, *each), deliveries.items(), entry)
