"""An operator's acts on the suppression list: add, lift, settle held entries, take back reports."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from pydantic import AwareDatetime, BaseModel, ConfigDict

from dlr.causes import BOUNCE, Bounce, Cause
from dlr.phone import PhoneNumber, RecipientHasher
from dlr.suppression.announce import Announcer
from dlr.suppression.apply import FindDeliveries, with_deliveries
from dlr.suppression.entry import Decision, ListName, Reason, Settlement, Suppression
from dlr.suppression.rules import added, concerns, lifted, settled
from dlr.suppression.standing import KEEP_SETTLEMENT
from dlr.suppression.table import Changed, SuppressionList

MAX_SETTLED = 3000
"""Entries settled in one call: it has to end before API Gateway stops waiting, after 30 s."""
MAX_AHEAD = timedelta(minutes=1)
"""How far the clock of whoever decides may be ahead of ours."""
PAGE = 1000
WORKERS = 8
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
DEFAULT_CAUSE = {ListName.NUMBER: Cause.UNSPECIFIED, ListName.OPT_OUT: Cause.OPTED_OUT}


def list_for(cause: Cause | None) -> ListName:
    """The list that a cause alone means: who said stop must not leave it after a year."""
    is_opt_out = cause is not None and BOUNCE[cause] is Bounce.OPT_OUT
    return ListName.OPT_OUT if is_opt_out else ListName.NUMBER


class SuppressRequest(BaseModel):
    """Which list to put a number on, and why. Without a list the cause says which."""

    model_config = ConfigDict(extra="forbid")

    list: ListName | None = None
    cause: Cause | None = None

    @property
    def list_name(self) -> ListName:
        """The list that is meant."""
        return self.list or list_for(self.cause)


class WindowError(ValueError):
    """A time about which nothing can be decided; the text says why."""


class Window(BaseModel):
    """When the reports were received; without an end: until now."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    def settlement(
        self,
        provider: str,
        now: datetime,
        after: str | None,
        decision: Decision,
    ) -> Settlement:
        """An operator's decision about what came of a provider within it.

        Raises WindowError: a further part, which begins `after` an entry, names the end that the
        first one had; and nobody can decide about reports that are still to come.
        """
        since, until = self.since or BEGINNING, self.until or now
        if after is not None and self.until is None:
            raise WindowError("`after` needs the `until` of the first answer")
        if until > now + MAX_AHEAD:
            raise WindowError("`until` lies in the future: is it UTC?")
        if since > until:
            raise WindowError("`since` lies after `until`")
        return Settlement(
            provider=provider,
            since=since,
            until=until,
            decision=decision,
            decided_at=now,
        )


class WindowSince(Window):
    """The same, of what takes something away for good: without its beginning it is a mistake."""

    since: AwareDatetime


class HeldResult(BaseModel):
    """How many entries were held and are not any more.

    `next` begins the next part, with this `until`; null at the end. It goes on behind the entries
    that were looked at, also where some stay held because a time was asked for.
    """

    settled: int
    next: str | None
    until: datetime


class Reverted(BaseModel):
    """How many recipients stand otherwise now.

    `next` begins the next part, with this `until`; null at the end.
    """

    reverted: int
    next: str | None
    until: datetime


