"""Receives one provider's delivery reports: `PROVIDER` says whose."""

import os
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.session import Session

from dlr import settings
from dlr.ingest.quarantine import Quarantine
from dlr.ingest.receive import Receiver
from dlr.messages.store import ReportStore
from dlr.phone import RecipientHasher
from dlr.runtime import aws
from dlr.runtime.errors import redact_errors
from dlr.runtime.secret import Secret
from dlr.wire.request import Request

metrics = Metrics()
session = Session()  # boto3 around it would load 60 modules more, for S3 transfers and resources
dynamodb = session.create_client("dynamodb", config=aws.CALLS)
secrets = session.create_client("secretsmanager", config=aws.CALLS)
hasher = RecipientHasher(Secret(secrets, os.environ["HASH_SECRET"]).values)
normalizer = settings.normalizer(os.environ["PROVIDER"], hasher)
receive = Receiver(
    normalizer,
    ReportStore(dynamodb, os.environ["REPORTS_TABLE"], settings.retention()),
    Quarantine(dynamodb, os.environ["QUARANTINE_TABLE"], settings.days("QUARANTINE_DAYS")),
    Secret(secrets, os.environ["TOKEN_SECRET"]),
)
public_url = os.environ.get("PUBLIC_URL", "")


@redact_errors
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """API Gateway's event in, its answer out. The metrics are the call's only line in the log.

    They are counted over all providers, for CloudWatch charges for each dimension; the line names
    the provider. Metrics by provider are publish's.
    """
    response, counts = receive(Request.from_api_gateway(event, public_url))
    for name, count in counts.items():
        metrics.add_metric(name, MetricUnit.Count, count)
    metrics.add_metadata("provider", normalizer.provider.name)
    metrics.add_metadata("status", response.status)
    metrics.add_metadata("request_id", context.aws_request_id)
    return response.to_api_gateway()
