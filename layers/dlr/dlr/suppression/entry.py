"""An entry of the suppression list: who is on it and why.

`rules.py` says what changes an entry, `table.py` keeps it.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, computed_field

from dlr.causes import Cause

MAX_AUDIT = 50
"""Audit entries kept of one recipient: the first, and the latest."""


class State(StrEnum):
    """How an entry stands."""

    ACTIVE = "active"
    WATCHING = "watching"
    HELD = "held"
    LIFTED = "lifted"


class ListName(StrEnum):
    """Two lists: numbers that cannot receive, and people who said stop."""

    NUMBER = "number"
    OPT_OUT = "opt_out"


class Frozen(BaseModel):
    """A value."""

    model_config = ConfigDict(frozen=True)


class AuditEntry(Frozen):
    """Who did what, when, and because of which report."""

    at: datetime
    by: str
    did: str
    event_id: str | None = None


class Reason(Frozen):
    """Why a recipient is on a list: a report, an operator's decision or an import."""

    at: datetime
    cause: Cause
    origin: str = "report"
    provider: str | None = None
    provider_code: str | None = None
    message_id: str | None = None
    event_id: str = ""
    expires_at: datetime | None = None


class Strike(Frozen):
    """A permanent failure without a reason; `StrikeLimit` of them make a number count as dead."""

    at: datetime
    event_id: str


class Suppression(Frozen):
    """One recipient's entry, under the keyed hash of the number: the number itself is not kept."""

    recipient_hash: str
    number: Reason | None = None
    opt_out: Reason | None = None
    strikes: tuple[Strike, ...] = ()
    held_by: str | None = None
    """The provider whose reports the mass-bounce guard held; null if nothing is held."""
    lifted: Mapping[ListName, datetime] = Field(default_factory=dict)
    first_seen: datetime
    last_seen: datetime
    keep_until: datetime
    """When an entry that suppresses nobody may go."""
    audit: tuple[AuditEntry, ...] = ()
    version: int = 1
    """Counts the writes, so that two writers cannot overwrite each other."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def list(self) -> ListName | None:
        """The stronger of the lists that the recipient is on."""
        if self.opt_out:
            return ListName.OPT_OUT
        return ListName.NUMBER if self.number else None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def state(self) -> State:
        """An opt-out is active always; a dead number may be held."""
        if self.opt_out:
            return State.ACTIVE
        if self.number:
            return State.HELD if self.held_by else State.ACTIVE
        return State.WATCHING if self.strikes else State.LIFTED

    @computed_field  # type: ignore[prop-decorator]
    @property
    def expires_at(self) -> datetime | None:
        """When the entry counts as deleted; an opt-out lasts until it is lifted."""
        if self.opt_out:
            return None
        return (self.number and self.number.expires_at) or self.keep_until

    @property
    def reason(self) -> Reason | None:
        """Of the stronger list."""
        return self.opt_out or self.number

    def reason_for(self, name: ListName) -> Reason | None:
        """Why the recipient is on this list; None where it is not."""
        return self.number if name is ListName.NUMBER else self.opt_out

    def active_reasons(self, now: datetime) -> Iterator[tuple[ListName, State, Reason]]:
        """Each list that the recipient is on at this time, how, and why."""
        if self.opt_out:
            yield ListName.OPT_OUT, State.ACTIVE, self.opt_out
        if self.number and (self.number.expires_at is None or self.number.expires_at > now):
            yield ListName.NUMBER, State.HELD if self.held_by else State.ACTIVE, self.number

    def is_suppressed(self, now: datetime) -> bool:
        """Whether nothing may be sent to the recipient at this time."""
        return self.state is State.ACTIVE and not self.is_expired(now)

    def is_expired(self, now: datetime) -> bool:
        """Whether the entry counts as deleted, whether the database has done so or not."""
        return self.expires_at is not None and self.expires_at <= now

    def knows(self, event_id: str) -> bool:
        """Whether this report is part of the entry already."""
        return any(entry.event_id == event_id for entry in self.audit)

    def audited(self, at: datetime, by: str, did: str, event_id: str | None = None) -> Self:
        """The entry as the next version, with the change's trace in its audit."""
        trace = AuditEntry(at=at, by=by, did=did, event_id=event_id)
        audit = audit_of(*self.audit, trace)
        return self.model_copy(update={"audit": audit, "version": self.version + 1})


def audit_of(*entries: AuditEntry) -> tuple[AuditEntry, ...]:
    """In order, the first and the latest of them."""
    ordered = sorted(entries, key=lambda each: (each.at, each.event_id or "", each.did))
    return tuple(ordered[:1] + ordered[1:][1 - MAX_AUDIT :])


def empty(recipient_hash: str, at: datetime, keep_until: datetime) -> Suppression:
    """An entry without any reason or strike. Version 0: it is not stored yet."""
    return Suppression(
        recipient_hash=recipient_hash,
        first_seen=at,
        last_seen=at,
        keep_until=keep_until,
        version=0,
    )
