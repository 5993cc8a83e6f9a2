"""Writes the files of exports: queue messages in, parts in the bucket out."""

import os
from contextlib import suppress
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
from dlr.access.tokens import TokenStore
from dlr.causes import Policy
from dlr.exports.backtest import BacktestPart, Ruling
from dlr.exports.clean import NumbersPart
from dlr.exports.desk import JobDesk
from dlr.exports.job import Kind, Part
from dlr.exports.listed import ListPart
from dlr.exports.numbers import MessageItems
from dlr.exports.part import MessagesPart
from dlr.exports.queue import StepQueue, read_step
from dlr.exports.scope import StoredScopes
from dlr.exports.work import Bucket, ExportWorker
from dlr.lake.key import lake_key
from dlr.lake.manifest import Manifest
from dlr.lake.names import Names
from dlr.lake.reader import LakeReader
from dlr.messages.by_recipient import RecipientReports
from dlr.phone import RecipientHasher
from dlr.runtime import aws
from dlr.runtime.errors import redact_errors, redacted
from dlr.runtime.scratch import own_folder
from dlr.runtime.secret import Secret
from dlr.suppression.standing import Rules
from dlr.suppression.table import SuppressionList

AGAIN_S = (30, 60, 120, 300, 600, 1200)
"""A part that failed is tried again after so many seconds."""
TRIES = len(AGAIN_S) + 1
"""Then its job has failed."""


def now() -> datetime:
    """UTC."""
    return datetime.now(UTC)


logger = Logger()
metrics = Metrics()
processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
dynamodb = boto3.client("dynamodb", config=aws.CALLS)
secrets = boto3.client("secretsmanager", config=aws.CALLS)
sqs = boto3.client("sqs", config=aws.CALLS)
s3 = boto3.client("s3", config=aws.OBJECTS)
queue = os.environ["EXPORT_QUEUE"]
desk_table, reports_table = os.environ["DESK_TABLE"], os.environ["REPORTS_TABLE"]
rules = Rules.from_environment(os.environ)
hasher = RecipientHasher(Secret(secrets, os.environ["HASH_SECRET"]).values)
suppressions = SuppressionList(dynamodb, os.environ["SUPPRESSIONS_TABLE"], rules)
folder = own_folder("dlr-export")
lake = LakeReader(s3, os.environ["LAKE_BUCKET"], Manifest(dynamodb, desk_table), folder)
items = MessageItems(dynamodb, reports_table, Names(lake_key(dynamodb, desk_table)))
desk = JobDesk(dynamodb, desk_table)
work = ExportWorker(
    desk,
    StepQueue(sqs, queue),
    Bucket(s3, os.environ["EXPORTS_BUCKET"]),
    {
        Kind.MESSAGES: MessagesPart(lake, items),
        Kind.NUMBERS_TO_CLEAN: NumbersPart(lake, items, suppressions, hasher),
        Kind.SUPPRESSIONS: ListPart(suppressions),
        Kind.BACKTEST: BacktestPart(
            lake,
            items,
            RecipientReports(dynamodb, reports_table).deliveries,
            hasher,
            Ruling(Policy(os.environ["SUPPRESSION_POLICY"]), rules),
            settings.days("NUMBER_SUPPRESSION_DAYS"),
        ),
    },
    StoredScopes(TokenStore(dynamodb, desk_table), now),
    folder / "part",
    now,
)


def handle(record: SQSRecord) -> None:
    """One message. What it raises keeps it in the queue."""
    step = read_step(record.body)
    receives = int(record.attributes.approximate_receive_count or 1)
    if receives <= TRIES:  # more of them where Lambda killed a try
        try:
            return _count(work(step))
        except Exception as error:
            logger.error("part failed", job=step.job, part=step.part, error=redacted(error))
            if receives < TRIES:
                _try_again(record, AGAIN_S[receives - 1])
                raise
    work.give_up(step)
    metrics.add_metric("ExportFailed", MetricUnit.Count, 1)
    logger.error("export failed", job=step.job, part=step.part)


def _count(part: Part | None) -> None:
    if part is not None:
        metrics.add_metric("ExportedRows", MetricUnit.Count, part.rows)


def _try_again(record: SQSRecord, wait_s: int) -> None:
    """Otherwise the queue would wait until the longest part could be done."""
    with suppress(Exception):
        sqs.change_message_visibility(
            QueueUrl=queue, ReceiptHandle=record.receipt_handle, VisibilityTimeout=wait_s
        )


@redact_errors
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """A queue message in; the same out if it is to be tried again."""
    return process_partial_response(event, handle, processor, context)
