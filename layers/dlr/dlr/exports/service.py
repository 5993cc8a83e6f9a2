"""What the API does with exports: take orders, say how they stand, hand out links."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

from pydantic import BaseModel, Field

from dlr.causes import Policy
from dlr.exports.ask import BacktestRequest, ExportRequest, RangeError
from dlr.exports.desk import JobDesk
from dlr.exports.job import Format, Job, Kind, Order, State
from dlr.exports.links import Links
from dlr.exports.queue import Step, StepQueue


class ExportRefusedError(PermissionError):
    """Whoever asks may not see numbers; the text says what is needed."""


class KeyUsedError(ValueError):
    """The Idempotency-Key belongs to another request."""


class Asker(BaseModel):
    """Who asks: the token's name and id, of a session that of the token that made it.

    Sees its own jobs, or everybody's; numbers or none.
    """

    name: str
    token_id: str = ""
    parent: str = ""
    pii: bool = False
    everybodys: bool = False

    @property
    def owner(self) -> str:
        """Of its jobs: the sessions of one token have them together."""
        return self.parent or self.token_id


class JobAnswer(BaseModel):
    """A job as the API shows it."""

    id: str
    kind: Kind
    format: Format
    state: State
    reason: str | None = Field(None, description="why it failed")
    done: int = Field(description="parts that are there")
    total: int = Field(description="parts that there will be")
    rows: int = Field(description="in the parts that are there")
    needs_pii: bool = Field(description="whether its files name people: it takes scope `pii`")
    start: datetime | None = Field(None, alias="from", serialization_alias="from")
    end: datetime | None = Field(None, alias="to", serialization_alias="to")
    filters: dict[str, list[str]] = Field(default_factory=dict)
    asked_by: str
    created_at: datetime
    expires_at: datetime = Field(description="when the files are gone")
    as_of: datetime | None = Field(None, description="all that was stored until then is in it")
    policy: Policy | None = Field(None, description="of a backtest")
    strike_limit: int | None = None
    result: dict[str, Any] | None = Field(None, description="of a backtest: its counts")
    links: list[str] = Field(
        default_factory=list, description="one a part, once it is done; for 15 minutes"
    )


class JobPage(BaseModel):
    """Some jobs, the newest first; `next` begins the next page and is null at the end."""

    items: list[JobAnswer]
    next: str | None


@dataclass(frozen=True, slots=True)
class Exports:
    """The calls of the API."""

    desk: JobDesk
    queue: StepQueue
    links: Links
    strike_limit: int
    """Today's, for a backtest that names none."""
    most_unfinished: int
    """Jobs of one owner."""

    def export(
        self, request: ExportRequest, asker: Asker, key: str | None, now: datetime
    ) -> JobAnswer:
        """Files an export. Raises RangeError, ExportRefusedError, KeyUsedError, TooManyJobsError,
        botocore's errors.

        With a key the same request finds the same job again, for as long as it is kept.
        """
        filters = request.filters
        wanted = filters.wanted()
        if request.kind is Kind.SUPPRESSIONS and (wanted or filters.from_ or filters.to):
            raise RangeError("the suppression list is exported as it is: without filters")
        if request.numbers and request.kind is Kind.SUPPRESSIONS:
            raise RangeError("the suppression list holds keyed hashes and no numbers")
        start, end = filters.span(now)
        order = Order(
            id=_id_of(asker, key),
            kind=Kind(request.kind),
            format=request.format,
            start=start,
            end=end,
            filters=wanted,
            numbers=request.numbers or request.kind is Kind.NUMBERS_TO_CLEAN,
            asked_by=asker.name,
            token_id=asker.token_id,
            owner=asker.owner,
            created_at=now,
            digest=_digest("export", request),
        )
        return self._file(order, asker, key)

    def backtest(
        self, request: BacktestRequest, asker: Asker, key: str | None, now: datetime
    ) -> JobAnswer:
        """Files a backtest. Raises as `export` does."""
        start, end = request.span(now)
        order = Order(
            id=_id_of(asker, key),
            kind=Kind.BACKTEST,
            format=request.format,
            start=start,
            end=end,
            numbers=request.numbers,
            policy=request.policy,
            strike_limit=request.strike_limit or self.strike_limit,
            asked_by=asker.name,
            token_id=asker.token_id,
            owner=asker.owner,
            created_at=now,
            digest=_digest("backtest", request),
        )
        return self._file(order, asker, key)

    def get(self, job_id: str, asker: Asker, now: datetime) -> JobAnswer | None:
        """How a job stands, with links. None where there is none that the asker may know of.

        Raises ExportRefusedError.
        """
        job = self.desk.get(job_id, now)
        if job is None or not (asker.everybodys or job.order.owner == asker.owner):
            return None
        _check(job.order, asker)
        is_done = job.state(now) is State.DONE
        return _answer_of(job, now, list(self.links.of(job)) if is_done else [])

    def page(self, asker: Asker, after: str | None, size: int, now: datetime) -> JobPage:
        """Some of the jobs that the asker may know of, without links."""
        page = self.desk.page(after, size, now, None if asker.everybodys else asker.owner)
        return JobPage(items=[_answer_of(job, now) for job in page.jobs], next=page.after)

    def _file(self, order: Order, asker: Asker, key: str | None) -> JobAnswer:
        _check(order, asker)
        filed = self.desk.file(order, self.most_unfinished)
        if not filed.is_same:
            raise KeyUsedError("this Idempotency-Key belongs to another request")
        if filed.job.state(order.created_at) is State.QUEUED:
            try:
                self.queue.send([Step(job=order.id)])
            except Exception:
                if key is None:  # nobody can ask again for this one
                    with suppress(Exception):
                        reason = "it could not be queued: ask again"
                        self.desk.fail(order.id, reason, order.created_at)
                raise
        return _answer_of(filed.job, order.created_at)


def _check(order: Order, asker: Asker) -> None:
    if order.needs_pii and not asker.pii:
        raise ExportRefusedError("This export names people: it takes scope pii.")


def _id_of(asker: Asker, key: str | None) -> str:
    """With a key it follows from it: two callers with one key have two jobs."""
    if key is None:
        return uuid4().hex
    return sha256("\x1f".join((asker.owner, asker.name, key)).encode()).hexdigest()[:32]


def _digest(route: str, request: BaseModel) -> str:
    return sha256(f"{route} {request.model_dump_json()}".encode()).hexdigest()


def _answer_of(job: Job, now: datetime, links: list[str] | None = None) -> JobAnswer:
    order = job.order
    has_range = order.kind is not Kind.SUPPRESSIONS
    filters: Mapping[str, tuple[str, ...]] = order.filters
    results = [part.result for part in job.parts.values() if part.result is not None]
    return JobAnswer.model_validate(
        {
            "id": order.id,
            "kind": order.kind,
            "format": order.format,
            "state": job.state(now),
            "reason": job.reason(now),
            "done": job.done,
            "total": job.total,
            "rows": job.rows,
            "needs_pii": order.needs_pii,
            "from": order.start if has_range else None,
            "to": order.end if has_range else None,
            "filters": {name: list(values) for name, values in filters.items()},
            "asked_by": order.asked_by,
            "created_at": order.created_at,
            "expires_at": order.expires_at,
            "as_of": job.as_of,
            "policy": order.policy,
            "strike_limit": order.strike_limit,
            "result": dict(results[0]) if results else None,
            "links": links or [],
        }
    )
