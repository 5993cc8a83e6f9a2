"""The law of the list: it depends on what happened, and not on how we came to know it.

A history is made up: reports of several messages, numbers and providers, lifts, additions,
erasures and settlements, each at a time of its own. It is played on real tables in many ways: in
any order, with repetitions, in batches, by several workers, with the hash key changed in between,
with events before or after the erasure or the settlement that they precede, with expired items
deleted in between, and with delivered messages redacted at once. Every way must end as a plain
model says that reads the history alone: soon, and when a year has passed for a part of it. Two ways
must end in the same answer to a sender and in the same audit, but for `BY_CHANCE`.

The guard has a place for every number, or for none. With some it depends on the order who takes
them. An operator settles what is held only where something is.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Any, NamedTuple, Self

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dlr.causes import Action, Cause
from dlr.messages.event import ReportEvent
from dlr.messages.item import SHORTEST_S, key_of
from dlr.messages.publish import Publisher
from dlr.messages.redact import Redactor
from dlr.phone import PhoneNumber, RecipientHasher
from dlr.report import DeliveryReport, Status
from dlr.suppression.admin import Window
from dlr.suppression.announce import Announcer
from dlr.suppression.entry import AuditEntry, ListName
from dlr.suppression.known import KnownRecipients
from dlr.suppression.lookup import SuppressionAnswer, answer_of
from dlr.suppression.rules import erase
from dlr.suppression.standing import MAX_LAG, Rules, Standing
from dlr.suppression.table import SuppressionList
from local.cloud import Cloud
from tests.support.cases import NOW
from tests.support.reports import make_report
from tests.support.suppression import RULES, YEAR, SuppressionHarness
from tests.support.tables import make_table

MINUTE = timedelta(minutes=1)
END = NOW + timedelta(hours=3)
EXAMPLES = 8
"""Beside the named ones. `MANY` in the slow tests."""
MANY = 40
NUMBERS = [PhoneNumber("+33639980001"), PhoneNumber("+33639980002")]
OLD_KEY, NEW_KEY = "a key for tests", "a newer key"
WORDS: tuple[tuple[Status, Cause | None, bool | None], ...] = (
    (Status.ENROUTE, None, None),
    (Status.DELIVERED, None, None),
    (Status.READ, None, None),
    (Status.UNDELIVERED, Cause.UNSPECIFIED, True),
    (Status.UNDELIVERED, Cause.ABSENT, None),
    (Status.UNDELIVERED, Cause.BARRED, None),
    (Status.UNDELIVERED, Cause.UNKNOWN_SUBSCRIBER, None),
    (Status.REJECTED, Cause.OPTED_OUT, None),
)
DELIVERED, DEAD, STOP = 1, 6, 7
"""Places in `WORDS`."""


def at(minutes: float) -> datetime:
    return NOW + minutes * MINUTE


@dataclass(frozen=True)
class Lift:
    person: int
    lists: tuple[ListName, ...]
    minute: int


@dataclass(frozen=True)
class Addition:
    person: int
    list: ListName
    minute: int


@dataclass(frozen=True)
class Erasure:
    person: int
    minute: int


@dataclass(frozen=True)
class Sent:
    """A report: which message, whose, what, when it happened and when it came."""

    message: int
    word: int
    minute: int
    delay: int

    @property
    def person(self) -> int:
        return self.message % 2

    @property
    def provider(self) -> str:
        return ("acme", "other")[self.message // 2 % 2]


class Step(StrEnum):
    """What the stack does by itself."""

    NEW_KEY = "the hash key changes"
    EXPIRY = "expired items are deleted"


class Kind(StrEnum):
    RELEASE = "release"
    DISCARD = "discard"
    REVERT = "revert"


@dataclass(frozen=True)
class Settlement:
    kind: Kind
    provider: str
    since: int
    length: int
    order: int = 0
    """Which of the settlements is decided first."""

    @property
    def decided_at(self) -> datetime:
        return END - (4 - self.order) * MINUTE

    def covers(self, provider: str, received_at: datetime) -> bool:
        is_then = at(self.since) <= received_at <= at(self.since + self.length)
        return provider == self.provider and is_then


@dataclass(frozen=True)
class Team:
    """What the team has decided, and when it asks."""

    guards: bool
    """The guard has no place for any number."""
    believes: bool
    """A delivery releases a number."""
    asks_at: datetime


Act = Lift | Addition | Erasure | Settlement
LISTS = [(ListName.NUMBER,), (ListName.OPT_OUT,), (ListName.NUMBER, ListName.OPT_OUT)]
minutes = st.integers(0, 59)
people = st.integers(0, 1)
reports = st.builds(
    Sent, st.integers(0, 7), st.integers(0, len(WORDS) - 1), minutes, st.integers(0, 40)
)
teams = st.builds(
    Team,
    st.booleans(),
    st.booleans(),
    st.just(END) | st.integers(0, 99).map(lambda m: at(m) + YEAR),
)
acts = st.one_of(
    st.builds(Lift, people, st.sampled_from(LISTS), minutes),
    st.builds(Addition, people, st.sampled_from(ListName), minutes),
    st.builds(Erasure, people, minutes),
)
settlements = st.builds(
    Settlement,
    st.sampled_from(Kind),
    st.sampled_from(["acme", "other"]),
    st.integers(0, 30),
    st.integers(20, 99),
    st.integers(0, 3),
)


# ---------------------------------------------------------------- the model


@dataclass
class Model:
    """What must come of a history, read as a whole."""

    sent: list[Sent]
    acts: list[Act]
    team: Team

    def expected(self, person: int) -> tuple[bool, str | None, int]:
        """Suppressed, on which list, how many strikes."""
        opt_outs = [
            r
            for r in self._verdicts(person, Action.SUPPRESS_OPT_OUT)
            if self._is_after_lift(r, 1) and not self._is_settled(r, Kind.REVERT)
        ]
        failures = [
            r
            for r in self._verdicts(person, Action.SUPPRESS_NUMBER, Action.STRIKE)
            if self._is_after_lift(r, 0)
            and self._is_after_deliveries(r)
            and self.team.asks_at < r.received_at + YEAR
            and not self._is_settled(r, Kind.REVERT)
            and not (self.team.guards and self._decision_on(r) is Kind.DISCARD)
        ]
        free = [r for r in failures if not self.team.guards or self._decision_on(r) is Kind.RELEASE]
        is_added = self._is_added(person, ListName.NUMBER)
        is_stopped = bool(opt_outs) or self._is_added(person, ListName.OPT_OUT)
        is_listed = is_added or self._is_dead(failures)
        name = "opt_out" if is_stopped else "number" if is_listed else None
        return is_stopped or is_added or self._is_dead(free), name, self._strikes(failures)

    def _is_dead(self, failures: list[DeliveryReport]) -> bool:
        is_hard = any(r.action is Action.SUPPRESS_NUMBER for r in failures)
        return is_hard or self._strikes(failures) >= RULES.strike_limit

    def _strikes(self, failures: list[DeliveryReport]) -> int:
        """Those of one provider in one minute are one: here everything happens on the minute."""
        strikes = (r for r in failures if r.action is Action.STRIKE)
        return len({(r.provider, r.happened_at) for r in strikes})

    def _decision_on(self, report: DeliveryReport) -> Kind | None:
        """The first one counts; of two at once the discard."""
        decisions = [
            (act.order, act.kind is not Kind.DISCARD, act.kind)
            for act in self.acts
            if isinstance(act, Settlement)
            and act.kind is not Kind.REVERT
            and act.covers(report.provider, report.received_at)
        ]
        return min(decisions)[2] if decisions else None

    def _is_settled(self, report: DeliveryReport, kind: Kind) -> bool:
        return any(
            isinstance(act, Settlement)
            and act.kind is kind
            and act.covers(report.provider, report.received_at)
            for act in self.acts
        )

    def _verdicts(self, person: int, *actions: Action) -> Iterator[DeliveryReport]:
        """Of each message the report that decides, if it does one of these things."""
        for message in {sent.message for sent in self.sent if sent.person == person}:
            reports = [report_of(sent) for sent in self.sent if sent.message == message]
            best = decisive(reports)
            if best is not None and best.action in actions:
                yield best

    def _is_after_lift(self, report: DeliveryReport, place: int) -> bool:
        when = max(report.happened_at, report.received_at - MAX_LAG)
        return all(
            when > at(act.minute)
            for act in self.acts
            if isinstance(act, Lift)
            and list(ListName)[place] in act.lists
            and act.person == _person_of(report)
        )

    def _is_after_deliveries(self, report: DeliveryReport) -> bool:
        return not self.team.believes or all(
            report.happened_at > other.happened_at
            for other in map(report_of, self.sent)
            if other.status in {Status.DELIVERED, Status.READ}
            and _person_of(other) == _person_of(report)
            and not self._is_settled(other, Kind.REVERT)
        )

    def _is_added(self, person: int, name: ListName) -> bool:
        added = [
            a.minute
            for a in self.acts
            if isinstance(a, Addition) and (a.person, a.list) == (person, name)
        ]
        lifted = [
            a.minute
            for a in self.acts
            if isinstance(a, Lift) and a.person == person and name in a.lists
        ]
        if not added or (lifted and max(added) <= max(lifted)):
            return False
        return name is ListName.OPT_OUT or self.team.asks_at < at(max(added)) + YEAR


def decisive(reports: list[DeliveryReport]) -> DeliveryReport | None:
    """Said once more, in words: a stop; an arrival; a dead number; a reason; a bare strike."""
    for is_meant in (
        lambda r: r.action is Action.SUPPRESS_OPT_OUT,
        lambda r: r.status in {Status.DELIVERED, Status.READ},
        lambda r: r.action is Action.SUPPRESS_NUMBER,
        lambda r: r.action is Action.STRIKE and r.cause is not Cause.UNSPECIFIED,
        lambda r: r.cause in {Cause.ABSENT},
        lambda r: r.action is Action.STRIKE,
    ):
        found = [r for r in reports if is_meant(r)]
        if found:  # among equals the earlier one, as for a message's state
            return min(found, key=lambda r: (-_place(r), r.occurred_at, r.status, r.event_id))
    return None


def _place(report: DeliveryReport) -> int:
    return report.status is Status.READ


def _person_of(report: DeliveryReport) -> int:
    return int(report.metadata["person"])


def report_of(sent: Sent) -> DeliveryReport:
    status, cause, permanent = WORDS[sent.word]
    return make_report(
        status,
        60 * sent.minute,
        cause,
        provider=sent.provider,
        message_id=f"m{sent.message}",
        provider_code=cause,
        permanent=permanent,
        received_at=at(sent.minute + sent.delay),
        metadata={"person": str(sent.person)},
    )


# ---------------------------------------------------------------- the system


BY_CHANCE = ("release", "discard", "revert")
"""Open: whether the audit has these depends on the order. A settlement is noted only where it met
something: decision 0014."""


class Outcome(NamedTuple):
    """What a sender and an operator see of a person."""

    answer: SuppressionAnswer
    audit: tuple[AuditEntry, ...]

    @classmethod
    def of(cls, standing: Standing) -> Self:
        audit = [each for each in standing.entry.audit if not each.did.startswith(BY_CHANCE)]
        return cls(answer_of(standing), tuple(sorted(audit, key=AuditEntry.model_dump_json)))


@dataclass
class System:
    """Real tables; whatever comes is played in the order and the grouping that chance gives."""

    cloud: Cloud
    harness: SuppressionHarness
    random: Random
    redacts: bool
    team: Team
    keys: list[str] = field(default_factory=lambda: [OLD_KEY])

    def __post_init__(self) -> None:
        self.harness.delete_messages()
        self.hasher = RecipientHasher(lambda: self.keys)
        rules = Rules(RULES.strike_limit, self.team.believes)
        self.table = make_table(self.cloud, "SuppressionsTable")  # a revert looks at all of it
        self.list = SuppressionList(self.harness.client, self.table, rules)
        self.admin = self.harness.make_admin(self.list, self.hasher, Announcer(self, "b"))
        limit = 0 if self.team.guards else 10_000
        self.suppress = self.harness.suppressor_of_events(limit, self.list, self.hasher)
        known = KnownRecipients(self.harness.client, self.table, self.hasher)
        redact = Redactor(self.harness.client, self.harness.reports_table)
        self.publish = Publisher(self, "b", redact, known)
        self.events: list[ReportEvent] = []

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self.events += [
            ReportEvent.model_validate_json(each["Detail"])
            for each in Entries
            if each["DetailType"] == "Delivery Report"
        ]
        return {"FailedEntryCount": 0}

    def play(self, sent: list[Sent], acts: list[Act]) -> None:
        """Everything, in any order; a repeated report now and then, events late or twice."""
        todo: list[Sent | Act | Step] = [*sent, *acts, *self._some(sent), *Step]
        self.random.shuffle(todo)
        for each in todo:
            if each is Step.NEW_KEY:
                self.keys[:] = [NEW_KEY, OLD_KEY]
            elif each is Step.EXPIRY:
                self.delete_expired(END)
            elif isinstance(each, Sent):
                self._receive(each)
            else:
                self._act(each)
            if self.random.random() < 0.4:
                self._deliver(self.random.randrange(1, 4))
        while self.events:
            self._deliver(3)
        for hashes in self.harness.looks:
            self.suppress.look(hashes, END)
        self.harness.looks.clear()
        self.delete_expired(self.team.asks_at)

    def standing(self, person: int) -> Standing:
        hashes = self.hasher.every_hash(NUMBERS[person])
        return self.list.find(hashes, self.team.asks_at)

    def delete_expired(self, now: datetime) -> None:
        """As the tables' TTL does."""
        self.harness.delete_expired(now, self.table)

    def _some(self, sent: list[Sent]) -> list[Sent]:
        return [each for each in sent if self.random.random() < 0.3]

    def _receive(self, sent: Sent) -> None:
        number = NUMBERS[sent.person]
        update = {"recipient": number, "recipient_hash": self.hasher.hash(number)}
        report = report_of(sent).model_copy(update=update)
        key = key_of(report.provider, report.message_id)
        before = self._item(key)
        self.harness.store.put(report)
        after = self._item(key)
        if before == after:
            return
        if self.redacts and report.status in {Status.DELIVERED, Status.READ}:
            soon = int(report.received_at.timestamp()) + SHORTEST_S  # its retention is zero
            after = after | {"expires_at": {"N": str(soon)}}
        images = {"NewImage": after} | ({"OldImage": before} if before else {})
        self.publish([{"dynamodb": {"SequenceNumber": "1", **images}}])

    def _item(self, key: dict[str, Any]) -> dict[str, Any]:
        answer = self.harness.client.get_item(
            TableName=self.harness.reports_table, Key=key, ConsistentRead=True
        )
        found: dict[str, Any] = answer.get("Item", {})
        return found

    def _act(self, act: Act) -> None:
        if isinstance(act, Settlement):
            self._settle(act)
            return
        number, when = NUMBERS[act.person], at(act.minute)
        if isinstance(act, Lift):
            self.admin.lift(number, act.lists, "me", when)
        elif isinstance(act, Addition):
            self.admin.suppress(number, act.list, None, "me", when)
        else:
            hashes = self.hasher.every_hash(number)
            self.list.change(hashes, lambda old: erase(old, when), when)

    def _settle(self, act: Settlement) -> None:
        window = Window(since=at(act.since), until=at(act.since + act.length))
        if act.kind is not Kind.REVERT:
            is_dropped = act.kind is Kind.DISCARD
            self.admin.settle_held(act.provider, window, "me", act.decided_at, dropped=is_dropped)
            return
        after, is_first = None, True
        while after or is_first:
            after, is_first = self.admin.revert(act.provider, window, after, "me", END).next, False

    def _deliver(self, size: int) -> None:
        """A few of the waiting events, by several workers; some come again."""
        self.random.shuffle(self.events)
        batch, self.events = self.events[:size], self.events[size:]
        again = [each for each in batch if self.random.random() < 0.3]
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda event: self.suppress(event, END), batch))
        self.events += again if len(self.events) < 40 and self.random.random() < 0.5 else []


