"""Backtests: whom another policy would have put on the suppression list.

The list is a fold over messages, so it can be folded again: the same functions that keep the list
judge the reports of the range under the tried rules and under today's. What the range does not show
is left out: acts of operators, the mass-bounce guard, reports that have expired or were erased.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from itertools import groupby
from typing import Any, NamedTuple

from dlr.causes import Action, Policy
from dlr.exports.file import write_file
from dlr.exports.numbers import Item, MessageItems, named_in
from dlr.exports.part import Made, Task
from dlr.exports.staged import rows_of, stage
from dlr.exports.wanted import Lake, open_wanted
from dlr.messages.event import ReportEvent
from dlr.messages.item import arrived_at_of, history_of, state_of, version_of
from dlr.messages.verdict import Verdict, verdict_of
from dlr.phone import PhoneNumber, RecipientHasher
from dlr.report import FAILED, DeliveryReport, action_of
from dlr.runtime.batch import chunks
from dlr.suppression.apply import Deliveries, FindDeliveries, with_deliveries
from dlr.suppression.entry import MessageVerdict, Reason, Suppression, empty
from dlr.suppression.rules import judged, key_of
from dlr.suppression.rules import verdict_of as listed_verdict_of
from dlr.suppression.standing import Rules, Standing

WORKERS = 8
AT_ONCE = 400
"""Recipients whose deliveries are asked for together."""
_JUDGED = {"number": "VARCHAR", "key": "VARCHAR", "tried": "VARCHAR", "today": "VARCHAR"}
_ROWS = {
    "number": "VARCHAR",
    "list": "VARCHAR",
    "cause": "VARCHAR",
    "provider": "VARCHAR",
    "provider_code": "VARCHAR",
    "at": "TIMESTAMP",
    "strikes": "INTEGER",
    "tried": "BOOLEAN",
    "today": "BOOLEAN",
    "difference": "VARCHAR",
}
_WITHOUT_NUMBER = 'SELECT * EXCLUDE (number) FROM outcomes ORDER BY "at", cause, provider'
_WITH_NUMBER = 'SELECT * FROM outcomes ORDER BY "at", number'


class Ruling(NamedTuple):
    """What decides about suppression: the policy for a report, the rules for the list."""

    policy: Policy
    rules: Rules


class _Outcome(NamedTuple):
    """A row of the file, and why each ruling has the recipient on the list, None where it has not.

    The row tells one reason only: that of the tried ruling, if it has one.
    """

    row: Mapping[str, object]
    tried: str | None
    today: str | None


class _Case(NamedTuple):
    """A recipient's entry under both rulings, without deliveries yet."""

    number: PhoneNumber
    tried: Suppression
    today: Suppression


@dataclass(frozen=True, slots=True)
class BacktestPart:
    """A row for each recipient that one of the rulings suppresses, at the end of the range."""

    lake: Lake
    items: MessageItems
    find_deliveries: FindDeliveries
    hasher: RecipientHasher
    today: Ruling
    keep_number: timedelta

    def __call__(self, task: Task) -> Made:
        order = task.order
        tried = Ruling(
            order.policy or self.today.policy,
            Rules(
                strike_limit=order.strike_limit or self.today.rules.strike_limit,
                release_on_delivery=self.today.rules.release_on_delivery,
            ),
        )
        failed = {"status": tuple(sorted(FAILED))}
        counts = _Counts()
        with open_wanted(self.lake, order.range_of(task.name), failed, task.now) as s:
            db = s.db
            (messages,) = db.execute("SELECT count(*) FROM wanted").fetchone()
            found = self.items.read(named_in(db), task.now)
            stage(db, "judged", _JUDGED, self._judged(found, tried, counts), task.folder)
            outcomes = self._outcomes(_cases(db), tried, order.end)
            stage(db, "outcomes", _ROWS, counts.of(outcomes), task.folder)
            select = _WITH_NUMBER if order.numbers else _WITHOUT_NUMBER
            rows = write_file(db, select, order.format, task.path)
            return Made(rows, s.as_of, result=counts.result(messages))

    def _judged(
        self, found: Iterable[tuple[Any, Item]], tried: Ruling, counts: "_Counts"
    ) -> Iterator[Mapping[str, object]]:
        """The verdict of each message under both rulings, where one of them does something."""
        for _, item in found:
            counts.read += 1
            verdicts = {
                name: _verdict_in(item, ruling.policy, self.keep_number)
                for name, ruling in (("tried", tried), ("today", self.today))
            }
            number = state_of(item).recipient
            if number is None or all(v.action is Action.KEEP for _, v in verdicts.values()):
                continue
            row = {name: verdict.model_dump_json() for name, (_, verdict) in verdicts.items()}
            key, _ = verdicts["today"]
            yield {"number": str(number), "key": key, **row}

    def _outcomes(self, cases: Iterable[_Case], tried: Ruling, end: datetime) -> Iterator[_Outcome]:
        """Of those that a ruling suppresses. A delivery only takes off, so it is asked for last."""

        def outcome(case: _Case) -> _Outcome | None:
            if not any(each.is_suppressed for each in self._standings(case, {}, tried, end)):
                return None
            deliveries = {
                provider: [each for each in arrivals if each.at <= end]
                for provider, arrivals in self.find_deliveries(
                    self.hasher.every_hash(case.number)
                ).items()
            }
            return _outcome_of(case.number, *self._standings(case, deliveries, tried, end))

        with ThreadPoolExecutor(WORKERS) as pool:
            for some in chunks(cases, AT_ONCE):
                yield from filter(None, pool.map(outcome, some))

    def _standings(
        self, case: _Case, deliveries: Deliveries, tried: Ruling, end: datetime
    ) -> tuple[Standing, Standing]:
        return (
            Standing(with_deliveries(case.tried, deliveries), end, tried.rules),
            Standing(with_deliveries(case.today, deliveries), end, self.today.rules),
        )


