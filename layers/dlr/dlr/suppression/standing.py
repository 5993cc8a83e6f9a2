"""What follows from an entry at a time: which lists the recipient is on, how, and why.

A pure function of the entry's facts and of the team's rules. Nothing of it is stored, so a change
of the rules, and the passing of time, need no write.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

from dlr.causes import Action
from dlr.suppression.entry import (
    Decision,
    Lift,
    ListName,
    MessageVerdict,
    Reason,
    Settlement,
    Suppression,
    latest_reason,
)

MAX_LAG = timedelta(minutes=15)
"""Beside an operator's lift a report counts as at most this much older than its receipt: no slow
clock of a provider hides a bounce after a lift for longer."""


KEEP_ERASURE = timedelta(days=36)
"""How long the note of an erasure is kept, and late reports of an erased recipient are known to be
such: a day more than the longest point-in-time recovery, and longer than a queue keeps a report."""
KEEP_SETTLEMENT = timedelta(days=30)
"""How long a settlement is remembered where nothing else is: longer than the failure queues keep a
report that it is about."""


STRIKE_GAP = timedelta(minutes=1)
"""A provider's failures that are closer together are one strike: the parts of a long message have
ids of their own at many providers."""


class State(StrEnum):
    """How a recipient stands."""

    ACTIVE = "active"
    WATCHING = "watching"
    HELD = "held"
    LIFTED = "lifted"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a team has decided about the list."""

    strike_limit: int = 3
    release_on_delivery: bool = True
    """Whether a delivery after a failure takes the number off the list and forgives strikes."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """As the template gives them to a function. Raises KeyError or ValueError."""
        return cls(
            strike_limit=int(environment["STRIKE_LIMIT"]),
            release_on_delivery=environment["RELEASE_ON_DELIVERY"] == "yes",
        )


@dataclass(frozen=True)
class Standing:
    """An entry at a time, under some rules."""

    entry: Suppression
    now: datetime
    rules: Rules

    @cached_property
    def strikes(self) -> list[MessageVerdict]:
        """The strikes that count, held ones too, the earliest first."""
        return _strikes_in(self._failures)

    @cached_property
    def held(self) -> list[MessageVerdict]:
        """The verdicts about the number that wait for an operator."""
        return [each for each in self._failures if self._is_held(each)]

    @cached_property
    def held_by(self) -> Mapping[str, datetime]:
        """The providers whose verdicts about the number the guard holds, and until when."""
        return {each.provider: _end_of(each) for each in sorted(self.held, key=_end_of)}

    @cached_property
    def number(self) -> Reason | None:
        """Why the number is on its list, also where that is held; None where it is not."""
        return self._why_active or self._why_number(self._failures)

    @cached_property
    def opt_out(self) -> Reason | None:
        """Why the recipient counts as opted out; None where that is not so."""
        verdicts = list(self._standing(ListName.OPT_OUT))
        reasons = [*self._added(ListName.OPT_OUT), *map(self._reason_of, verdicts)]
        return latest_reason(reasons) if reasons else None

    @property
    def list_name(self) -> ListName | None:
        """The stronger of the lists that the recipient is on."""
        if self.opt_out:
            return ListName.OPT_OUT
        return ListName.NUMBER if self.number else None

    @property
    def reason(self) -> Reason | None:
        """Of the stronger list."""
        return self.opt_out or self.number

    @property
    def state(self) -> State | None:
        """None where nothing of the entry concerns a sender: as if there were none."""
        if self.opt_out or self._why_active:
            return State.ACTIVE
        if self.number:
            return State.HELD
        if self.strikes:
            return State.WATCHING
        entry = self.entry
        ends = [*_ends(entry.added), *_ends(entry.lifted), *(e.expires_at for e in self._said)]
        is_known = any(end is None or end > self.now for end in ends)
        return State.LIFTED if is_known else None

    @property
    def is_number_active(self) -> bool:
        """Whether the number is on its list and not held, whatever the person said."""
        return self._why_active is not None

    @property
    def is_suppressed(self) -> bool:
        """Whether nothing may be sent to the recipient."""
        return self.state is State.ACTIVE

    @property
    def expires_at(self) -> datetime | None:
        """When the recipient leaves the list by itself; an opt-out lasts until it is lifted."""
        return self.reason.expires_at if self.reason else None

    def on_lists(self) -> Iterator[tuple[ListName, State, Reason]]:
        """Each list that the recipient is on, how, and why."""
        if self.opt_out:
            yield ListName.OPT_OUT, State.ACTIVE, self.opt_out
        if self.number:
            yield ListName.NUMBER, State.ACTIVE if self._why_active else State.HELD, self.number

    @property
    def keep_until(self) -> datetime | None:
        """When nothing of the entry counts any more; None where an opt-out is on it."""
        if self.opt_out:
            return None
        entry = self.entry
        ends = [*_ends(entry.added), *_ends(entry.lifted), *_ends(entry.messages)]
        ends += [each.until + KEEP_SETTLEMENT for each in entry.settlements]
        ends += [entry.erased_at + KEEP_ERASURE] if entry.erased_at else []
        return max(filter(None, ends), default=self.now)

    def seen(self) -> list[datetime]:
        """When something happened that concerns the recipient, in order."""
        times = [each.at for each in self._said]
        return sorted([*times, *(reason.at for reason in self.entry.added.values())])

    @cached_property
    def _said(self) -> list[MessageVerdict]:
        """The verdicts that say something: not those of messages that were delivered after all."""
        every = self.entry.messages.values()
        return [each for each in every if each.action is not Action.KEEP]

    @cached_property
    def _failures(self) -> list[MessageVerdict]:
        """The verdicts about the number that count, held ones too, the earliest first."""
        found = self._standing(ListName.NUMBER)
        return sorted(found, key=lambda each: (each.at, each.version))

    @cached_property
    def _why_active(self) -> Reason | None:
        """Why the number is on its list without what is held."""
        return self._why_number([each for each in self._failures if not self._is_held(each)])

    @cached_property
    def _delivered_at(self) -> datetime | None:
        """When a message last reached the recipient, without what an operator reverted."""
        reverts = [each for each in self.entry.settlements if each.decision is Decision.REVERT]
        times = (
            each.at
            for provider, arrivals in self.entry.deliveries.items()
            for each in arrivals
            if not any(revert.covers(provider, each.received_at) for revert in reverts)
        )
        return max(times, default=None)

    def _why_number(self, failures: Sequence[MessageVerdict]) -> Reason | None:
        """A hard verdict is told before strikes; the number stays until all of them have ended."""
        hard = [each for each in failures if each.action is Action.SUPPRESS_NUMBER]
        struck = list(self._struck(_strikes_in(failures)))
        reasons = [*self._added(ListName.NUMBER), *(map(self._reason_of, hard) if hard else struck)]
        if not reasons:
            return None
        end = latest_reason([*reasons, *struck]).expires_at
        return latest_reason(reasons).model_copy(update={"expires_at": end})

    def _struck(self, strikes: Sequence[MessageVerdict]) -> Iterator[Reason]:
        """Enough strikes are one reason, which ends when too few of them are left."""
        limit = self.rules.strike_limit
        if len(strikes) >= limit:
            ends = sorted(map(_end_of, strikes))
            latest = latest_reason(list(map(self._reason_of, strikes)))
            yield latest.model_copy(update={"expires_at": ends[-limit]})

    def _standing(self, name: ListName) -> Iterator[MessageVerdict]:
        """The verdicts about a list that nothing has taken back."""
        lift = self.entry.lifted.get(name)
        delivered_at = self._delivered_at if self.rules.release_on_delivery else None
        for each in self._said:
            if each.expires_at is not None and each.expires_at <= self.now:
                continue
            if each.list_name is not name or self._is_dropped(each):
                continue
            if lift and max(each.at, each.received_at - MAX_LAG) <= lift.at:
                continue
            if name is ListName.NUMBER and delivered_at and each.at <= delivered_at:
                continue
            yield each

    def _is_dropped(self, verdict: MessageVerdict) -> bool:
        """By a revert, or by a discard of what the guard holds."""
        if any(e.decision is Decision.REVERT for e in self._settlements_of(verdict)):
            return True
        return self._decision_on(verdict) is Decision.DISCARD

    def _is_held(self, verdict: MessageVerdict) -> bool:
        """A settlement frees what came in its time."""
        return verdict.held and self._decision_on(verdict) is None

    def _decision_on(self, verdict: MessageVerdict) -> Decision | None:
        """Whether what the guard holds is released or discarded: the first decision counts."""
        if not verdict.held:
            return None
        found = self._settlements_of(verdict)
        decided = [(e.decided_at, e.decision) for e in found if e.decision is not Decision.REVERT]
        return min(decided)[1] if decided else None

    def _settlements_of(self, verdict: MessageVerdict) -> Iterator[Settlement]:
        for each in self.entry.settlements:
            if each.covers(verdict.provider, verdict.received_at):
                yield each

    def _added(self, name: ListName) -> Iterator[Reason]:
        reason, lift = self.entry.added.get(name), self.entry.lifted.get(name)
        if reason is None or (lift and reason.at <= lift.at):
            return
        if reason.expires_at is None or reason.expires_at > self.now:
            yield reason

    def _reason_of(self, verdict: MessageVerdict) -> Reason:
        is_erased = verdict.event_id is None
        return Reason(
            at=verdict.at,
            cause=verdict.cause,
            origin="erasure" if is_erased else "report",
            provider=None if is_erased else verdict.provider,
            provider_code=verdict.provider_code,
            message_id=verdict.message_id,
            event_id=verdict.event_id,
            expires_at=verdict.expires_at,
        )


def _strikes_in(failures: Sequence[MessageVerdict]) -> list[MessageVerdict]:
    """Of a provider's strikes within `STRIKE_GAP` the latest; the earliest come first."""
    kept: list[MessageVerdict] = []
    following: dict[str, datetime] = {}
    for each in reversed(failures):
        if each.action is not Action.STRIKE:
            continue
        if each.provider not in following or following[each.provider] - each.at >= STRIKE_GAP:
            kept.append(each)
            following[each.provider] = each.at
    return kept[::-1]


def _end_of(verdict: MessageVerdict) -> datetime:
    return verdict.expires_at or verdict.received_at


def _ends(facts: Mapping[Any, MessageVerdict | Reason | Lift]) -> list[datetime | None]:
    return [each.expires_at for each in facts.values()]