@pytest.fixture(scope="module")
def harness(cloud: Cloud) -> SuppressionHarness:
    return SuppressionHarness(cloud)


def history(word: int, kind: Kind, team: Team, *more: Sent) -> Any:
    """A report that an operator's decision covers, and what else there is."""
    sent = [Sent(0, word, 10, 5), *more]
    settled = [Settlement(kind, "acme", 0, 60)]
    return example(sent=sent, acts=[], settled=settled, seed=1, redacts=False, team=team)


@pytest.mark.parametrize("count", [EXAMPLES, pytest.param(MANY, marks=pytest.mark.slow)])
def test_whatever_the_order_the_list_is_what_the_history_says(
    cloud: Cloud, harness: SuppressionHarness, count: int
) -> None:
    @history(STOP, Kind.REVERT, Team(guards=False, believes=True, asks_at=END))
    @history(DEAD, Kind.REVERT, Team(guards=False, believes=True, asks_at=END))
    @history(DEAD, Kind.DISCARD, Team(guards=True, believes=True, asks_at=END))
    @history(DEAD, Kind.RELEASE, Team(guards=True, believes=True, asks_at=END))
    @history(DEAD, Kind.RELEASE, Team(guards=True, believes=True, asks_at=at(30) + YEAR))
    @history(DEAD, Kind.DISCARD, Team(False, True, END), Sent(2, DELIVERED, 20, 5))
    @history(DEAD, Kind.DISCARD, Team(False, False, END), Sent(2, DELIVERED, 20, 5))
    @history(DELIVERED, Kind.REVERT, Team(False, True, END), Sent(2, DEAD, 5, 5))
    @settings(max_examples=count, suppress_health_check=[HealthCheck.too_slow])
    @given(
        sent=st.lists(reports, min_size=1, max_size=8, unique=True),
        acts=st.lists(acts, max_size=3, unique=True),
        settled=st.lists(settlements, max_size=3, unique=True),
        seed=st.integers(0, 2**32),
        redacts=st.booleans(),
        team=teams,
    )
    def try_it(
        sent: list[Sent],
        acts: list[Act],
        settled: list[Settlement],
        seed: int,
        redacts: bool,
        team: Team,
    ) -> None:
        acts = [*acts, *(each for each in settled if team.guards or each.kind is Kind.REVERT)]
        model = Model(sent, acts, team)
        # what is redacted tells a failure of another message nothing any more: docs/privacy.md
        redacts = redacts and len({each.message for each in sent}) <= len({e.person for e in sent})
        outcomes = []
        for turn in range(2):
            system = System(cloud, harness, Random(seed + turn), redacts, team)
            system.play(sent, acts)
            standings = [system.standing(person) for person in range(2)]
            for person, standing in enumerate(standings):
                found = (standing.is_suppressed, standing.list_name, len(standing.strikes))
                assert found == model.expected(person), person
            outcomes.append([Outcome.of(standing) for standing in standings])
        assert outcomes[0] == outcomes[1]

    try_it()
