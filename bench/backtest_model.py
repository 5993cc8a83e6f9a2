"""Whom two policies suppress, counted plainly from what was sent: no lake, no table, no entry.

The rules are written here once more, in as few words as the documentation has for them, so that a
backtest can be held against something that shares nothing with it. It holds for months in which
each message has one report, and nobody has acted.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from bench.made_up_month import Sent
from dlr.causes import Cause, Policy
from dlr.report import FAILED, Status

STRIKES = 3
APART = timedelta(minutes=1)
"""Strikes of one provider that are closer together are one."""


class Row(NamedTuple):
    """Of the file: one recipient."""

    number: str
    list: str
    cause: str
    provider: str
    provider_code: str | None
    at: datetime
    strikes: int
    tried: bool
    today: bool
    difference: str


class Outcome(NamedTuple):
    """A recipient's row, and the cause for which each policy lists it, None where it does not."""

    row: Row
    tried: str | None
    today: str | None


class _Listed(NamedTuple):
    name: str
    reason: Sent
    strikes: int


def recount(sent: Iterable[Sent], tried: Policy, today: Policy) -> Iterator[Outcome]:
    """The outcome of each person that one of the policies suppresses.

    `sent` has the messages of each person together, in the order in which they came.
    """
    for _, messages in groupby(sent, lambda each: each.person):
        own = list(messages)
        listed = [_listed(own, policy) for policy in (tried, today)]
        shown = listed[0] or listed[1]
        if shown is None:
            continue
        reason = shown.reason
        row = Row(
            number=str(reason.number),
            list=shown.name,
            cause=str(reason.cause),
            provider=reason.provider,
            provider_code=reason.code,
            at=reason.f,
            strikes=shown.strikes,
            tried=listed[0] is not None,
            today=listed[1] is not None,
            difference="same" if all(listed) else "added" if listed[0] else "removed",
        )
        yield Outcome(row, *(each and str(each.reason.cause) for each in listed))


def _listed(own: Sequence[Sent], policy: Policy) -> _Listed | None:
    """How this policy lists the person with these messages, if it does."""
    failed = [each for each in own if each.status in FAILED]
    stops = [each for each in failed if each.cause is Cause.OPTED_OUT]
    delivered = max((each.f for each in own if each.status is Status.DELIVERED), default=None)
    since = [
        each
        for each in failed
        if each.cause is not Cause.OPTED_OUT and (delivered is None or each.f > delivered)
    ]
    dead = [each for each in since if _is_dead(each, policy)]
    strikes = _apart([e for e in since if _is_strike(e) and not _is_dead(e, policy)])
    if stops:
        return _Listed("opt_out", stops[-1], len(strikes))
    if dead:
        return _Listed("number", dead[-1], len(strikes))
    return _Listed("number", strikes[-1], len(strikes)) if len(strikes) >= STRIKES else None


def _is_dead(sent: Sent, policy: Policy) -> bool:
    said_permanent = policy is Policy.PROVIDER and sent.permanent is True
    return said_permanent or sent.cause is Cause.UNKNOWN_SUBSCRIBER


def _is_strike(sent: Sent) -> bool:
    if sent.cause is Cause.BARRED:
        return sent.permanent is not False
    return sent.cause is Cause.UNSPECIFIED and sent.permanent is True


def _apart(strikes: Sequence[Sent]) -> list[Sent]:
    """Without those that another one of their provider follows too soon."""
    kept: list[Sent] = []
    for each in reversed(strikes):
        later = next((one for one in reversed(kept) if one.provider == each.provider), None)
        if later is None or later.f - each.f >= APART:
            kept.append(each)
    return kept[::-1]
