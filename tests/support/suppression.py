"""The suppression list on real tables, and the reports that lead onto it."""

from datetime import timedelta
from typing import Any

from dlr.causes import Cause
from dlr.messages.by_recipient import RecipientReports
from dlr.messages.store import ReportStore, Retention
from dlr.phone import PhoneNumber, RecipientHasher
from dlr.report import DeliveryReport, Status
from dlr.suppression.admin import SuppressionAdmin
from dlr.suppression.apply import Suppressor
from dlr.suppression.entry import State, Suppression
from dlr.suppression.guard import Guard
from dlr.suppression.lookup import SuppressionLookup
from dlr.suppression.table import SuppressionList
from local.cloud import Cloud
from tests.support.cases import NOW
from tests.support.reports import HASHER, make_report
from tests.support.tables import make_table

YEAR = timedelta(days=365)


class SuppressionHarness:
    """The list on tables of its own."""

    def __init__(self, cloud: Cloud) -> None:
        self.client = cloud.client("dynamodb")
        self.table = make_table(cloud, "SuppressionsTable")
        self.reports_table = make_table(cloud, "ReportsTable")
        self.list = SuppressionList(self.client, self.table)
        self.store = ReportStore(self.client, self.reports_table, Retention(YEAR, YEAR, YEAR))
        self.lookup = SuppressionLookup(self.list, HASHER)
        self.admin = SuppressionAdmin(self.list, HASHER, YEAR)
        self.suppress = self.suppressor()

    def suppressor(
        self,
        limit: int = 10_000,
        suppressions: SuppressionList | None = None,
        hasher: RecipientHasher = HASHER,
    ) -> Suppressor:
        return Suppressor(
            suppressions or self.list,
            hasher,
            Guard(self.client, self.table, limit),
            RecipientReports(self.client, self.reports_table).last_delivery,
            strike_limit=3,
            keep_number=YEAR,
        )

    def entry(self, of: PhoneNumber) -> Suppression | None:
        return self.list.find(HASHER.every_hash(of), NOW)


def failure(of: PhoneNumber, cause: Cause, at: float = 0, **fields: Any) -> DeliveryReport:
    return make_report(
        Status.UNDELIVERED,
        at,
        cause,
        provider_code=cause,
        recipient=of,
        recipient_hash=HASHER.hash(of),
        **fields,
    )


def dead(of: PhoneNumber, at: float = 0, **fields: Any) -> DeliveryReport:
    return failure(of, Cause.UNKNOWN_SUBSCRIBER, at, **fields)


def count(suppression: SuppressionHarness, numbers: list[PhoneNumber]) -> dict[State, int]:
    states = [entry.state for entry in map(suppression.entry, numbers) if entry]
    return {state: states.count(state) for state in set(states)}
