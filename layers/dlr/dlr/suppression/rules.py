"""How facts join an entry of the suppression list. Pure functions from an entry to the next one.

Every fact grows towards a maximum: of two verdicts of a message the heavier one stays, of two lifts
or deliveries the later one. So any order, any repetition and any grouping of the same facts ends
in the same entry, and two entries of one recipient merge by the same functions.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import groupby
from typing import Any, TypeVar

from dlr.causes import Action
from dlr.messages.event import ReportEvent
from dlr.messages.hidden import id_without_number, without_number
from dlr.messages.verdict import Arrival
from dlr.suppression.entry import (
    AuditEntry,
    Decision,
    Lift,
    ListName,
    MessageVerdict,
    Reason,
    Settlement,
    Suppression,
    latest_reason,
)

MAX_EACH = 10
"""Messages kept of one provider: so many of the oldest, so many of the newest, and again as many of
its opt-outs. Who forges messages cannot make them older than the genuine ones. The oldest may have
been forgiven: the template allows no greater `StrikeLimit`."""
MAX_VERDICTS = 2 * MAX_EACH
MANY_PROVIDERS = 10
"""If more providers speak of one recipient, fewer messages of each are kept: the item must fit."""
MAX_DELIVERIES = 5
"""Kept of each provider, the latest."""
MAX_WORD_BYTES = 128
"""Of an id or a code of a provider's; an item of DynamoDB has 400 KB."""
MAX_ACTS = 50
"""Kept of operators' acts: the first, and the latest."""
MAX_SETTLEMENTS = 20
"""Kept of each provider and kind, the latest."""

_K = TypeVar("_K")
_V = TypeVar("_V")


def key_of(event: ReportEvent) -> str:
    """Names a message within an entry: a digest, so that an erased person's entry has no id."""
    return sha256(f"{event.provider}#{event.message_id}".encode()).hexdigest()[:16]


def verdict_of(event: ReportEvent, keep: timedelta) -> MessageVerdict:
    """What the event's message says; an opt-out is kept until it is lifted, all else for `keep`.

    The list keeps no number, so neither does a code or an id that has one in it.
    """
    verdict = event.verdict
    is_opt_out = verdict.action is Action.SUPPRESS_OPT_OUT
    return MessageVerdict(
        weight=verdict.weight,
        version=event.reports,
        action=verdict.action,
        at=verdict.at,
        received_at=verdict.received_at,
        expires_at=None if is_opt_out else verdict.received_at + keep,
        provider=event.provider,
        cause=verdict.cause,
        provider_code=_cut(without_number(verdict.provider_code, event)),
        message_id=_cut(id_without_number(event.message_id, event)),
        event_id=verdict.event_id,
    )


def judged(entry: Suppression, key: str, verdict: MessageVerdict) -> Suppression:
    """The entry with this verdict of a message, unless it has a heavier one.

    What the guard said of a verdict stands when the same one comes again.
    """
    known = entry.messages.get(key)
    if known is not None and known.weight >= verdict.weight:
        verdict = verdict.model_copy(update={"held": known.held})
    if entry.erased_at is not None and verdict.received_at <= entry.erased_at:
        verdict = _stripped(verdict)
    messages = _bounded(_joined(entry.messages, {key: verdict}, _heavier))
    return entry if messages == entry.messages else _with(entry, messages=messages)


def delivered(entry: Suppression, provider: str, arrivals: Iterable[Arrival]) -> Suppression:
    """The entry with these deliveries of a provider's messages."""
    latest = _last_deliveries(entry.deliveries.get(provider, ()), arrivals)
    return _with(entry, deliveries={**entry.deliveries, provider: latest}) if latest else entry


def added(entry: Suppression, name: ListName, reason: Reason, by: str) -> Suppression:
    """Puts the recipient on a list by an operator's decision."""
    reasons = _joined(entry.added, {name: reason}, _later_reason)
    return _acted(_with(entry, added=reasons), reason.at, by, f"{reason.origin}: {name}")


def lifted(
    entry: Suppression, lists: Iterable[ListName], at: datetime, by: str, keep: timedelta
) -> Suppression:
    """Takes the recipient off these lists: only what happens after `at` puts it on again.

    The entry remembers it for `keep`.
    """
    names = tuple(lists)
    lifts = _joined(
        entry.lifted, dict.fromkeys(names, Lift(at=at, expires_at=at + keep)), _later_lift
    )
    return _acted(_with(entry, lifted=lifts), at, by, "lift " + " ".join(names))


def held(entry: Suppression, key: str) -> Suppression:
    """The entry with what this message says held by the guard."""
    stopped = entry.messages[key].model_copy(update={"held": True})
    return _with(entry, messages={**entry.messages, key: stopped})


def settled(entry: Suppression, settlement: Settlement, at: datetime, by: str) -> Suppression:
    """The entry with an operator's decision about a provider's reports in a time."""
    settlements = _latest({*entry.settlements, settlement})
    changed = _with(entry, settlements=settlements)
    return _acted(changed, at, by, f"{settlement.decision} {settlement.provider}")


def settled_as(entry: Suppression, providers: Suppression) -> Suppression:
    """The entry with those of the providers' settlements that concern it, and who decided them."""
    concerning = {each for each in providers.settlements if concerns(each, entry)}
    if concerning <= set(entry.settlements):
        return entry
    times = {each.decided_at for each in concerning}
    acts = {each for each in providers.acts if each.at in times}
    return _with(
        entry,
        settlements=_latest({*entry.settlements, *concerning}),
        acts=_bounded_acts({*entry.acts, *acts}),
    )


