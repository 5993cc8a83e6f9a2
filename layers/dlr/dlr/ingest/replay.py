"""Reads quarantined requests again with the deployed code."""

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
    """The result of a replay: reports by outcome, or why the request still cannot be read."""

    new: int = 0
    stale: int = 0
    duplicate: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """Reads a request again with its first time of receipt; deletes it once all of it is read."""

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
