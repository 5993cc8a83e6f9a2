"""Exports and backtests: ask for files, see how they stand, get links."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query
from pydantic import AfterValidator

import services
from dlr.exports.ask import BacktestRequest, ExportRequest
from dlr.exports.service import Asker, JobAnswer, JobPage
from routes.parameters import After, NotKeptError

MAX_JOBS = 200

router = Router()


def _printable(key: str) -> str:
    if not key.isascii() or not key.isprintable():
        raise ValueError("a key has printable ASCII characters")
    return key


JobId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="The same request with the same key finds the same job again",
    ),
    AfterValidator(lambda key: key and _printable(key)),
]
Limit = Annotated[int, Query(ge=1, le=MAX_JOBS)]


def _asker() -> Asker:
    return Asker(name="admin", pii=True)


def _accepted(answer: JobAnswer) -> Response[JobAnswer]:
    return Response(HTTPStatus.ACCEPTED, "application/json", answer)


@router.post("/exports", summary="Ask for files: messages, numbers to clean, the suppression list")
def ask_for_export(
    request: Annotated[ExportRequest, Body()], key: IdempotencyKey = None
) -> Response[JobAnswer]:
    return _accepted(services.exports.export(request, _asker(), key, services.now()))


@router.post("/backtests", summary="Ask whom another policy would have suppressed")
def ask_for_backtest(
    request: Annotated[BacktestRequest, Body()], key: IdempotencyKey = None
) -> Response[JobAnswer]:
    return _accepted(services.exports.backtest(request, _asker(), key, services.now()))


@router.get("/exports", summary="Jobs of the last week, the newest first, in parts")
def list_exports(after: After = None, limit: Limit = 50) -> JobPage:
    return services.exports.page(after, limit, services.now())


@router.get("/exports/<id>", summary="How a job stands, with links to its files")
def get_export(id: JobId) -> JobAnswer:
    answer = services.exports.get(id, _asker(), services.now())
    if answer is None:
        raise NotKeptError("job")
    return answer
