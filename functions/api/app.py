"""The team's API: ask before sending, look up messages, keep the list, tokens and their audit."""

import os
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

import services
from dlr.exports.ask import RangeError
from dlr.exports.desk import TooManyJobsError
from dlr.exports.service import ExportRefusedError, KeyUsedError
from dlr.http.api import TeamApi, answer
from dlr.http.problem import Problem
from dlr.runtime.errors import redact_errors
from dlr.suppression.admin import WindowError
from routes import (
    exports,
    messages,
    people,
    providers,
    quarantine,
    suppressions,
    tokens,
    watch,
)

OPENAPI = Path(__file__).with_name("openapi.json")
"""Of all functions' routes; written by `make docs`."""
nouns = (suppressions, messages, people, quarantine, exports, tokens, providers, watch)
metrics = Metrics()
app = TeamApi(services.gate, os.environ["PUBLIC_URL"], (each.router for each in nouns))


@app.get("/openapi.json", include_in_schema=False)
def get_openapi() -> Response[str]:
    return Response(200, "application/json", OPENAPI.read_text())


@app.exception_handler([WindowError, RangeError, KeyUsedError])
def answer_impossible(error: ValueError) -> Response[str]:
    return app.problem(Problem.INVALID, str(error))


@app.exception_handler(ExportRefusedError)
def answer_refused(error: ExportRefusedError) -> Response[str]:
    return app.problem(Problem.REFUSED, str(error))


@app.exception_handler(TooManyJobsError)
def answer_too_many(_: TooManyJobsError) -> Response[str]:
    detail = "Too many of your exports and backtests are unfinished. Come again when one is done."
    return app.problem(Problem.TOO_MANY, detail)


@redact_errors
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """API Gateway's event in, its answer out."""
    return answer(app, metrics, event, context)
