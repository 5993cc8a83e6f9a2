"""A job: what was asked for, the parts that are there, and how it stands.

Its state follows from these facts at each read and is stored nowhere. So no step can be missing
that would have moved it on, and no job hangs: the deadline fails what is not done.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dlr.causes import Policy

LIFETIME = timedelta(days=7)
"""Of a job. The bucket's lifecycle removes its parts after as many days."""
DEADLINE = timedelta(hours=24)
"""From the request on. What is not done then has failed."""
DAY = timedelta(days=1)
WHOLE = "all"
"""The part of a job that has only one."""
LATE = "it was not done within 24 hours: ask for less at once"


class Kind(StrEnum):
    """What a job writes."""

    MESSAGES = "messages"
    NUMBERS_TO_CLEAN = "numbers_to_clean"
    SUPPRESSIONS = "suppressions"
    BACKTEST = "backtest"


class Format(StrEnum):
    """Of the files."""

    CSV = "csv"
    PARQUET = "parquet"


class State(StrEnum):
    """How a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Frozen(BaseModel):
    """A value."""

    model_config = ConfigDict(frozen=True)


class Order(Frozen):
    """What was asked for, by whom. Never changes."""

    id: str
    kind: Kind
    format: Format
    start: AwareDatetime
    """Of the messages' first reports, UTC. It means nothing for the suppression list."""
    end: AwareDatetime
    """The first moment that is not in the range."""
    filters: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """By column: one of these values."""
    numbers: bool = False
    """Whether the files hold phone numbers."""
    policy: Policy | None = None
    strike_limit: int | None = None
    asked_by: str
    """The token's name."""
    token_id: str = ""
    """Which token it was."""
    owner: str = ""
    """The token that it is for: of a session the one that made it."""
    created_at: AwareDatetime
    digest: str = ""
    """Of the request, to know one that comes again under its Idempotency-Key."""

    @property
    def deadline(self) -> datetime:
        """When what is not done has failed."""
        return self.created_at + DEADLINE

    @property
    def expires_at(self) -> datetime:
        """When nothing is left of it."""
        return self.created_at + LIFETIME

    @property
    def needs_pii(self) -> bool:
        """Whether its files name people, by number or by keyed hash."""
        return self.numbers or self.kind is Kind.SUPPRESSIONS

    def parts(self) -> tuple[str, ...]:
        """The names of its parts as far as they can be known beforehand: one a cohort day."""
        if self.kind is Kind.SUPPRESSIONS:
            return (place_of(0),)
        if self.kind is not Kind.MESSAGES:
            return (WHOLE,)
        first = self.start.replace(hour=0, minute=0, second=0, microsecond=0)
        days = -((first - self.end) // DAY)
        return tuple(f"{first + n * DAY:%Y-%m-%d}" for n in range(days))

    def range_of(self, part: str) -> tuple[datetime, datetime]:
        """The part's cohorts: a day, or the whole range."""
        if part == WHOLE:
            return self.start, self.end
        day = datetime.fromisoformat(part).replace(tzinfo=self.start.tzinfo)
        return max(self.start, day), min(self.end, day + DAY)


class Part(Frozen):
    """A file that is there. Its first writer's stays; the key is that writer's own."""

    key: str
    rows: int
    bytes: int
    as_of: AwareDatetime
    """Everything stored until then is in it."""
    after: str | None = None
    """Of the suppression list: where the next part begins; null in the last part."""
    result: Mapping[str, Any] | None = None
    """Of a backtest: the counts."""


class Job(Frozen):
    """An order, and what has come of it."""

    order: Order
    parts: Mapping[str, Part] = Field(default_factory=dict)
    started: bool = False
    failure: str | None = None

    @property
    def done(self) -> int:
        """How many of the parts are there."""
        return len(self.parts)

    @property
    def total(self) -> int:
        """How many there will be. The list's parts are only known one after the other."""
        if self.order.kind is not Kind.SUPPRESSIONS:
            return len(self.order.parts())
        is_whole = any(each.after is None for each in self.parts.values())
        return self.done if is_whole else self.done + 1

    @property
    def rows(self) -> int:
        """In all parts that are there."""
        return sum(each.rows for each in self.parts.values())

    @property
    def as_of(self) -> datetime | None:
        """Everything stored until then is in every part that is there."""
        return min((each.as_of for each in self.parts.values()), default=None)

    def state(self, now: datetime) -> State:
        """How it stands."""
        if self.failure is not None:
            return State.FAILED
        if self.done == self.total:
            return State.DONE
        if now >= self.order.deadline:
            return State.FAILED
        return State.RUNNING if self.started or self.parts else State.QUEUED

    def is_over(self, now: datetime) -> bool:
        """Whether nothing more will come of it."""
        return self.state(now) in {State.DONE, State.FAILED}

    def reason(self, now: datetime) -> str | None:
        """Why it failed, if it did."""
        return (self.failure or LATE) if self.state(now) is State.FAILED else None


def place_of(number: int) -> str:
    """The name of a numbered part; names sort like numbers."""
    return f"{number:05d}"
