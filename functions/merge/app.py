"""Merges the lake every five minutes, and takes out once a day what has expired."""

import os
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import boto3
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from dlr.lake.expiry import Expiry
from dlr.lake.manifest import Manifest
from dlr.lake.merge import Merger
from dlr.runtime import aws
from dlr.runtime.errors import redact_errors

FURTHER_S = 240.0
"""No further part is begun after this, and the next call goes on: it comes five minutes after this
one, and two at once would only disturb each other. A single part has the rest of the timeout."""

metrics = Metrics()
manifest = Manifest(boto3.client("dynamodb", config=aws.CALLS), os.environ["DESK_TABLE"])
place = boto3.client("s3", config=aws.OBJECTS), os.environ["LAKE_BUCKET"], manifest
merge, expire = Merger(*place), Expiry(*place)
statistics_months = int(os.environ["STATISTICS_MONTHS"])


class MissingObjectError(RuntimeError):
    """The manifest names an object that is not there. The log says of which days."""


@redact_errors
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Called by the schedule, whatever it says; the number of merged segments out.

    Raises MissingObjectError when everything else is done.
    """
    metrics.add_metadata("request_id", context.aws_request_id)
    began = time.monotonic()

    def may_go_on() -> bool:
        return time.monotonic() - began < FURTHER_S

    segments, missing = _merge(may_go_on)
    missing |= _expire(datetime.now(UTC), may_go_on)
    if missing:
        metrics.add_metadata("missing", sorted(day.isoformat() for day in missing))
        raise MissingObjectError
    return {"segments": segments}


def _merge(may_go_on: Callable[[], bool]) -> tuple[int, set[date]]:
    """How many segments were taken in, and of which days objects are missing."""
    merged = merge()
    segments, missing = merged.segments, set(merged.missing)
    while merged.more and may_go_on():
        merged = merge(missing)
        segments += merged.segments
        missing |= merged.missing
    metrics.add_metadata("segments", segments)
    metrics.add_metric("Merged", MetricUnit.Count, int(not (merged.more or missing)))
    return segments, missing


def _expire(now: datetime, may_go_on: Callable[[], bool]) -> set[date]:
    """Once a day, in as many calls as it takes; of which days objects are missing."""
    if manifest.expired_on() == now.date() or not may_go_on():
        return set()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    expired = expire(midnight, statistics_months, may_go_on)
    if not expired.more:
        manifest.note_expired(now.date())
    return set(expired.missing)
