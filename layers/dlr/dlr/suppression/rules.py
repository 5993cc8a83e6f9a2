"""What changes an entry of the suppression list. Pure functions from an entry to the next one.

An entry holds a reason per list, the strikes, and when an operator lifted each list. All of them
grow towards a maximum, so any order and any repetition of the same reports and decisions ends in
the same entry: of two reasons the later one stays, a lift outlives what happened before it.
`put_on_list` and `add_strike` return the entry itself where a lift, or a known strike, leaves it as
it is.
"""

from datetime import datetime, timedelta
from typing import Any

from dlr.causes import Action, Cause
from dlr.report import DeliveryReport
from dlr.suppression.entry import ListName, Reason, Strike, Suppression, audit_of

MAX_STRIKES = 20
"""Strikes kept of one recipient, the latest; the template allows no greater `StrikeLimit`."""


def replacing(fresh: Suppression, expired: Suppression) -> Suppression:
    """The fresh entry as the next version of one that has expired."""
    return _with(fresh, version=expired.version)


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


def put_on_list(entry: Suppression, name: ListName, reason: Reason) -> Suppression:
    """Adds a reason to a list, unless a lift came after it; of two reasons the later one stays."""
    current, lifted_at = entry.reason_for(name), entry.lifted.get(name)
    if lifted_at is not None and reason.at <= lifted_at:
        return entry
    if current is not None:
        latest = max(current, reason, key=lambda each: (each.at, each.event_id))
        ends = [each.expires_at for each in (current, reason) if each.expires_at is not None]
        reason = latest.model_copy(update={"expires_at": max(ends, default=None)})
    return with_reason(entry, name, reason)


def with_reason(entry: Suppression, name: ListName, reason: Reason | None) -> Suppression:
    """The entry with this reason on this list, whatever stood there; None takes it off."""
    return _with(entry, **{name.value: reason})


def held(entry: Suppression, provider: str | None) -> Suppression:
    """The entry held for this provider's reports; None where its number counts as dead."""
    return _with(entry, held_by=provider)


def seen(entry: Suppression, first: datetime, last: datetime, keep_until: datetime) -> Suppression:
    """The entry seen at these times and kept at least so long."""
    return _with(
        entry,
        first_seen=min(entry.first_seen, first),
        last_seen=max(entry.last_seen, last),
        keep_until=max(entry.keep_until, keep_until),
    )


def add_strike(
    entry: Suppression, strike: Strike, last_delivery: datetime | None = None
) -> Suppression:
    """Keeps the strikes after the last delivery and the last lift, the latest `MAX_STRIKES`."""
    since = max(filter(None, (last_delivery, entry.lifted.get(ListName.NUMBER))), default=None)
    found = {each.event_id: each for each in (*entry.strikes, strike)}.values()
    counting = sorted(
        (each for each in found if since is None or each.at > since),
        key=lambda each: (each.at, each.event_id),
    )
    strikes = tuple(counting[-MAX_STRIKES:])
    return entry if strikes == entry.strikes else _with(entry, strikes=strikes)


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
    lifted = _with(
        entry,
        lifted={**entry.lifted, **dict.fromkeys(lists, at)},
        keep_until=max(entry.keep_until, at + keep),
    )
    if ListName.OPT_OUT in lists and _is_until(entry.opt_out, at):
        lifted = _with(lifted, opt_out=None)
    if ListName.NUMBER in lists and _is_until(entry.number, at):
        lifted = _with(lifted, number=None, held_by=None, strikes=())
    return lifted.audited(at, by, "lift " + " ".join(lists))


def release(entry: Suppression, at: datetime, by: str) -> Suppression:
    """What the guard held counts from now on."""
    return held(entry, None).audited(at, by, "release")


def discard(entry: Suppression, at: datetime, by: str) -> Suppression:
    """What the guard held was the provider's fault and never counts. An opt-out stays."""
    return lift(entry, (ListName.NUMBER,), at, by)


def merge(entry: Suppression, other: Suppression) -> Suppression:
    """Two entries of one recipient, made under different hash keys, as one."""
    lifted = dict(entry.lifted)
    for name, at in other.lifted.items():
        lifted[name] = max(at, lifted.get(name, at))
    proven = any(each.number and not each.held_by for each in (entry, other))
    merged = _with(
        entry,
        lifted=lifted,
        held_by=None if proven else entry.held_by or other.held_by,
        first_seen=min(entry.first_seen, other.first_seen),
        last_seen=max(entry.last_seen, other.last_seen),
        keep_until=max(entry.keep_until, other.keep_until),
        audit=audit_of(*entry.audit, *other.audit),
    )
    for name in ListName:
        if reason := other.reason_for(name):
            merged = put_on_list(merged, name, reason)
    for strike in other.strikes:
        merged = add_strike(merged, strike)
    return merged


def erase(entry: Suppression, at: datetime) -> Suppression | None:
    """The bare keyed hash on its list, nothing of the person's messages; None if on no list.

    The bare reason gets the time of the erasure, so that no older report can replace it.
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


def _is_until(reason: Reason | None, at: datetime) -> bool:
    return reason is None or reason.at <= at


def _with(entry: Suppression, **fields: Any) -> Suppression:
    """The only place that changes fields by name; everything else calls typed functions."""
    return entry.model_copy(update=fields)
