"""Histories of ReportsTable, made up: what its stream would show, and what must come of it.

The table here is a plain model that knows nothing of the lake's code: a message is the list of its
reports, and what it is follows from them by brute force.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from hypothesis import strategies as st

from dlr.causes import Cause
from dlr.messages.item import entry_of, fingerprint_of, key_of
from dlr.messages.order import micros_of, rank_of
from dlr.phone import PhoneNumber
from dlr.report import DeliveryReport, Status
from tests.support.reports import HASHER, make_report

BEGIN = datetime.fromisoformat("2026-11-22T21:30:00+00:00")
"""So that a history reaches into the next day."""
END = BEGIN + timedelta(days=4)
PEOPLE = (("GB", PhoneNumber("+447700900123")), ("FR", PhoneNumber("+33639980015")))
TTL = {"userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"}}
KEPT_S = 30 * 24 * 3600


class Step(NamedTuple):
    """Something that happens to a message, some minutes after the step before."""

    message: int
    what: str
    minutes: int


_SAYS = ("accepted", "enroute", "delivered", "undelivered", "expired", "read")
_HAPPENS = ("erase", "delete", "expire")

steps = st.lists(
    st.builds(
        Step,
        message=st.integers(0, 4),
        what=st.sampled_from(_SAYS * 3 + _HAPPENS),
        minutes=st.integers(0, 150),
    ),
    min_size=1,
    max_size=14,
)


@dataclass
class Message:
    """One message from its first report on."""

    first: datetime
    country: str
    number: PhoneNumber
    reports: list[DeliveryReport] = field(default_factory=list)
    is_erased: bool = False

    @property
    def state(self) -> DeliveryReport:
        return max(self.reports, key=rank_of)


class History:
    """The table after these steps, the records of its stream, and every message that ever was."""

    def __init__(self, steps: list[Step]) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.messages: list[Message] = []
        self.records: list[dict[str, Any]] = []
        self._current: dict[str, Message] = {}
        now = BEGIN
        for place, step in enumerate(steps):
            now += timedelta(minutes=step.minutes, microseconds=1)
            if step.what in _SAYS:
                self._report(step.message, Status(step.what), now, place)
            else:
                self._happen(step.what, f"acme#{self.id_of(step.message)}")

    @staticmethod
    def id_of(message: int) -> str:
        return f"hush-id-{message}"

    def expected(self) -> list[tuple[Any, ...]]:
        """By brute force: first report, id, status, cause, code and country of each message."""
        return sorted(
            (
                each.first.replace(tzinfo=None),
                "" if each.is_erased else each.state.message_id,
                each.state.status.value,
                each.state.cause.value,
                "" if each.is_erased else each.state.provider_code or "",
                each.country,
            )
            for each in self.messages
        )

    def counts(self) -> Counter[tuple[Any, ...]]:
        """How many messages of each hour there are by status and country."""
        return Counter(
            (
                each.first.replace(tzinfo=None, minute=0, second=0, microsecond=0),
                each.state.status.value,
                each.country,
            )
            for each in self.messages
        )

    def _report(self, message: int, status: Status, now: datetime, place: int) -> None:
        pk = f"acme#{self.id_of(message)}"
        current = self._current.get(pk)
        if current is None:
            country, number = PEOPLE[message % len(PEOPLE)]
            current = self._current[pk] = Message(now, country, number)
            self.messages.append(current)
        failed = status in {Status.UNDELIVERED, Status.EXPIRED}
        report = make_report(
            status,
            cause=Cause.UNKNOWN_SUBSCRIBER if failed else Cause.NONE,
            message_id=self.id_of(message),
            recipient=current.number,
            recipient_hash=HASHER.hash(current.number),
            provider_code=f"hush-code-{place}",
            received_at=now,
            occurred_at=now,
        )
        old = self.items.get(pk)
        if old is not None and "state" not in old and old["rank"]["S"] >= rank_of(report):
            return  # what is left of an erased message outranks it
        current.reports.append(report)
        self._write(pk, self._item(current, old, report))

    def _item(
        self, message: Message, old: dict[str, Any] | None, report: DeliveryReport
    ) -> dict[str, Any]:
        state = report
        history, seen = [entry_of(report)], [fingerprint_of(report)]
        version = micros_of(report.received_at) + 1
        kept: dict[str, Any] = {}
        if old is not None:
            seen = [*old["seen"]["SS"], *seen]
            version = int(old["v"]["N"]) + 1
            kept = {"f": old["f"]} if "f" in old else {}
            if "state" in old:
                history = [*old["history"]["L"], *history]
                state = message.state
        return {
            **key_of("acme", report.message_id),
            "state": entry_of(state),
            "history": {"L": history},
            "seen": {"SS": seen},
            "rank": {"S": rank_of(state)},
            "v": {"N": str(version)},
            "expires_at": {"N": str(int(state.received_at.timestamp()) + KEPT_S)},
            "recipient": {"S": message.number},
            "recipient_hash": {"S": HASHER.hash(message.number)},
            **kept,
        }

    def _happen(self, what: str, pk: str) -> None:
        old = self.items.get(pk)
        if old is None:
            return
        if what == "erase":
            self._current[pk].is_erased = True
            left = {name: old[name] for name in ("pk", "seen", "rank", "v", "expires_at")}
            first = {"N": str(micros_of(self._current[pk].first))}
            self._write(pk, left | {"f": first})
            return
        message = self._current.pop(pk)
        message.is_erased |= what == "delete"
        del self.items[pk]
        self._record("REMOVE", {"OldImage": old}, TTL if what == "expire" else {})

    def _write(self, pk: str, item: dict[str, Any]) -> None:
        old = self.items.get(pk)
        images = {"NewImage": item} | ({"OldImage": old} if old else {})
        self.items[pk] = item
        self._record("MODIFY" if old else "INSERT", images, {})

    def _record(self, name: str, images: dict[str, Any], more: dict[str, Any]) -> None:
        number = f"{len(self.records) + 1:021d}"
        self.records.append(
            {"eventName": name, "dynamodb": {"SequenceNumber": number, **images}, **more}
        )
