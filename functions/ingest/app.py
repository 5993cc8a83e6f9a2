"""Receives one provider's delivery reports: `PROVIDER` says whose."""

import os
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from dlr import settings
from dlr.discreet import discreet
from dlr.quarantine import Quarantine
from dlr.receive import Receiver
from dlr.recipient import RecipientHasher
from dlr.request import Request
from dlr.secret import Secret
from dlr.store import ReportStore

logger = Logger()
metrics = Metrics()


# A provider waits 5 to 15 seconds for the answer: three tries of 2 s stay below that.
quick = Config(
    connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3}
)
dynamodb = boto3.client("dynamodb", config=quick)
secrets = boto3.client("secretsmanager", config=quick)
hasher = RecipientHasher(Secret(secrets, os.environ["HASH_SECRET"]).values)
normalizer = settings.normalizer(os.environ["PROVIDER"], hasher)
receive = Receiver(
    normalizer,
    ReportStore(dynamodb, os.environ["REPORTS_TABLE"], settings.retention()),
    Quarantine(dynamodb, os.environ["QUARANTINE_TABLE"], settings.days("QUARANTINE_DAYS")),
    Secret(secrets, os.environ["TOKEN_SECRET"]),
)
public_url = os.environ.get("PUBLIC_URL", "")
metrics.set_default_dimensions(provider=normalizer.provider.name)


@discreet
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """API Gateway's event in, its answer out."""
    response, counts = receive(Request.from_api_gateway(event, public_url))
    for name, count in counts.items():
        metrics.add_metric(name, MetricUnit.Count, count)
    logger.info(
        "received", provider=normalizer.provider.name, status=response.status, counts=counts
    )
    return response.to_api_gateway()
