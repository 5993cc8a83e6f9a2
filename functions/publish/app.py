"""Publishes every change of a message's state: the table's stream in, events on the bus out."""

import os
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.session import Session

from dlr.discreet import discreet
from dlr.publish import Publisher
from dlr.store import Forgetter

logger = Logger()
metrics = Metrics()
aws = Session()  # without boto3, which would load 60 modules more
forget = Forgetter(aws.create_client("dynamodb"), os.environ["REPORTS_TABLE"])
publish = Publisher(aws.create_client("events"), os.environ["EVENT_BUS"], forget)


@discreet
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A batch of stream records in, the first one to be tried again out."""
    records = event["Records"]
    failed = publish(records)
    metrics.add_metric("Published", MetricUnit.Count, len(records) - len(failed))
    metrics.add_metric("PublishFailed", MetricUnit.Count, len(failed))
    logger.info("published", records=len(records), failed=len(failed))
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}
