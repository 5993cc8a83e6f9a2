"""The team's API: ask before sending, look up messages, keep the list."""

import json
import os
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from dlr.phone import NotANumberError
from dlr.runtime.errors import redact_errors
from dlr.suppression.admin import WindowError
from dlr.wire.request import mapped_path, problem
from routes import messages, people, quarantine, suppressions
from routes.parameters import NotKeptError

metrics = Metrics()


def _read_json(text: str) -> Any:
    """What Powertools turns into 422; Python has three kinds of error for it, and takes NaN."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise json.JSONDecodeError("no JSON", "", 0) from None


app = APIGatewayHttpResolver(
    enable_validation=True,
    json_body_deserializer=_read_json,
    strip_prefixes=[mapped_path(os.environ["PUBLIC_URL"])],
)
for each in (suppressions, messages, people, quarantine):
    app.include_router(each.router)


def _problem(status: int, title: str, detail: str) -> Response[str]:
    answer = problem(status, title, detail).to_api_gateway()
    return Response(status, "application/problem+json", answer["body"])


@app.get("/openapi.json", include_in_schema=False)
def get_openapi() -> Response[str]:
    schema = app.get_openapi_json_schema(title="SMS delivery reports", version="1")
    return Response(200, "application/json", schema)


@app.exception_handler(NotKeptError)
def answer_not_kept(error: NotKeptError) -> Response[str]:
    return _problem(404, f"Unknown {error}", f"No such {error} is kept (any more).")


@app.exception_handler(NotANumberError)
def answer_not_a_number(error: NotANumberError) -> Response[str]:
    return _problem(400, "Not a phone number", str(error))


@app.exception_handler(WindowError)
def answer_window(error: WindowError) -> Response[str]:
    return _problem(422, "Invalid request", str(error))


@app.exception_handler(RequestValidationError)
def answer_invalid(error: RequestValidationError) -> Response[str]:
    return _problem(422, "Invalid request", "; ".join(map(_finding, error.errors()[:5])))


def _finding(error: Mapping[str, Any]) -> str:
    """Where and what. The name of a field that is not known is the caller's own text."""
    if error["type"] == "extra_forbidden":
        return f"{'.'.join(map(str, error['loc'][:-1]))}: a field is not known"
    return f"{'.'.join(map(str, error['loc']))}: {error['msg']}"


@app.exception_handler(UnicodeDecodeError)
def answer_no_text(_: UnicodeDecodeError) -> Response[str]:
    return _problem(400, "Unreadable request", "The body is not UTF-8.")


@app.not_found
def answer_not_found(_: Exception) -> Response[str]:
    return _problem(404, "Not found", "There is no such route.")


@redact_errors
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """API Gateway's event in, its answer out."""
    event["headers"]["content-type"] = "application/json"  # `curl -d` calls everything a form
    metrics.clear_metrics()  # a call that failed leaves its operator behind
    answer = app.resolve(event, context)
    metrics.add_metric("ApiRequest", MetricUnit.Count, 1)
    metrics.add_metadata("route", event["routeKey"])
    metrics.add_metadata("status", answer["statusCode"])
    metrics.add_metadata("request_id", context.aws_request_id)
    return answer