def _verdict_in(item: Item, policy: Policy, keep: timedelta) -> tuple[str, MessageVerdict]:
    """The message's key in an entry, and what the list would keep of it under this policy."""
    state = state_of(item)
    reports = [_under(policy, each) for each in (state, *history_of(item))]
    verdict: Verdict = verdict_of(reports, arrived_at_of(item))
    event = ReportEvent(**dict(state), reports=version_of(item), verdict=verdict)
    return key_of(event), listed_verdict_of(event, keep)


def _under(policy: Policy, report: DeliveryReport) -> DeliveryReport:
    action = action_of(report.status, report.cause, report.permanent, policy)
    return report.model_copy(update={"action": action})


def _cases(db: Any) -> Iterator[_Case]:
    """Recipient by recipient; DuckDB sorts, so that one at a time is in memory."""
    rows = rows_of(db, "SELECT number, key, tried, today FROM judged ORDER BY number, key")
    for number, own in groupby(rows, lambda row: row[0]):
        messages = list(own)
        yield _Case(
            PhoneNumber(number),
            _folded((key, tried) for _, key, tried, _ in messages),
            _folded((key, today) for _, key, _, today in messages),
        )


def _folded(verdicts: Iterable[tuple[str, str]]) -> Suppression:
    """The entry that these messages make."""

    def add(entry: Suppression, each: tuple[str, str]) -> Suppression:
        key, text = each
        return judged(entry, key, MessageVerdict.model_validate_json(text))

    return reduce(add, verdicts, empty("backtest"))


def _outcome_of(number: PhoneNumber, tried: Standing, today: Standing) -> _Outcome | None:
    if not (tried.is_suppressed or today.is_suppressed):
        return None
    shown = tried if tried.is_suppressed else today
    reason: Reason | None = shown.reason
    difference = "same"
    if tried.is_suppressed != today.is_suppressed:
        difference = "added" if tried.is_suppressed else "removed"
    row = {
        "number": str(number),
        "list": shown.list_name,
        "cause": reason and reason.cause,
        "provider": reason and reason.provider,
        "provider_code": reason and reason.provider_code,
        "at": reason and reason.at,
        "strikes": len(shown.strikes),
        "tried": tried.is_suppressed,
        "today": today.is_suppressed,
        "difference": difference,
    }
    return _Outcome(row, _cause_of(tried), _cause_of(today))


def _cause_of(standing: Standing) -> str | None:
    reason = standing.reason if standing.is_suppressed else None
    return str(reason.cause) if reason else None


class _Counts:
    """What a backtest answers beside its file: recipients by cause."""

    def __init__(self) -> None:
        self.read = 0
        self._by: dict[str, Counter[str]] = {
            name: Counter() for name in ("tried", "today", "added", "removed")
        }

    def of(self, outcomes: Iterable[_Outcome]) -> Iterator[Mapping[str, object]]:
        """Their rows, counted: each ruling's by its own reasons."""
        for row, tried, today in outcomes:
            causes = {
                "tried": tried,
                "today": today,
                "added": tried if today is None else None,
                "removed": today if tried is None else None,
            }
            for name, cause in causes.items():
                if cause is not None:
                    self._by[name][cause] += 1
            yield row

    def result(self, messages: int) -> Mapping[str, Any]:
        """By name: how many recipients, and how many by cause."""
        counts = {
            name: {"recipients": found.total(), "by_cause": dict(sorted((+found).items()))}
            for name, found in self._by.items()
        }
        return {"failed_messages": messages, "not_kept": messages - self.read, **counts}
