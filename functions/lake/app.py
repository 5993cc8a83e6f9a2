"""Writes every change of a message as a row of the lake: the table's stream in, segments out."""

import os
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.session import Session

from dlr.lake.key import lake_key
from dlr.lake.segment import Segments
from dlr.lake.writer import LakeWriter
from dlr.runtime import aws
from dlr.runtime.errors import redact_errors

metrics = Metrics()
session = Session()  # without boto3, which would load 60 modules more
dynamodb = session.create_client("dynamodb", config=aws.CALLS)
s3 = session.create_client("s3", config=aws.OBJECTS)
write = LakeWriter(
    Segments(s3, os.environ["LAKE_BUCKET"]), lake_key(dynamodb, os.environ["DESK_TABLE"])
)


@redact_errors
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A batch of stream records in, the first one to be tried again out."""
    failed, rows = write(event["Records"])
    metrics.add_metric("Rows", MetricUnit.Count, rows)
    metrics.add_metadata("request_id", context.aws_request_id)
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}
