"""Search and statistics of the team's API: what the lake answers."""

import errno
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import boto3
import duckdb
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from dlr.access.audit import AuditLog
from dlr.access.scopes import Scope
from dlr.analysis import asked, tags
from dlr.analysis.answers import Comparison, Findings, Messages, Stats, UnfinishedList
from dlr.analysis.compare import compare
from dlr.analysis.findings import findings
from dlr.analysis.recipients import recipients
from dlr.analysis.search import search
from dlr.analysis.stats import Question, TooManyRowsError, stats
from dlr.analysis.unfinished import unfinished
from dlr.http.api import TeamApi, answer, caller_in
from dlr.http.gate import Gate
from dlr.http.problem import Problem, ProblemError
from dlr.lake.key import lake_key
from dlr.lake.manifest import Manifest
from dlr.lake.names import Names
from dlr.lake.objects import GoneError
from dlr.lake.reader import LakeReader, Look
from dlr.phone import RecipientHasher
from dlr.runtime import aws
from dlr.runtime.errors import redact_errors, redacted

dynamodb = boto3.client("dynamodb", config=aws.CALLS)
desk_table, reports_table = os.environ["DESK_TABLE"], os.environ["REPORTS_TABLE"]
lake = LakeReader(
    boto3.client("s3", config=aws.OBJECTS),
    os.environ["LAKE_BUCKET"],
    Manifest(dynamodb, desk_table),
)
names = Names(lake_key(dynamodb, desk_table))
gate = Gate(AuditLog(dynamodb, desk_table), RecipientHasher(tuple))  # no route names a person
metrics = Metrics()
router = Router()
MAX_ANSWER = 5_500_000
"""Bytes; a function may answer 6 MB, headers and all."""


def now() -> datetime:
    """The time of the call, UTC."""
    return datetime.now(UTC)


def _answers(model: type[BaseModel]) -> dict[int, Any]:
    """For the API's description: what a route answers."""
    content = {"application/json": {"model": model}}
    return {
        200: {"description": "The answer, with an ETag", "content": content},
        304: {"description": "Nothing changed since the answer with this ETag"},
    }


def _answer(
    question: asked.Asking, ask: Callable[[Look, datetime], BaseModel], *, is_kept: bool = True
) -> Response[str]:
    """304 where the caller has the answer already: then DuckDB is not even started."""
    event, at, look = router.current_event, now(), lake.look()
    headers = {}
    if is_kept:
        tag = tags.tag_of(look.version, event.path, question, at)
        headers = {"etag": tag}
        if tags.is_known(tag, event.headers.get("if-none-match")):
            return Response(304, body="", headers=headers)
    body = ask(look, at).model_dump_json(exclude_unset=True)
    if len(json.dumps(body)) > MAX_ANSWER:  # Lambda sends the text within JSON
        raise TooManyRowsError(
            "The answer has more than 6 MB: take a shorter period, fewer dimensions or a filter."
        )
    return Response(200, "application/json", body, headers)


@router.get("/messages", summary="Search messages, newest first", responses=_answers(Messages))
def search_messages(question: Annotated[asked.SearchAsked, Query()]) -> Response[str]:
    if question.numbers and not caller_in(router).has(Scope.PII):
        raise ProblemError(Problem.REFUSED, "Numbers need a token with scope `pii`.")

    def ask(look: Look, at: datetime) -> Messages:
        period, position = question.place(at)
        page = search(look, period, question.filters, position, question.limit, at)
        if question.numbers:
            numbers = recipients(dynamodb, reports_table, page.items, at, names)
            for item in page.items:
                item["recipient"] = numbers.get((item["mk"], item["first_seen"]))
        return Messages.model_validate(
            {
                "items": page.items,
                "next": question.cursor_of(period, page.end),
                "as_of": page.as_of,
                "scanned_to": page.scanned_to,
            }
        )

    return _answer(question, ask, is_kept=not question.numbers)


@router.get("/stats", summary="Counts, rates and latencies", responses=_answers(Stats))
def get_stats(question: Annotated[asked.StatsAsked, Query()]) -> Response[str]:
    def ask(look: Look, at: datetime) -> Stats:
        wanted = Question(question.period(at), question.names, question.filters)
        if wanted.singly:
            question.period(at, asked.LONGEST_SINGLY)
        rows, as_of = stats(look, wanted, at)
        return Stats.model_validate({"rows": rows, "as_of": as_of})

    return _answer(question, ask)


@router.get(
    "/stats/compare",
    summary="Provider against provider, by country and network",
    responses=_answers(Comparison),
)
def compare_providers(question: Annotated[asked.CompareAsked, Query()]) -> Response[str]:
    def ask(look: Look, at: datetime) -> Comparison:
        rows, as_of = compare(look, question.period(at), question.places, question.filters, at)
        return Comparison.model_validate({"rows": rows, "as_of": as_of})

    return _answer(question, ask)


@router.get(
    "/stats/unfinished",
    summary="Messages without a final state, by provider",
    responses=_answers(UnfinishedList),
)
def get_unfinished(question: Annotated[asked.UnfinishedAsked, Query()]) -> Response[str]:
    def ask(look: Look, at: datetime) -> UnfinishedList:
        rows, as_of = unfinished(look, question.period(at), at)
        return UnfinishedList.model_validate({"rows": rows, "as_of": as_of})

    return _answer(question, ask)


@router.get(
    "/stats/findings",
    summary="Where delivery has become worse, beyond chance, and who does better there",
    responses=_answers(Findings),
)
def get_findings(question: Annotated[asked.FindingsAsked, Query()]) -> Response[str]:
    def ask(look: Look, at: datetime) -> Findings:
        rows, as_of = findings(look, question.hours, at)
        return Findings.model_validate({"rows": rows, "as_of": as_of})

    return _answer(question, ask)


app = TeamApi(gate, os.environ["PUBLIC_URL"], (router,))


@app.exception_handler([asked.AskedWronglyError, TooManyRowsError])
def answer_wrongly_asked(error: ValueError) -> Response[str]:
    return app.problem(Problem.INVALID, str(error))


@app.exception_handler([duckdb.Error, GoneError, OSError])
def answer_unreadable(error: Exception) -> Response[str]:
    metrics.add_metadata("error", redacted(error))
    is_full = isinstance(error, OSError) and error.errno == errno.ENOSPC
    if isinstance(error, duckdb.OutOfMemoryException) or is_full:
        detail = "The question takes too much memory: ask for a shorter period or fewer dimensions."
    else:
        detail = "The messages cannot be read now. Try again."
    return app.problem(Problem.UNAVAILABLE, detail)


@redact_errors
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """API Gateway's event in, its answer out."""
    return answer(app, metrics, event, context)