@dataclass(frozen=True, slots=True)
class SuppressionAdmin:
    """An operator's calls. Each leaves its trace in the entry's audit, and is announced."""

    suppressions: SuppressionList
    hasher: RecipientHasher
    keep_number: timedelta
    announce: Announcer
    find_deliveries: FindDeliveries

    def suppress(
        self, number: PhoneNumber, name: ListName, cause: Cause | None, by: str, now: datetime
    ) -> Changed:
        """Puts a recipient on a list by hand, whether or not it was lifted before."""
        causes = {name: cause or DEFAULT_CAUSE[name]}
        changed = self.put(self.hasher.every_hash(number), causes, "operator", by, now)
        self.announce(changed, number, again=True)
        return changed

    def put(
        self,
        hashes: Sequence[str],
        causes: Mapping[ListName, Cause],
        origin: str,
        by: str,
        now: datetime,
        known: Mapping[str, Suppression] | None = None,
    ) -> Changed:
        """Puts a recipient on lists, all in one change, which the caller announces.

        `known` as `SuppressionList.change` takes it. Raises ConflictError.
        """

        def mutate(entry: Suppression) -> Suppression:
            for name, cause in causes.items():
                entry = added(entry, name, self._reason(name, cause, origin, now), by)
            return entry

        return self.suppressions.change(hashes, mutate, now, known=known)

    def lift(
        self, number: PhoneNumber, lists: tuple[ListName, ...], by: str, now: datetime
    ) -> Changed:
        """Takes a recipient off the lists, and remembers it also where there was no entry."""

        def mutate(entry: Suppression) -> Suppression:
            return lifted(entry, lists, now, by, self.keep_number)

        changed = self.suppressions.change(self.hasher.every_hash(number), mutate, now)
        self.announce(changed, number, again=True)
        return changed

    def settle_held(
        self,
        provider: str,
        window: Window,
        by: str,
        now: datetime,
        *,
        dropped: bool,
        after: str | None = None,
    ) -> HeldResult:
        """Releases or drops what the guard holds for a provider, of what came in a time.

        Looks at `MAX_SETTLED` entries, those after `after`. A report of that time that comes to the
        list later is settled as it comes. Raises WindowError.
        """
        decision = Decision.DISCARD if dropped else Decision.RELEASE
        settlement = window.settlement(provider, now, after, decision)
        if after is None:
            self.suppressions.settle(settlement, now, by)
        hashes = list(islice(self.suppressions.held(provider, after), MAX_SETTLED + 1))

        def mutate(entry: Suppression) -> Suppression:
            held = self.suppressions.standing(entry, now).held
            if not any(settlement.covers(each.provider, each.received_at) for each in held):
                return entry
            return settled(entry, settlement, now, by)

        def settle(recipient_hash: str) -> bool:
            changed = self.suppressions.change([recipient_hash], mutate, now)
            is_settled = changed.before.entry != changed.after.entry
            is_left_behind = not is_settled and provider not in changed.after.held_by
            try:
                self.announce(changed, again=is_left_behind)
            except Exception:  # whatever it is, the next call finds the mark and announces it
                self.suppressions.mark(provider, recipient_hash, now + KEEP_SETTLEMENT)
                raise
            if is_left_behind:
                self.suppressions.unmark(provider, recipient_hash)
            return is_settled

        with ThreadPoolExecutor(WORKERS) as pool:
            done = sum(pool.map(settle, hashes[:MAX_SETTLED]))
        following = hashes[MAX_SETTLED - 1] if len(hashes) > MAX_SETTLED else None
        return HeldResult(settled=done, next=following, until=settlement.until)

    def revert(
        self, provider: str, window: Window, after: str | None, by: str, now: datetime
    ) -> Reverted:
        """Takes back all that a provider's reports did in a time: numbers, opt-outs, deliveries.

        Looks at a part of the list; `next` begins the next part. A report of that time that comes
        to the list later does nothing. Raises WindowError.
        """
        settlement = window.settlement(provider, now, after, Decision.REVERT)
        if after is None:
            self.suppressions.settle(settlement, now, by)
        entries, following = self.suppressions.page(after, PAGE)
        concerned = [each for each in entries if concerns(settlement, each)]

        def take_back(found: Suppression) -> bool:
            key = [found.recipient_hash]
            # of a message the list may know the reverted arrival only, and not the one before it
            deliveries = self.find_deliveries(key) if provider in found.deliveries else {}

            def mutate(entry: Suppression) -> Suppression:
                return settled(with_deliveries(entry, deliveries), settlement, now, by)

            providers = {*found.providers, *deliveries}
            changed = self.suppressions.change(key, mutate, now, providers=providers)
            self.announce(changed, again=True)
            return changed.is_otherwise

        with ThreadPoolExecutor(WORKERS) as pool:
            done = sum(pool.map(take_back, concerned))
        return Reverted(reverted=done, next=following, until=settlement.until)

    def _reason(self, name: ListName, cause: Cause, origin: str, now: datetime) -> Reason:
        """On the list of numbers it counts as long as a report's."""
        ends = now + self.keep_number if name is ListName.NUMBER else None
        return Reason(at=now, cause=cause, origin=origin, expires_at=ends)
