"""Publishes changes of messages: the table's stream in, events on the bus out.

These are the changes that `PublishedEvents` asks for, and all that the list needs.
"""

import os
from itertools import takewhile
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from botocore.session import Session

from dlr.live import QUICK, LiveWriter
from dlr.messages.publish import Choice, ProviderCounts, Publisher, counts_by_provider
from dlr.messages.redact import Redactor
from dlr.messages.volume import stored_in
from dlr.phone import RecipientHasher
from dlr.runtime import aws
from dlr.runtime.errors import redact_errors
from dlr.runtime.secret import Secret
from dlr.suppression.known import KnownRecipients

metrics = Metrics()
session = Session()  # without boto3, which would load 60 modules more
dynamodb = session.create_client("dynamodb", config=aws.OFTEN)
events = session.create_client("events", config=aws.OFTEN)
secrets = session.create_client("secretsmanager", config=aws.CALLS)
redact = Redactor(dynamodb, os.environ["REPORTS_TABLE"])
hasher = RecipientHasher(Secret(secrets, os.environ["HASH_SECRET"]).values)
known = KnownRecipients(dynamodb, os.environ["SUPPRESSIONS_TABLE"], hasher)
choice = Choice(os.environ["PUBLISH"])
live = LiveWriter(session.create_client("dynamodb", config=QUICK), os.environ["DESK_TABLE"])
publish = Publisher(events, os.environ["EVENT_BUS"], redact, known, choice)


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
    failed, done, published, lookup_error = publish(records)
    metrics.add_metric("Published", MetricUnit.Count, published)
    metrics.add_metric("PublishFailed", MetricUnit.Count, len(failed))
    if lookup_error:
        metrics.add_metric("LookupFailed", MetricUnit.Count, 1)
        metrics.add_metadata("lookup_error", lookup_error)
    once = takewhile(lambda each: each["dynamodb"]["SequenceNumber"] not in failed, records)
    for name, count in stored_in(once).items():
        metrics.add_metric(name, MetricUnit.Count, count)
    metrics.add_metadata("request_id", context.aws_request_id)
    for provider, counts in counts_by_provider(done).items():
        emit(provider, counts)
    if live_error := live(done):
        metrics.add_metric("LiveFailed", MetricUnit.Count, 1)
        metrics.add_metadata("live_error", live_error)
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}
