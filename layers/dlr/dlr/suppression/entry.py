"""An entry of the suppression list: what is known about one recipient.

An entry holds facts only. `rules.py` joins facts, `standing.py` says what follows from them at a
time, `table.py` keeps them.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, computed_field

from dlr.causes import Action, Cause
from dlr.messages.verdict import Arrival


class ListName(StrEnum):
    """Two lists: numbers that cannot receive, and people who said stop."""

    NUMBER = "number"
    OPT_OUT = "opt_out"


class Frozen(BaseModel):
    """A value."""

    model_config = ConfigDict(frozen=True)


class MessageVerdict(Frozen):
    """What one message said about the recipient. An erasure leaves what the list needs of it."""

    weight: str
    """The greatest that a message ever had counts."""
    version: int
    """The greatest of the events' `reports`: it begins with the time of the first, by our clock."""
    action: Action
    at: datetime
    received_at: datetime
    expires_at: datetime | None = None
    """When it counts as deleted; null for an opt-out."""
    provider: str
    cause: Cause = Cause.UNSPECIFIED
    provider_code: str | None = None
    message_id: str | None = None
    """Without its end where it is very long; null where the number stands in it."""
    event_id: str | None = None
    held: bool = False
    """Whether the guard had no place for it: it waits for an operator."""

    @property
    def list_name(self) -> ListName:
        """The list that it speaks of."""
        is_opt_out = self.action is Action.SUPPRESS_OPT_OUT
        return ListName.OPT_OUT if is_opt_out else ListName.NUMBER


class Reason(Frozen):
    """Why a recipient is on a list: a message's verdict, an operator's decision or an import."""

    at: datetime
    cause: Cause
    origin: str = "report"
    provider: str | None = None
    provider_code: str | None = None
    message_id: str | None = None
    event_id: str | None = None
    expires_at: datetime | None = None


def latest_reason(reasons: Sequence[Reason]) -> Reason:
    """The latest of one or more, with the latest end of them all."""
    latest = max(reasons, key=lambda each: (each.at, each.origin, each.cause, each.event_id or ""))
    ends = [each.expires_at for each in reasons]
    end = None if None in ends else max(filter(None, ends))
    return latest.model_copy(update={"expires_at": end})


class Lift(Frozen):
    """An operator took the recipient off a list: what happened until then counts no more."""

    at: datetime
    expires_at: datetime


class Decision(StrEnum):
    """What an operator decides about a provider's reports."""

    RELEASE = "release"
    """What the guard holds counts."""
    DISCARD = "discard"
    """What the guard holds never counts."""
    REVERT = "revert"
    """Numbers, opt-outs and deliveries count no more, held or not."""


class Settlement(Frozen):
    """An operator's decision about what was received of a provider in a time, ends included."""

    provider: str
    since: datetime
    until: datetime
    decision: Decision
    decided_at: datetime

    def covers(self, provider: str, received_at: datetime) -> bool:
        """Whether it is about a report that came at this time."""
        return provider == self.provider and self.since <= received_at <= self.until


class AuditEntry(Frozen):
    """Who did what, when, and because of which report."""

    at: datetime
    by: str
    did: str
    event_id: str | None = None


class Suppression(Frozen):
    """One recipient's entry, under the keyed hash of the number: the number itself is not kept."""

    recipient_hash: str
    messages: Mapping[str, MessageVerdict] = Field(default_factory=dict)
    """By a digest of provider and message id."""
    added: Mapping[ListName, Reason] = Field(default_factory=dict)
    """What operators put on a list, by hand or by an import; the latest of each."""
    lifted: Mapping[ListName, Lift] = Field(default_factory=dict)
    deliveries: Mapping[str, tuple[Arrival, ...]] = Field(default_factory=dict)
    """By provider: when messages last reached the recipient, as far as the list had to know."""
    settlements: tuple[Settlement, ...] = ()
    acts: tuple[AuditEntry, ...] = ()
    """What operators did."""
    erased_at: datetime | None = None
    """Of verdicts received until then, only what the list needs is kept."""
    version: int = 0
    """Grows with every write, so that two writers cannot overwrite each other, and whoever hears of
    changes knows the newest. 0: not stored yet."""

    @property
    def providers(self) -> set[str]:
        """Those whose messages it knows."""
        return {each.provider for each in self.messages.values()} | self.deliveries.keys()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def audit(self) -> tuple[AuditEntry, ...]:
        """What operators did, and the newest verdict of each message, in order."""
        made = (*self.acts, *self._reported())
        return tuple(sorted(made, key=lambda each: (each.at, each.by, each.did)))

    def _reported(self) -> Iterator[AuditEntry]:
        for each in self.messages.values():
            if each.action is Action.KEEP:  # kept by chance: only where the list knew the recipient
                continue
            yield AuditEntry(at=each.at, by=each.provider, did=each.action, event_id=each.event_id)


def empty(recipient_hash: str) -> Suppression:
    """An entry without any fact."""
    return Suppression(recipient_hash=recipient_hash)
