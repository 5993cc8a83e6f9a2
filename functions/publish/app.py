"""Publishes every change of a message's state: the table's stream in, events on the bus out."""

import os
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from botocore.session import Session

from dlr.messages.publish import ProviderCounts, Publisher, counts_by_provider
from dlr.messages.store import Redactor
from dlr.runtime import aws
from dlr.runtime.errors import redact_errors

metrics = Metrics()
session = Session()  # without boto3, which would load 60 modules more
dynamodb = session.create_client("dynamodb", config=aws.CALLS)
events = session.create_client("events", config=aws.CALLS)
redact = Redactor(dynamodb, os.environ["REPORTS_TABLE"])
publish = Publisher(events, os.environ["EVENT_BUS"], redact)


def emit(provider: str, counts: ProviderCounts) -> None:
    """One line of metrics by provider: the alarms on silence and on the delivery rate watch them.

    Both metrics always together, so that the rate has a zero where nothing was delivered.
    """
    own = EphemeralMetrics()
    own.set_default_dimensions(provider=provider)
    own.add_metric("Finished", MetricUnit.Count, counts.finished)
    own.add_metric("Delivered", MetricUnit.Count, counts.delivered)
    own.flush_metrics()


@redact_errors
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A batch of stream records in, the first one to be tried again out."""
    records = event["Records"]
    failed, done = publish(records)
    metrics.add_metric("Published", MetricUnit.Count, len(records) - len(failed))
    metrics.add_metric("PublishFailed", MetricUnit.Count, len(failed))
    metrics.add_metadata("request_id", context.aws_request_id)
    for provider, counts in counts_by_provider(done).items():
        emit(provider, counts)
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}
