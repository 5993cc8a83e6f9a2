"""Exports and backtests: ask for files, see how they stand, get links."""

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query
from pydantic import AfterValidator

import services
from dlr.access.scopes import Scope
from dlr.exports.ask import BacktestRequest, ExportRequest
from dlr.exports.desk import is_cursor
from dlr.exports.service import Asker, JobAnswer, JobPage
from dlr.http.api import SHOWN, TARGET, caller_in
from dlr.http.parameters import MAX_CURSOR, Limit, cursor
from routes.parameters import not_kept

router = Router()


def _printable(key: str | None) -> str | None:
    if key is not None and not (key.isascii() and key.isprintable()):
        raise ValueError("a key has printable ASCII characters")
    return key


JobId = Annotated[str, Path(max_length=64)]
AfterJob = Annotated[str | None, Query(max_length=MAX_CURSOR), cursor(is_cursor)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="The same request with the same key finds the same job again",
    ),
    AfterValidator(_printable),
]


@router.post(
    "/exports",
    summary="Ask for files: messages, numbers to clean, the suppression list",
    status_code=202,
)
def ask_for_export(
    request: Annotated[ExportRequest, Body()], key: IdempotencyKey = None
) -> JobAnswer:
    return _noted(services.exports.export(request, _asker(), key, services.now()))


@router.post("/backtests", summary="Ask whom another policy would have suppressed", status_code=202)
def ask_for_backtest(
    request: Annotated[BacktestRequest, Body()], key: IdempotencyKey = None
) -> JobAnswer:
    return _noted(services.exports.backtest(request, _asker(), key, services.now()))


@router.get(
    "/exports",
    summary="Your jobs of the last week, the newest first, without links",
    description="With scope `admin` those of everybody.",
)
def list_exports(cursor: AfterJob = None, limit: Limit = 50) -> JobPage:
    return services.exports.page(_asker(), cursor, limit, services.now())


@router.get(
    "/exports/<id>",
    summary="How a job stands, and links to its files once it is done",
    description="Of another token's job it knows nothing, unless yours has scope `admin`.",
)
def get_export(id: JobId) -> JobAnswer:
    answer = services.exports.get(id, _asker(), services.now())
    if answer is None:
        raise not_kept("job")
    if answer.links:
        router.context[SHOWN] = True
    return _noted(answer)


def _asker() -> Asker:
    caller = caller_in(router)
    return Asker(
        name=caller.name,
        token_id=caller.token_id,
        parent=caller.parent,
        pii=caller.has(Scope.PII),
        everybodys=caller.has(Scope.ADMIN),
    )


def _noted(answer: JobAnswer) -> JobAnswer:
    """The audit names the job."""
    router.context[TARGET] = answer.id
    return answer
