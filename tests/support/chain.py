"""From a provider's request to the suppression list, on real tables and without a bus or a queue.

A step is done at once and in the order in which a test asks for it; `at` is the time of the step.
"""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from dlr.ingest.normalize import Normalizer
from dlr.ingest.quarantine import Quarantine
from dlr.messages.by_recipient import RecipientReports
from dlr.messages.event import DETAIL_TYPE, ReportEvent
from dlr.messages.publish import Publisher
from dlr.messages.redact import Redactor
from dlr.messages.store import ReportStore, Retention
from dlr.people import ErasureLog, PersonalData
from dlr.phone import PhoneNumber
from dlr.providers.base import load_provider
from dlr.suppression.admin import Window
from dlr.suppression.announce import Announcer
from dlr.suppression.entry import ListName
from dlr.suppression.known import KnownRecipients
from dlr.suppression.lookup import SuppressionAnswer
from dlr.wire.request import Request
from local.cloud import Cloud
from tests.support.cases import NOW
from tests.support.reports import HASHER
from tests.support.suppression import YEAR, SuppressionHarness
from tests.support.tables import make_table

DAY = timedelta(days=1)


class Chain(SuppressionHarness):
    """Everything behind the webhooks. `kept_days`: delivered, failed, unfinished messages."""

    def __init__(
        self, cloud: Cloud, limit: int = 10_000, kept_days: tuple[int, int, int] = (365, 365, 365)
    ) -> None:
        super().__init__(cloud)
        retention = Retention(*(days * DAY for days in kept_days))
        self.store = ReportStore(self.client, self.reports_table, retention)
        self.people = PersonalData(
            RecipientReports(self.client, self.reports_table),
            self.list,
            Quarantine(self.client, make_table(cloud, "QuarantineTable"), HASHER, DAY),
            ErasureLog(self.client, make_table(cloud, "ErasuresTable")),
            HASHER,
            Announcer(self, "bus"),
        )
        self._limit = limit
        redact = Redactor(self.client, self.reports_table)
        known = KnownRecipients(self.client, self.table, HASHER)
        self._publish = Publisher(self, "bus", redact, known)

    def send(
        self, provider: str, body: str, at: datetime = NOW, limit: int | None = None
    ) -> list[str]:
        """A request, from the webhook to the list; how each of its reports was stored.

        `limit` is the guard's of this request.
        """
        return [event for event, _ in self._send(provider, body, at, limit)]

    def events_of(self, provider: str, body: str, at: datetime = NOW) -> list[ReportEvent]:
        """A request, from the webhook to the list; the events that it makes."""
        made = self._send(provider, body, at, None)
        return [event for _, events in made for event in events]

    def handle(self, events: Iterable[ReportEvent], at: datetime, limit: int | None = None) -> None:
        """What the queue hands out, once more."""
        suppress = self.suppressor_of_events(self._limit if limit is None else limit)
        for event in events:
            suppress(event, at)

    def answer(self, number: str, at: datetime = NOW) -> SuppressionAnswer:
        """What the team gets before it sends."""
        return self.lookup.find(number, at)

    def lift(self, number: str, at: datetime, *lists: str) -> None:
        names = tuple(map(ListName, lists or tuple(ListName)))
        self.admin.lift(PhoneNumber(number), names, "carol", at)

    def put(self, number: str, name: str, at: datetime) -> None:
        """By hand."""
        self.admin.suppress(PhoneNumber(number), ListName(name), None, "carol", at)

    def settle(
        self, provider: str, at: datetime, *, dropped: bool, until: datetime | None = None
    ) -> int:
        window = Window(until=until)
        return self.admin.settle_held(provider, window, "carol", at, dropped=dropped).settled

    def erase(self, number: str, at: datetime) -> bool:
        """Whether the person is still suppressed."""
        return self.people.erase(PhoneNumber(number), at, "carol").suppressed

    def repeat_erasures(self, at: datetime) -> None:
        self.people.repeat(None, at)

    def audit(self, number: str, at: datetime) -> list[str]:
        """Who did something to the entry."""
        return [each.by for each in self.standing(PhoneNumber(number), at).entry.audit]

    def messages(self, number: str, at: datetime) -> dict[str, str]:
        """The status of each of the person's messages, by its id."""
        found = self.people.export(PhoneNumber(number), at).messages
        return {each.message_id: each.status for each in found}

    def entry(self, number: str, at: datetime) -> str:
        """All that the list keeps of the person."""
        return self.standing(PhoneNumber(number), at).entry.model_dump_json()

    def _send(
        self, provider: str, body: str, at: datetime, limit: int | None
    ) -> list[tuple[str, list[ReportEvent]]]:
        normalize = Normalizer(load_provider(provider), hasher=HASHER)
        request = Request("POST", body=body.encode())
        made = []
        for report in normalize(request, at).reports:
            before = self._items()
            outcome = self.store.put(report)
            events = self._published(before)
            self.handle(events, at, limit)
            made.append((outcome.value, events))
        return made

    def _items(self) -> dict[str, dict[str, Any]]:
        items = self.client.scan(TableName=self.reports_table)["Items"]
        return {item["pk"]["S"]: item for item in items}

    def _published(self, before: dict[str, dict[str, Any]]) -> list[ReportEvent]:
        """The events of what has changed since."""
        self.announced.clear()
        for key, item in self._items().items():
            if item != before.get(key):
                old = {"OldImage": before[key]} if key in before else {}
                images = {"SequenceNumber": "1", "NewImage": item, **old}
                self._publish([{"dynamodb": images}])
        made = [detail for kind, detail in self.announced if kind == DETAIL_TYPE]
        return [ReportEvent.model_validate(detail) for detail in made]


def iso(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def works(
    message_id: str,
    number: str,
    second: float | None,
    code: int | None = None,
    status: str = "UNDELIVERABLE",
) -> str:
    """A report of The SMS Works; `second` is the time after NOW, null for none."""
    made: dict[str, Any] = {"messageid": message_id, "status": status}
    if number:
        made["destination"] = int(number)
    if second is not None:
        made["modified"] = iso(NOW + timedelta(seconds=second))
    if code is not None:
        made["failurereason"] = {"code": code, "permanent": True}
    return json.dumps(made)


__all__ = ["DAY", "NOW", "YEAR", "Chain", "iso", "works"]
