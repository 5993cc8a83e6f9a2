"""Reads quarantined requests again with the deployed code."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel

from dlr.ingest.normalize import Normalizer
from dlr.ingest.quarantine import Quarantine
from dlr.ingest.unread import unread_of
from dlr.messages.store import Outcome, ReportStore
from dlr.wire.decode import UnreadableError


class Replayed(BaseModel):
    """The result of a replay: reports by outcome, or why the request still cannot be read."""

    new: int = 0
    stale: int = 0
    duplicate: int = 0
    apart: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """Reads a request again with its first time of receipt; deletes it once all of it is read.

    If items of a batch still cannot be read, these are kept, each under an id of its own.
    """

    quarantine: Quarantine
    store: ReportStore
    normalizer_of: Callable[[str], Normalizer]

    def __call__(self, quarantine_id: str, now: datetime) -> Replayed | None:
        """None where there is no such request."""
        kept = self.quarantine.request(quarantine_id, now)
        if kept is None:
            self.quarantine.delete(quarantine_id)  # what a call that broke off left of it
            return None
        normalizer = self.normalizer_of(kept.provider)
        try:
            normalized = normalizer(kept.request, kept.received_at)
        except UnreadableError as error:
            return Replayed(error=str(error))
        shares_id = normalizer.provider.shares_ids
        outcomes = Counter(
            self.store.put(report, shares_id=shares_id) for report in normalized.reports
        )
        if normalized.errors:
            unread = unread_of(
                kept.request, normalized.reason, normalized.errors, normalizer.provider.batch
            )
            self.quarantine.narrow(quarantine_id, kept, unread)
            return Replayed(error=normalized.reason, **_named(outcomes))
        self.quarantine.delete(quarantine_id)
        return Replayed(**_named(outcomes))


def _named(outcomes: Counter[Outcome]) -> dict[str, int]:
    return {outcome.value: count for outcome, count in outcomes.items()}