def concerns(settlement: Settlement, entry: Suppression) -> bool:
    """Whether it is about something that the entry knows."""
    received = [(each.provider, each.received_at) for each in entry.messages.values()]
    if settlement.decision is Decision.REVERT:
        received += [
            (provider, each.received_at)
            for provider, arrivals in entry.deliveries.items()
            for each in arrivals
        ]
    return any(settlement.covers(*each) for each in received)


def merge(entry: Suppression, other: Suppression) -> Suppression:
    """Two entries of one recipient, made under different hash keys, as one.

    Commutative, associative and idempotent but for `recipient_hash`, which is the first one's.
    """
    erased_at = max(filter(None, (entry.erased_at, other.erased_at)), default=None)
    merged = _with(
        entry,
        messages=_bounded(_joined(entry.messages, other.messages, _heavier)),
        added=_joined(entry.added, other.added, _later_reason),
        lifted=_joined(entry.lifted, other.lifted, _later_lift),
        deliveries=_joined(entry.deliveries, other.deliveries, _last_deliveries),
        settlements=_latest({*entry.settlements, *other.settlements}),
        acts=_bounded_acts({*entry.acts, *other.acts}),
        version=max(entry.version, other.version),
    )
    return merged if erased_at is None else erase(merged, erased_at)


def erase(entry: Suppression, at: datetime) -> Suppression:
    """The entry without what it knows of the person's messages received until `at`.

    What keeps the recipient on or off a list stays, under the bare keyed hash. Operators' acts
    stay: they are the team's, and name no message.
    """
    latest = max(filter(None, (entry.erased_at, at)))
    messages = {
        key: _stripped(each) if each.received_at <= latest else each
        for key, each in entry.messages.items()
    }
    return _with(entry, messages=messages, erased_at=latest)


def _acted(entry: Suppression, at: datetime, by: str, did: str) -> Suppression:
    acts = {*entry.acts, AuditEntry(at=at, by=by, did=did)}
    return _with(entry, acts=_bounded_acts(acts))


def _stripped(verdict: MessageVerdict) -> MessageVerdict:
    """What the list needs of it: when, which list, and whose guard or settlement it falls under."""
    return MessageVerdict(
        weight=verdict.weight,
        version=verdict.version,
        action=verdict.action,
        at=verdict.at,
        received_at=verdict.received_at,
        expires_at=verdict.expires_at,
        provider=verdict.provider,
        held=verdict.held,
    )


def _cut(word: str | None) -> str | None:
    return word and word.encode()[:MAX_WORD_BYTES].decode(errors="ignore")


def _joined(
    one: Mapping[_K, _V], other: Mapping[_K, _V], best: Callable[[_V, _V], _V]
) -> dict[_K, _V]:
    """Both; where both have a key, the better value."""
    joined = dict(one)
    for key, value in other.items():
        joined[key] = best(joined[key], value) if key in joined else value
    return joined


def _heavier(one: MessageVerdict, other: MessageVerdict) -> MessageVerdict:
    """Of one weight the one that was erased, and held only if both are."""
    heavier = max(one, other, key=lambda each: (each.weight, each.event_id is None))
    is_held = all(each.held for each in (one, other) if each.weight == heavier.weight)
    version = max(one.version, other.version)
    return heavier.model_copy(update={"version": version, "held": is_held})


def _later_reason(one: Reason, other: Reason) -> Reason:
    return latest_reason([one, other])


def _later_lift(one: Lift, other: Lift) -> Lift:
    return max(one, other, key=lambda each: (each.at, each.expires_at))


def _last_deliveries(one: Iterable[Arrival], other: Iterable[Arrival]) -> tuple[Arrival, ...]:
    ordered = sorted({*one, *other}, key=lambda each: (each.at, each.received_at))
    return tuple(ordered[-MAX_DELIVERIES:])


def _bounded(messages: Mapping[str, MessageVerdict]) -> dict[str, MessageVerdict]:
    """The oldest and the newest of each provider, and of its opt-outs.

    A message that becomes an opt-out keeps its place among all: so what was left out stays so.
    """
    providers = {each.provider for each in messages.values()}
    most = max(1, MAX_EACH * MANY_PROVIDERS // max(MANY_PROVIDERS, len(providers)))
    ordered = sorted(messages.items(), key=lambda item: (item[1].version, item[0]))
    kept: dict[str, MessageVerdict] = {}
    for provider in providers:
        own = [(key, each) for key, each in ordered if each.provider == provider]
        stops = [(key, each) for key, each in own if each.list_name is ListName.OPT_OUT]
        kept |= dict([*own[:most], *own[-most:], *stops[:most], *stops[-most:]])
    return dict(sorted(kept.items()))


def _latest(settlements: set[Settlement]) -> tuple[Settlement, ...]:
    """Of each provider and kind, so that none of another kind pushes one out."""

    def kind(each: Settlement) -> tuple[str, Decision]:
        return each.provider, each.decision

    def age(each: Settlement) -> tuple[tuple[str, Decision], datetime, datetime, str]:
        return kind(each), each.until, each.since, each.model_dump_json()

    grouped = groupby(sorted(settlements, key=age), kind)
    return tuple(each for _, own in grouped for each in list(own)[-MAX_SETTLEMENTS:])


def _bounded_acts(acts: set[AuditEntry]) -> tuple[AuditEntry, ...]:
    ordered = sorted(acts, key=lambda each: (each.at, each.by, each.did))
    return tuple(ordered[:1] + ordered[1:][1 - MAX_ACTS :])


def _with(entry: Suppression, **fields: Any) -> Suppression:
    """The only place that changes fields by name; everything else calls typed functions."""
    return entry.model_copy(update=fields)
