"""Puts hard bounces and opt-outs on the suppression list: bus events from a queue in."""

import json
import os
from datetime import timedelta
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

from dlr.publish import ReportEvent
from dlr.suppressions import SuppressionList

logger = Logger()
metrics = Metrics()
processor = BatchProcessor(EventType.SQS)
suppressions = SuppressionList(boto3.client("dynamodb"), os.environ["SUPPRESSIONS_TABLE"])
keep_number = timedelta(days=float(os.environ["NUMBER_SUPPRESSION_DAYS"]))


def suppress(record: SQSRecord) -> None:
    """One event. What it raises keeps the message in the queue, for the dead-letter queue."""
    report = ReportEvent.model_validate(json.loads(record.body)["detail"])
    entry = suppressions.record(report, keep_number)
    metrics.add_metric("NoSuppression" if entry is None else "Suppressed", MetricUnit.Count, 1)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """A batch of queue messages in, those to be tried again out."""
    return process_partial_response(event, suppress, processor, context)
