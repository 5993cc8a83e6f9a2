"""Quarantined requests through the mapper of today."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel

from dlr.ingest.normalize import Normalizer
from dlr.ingest.quarantine import Quarantine
from dlr.messages.store import Outcome, ReportStore
from dlr.wire.decode import UnreadableError


class Replayed(BaseModel):
    """What became of a request: its reports by outcome, or why it still cannot be read."""

    new: int = 0
    stale: int = 0
    duplicate: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """Reads a quarantined request again, as received when it was; read whole, it leaves."""

    quarantine: Quarantine
    store: ReportStore
    normalizer_of: Callable[[str], Normalizer]

    def __call__(self, quarantine_id: str, now: datetime) -> Replayed | None:
        """None where there is no such request."""
        found = self.quarantine.request(quarantine_id, now)
        if found is None:
            return None
        provider, received_at, request = found
        try:
            normalized = self.normalizer_of(provider)(request, received_at)
        except UnreadableError as error:
            return Replayed(error=str(error))
        outcomes = Counter(self.store.put(report) for report in normalized.reports)
        if normalized.errors:
            return Replayed(error=normalized.errors[0], **_named(outcomes))
        self.quarantine.delete(quarantine_id)
        return Replayed(**_named(outcomes))


def _named(outcomes: Counter[Outcome]) -> dict[str, int]:
    return {outcome.value: count for outcome, count in outcomes.items()}
