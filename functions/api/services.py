"""What the routes work with: made once per function instance, from the template's environment."""

import os
from datetime import UTC, datetime
from functools import lru_cache

import boto3

from dlr import settings
from dlr.ingest.quarantine import Quarantine
from dlr.ingest.replay import Replay
from dlr.messages.by_recipient import RecipientReports
from dlr.messages.store import ReportReader, ReportStore
from dlr.people import ErasureLog, PersonalData
from dlr.phone import RecipientHasher
from dlr.runtime import aws
from dlr.runtime.secret import Secret
from dlr.suppression.admin import SuppressionAdmin
from dlr.suppression.lookup import SuppressionLookup
from dlr.suppression.table import SuppressionList

dynamodb = boto3.client("dynamodb", config=aws.CALLS)
secrets = boto3.client("secretsmanager", config=aws.CALLS)
reports_table = os.environ["REPORTS_TABLE"]
hasher = RecipientHasher(Secret(secrets, os.environ["HASH_SECRET"]).values)
reports = ReportReader(dynamodb, reports_table)
suppressions = SuppressionList(dynamodb, os.environ["SUPPRESSIONS_TABLE"])
lookup = SuppressionLookup(suppressions, hasher)
admin = SuppressionAdmin(suppressions, hasher, settings.days("NUMBER_SUPPRESSION_DAYS"))
quarantine = Quarantine(dynamodb, os.environ["QUARANTINE_TABLE"])
personal_data = PersonalData(
    RecipientReports(dynamodb, reports_table),
    suppressions,
    quarantine,
    ErasureLog(dynamodb, os.environ["ERASURES_TABLE"]),
    hasher,
)
replay = Replay(
    quarantine,
    ReportStore(dynamodb, reports_table, settings.retention()),
    lru_cache(lambda provider: settings.normalizer(provider, hasher)),
)


def now() -> datetime:
    """The time of the call, UTC."""
    return datetime.now(UTC)
