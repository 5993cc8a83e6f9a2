"""What the routes work with: made once per function instance, from the template's environment."""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import boto3

from dlr import settings
from dlr.access.audit import AuditLog
from dlr.access.tokens import TokenStore
from dlr.alarms import Alarms
from dlr.exports.desk import JobDesk
from dlr.exports.links import SIGNING, Links
from dlr.exports.queue import StepQueue
from dlr.exports.service import Exports
from dlr.http.gate import Gate
from dlr.ingest.quarantine import Quarantine
from dlr.ingest.replay import Replay
from dlr.live import LiveReader
from dlr.messages.by_recipient import RecipientReports
from dlr.messages.store import ReportReader, ReportStore
from dlr.people import ErasureLog, PersonalData
from dlr.phone import PhoneNumber, RecipientHasher
from dlr.providers.base import Provider, load_provider
from dlr.runtime import aws
from dlr.runtime.secret import Secret
from dlr.suppression.admin import SuppressionAdmin
from dlr.suppression.announce import Announcer
from dlr.suppression.lookup import SuppressionLookup
from dlr.suppression.standing import Rules
from dlr.suppression.table import SuppressionList
from dlr.suppression.transfer import SuppressionTransfer
from dlr.webhooks import Tester, WebhookSecrets

dynamodb = boto3.client("dynamodb", config=aws.CALLS)
secrets = boto3.client("secretsmanager", config=aws.CALLS)
reports_table = os.environ["REPORTS_TABLE"]
hasher = RecipientHasher(Secret(secrets, os.environ["HASH_SECRET"]).values)
reports = ReportReader(dynamodb, reports_table)
rules = Rules.from_environment(os.environ)
suppressions = SuppressionList(dynamodb, os.environ["SUPPRESSIONS_TABLE"], rules)
lookup = SuppressionLookup(suppressions, hasher)
announce = Announcer(boto3.client("events", config=aws.CALLS), os.environ["EVENT_BUS"])
by_recipient = RecipientReports(dynamodb, reports_table)
admin = SuppressionAdmin(
    suppressions,
    hasher,
    settings.days("NUMBER_SUPPRESSION_DAYS"),
    announce,
    by_recipient.deliveries,
)
transfer = SuppressionTransfer(suppressions, admin, hasher)
quarantine = Quarantine(dynamodb, os.environ["QUARANTINE_TABLE"], hasher)
personal_data = PersonalData(
    by_recipient,
    suppressions,
    quarantine,
    ErasureLog(dynamodb, os.environ["ERASURES_TABLE"]),
    hasher,
    announce,
)
replay = Replay(
    quarantine,
    ReportStore(dynamodb, reports_table, settings.retention()),
    lru_cache(lambda provider: settings.normalizer(provider, hasher)),
)
desk_table = os.environ["DESK_TABLE"]
tokens = TokenStore(dynamodb, desk_table)
audit = AuditLog(dynamodb, desk_table)
gate = Gate(audit, hasher)
exports = Exports(
    JobDesk(dynamodb, desk_table),
    StepQueue(boto3.client("sqs", config=aws.CALLS), os.environ["EXPORT_QUEUE"]),
    Links(boto3.client("s3", config=SIGNING), os.environ["EXPORTS_BUCKET"]),
    rules.strike_limit,
    int(os.environ["JOBS_PER_TOKEN"]),
)
live = LiveReader(dynamodb, desk_table)
stack = os.environ["STACK"]
alarms = Alarms(boto3.client("cloudwatch", config=aws.CALLS), stack)
webhooks = WebhookSecrets(
    secrets, boto3.client("cloudformation", config=aws.CALLS), stack, time.monotonic
)
deployed = sorted(filter(None, os.environ["PROVIDERS"].split(",")))
"""The providers that this stack has a webhook of."""
requires_signatures = os.environ["REQUIRE_SIGNATURES"] == "yes"
samples: Mapping[str, Mapping[str, str]] = json.loads(
    Path(__file__).with_name("samples.json").read_text()
)
"""By provider: `sample` and `setup`. Written by `make docs` from `events/`."""
try_webhook = Tester({name: each["sample"] for name, each in samples.items()})


def declared(provider: str) -> Provider:
    """The provider as this stack takes its reports."""
    found = load_provider(provider)
    return replace(found, needs_signature=True) if requires_signatures else found


def base_url(event: Any) -> str:
    """What stands before `/webhooks` in the addresses that providers call."""
    return os.environ["PUBLIC_URL"] or f"https://{event.request_context.domain_name}"


def now() -> datetime:
    """The time of the call, UTC."""
    return datetime.now(UTC)


def time_of_act(number: PhoneNumber) -> datetime:
    """Now; where a faster clock made this recipient's latest act, the microsecond after that.

    The list orders acts by their times, so of two acts one after the other the second one counts.
    """
    acts = suppressions.find(hasher.every_hash(number), now()).entry.acts
    return max([now(), *(act.at + timedelta(microseconds=1) for act in acts)])
