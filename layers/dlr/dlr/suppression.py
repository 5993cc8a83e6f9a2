"""The suppression list: who is on it and why. Pure rules; `suppressions.py` keeps them."""

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from dlr.causes import Action, Cause
from dlr.report import DeliveryReport

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


class AuditEntry(BaseModel):
    """Who did what, when, and because of which report."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    by: str
    did: str
    event_id: str | None = None


class Suppression(BaseModel):
    """One recipient's entry, under the keyed hash of the number: the number itself is not kept.

    `cause` to `event_id` are of the report that decides: of the stronger list, the latest one.
    `expires_at` is null for opt-outs, which last until lifted.
    """

    model_config = ConfigDict(frozen=True)

    recipient_hash: str
    state: State
    list: ListName
    cause: Cause
    provider: str | None = None
    provider_code: str | None = None
    message_id: str | None = None
    event_id: str | None = None
    decided_at: datetime
    strikes: int = 0
    first_seen: datetime
    last_seen: datetime
    expires_at: datetime | None = None
    origin: str = "report"
    audit: tuple[AuditEntry, ...] = ()
    version: int = 1
    """Counts the writes, so that two writers cannot overwrite each other."""

    def is_suppressed(self, now: datetime) -> bool:
        """Whether nothing may be sent to the recipient at this time."""
        return self.state is State.ACTIVE and not self.is_expired(now)

    def is_expired(self, now: datetime) -> bool:
        """Whether the entry counts as deleted, whether the database has done so or not."""
        return self.expires_at is not None and self.expires_at <= now


def entry_for(report: DeliveryReport, keep_number: timedelta) -> Suppression | None:
    """The entry that this report alone makes; None where it suppresses nothing."""
    if report.recipient_hash is None or report.action is Action.KEEP:
        return None
    is_opt_out = report.action is Action.SUPPRESS_OPT_OUT
    is_strike = report.action is Action.STRIKE
    at = report.occurred_at or report.received_at
    state = State.WATCHING if is_strike else State.ACTIVE
    return Suppression(
        recipient_hash=report.recipient_hash,
        state=state,
        list=ListName.OPT_OUT if is_opt_out else ListName.NUMBER,
        cause=report.cause,
        provider=report.provider,
        provider_code=report.provider_code,
        message_id=report.message_id,
        event_id=report.event_id,
        decided_at=at,
        strikes=int(is_strike),
        first_seen=at,
        last_seen=at,
        expires_at=None if is_opt_out else report.received_at + keep_number,
        audit=(AuditEntry(at=at, by=report.provider, did=report.action, event_id=report.event_id),),
    )


def merge(old: Suppression, new: Suppression) -> Suppression:
    """Both entries as one. The same for any order and any repetition of the reports behind them."""
    known = {entry.event_id for entry in old.audit}
    if new.event_id in known:
        return old
    decisive = max(old, new, key=_weight)
    audit = sorted(old.audit + new.audit, key=lambda entry: (entry.at, entry.event_id or ""))
    return decisive.model_copy(
        update={
            "strikes": old.strikes + new.strikes,
            "first_seen": min(old.first_seen, new.first_seen),
            "last_seen": max(old.last_seen, new.last_seen),
            "expires_at": _later(old, new) if decisive.list is ListName.NUMBER else None,
            "audit": tuple(audit[:1] + audit[1:][1 - MAX_AUDIT :]),
            "version": old.version + 1,
        }
    )


_STRENGTH = {
    (State.WATCHING, ListName.NUMBER): 0,
    (State.ACTIVE, ListName.NUMBER): 1,
    (State.ACTIVE, ListName.OPT_OUT): 2,
}


def _weight(entry: Suppression) -> tuple[int, datetime, str]:
    return _STRENGTH[entry.state, entry.list], entry.decided_at, entry.event_id or ""


def _later(old: Suppression, new: Suppression) -> datetime | None:
    return max(filter(None, (old.expires_at, new.expires_at)), default=None)
