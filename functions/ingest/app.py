"""Receives one provider's delivery reports: `PROVIDER` says whose."""

import os
from collections.abc import Mapping
from typing import Any

from botocore.session import Session

from dlr import settings
from dlr.ingest.quarantine import Quarantine, QuarantineQuota
from dlr.ingest.receive import Receiver
from dlr.messages.store import ReportStore
from dlr.phone import RecipientHasher
from dlr.runtime import aws
from dlr.runtime.errors import redact_errors
from dlr.runtime.secret import Secret
from dlr.wire.request import Request

ORDINARY = frozenset({"New", "Stale"})
"""Counts of publish, which sees each stored report in a batch of others."""

session = Session()  # boto3 around it would load 60 modules more, for S3 transfers and resources
dynamodb = session.create_client("dynamodb", config=aws.OFTEN)
secrets = session.create_client("secretsmanager", config=aws.CALLS)
hasher = RecipientHasher(Secret(secrets, os.environ["HASH_SECRET"]).values)
quarantine_table = os.environ["QUARANTINE_TABLE"]
quota = QuarantineQuota(
    dynamodb,
    quarantine_table,
    int(os.environ["QUARANTINE_REQUESTS"]),
    int(os.environ["QUARANTINE_MEGABYTES"]) * 1_000_000,
)
normalizer = settings.normalizer(os.environ["PROVIDER"], hasher)
receive = Receiver(
    normalizer,
    ReportStore(dynamodb, os.environ["REPORTS_TABLE"], settings.retention()),
    Quarantine(dynamodb, quarantine_table, hasher, settings.days("QUARANTINE_DAYS"), quota),
    Secret(secrets, os.environ["TOKEN_SECRET"]),
)
public_url = os.environ.get("PUBLIC_URL", "")


def log(counts: Mapping[str, int], status: int, request_id: str) -> None:
    """One line of metrics. Powertools is imported here, because most calls log nothing.

    The metrics are counted over all providers, for CloudWatch charges for each dimension; the line
    names the provider.
    """
    from aws_lambda_powertools import Metrics
    from aws_lambda_powertools.metrics import MetricUnit

    metrics = Metrics()
    for name, count in counts.items():
        metrics.add_metric(name, MetricUnit.Count, count)
    metrics.add_metadata("provider", normalizer.provider.name)
    metrics.add_metadata("status", status)
    metrics.add_metadata("request_id", request_id)
    metrics.flush_metrics()


def note(counts: Mapping[str, int], status: int, context: Any) -> None:
    """Logs only what is refused or out of the ordinary."""
    odd = {name: count for name, count in counts.items() if name not in ORDINARY}
    if odd:
        log(odd, status, context.aws_request_id)


def take(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Reports that AWS itself hands over. Those of a queue that were not stored come again alone.

    Raises RuntimeError where others were not stored, so that AWS calls again.
    """
    from dlr.ingest.handed import requests_of

    failed = []
    for name, request in requests_of(event):
        response, counts = receive.take(request)
        note(counts, response.status, context)
        if response.status >= 500:
            failed.append(name)
    if "" in failed:
        raise RuntimeError("reports were not stored")
    return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}


@redact_errors
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """API Gateway's event in, its answer out; or what AWS itself hands over, its reports."""
    if normalizer.provider.called_by_aws and "requestContext" not in event:
        return take(event, context)
    response, counts = receive(Request.from_api_gateway(event, public_url))
    note(counts, response.status, context)
    return response.to_api_gateway(context.aws_request_id)
