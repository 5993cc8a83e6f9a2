"""The suppression list: who is on it and why. Pure rules; `suppression_list.py` keeps the entries.

An entry holds a reason per list, the strikes, and when an operator lifted each list. All of them
grow towards a maximum, so any order and any repetition of the same reports and decisions ends in
the same entry: of two reasons the later one stays, a lift outlives what happened before it.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, computed_field

from dlr.causes import Action, Cause
from dlr.report import DeliveryReport

MAX_AUDIT = 50
"""Audit entries kept of one recipient: the first, and the latest."""
MAX_STRIKES = 20
"""Strikes kept of one recipient, the latest; the template allows no greater `StrikeLimit`."""


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
    """Why a recipient is on a list: a report's word, an operator's or an import's."""

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

    def standing(self, now: datetime) -> Iterator[tuple[ListName, State, Reason]]:
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

    def changed(self, at: datetime, by: str, did: str, **changes: object) -> "Suppression":
        """The entry after a change, with its trace in the audit."""
        event_id = changes.pop("event_id", None)
        entry = AuditEntry.model_validate({"at": at, "by": by, "did": did, "event_id": event_id})
        audit = _audit(*self.audit, entry)
        return self.model_copy(update={**changes, "audit": audit, "version": self.version + 1})


def _audit(*entries: AuditEntry) -> tuple[AuditEntry, ...]:
    """In order, the first and the latest of them."""
    ordered = sorted(entries, key=lambda each: (each.at, each.event_id or "", each.did))
    return tuple(ordered[:1] + ordered[1:][1 - MAX_AUDIT :])


def blank(recipient_hash: str, at: datetime, keep_until: datetime) -> Suppression:
    """An entry that says nothing yet."""
    return Suppression(
        recipient_hash=recipient_hash,
        first_seen=at,
        last_seen=at,
        keep_until=keep_until,
        version=0,
    )


def reason_of(report: DeliveryReport, expires_at: datetime) -> Reason:
    """What the report says; `expires_at` counts for a dead number only."""
    is_opt_out = report.action is Action.SUPPRESS_OPT_OUT
    return Reason(
        at=report.happened_at,
        cause=report.cause,
        provider=report.provider,
        provider_code=report.provider_code,
        message_id=report.message_id,
        event_id=report.event_id,
        expires_at=None if is_opt_out else expires_at,
    )


def put_on_list(entry: Suppression, name: ListName, reason: Reason) -> dict[str, object]:
    """The change that a reason makes to a list: none if a later one, or a lift, stands there."""
    current = entry.number if name is ListName.NUMBER else entry.opt_out
    lifted_at = entry.lifted.get(name)
    if lifted_at is not None and reason.at <= lifted_at:
        return {}
    if current is None:
        return {name.value: reason}
    latest = max(current, reason, key=lambda each: (each.at, each.event_id))
    ends = [each.expires_at for each in (current, reason) if each.expires_at is not None]
    return {name.value: latest.model_copy(update={"expires_at": max(ends, default=None)})}


def with_strike(
    entry: Suppression, strike: Strike, last_delivery: datetime | None
) -> tuple[Strike, ...]:
    """The strikes that count: those after the last delivery and the last lift, the latest ones."""
    since = max(filter(None, (last_delivery, entry.lifted.get(ListName.NUMBER))), default=None)
    found = {each.event_id: each for each in (*entry.strikes, strike)}.values()
    counting = sorted(
        (each for each in found if since is None or each.at > since),
        key=lambda each: (each.at, each.event_id),
    )
    return tuple(counting[-MAX_STRIKES:])


def lift(
    entry: Suppression,
    lists: tuple[ListName, ...],
    at: datetime,
    by: str,
    keep: timedelta = timedelta(),
) -> Suppression:
    """Takes the recipient off these lists. Only what happens after `at` can put them on again.

    The entry remembers it, and who did it, at least for `keep`.
    """
    changes: dict[str, object] = {
        name.value: None
        for name, reason in ((ListName.NUMBER, entry.number), (ListName.OPT_OUT, entry.opt_out))
        if name in lists and (reason is None or reason.at <= at)
    }
    changes["lifted"] = {**entry.lifted, **dict.fromkeys(lists, at)}
    changes["keep_until"] = max(entry.keep_until, at + keep)
    if "number" in changes:
        changes |= {"held_by": None, "strikes": ()}
    return entry.changed(at, by, "lift " + " ".join(lists), **changes)


def release(entry: Suppression, at: datetime, by: str) -> Suppression:
    """What the guard held counts from now on."""
    return entry.changed(at, by, "release", held_by=None)


def discard(entry: Suppression, at: datetime, by: str) -> Suppression:
    """What the guard held was the provider's fault and never counts. An opt-out stays."""
    return lift(entry, (ListName.NUMBER,), at, by)


def unite(entry: Suppression, other: Suppression) -> Suppression:
    """Two entries of one recipient, made under different hash keys, as one."""
    lifted = dict(entry.lifted)
    for name, at in other.lifted.items():
        lifted[name] = max(at, lifted.get(name, at))
    proven = any(each.number and not each.held_by for each in (entry, other))
    united = entry.model_copy(
        update={
            "lifted": lifted,
            "held_by": None if proven else entry.held_by or other.held_by,
            "first_seen": min(entry.first_seen, other.first_seen),
            "last_seen": max(entry.last_seen, other.last_seen),
            "keep_until": max(entry.keep_until, other.keep_until),
            "audit": _audit(*entry.audit, *other.audit),
        }
    )
    for name, reason in ((ListName.NUMBER, other.number), (ListName.OPT_OUT, other.opt_out)):
        if reason is not None:
            united = united.model_copy(update=put_on_list(united, name, reason))
    for strike in other.strikes:
        united = united.model_copy(update={"strikes": with_strike(united, strike, None)})
    return united


def erase(entry: Suppression, at: datetime) -> Suppression | None:
    """The bare keyed hash on its list, nothing of the person's messages; None if on no list.

    The bare reason is of now, so that no replayed report can bring its details back.
    """
    if entry.reason is None:
        return None
    return Suppression(
        recipient_hash=entry.recipient_hash,
        number=_bare(entry.number, at),
        opt_out=_bare(entry.opt_out, at),
        held_by=entry.held_by,
        first_seen=at,
        last_seen=at,
        keep_until=entry.keep_until,
        version=entry.version + 1,
    )


def _bare(reason: Reason | None, at: datetime) -> Reason | None:
    if reason is None:
        return None
    cause = Cause.UNSPECIFIED
    return Reason(at=at, cause=cause, origin="erasure", expires_at=reason.expires_at)
