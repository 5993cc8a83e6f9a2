"""Receives one provider's delivery reports: `PROVIDER` says whose."""

import os
from datetime import timedelta
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from dlr.causes import Policy
from dlr.normalize import Normalizer
from dlr.provider import load_provider
from dlr.quarantine import Quarantine
from dlr.receive import Receiver
from dlr.recipient import RecipientHasher
from dlr.request import Request
from dlr.secret import Secret
from dlr.store import ReportStore, Retention

logger = Logger()
metrics = Metrics()


def _days(name: str) -> timedelta:
    return timedelta(days=float(os.environ[name]))


# A provider waits 5 to 15 seconds for the answer: three tries of 2 s stay below that.
quick = Config(
    connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3}
)
dynamodb = boto3.client("dynamodb", config=quick)
secrets = boto3.client("secretsmanager", config=quick)
provider = load_provider(os.environ["PROVIDER"], os.environ["SMPP_ERR_TABLE"])
receive = Receiver(
    Normalizer(
        provider,
        Policy(os.environ["SUPPRESSION_POLICY"]),
        RecipientHasher(Secret(secrets, os.environ["HASH_SECRET"]).values()),
    ),
    ReportStore(
        dynamodb,
        os.environ["REPORTS_TABLE"],
        Retention(
            delivered=_days("RETENTION_DELIVERED_DAYS"),
            failed=_days("RETENTION_FAILED_DAYS"),
            unfinished=_days("RETENTION_OPEN_DAYS"),
        ),
    ),
    Quarantine(dynamodb, os.environ["QUARANTINE_TABLE"], _days("QUARANTINE_DAYS")),
    Secret(secrets, os.environ["TOKEN_SECRET"]),
)
metrics.set_default_dimensions(provider=provider.name)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """API Gateway's event in, its answer out."""
    response, counts = receive(Request.from_api_gateway(event))
    for name, count in counts.items():
        metrics.add_metric(name, MetricUnit.Count, count)
    logger.info("received", provider=provider.name, status=response.status, counts=counts)
    return response.to_api_gateway()
