"""Merges the lake every five minutes, and takes out once a day what has expired."""

import os
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from dlr.lake.manifest import Manifest
from dlr.lake.merge import Merger
from dlr.runtime import aws
from dlr.runtime.errors import redact_errors

ENOUGH_MS = 120_000
"""No further part is begun with less time left; the next call goes on."""

metrics = Metrics()
manifest = Manifest(boto3.client("dynamodb", config=aws.CALLS), os.environ["DESK_TABLE"])
merge = Merger(boto3.client("s3", config=aws.OBJECTS), os.environ["LAKE_BUCKET"], manifest)
statistics_months = int(os.environ["STATISTICS_MONTHS"])


@redact_errors
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Called by the schedule, whatever it says; the number of merged segments out."""
    now = datetime.now(UTC)
    merged = merge()
    segments, waited = merged.segments, now - (merged.oldest or now)
    metrics.add_metric("SegmentAge", MetricUnit.Seconds, waited.total_seconds())
    while merged.more and context.get_remaining_time_in_millis() > ENOUGH_MS:
        merged = merge()
        segments += merged.segments
    metrics.add_metadata("segments", segments)
    metrics.add_metadata("request_id", context.aws_request_id)
    if not merged.more and manifest.expired_on() != now.date():
        merge.expire(now, statistics_months)
        manifest.note_expired(now.date())
    return {"segments": segments}
