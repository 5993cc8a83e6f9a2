"""A provider's receiver on real tables."""

from datetime import timedelta
from typing import Any

from dlr.ingest.normalize import Normalizer
from dlr.ingest.quarantine import Quarantine, QuarantineQuota
from dlr.ingest.receive import Receiver
from dlr.messages.store import ReportStore, Retention
from dlr.phone import RecipientHasher
from dlr.providers.base import Provider, load_provider
from dlr.runtime.secret import MIN_AGE_S, Secret
from dlr.wire.request import Response
from local.cloud import Cloud
from tests.support.cases import NOW
from tests.support.secrets import SecretsManager, value
from tests.support.tables import make_table

DAY = timedelta(days=1)
HASHER = RecipientHasher(lambda: ["key"])


class IngestHarness:
    """A receiver on real tables of its own."""

    def __init__(self, cloud: Cloud) -> None:
        self.client = cloud.client("dynamodb")
        self.reports = make_table(cloud, "ReportsTable")
        self.quarantine = make_table(cloud, "QuarantineTable")
        self.secrets = SecretsManager(value("token"))

    def receiver(
        self,
        provider: str | Provider = "bulksmsrates",
        client: Any = None,
        secrets: Any = None,
        min_age_s: float = MIN_AGE_S,
        quota: QuarantineQuota | None = None,
    ) -> Receiver:
        """`min_age_s` is the time between two reads of the secret."""
        client = client or self.client
        provider = load_provider(provider) if isinstance(provider, str) else provider
        return Receiver(
            Normalizer(provider, hasher=HASHER),
            ReportStore(client, self.reports, Retention(DAY, DAY, DAY)),
            Quarantine(client, self.quarantine, HASHER, DAY, quota),
            Secret(secrets or self.secrets, "arn", min_age_s=min_age_s),
            lambda: NOW,
        )

    def quarantined(self) -> list[dict[str, Any]]:
        """The requests, without their pointers and without the counters."""
        return [item for item in self.quarantine_items() if "body" in item]

    def quarantine_items(self) -> list[dict[str, Any]]:
        pages = self.client.get_paginator("scan").paginate(TableName=self.quarantine)
        return [item for page in pages for item in page["Items"]]


def detail_of(response: Response) -> str:
    return str(response.body["detail"])
