"""The team's API: ask before sending, look up messages, keep the list."""

import json
import os
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any

import boto3
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from dlr import aws, settings
from dlr.api import (
    Check,
    CheckAnswer,
    NotANumberError,
    Queries,
    SuppressionAnswer,
    Wish,
    answer_of,
    read_e164,
)
from dlr.discreet import discreet
from dlr.erasure import Erased, ErasureLog, Held, PersonalData, Repeated
from dlr.message import MessageAnswer
from dlr.operations import Import, Operations, Page, Settled
from dlr.quarantine import Quarantine, QuarantinePage
from dlr.recipient import RecipientHasher
from dlr.recipient_reports import RecipientReports
from dlr.replay import Replay, Replayed
from dlr.request import problem
from dlr.secret import Secret
from dlr.store import ReportReader, ReportStore
from dlr.suppression import ListName
from dlr.suppression_list import SuppressionList
from dlr.suppression_rules import discard, release

MAX_KEY = 256  # characters: DynamoDB refuses a key over 2,048 bytes

metrics = Metrics()


def _read_json(text: str) -> Any:
    """What Powertools turns into 422; Python has three kinds of error for it, and takes NaN."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise json.JSONDecodeError("no JSON", "", 0) from None


app = APIGatewayHttpResolver(enable_validation=True, json_body_deserializer=_read_json)
dynamodb = boto3.client("dynamodb", config=aws.CALLS)
secrets = boto3.client("secretsmanager", config=aws.CALLS)
reports_table = os.environ["REPORTS_TABLE"]
hasher = RecipientHasher(Secret(secrets, os.environ["HASH_SECRET"]).values)
suppressions = SuppressionList(dynamodb, os.environ["SUPPRESSIONS_TABLE"])
quarantine = Quarantine(dynamodb, os.environ["QUARANTINE_TABLE"])
queries = Queries(ReportReader(dynamodb, reports_table), suppressions, hasher)
operations = Operations(suppressions, hasher, settings.days("NUMBER_SUPPRESSION_DAYS"))
personal_data = PersonalData(
    RecipientReports(dynamodb, reports_table),
    suppressions,
    quarantine,
    ErasureLog(dynamodb, os.environ["ERASURES_TABLE"]),
    hasher,
)
replay = Replay(
    quarantine,
    ReportStore(dynamodb, reports_table, settings.retention()),
    lru_cache(lambda provider: settings.normalizer(provider, hasher)),
)

Operator = Annotated[
    str, Header(name="x-operator", max_length=100, description="Who, for the audit")
]
Provider = Annotated[str, Path(max_length=MAX_KEY)]
MessageId = Annotated[str, Path(max_length=MAX_KEY)]
QuarantineId = Annotated[str, Path(max_length=MAX_KEY)]
After = Annotated[str | None, Query(max_length=MAX_KEY)]
BOTH_LISTS = (ListName.NUMBER, ListName.OPT_OUT)


def _now() -> datetime:
    return datetime.now(UTC)


def _problem(status: int, title: str, detail: str) -> Response[str]:
    answer = problem(status, title, detail).to_api_gateway()
    return Response(status, "application/problem+json", answer["body"])


class NotKeptError(LookupError):
    """What was asked for is unknown or has expired."""


@app.get("/suppressions/held/<provider>", summary="How many entries the mass-bounce guard holds")
def get_held(provider: Provider) -> dict[str, int]:
    return {"held": sum(1 for _ in suppressions.held(provider))}


@app.post("/suppressions/held/<provider>/release", summary="What is held counts from now on")
def release_held(provider: Provider, by: Operator = "admin") -> Settled:
    return operations.settle_held(provider, release, by, _now())


@app.post("/suppressions/held/<provider>/discard", summary="What is held never counts")
def discard_held(provider: Provider, by: Operator = "admin") -> Settled:
    return operations.settle_held(provider, discard, by, _now())


@app.get("/suppressions/export", summary="The list as CSV, in parts")
def export_suppressions(after: After = None) -> Page:
    return operations.export(after, _now())


@app.post("/suppressions/import", summary="Put up to 1,000 CSV rows on the list")
def import_suppressions(by: Operator = "admin") -> Import:
    return operations.import_csv(app.current_event.decoded_body or "", by, _now())


@app.post("/suppressions/check", summary="Which of up to 1,000 numbers may not be sent to, and why")
def check_suppressions(check: Annotated[Check, Body()]) -> CheckAnswer:
    return queries.check(check.numbers, _now())


@app.get("/suppressions/<number>", summary="Whether a number may be sent to")
def get_suppression(number: str) -> SuppressionAnswer:
    return queries.suppression(number, _now())


@app.put("/suppressions/<number>", summary="Put a number on a list by hand")
def put_suppression(
    number: str, wish: Annotated[Wish, Body()], by: Operator = "admin"
) -> SuppressionAnswer:
    hashes, now = hasher.every_hash(read_e164(number)), _now()
    return answer_of(operations.suppress(hashes, wish.list, wish.cause, by, now), now)


@app.delete("/suppressions/<number>", summary="Lift a number off a list, or off both")
def lift_suppression(
    number: str, list: Annotated[ListName | None, Query()] = None, by: Operator = "admin"
) -> SuppressionAnswer:
    hashes, now = hasher.every_hash(read_e164(number)), _now()
    lists = (list,) if list else BOTH_LISTS
    return answer_of(operations.lift(hashes, lists, by, now), now)


@app.get("/messages/<provider>/<message_id>", summary="State and history of a message")
def get_message(provider: Provider, message_id: MessageId) -> MessageAnswer:
    answer = queries.message(provider, message_id, _now())
    if answer is None:
        raise NotKeptError("message")
    return answer


@app.get("/recipients/<number>", summary="Everything held of a person")
def get_recipient(number: str) -> Held:
    return personal_data.held(read_e164(number), _now())


@app.delete("/recipients/<number>", summary="Erase a person; who is suppressed stays so")
def erase_recipient(number: str) -> Erased:
    return personal_data.erase(read_e164(number), _now())


@app.post("/erasures/repeat", summary="Do the noted erasures again, after a restore, in parts")
def repeat_erasures(after: After = None) -> Repeated:
    return personal_data.repeat(after, _now())


@app.get("/quarantine", summary="The requests that could not be read, in parts")
def list_quarantine(after: After = None) -> QuarantinePage:
    return quarantine.page(after, _now())


@app.post("/quarantine/<id>/replay", summary="Read a request again with the mapper of today")
def replay_quarantined(id: QuarantineId) -> Replayed:
    answer = replay(id, _now())
    if answer is None:
        raise NotKeptError("request")
    return answer


@app.delete("/quarantine/<id>", summary="Discard a request")
def discard_quarantined(id: QuarantineId) -> dict[str, str]:
    quarantine.delete(id)
    return {"discarded": id}


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


@app.exception_handler(RequestValidationError)
def answer_invalid(error: RequestValidationError) -> Response[str]:
    findings = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
    return _problem(422, "Invalid request", "; ".join(findings))


@app.exception_handler(UnicodeDecodeError)
def answer_no_text(_: UnicodeDecodeError) -> Response[str]:
    return _problem(400, "Unreadable request", "The body is not UTF-8.")


@app.not_found
def answer_not_found(_: Exception) -> Response[str]:
    return _problem(404, "Not found", "There is no such route.")


@discreet
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """API Gateway's event in, its answer out."""
    event["headers"]["content-type"] = "application/json"  # `curl -d` calls everything a form
    answer = app.resolve(event, context)
    metrics.add_metric("ApiRequest", MetricUnit.Count, 1)
    metrics.add_metadata("route", event["routeKey"])
    metrics.add_metadata("status", answer["statusCode"])
    metrics.add_metadata("request_id", context.aws_request_id)
    return answer
