"""The team's API: ask before sending, look up a message. The gateway lets callers in."""

import os
from datetime import UTC, datetime
from typing import Annotated, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from dlr.api import Check, CheckAnswer, MessageAnswer, NotANumberError, Queries, SuppressionAnswer
from dlr.recipient import RecipientHasher
from dlr.request import problem
from dlr.secret import Secret
from dlr.store import ReportReader
from dlr.suppressions import SuppressionList

logger = Logger()
metrics = Metrics()
app = APIGatewayHttpResolver(enable_validation=True)
dynamodb = boto3.client("dynamodb")
hash_secret = Secret(boto3.client("secretsmanager"), os.environ["HASH_SECRET"])
queries = Queries(
    ReportReader(dynamodb, os.environ["REPORTS_TABLE"]),
    SuppressionList(dynamodb, os.environ["SUPPRESSIONS_TABLE"]),
    RecipientHasher(hash_secret.values()),
)


def _problem(status: int, title: str, detail: str) -> Response[str]:
    answer = problem(status, title, detail).to_api_gateway()
    return Response(status, "application/problem+json", answer["body"])


@app.get("/suppressions/<number>", summary="Whether a number may be sent to")
def get_suppression(number: str) -> SuppressionAnswer:
    """Always 200 for a number, suppressed or not."""
    return queries.suppression(number, datetime.now(UTC))


@app.post("/suppressions/check", summary="Which of up to 1,000 numbers may not be sent to, and why")
def check_suppressions(check: Annotated[Check, Body()]) -> CheckAnswer:
    """Numbers are answered as they were written."""
    return queries.check(check.numbers, datetime.now(UTC))


@app.get("/messages/<provider>/<message_id>", summary="State and history of a message")
def get_message(provider: str, message_id: str) -> MessageAnswer | Response[str]:
    """404 where the message is unknown or has expired."""
    answer = queries.message(provider, message_id, datetime.now(UTC))
    if answer is None:
        return _problem(404, "Unknown message", "No report of this message is kept (any more).")
    return answer


@app.get("/openapi.json", include_in_schema=False)
def get_openapi() -> Response[str]:
    """This API, described."""
    schema = app.get_openapi_json_schema(title="SMS delivery reports", version="1")
    return Response(200, "application/json", schema)


@app.exception_handler(NotANumberError)
def answer_not_a_number(error: NotANumberError) -> Response[str]:
    """The error's text names no number."""
    return _problem(400, "Not a phone number", str(error))


@app.exception_handler(RequestValidationError)
def answer_invalid(error: RequestValidationError) -> Response[str]:
    """What is wrong where, without what was sent."""
    findings = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
    return _problem(422, "Invalid request", "; ".join(findings))


@app.not_found
def answer_not_found(_: Exception) -> Response[str]:
    """The gateway routes nothing else here; a local run might."""
    return _problem(404, "Not found", "There is no such route.")


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """API Gateway's event in, its answer out."""
    answer = app.resolve(event, context)
    metrics.add_metric("ApiRequest", MetricUnit.Count, 1)
    logger.info("answered", route=event["routeKey"], status=answer["statusCode"])
    return answer
