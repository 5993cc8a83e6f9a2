"""Keeps the suppression list by what reports say: bus events from a queue in."""

import json
import os
from collections.abc import Sequence
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
from dlr.suppression.announce import Announcer
from dlr.suppression.apply import Suppressor
from dlr.suppression.entry import ListName
from dlr.suppression.standing import Rules
from dlr.suppression.table import Changed, SuppressionList

SECOND_LOOK = "second_look"

logger = Logger()
metrics = Metrics()
processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
dynamodb = boto3.client("dynamodb", config=aws.CALLS)
secrets = boto3.client("secretsmanager", config=aws.CALLS)
sqs = boto3.client("sqs", config=aws.CALLS)
queue = os.environ["SUPPRESS_QUEUE"]
delay_s = int(os.environ["SECOND_LOOK_S"])


def look_again(hashes: Sequence[str]) -> None:
    """Puts a message of our own into the queue: the hashes, no number."""
    body = json.dumps({SECOND_LOOK: list(hashes)})
    sqs.send_message(QueueUrl=queue, MessageBody=body, DelaySeconds=delay_s)


announce = Announcer(boto3.client("events", config=aws.CALLS), os.environ["EVENT_BUS"])
suppress = Suppressor(
    SuppressionList(dynamodb, os.environ["SUPPRESSIONS_TABLE"], Rules.from_environment(os.environ)),
    RecipientHasher(Secret(secrets, os.environ["HASH_SECRET"]).values),
    RecipientReports(dynamodb, os.environ["REPORTS_TABLE"]).deliveries,
    look_again,
    int(os.environ["MASS_BOUNCE_LIMIT"]),
    settings.days("NUMBER_SUPPRESSION_DAYS"),
)


def handle(record: SQSRecord) -> None:
    """One message. What it raises keeps it in the queue, for the dead-letter queue."""
    try:
        _handle(json.loads(record.body), record, datetime.now(UTC))
    except Exception as error:
        metrics.add_metric("SuppressFailed", MetricUnit.Count, 1)
        logger.error("not suppressed", error=redacted(error))
        raise


def _handle(body: dict[str, Any], record: SQSRecord, now: datetime) -> None:
    # a message that comes again was perhaps applied and not announced
    is_again = int(record.attributes.approximate_receive_count or 1) > 1
    if SECOND_LOOK in body:
        announce(suppress.look(body[SECOND_LOOK], now), again=is_again)
        return
    event = ReportEvent.model_validate(body["detail"])
    changed = suppress(event, now)
    if changed is None:
        metrics.add_metric("Nothing", MetricUnit.Count, 1)
        return
    _count(changed, event)
    announce(changed, event.recipient, again=is_again)


def _count(changed: Changed, event: ReportEvent) -> None:
    state = changed.after.state
    metrics.add_metric("Nothing" if state is None else state.title(), MetricUnit.Count, 1)
    is_opt_out = changed.after.list_name is ListName.OPT_OUT
    if is_opt_out and changed.before.list_name is not ListName.OPT_OUT:
        metrics.add_metric("OptedOut", MetricUnit.Count, 1)
        logger.info("opted out", provider=event.provider)


@redact_errors
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """A batch of queue messages in, those to be tried again out."""
    return process_partial_response(event, handle, processor, context)
