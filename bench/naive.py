"""The handler that one writes first: every utility of Powertools, the table, and the bus at once.

The same job for one made-up provider: check a token, read, store once, publish.
"""

import json
import os
from typing import Any

import boto3
import phonenumbers
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities import parameters
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.parser import BaseModel, parse
from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="naive")
metrics = Metrics(namespace="naive")
tracer = Tracer(service="naive")
app = APIGatewayHttpResolver(enable_validation=True)
table = boto3.resource("dynamodb").Table(os.environ["REPORTS_TABLE"])
events = boto3.client("events")
secrets = parameters.SecretsProvider()
once = DynamoDBPersistenceLayer(table_name=os.environ["ONCE_TABLE"])
config = IdempotencyConfig(event_key_jmespath="[messageid, status]")


class Report(BaseModel):
    """The SMS Works' report, as far as this handler reads it."""

    messageid: str
    status: str
    destination: int
    modified: str


@idempotent_function(data_keyword_argument="content", persistence_store=once, config=config)  # type: ignore[untyped-decorator]
def store(content: dict[str, Any]) -> dict[str, str]:
    """Store the report, then publish it."""
    report = parse(event=content, model=Report)
    number = phonenumbers.parse(f"+{report.destination}")
    item = report.model_dump() | {"pk": report.messageid, "recipient": str(number.national_number)}
    table.put_item(Item=item)
    entry = {"Source": "naive", "DetailType": "Report", "Detail": json.dumps(content)}
    events.put_events(Entries=[{**entry, "EventBusName": os.environ["EVENT_BUS"]}])
    return {"stored": report.messageid}


@app.post("/webhooks/thesmsworks/<token>")
def receive(token: str) -> dict[str, str]:
    """Answer 200 once it is stored and published."""
    secret: Any = secrets.get(os.environ["TOKEN_SECRET"], max_age=300, transform="json")
    if token != secret["current"]:
        raise PermissionError
    metrics.add_metric("Received", MetricUnit.Count, 1)
    stored: dict[str, str] = store(content=app.current_event.json_body)
    return stored


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """API Gateway's event in, its answer out."""
    config.register_lambda_context(context)
    return app.resolve(event, context)
