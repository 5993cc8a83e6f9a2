"""Puts hard bounces and opt-outs on the suppression list: bus events from a queue in."""

import json
import os
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from dlr import settings
from dlr.messages.by_recipient import RecipientReports
from dlr.messages.event import ReportEvent
from dlr.phone import RecipientHasher
from dlr.runtime import aws
from dlr.runtime.errors import redact_errors, redacted
from dlr.runtime.secret import Secret
from dlr.suppression.apply import Suppressor
from dlr.suppression.guard import Guard
from dlr.suppression.table import SuppressionList

logger = Logger()
metrics = Metrics()
processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
dynamodb = boto3.client("dynamodb", config=aws.CALLS)
secrets = boto3.client("secretsmanager", config=aws.CALLS)
table = os.environ["SUPPRESSIONS_TABLE"]
suppress = Suppressor(
    SuppressionList(dynamodb, table),
    RecipientHasher(Secret(secrets, os.environ["HASH_SECRET"]).values),
    Guard(dynamodb, table, int(os.environ["MASS_BOUNCE_LIMIT"])),
    RecipientReports(dynamodb, os.environ["REPORTS_TABLE"]).last_delivery,
    int(os.environ["STRIKE_LIMIT"]),
    settings.days("NUMBER_SUPPRESSION_DAYS"),
)


def handle(record: SQSRecord) -> None:
    """One event. What it raises keeps the message in the queue, for the dead-letter queue."""
    try:
        report = ReportEvent.model_validate(json.loads(record.body)["detail"])
        entry = suppress(report, datetime.now(UTC))
    except Exception as error:
        metrics.add_metric("SuppressFailed", MetricUnit.Count, 1)
        logger.error("not suppressed", error=redacted(error))
        raise
    metrics.add_metric("Nothing" if entry is None else entry.state.title(), MetricUnit.Count, 1)


@redact_errors
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """A batch of queue messages in, those to be tried again out."""
    return process_partial_response(event, handle, processor, context)
