"""The suppression list on real tables, and the reports that lead onto it."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from dlr.causes import Cause
from dlr.messages.by_recipient import RecipientReports
from dlr.messages.event import ReportEvent
from dlr.messages.store import ReportStore, Retention
from dlr.messages.verdict import verdict_of
from dlr.phone import PhoneNumber, RecipientHasher
from dlr.report import DeliveryReport, Status
from dlr.suppression.admin import SuppressionAdmin
from dlr.suppression.announce import Announcer
from dlr.suppression.apply import Suppressor
from dlr.suppression.lookup import SuppressionLookup
from dlr.suppression.standing import Rules, Standing, State
from dlr.suppression.table import Changed, SuppressionList
from dlr.suppression.transfer import SuppressionTransfer
from local.cloud import Cloud
from tests.support.cases import NOW
from tests.support.reports import HASHER, make_report
from tests.support.tables import make_table

YEAR = timedelta(days=365)
RULES = Rules()


class SuppressionHarness:
    """The list on tables of its own."""

    def __init__(self, cloud: Cloud) -> None:
        self.client = cloud.client("dynamodb")
        self.table = make_table(cloud, "SuppressionsTable")
        self.reports_table = make_table(cloud, "ReportsTable")
        self.list = SuppressionList(self.client, self.table, RULES)
        self.store = ReportStore(self.client, self.reports_table, Retention(YEAR, YEAR, YEAR))
        self.lookup = SuppressionLookup(self.list, HASHER)
        self.announced: list[tuple[str, dict[str, Any]]] = []
        self.looks: list[list[str]] = []
        """Second looks that were asked for, by hashes."""
        self.find_deliveries = RecipientReports(self.client, self.reports_table).deliveries
        self.admin = self.make_admin(self.list, HASHER, Announcer(self, "bus"))
        self.transfer = SuppressionTransfer(self.list, self.admin, HASHER)
        self.suppress = self.suppressor()

    def make_admin(
        self, suppressions: SuppressionList, hasher: RecipientHasher, announce: Announcer
    ) -> SuppressionAdmin:
        return SuppressionAdmin(suppressions, hasher, YEAR, announce, self.find_deliveries)

    def suppressor(
        self,
        limit: int = 10_000,
        suppressions: SuppressionList | None = None,
        hasher: RecipientHasher = HASHER,
    ) -> Callable[[DeliveryReport, datetime], Changed | None]:
        """Takes a report as the only one of its message, as an event."""
        suppress = self.suppressor_of_events(limit, suppressions, hasher)
        return lambda report, now: suppress(event_of(report), now)

    def suppressor_of_events(
        self,
        limit: int = 10_000,
        suppressions: SuppressionList | None = None,
        hasher: RecipientHasher = HASHER,
    ) -> Suppressor:
        return Suppressor(
            suppressions or self.list,
            hasher,
            self.find_deliveries,
            lambda hashes: self.looks.append(list(hashes)),
            limit_per_hour=limit,
            keep_number=YEAR,
        )

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        """Stands for the bus that the list's changes go to."""
        self.announced += [(each["DetailType"], json.loads(each["Detail"])) for each in Entries]
        return {"FailedEntryCount": 0}

    def standing(self, of: PhoneNumber, at: datetime = NOW) -> Standing:
        return self.list.find(HASHER.every_hash(of), at)

    def state(self, of: PhoneNumber) -> State | None:
        return self.standing(of).state

    def delete_messages(self) -> None:
        """Of everybody."""
        for item in self.client.scan(TableName=self.reports_table)["Items"]:
            self.client.delete_item(TableName=self.reports_table, Key={"pk": item["pk"]})

    def delete_expired(self, at: datetime, table: str | None = None) -> None:
        """What DynamoDB does by itself; `table` is another one with the list."""
        for name, key in ((self.reports_table, "pk"), (table or self.table, "recipient_hash")):
            for item in self.client.scan(TableName=name)["Items"]:
                if "expires_at" in item and int(item["expires_at"]["N"]) <= at.timestamp():
                    self.client.delete_item(TableName=name, Key={key: item[key]})


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
    states = [state for state in map(suppression.state, numbers) if state]
    return {state: states.count(state) for state in set(states)}


def event_of(report: DeliveryReport, reports: int = 1, **fields: Any) -> ReportEvent:
    """The event of a message with this report alone."""
    verdict = verdict_of([report])
    return ReportEvent(**dict(report), reports=reports, verdict=verdict, **fields)
