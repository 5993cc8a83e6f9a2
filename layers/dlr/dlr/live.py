"""What people watch live: when each provider was heard of, and messages as they change.

Publish writes both into DeskTable beside its work. It may fail and it is then missing; it never
holds up or fails a report. Keys: `live#heard` and a provider; `live#lease`, which somebody who
watches renews; `live#tail` and the time of writing. There is no phone number in any of them.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError
from pydantic import BaseModel, Field

from dlr.messages.event import ReportEvent
from dlr.messages.hidden import id_without_number, without_number
from dlr.phone import country_of
from dlr.report import Status
from dlr.runtime.aws import is_refused_by_condition
from dlr.runtime.errors import redacted

HEARD, LEASE, TAIL = "live#heard", "live#lease", "live#tail"
LEASE_S = 30
RENEWED_S = 10
"""A lease younger than that is not renewed: a page asks every two seconds."""
LOOKED_S = 5.0
"""How long publish remembers whether somebody watches."""
EVENTS_A_SECOND = 20
KEPT_S = 600
HEARD_EVERY_S = 60
PAUSE_S = 30.0
"""After a failure nothing is tried for that long."""
PAGE = 100
QUICK = Config(
    connect_timeout=0.5, read_timeout=0.5, retries={"mode": "standard", "total_max_attempts": 1}
)
"""A call that nothing depends on: a failure takes a second, once in `PAUSE_S`."""


class TailItem(BaseModel):
    """One change of a message, without its recipient."""

    id: str = Field(description="of the event")
    at: datetime = Field(description="when the report came")
    provider: str
    message_id: str | None = Field(description="null where a number stands in it")
    status: Status
    cause: str
    code: str | None
    country: str | None


class TailPage(BaseModel):
    """The oldest first; `next` is the `after` of the call that goes on, and never null."""

    items: list[TailItem]
    next: str


class LiveWriter:
    """Writes what changed, as publish sees it. `client` is a botocore DynamoDB client (`QUICK`)."""

    def __init__(
        self,
        client: Any,
        table: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._heard_at: dict[str, float] = {}
        self._looked_at = -LOOKED_S
        self._watched_until = 0.0
        self._quiet_until = 0.0
        self._second, self._written = 0, 0

    def __call__(self, events: Sequence[ReportEvent]) -> str | None:
        """Writes; answers why it could not, without a text that quotes anything."""
        now = self._clock()
        if not events or now < self._quiet_until:
            return None
        try:
            self._hear(events, now)
            self._show(events, now)
        except Exception as error:  # whatever it is, no report waits for it
            self._quiet_until = now + PAUSE_S
            return redacted(error)
        return None

    def _hear(self, events: Iterable[ReportEvent], now: float) -> None:
        """Once a minute and provider at most, and never back in time."""
        newest: dict[str, datetime] = {}
        for event in events:
            known = newest.get(event.provider)
            newest[event.provider] = max(known or event.received_at, event.received_at)
        for provider, at in newest.items():
            if now - self._heard_at.get(provider, -HEARD_EVERY_S) >= HEARD_EVERY_S:
                self._heard_at[provider] = now
                self._write_heard(provider, at)

    def _write_heard(self, provider: str, at: datetime) -> None:
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"pk": {"S": HEARD}, "sk": {"S": provider}},
                UpdateExpression="SET heard_at = :at",
                ConditionExpression="attribute_not_exists(heard_at) OR heard_at < :at",
                ExpressionAttributeValues={":at": {"S": _stamp(at)}},
            )
        except ClientError as error:
            if not is_refused_by_condition(error):
                raise

    def _show(self, events: Sequence[ReportEvent], now: float) -> None:
        """Those events that a second has room for, while somebody watches."""
        if not self._is_watched(now):
            return
        if int(now) != self._second:
            self._second, self._written = int(now), 0
        room = EVENTS_A_SECOND - self._written
        shown = events[:room] if room > 0 else ()
        if not shown:
            return
        first = self._written
        self._written += len(shown)
        written_at = datetime.fromtimestamp(now, UTC)
        requests = [
            {"PutRequest": {"Item": _item_of(event, f"{_stamp(written_at)}#{first + place:02d}")}}
            for place, event in enumerate(shown)
        ]
        for request in requests:
            request["PutRequest"]["Item"]["expires_at"] = {"N": str(int(now) + KEPT_S)}
        self._client.batch_write_item(RequestItems={self._table: requests})

    def _is_watched(self, now: float) -> bool:
        if now - self._looked_at >= LOOKED_S:
            self._looked_at = now
            found = self._client.get_item(
                TableName=self._table, Key={"pk": {"S": LEASE}, "sk": {"S": LEASE}}
            ).get("Item")
            self._watched_until = float(found["until"]["N"]) if found else 0.0
        return now < self._watched_until


class LiveReader:
    """For the team's API. `client` is a boto3 DynamoDB client."""

    def __init__(self, client: Any, table: str, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._renewed_at = -float(RENEWED_S)

    def heard(self) -> dict[str, datetime]:
        """When a report of each provider last changed a message, to the minute."""
        found = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :heard",
            ExpressionAttributeValues={":heard": {"S": HEARD}},
        )["Items"]
        return {each["sk"]["S"]: _time_of(each["heard_at"]["S"]) for each in found}

    def tail(self, after: str | None) -> TailPage:
        """What was written since, and somebody watches for the next 30 seconds.

        Without `after` the newest of the last ten minutes.
        """
        now = self._clock()
        self._renew(now)
        start = f"{_stamp(datetime.fromtimestamp(now - KEPT_S, UTC))}#"
        found = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :tail AND sk > :after",
            ExpressionAttributeValues={
                ":tail": {"S": TAIL},
                ":after": {"S": max(after or "", start)},
            },
            ScanIndexForward=after is not None,
            ConsistentRead=True,
            Limit=PAGE,
        )["Items"]
        found.sort(key=lambda item: str(item["sk"]["S"]))
        last = found[-1]["sk"]["S"] if found else after or start
        return TailPage(items=[_tail_item(each) for each in found], next=last)

    def _renew(self, now: float) -> None:
        if now - self._renewed_at < RENEWED_S:
            return
        self._client.put_item(
            TableName=self._table,
            Item={
                "pk": {"S": LEASE},
                "sk": {"S": LEASE},
                "until": {"N": str(now + LEASE_S)},
                "expires_at": {"N": str(int(now) + KEPT_S)},
            },
        )
        self._renewed_at = now


def is_place(text: str) -> bool:
    """Whether it can be what `next` was."""
    stamp, mark, rest = text.partition("#")
    try:
        datetime.strptime(stamp, _FORMAT)
    except ValueError:
        return False
    return mark == "#" and (not rest or (len(rest) == 2 and rest.isdecimal() and rest.isascii()))


_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


def _stamp(at: datetime) -> str:
    """Sorts as the times do."""
    return at.astimezone(UTC).strftime(_FORMAT)


def _time_of(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp)


def _item_of(event: ReportEvent, place: str) -> dict[str, Any]:
    texts = {
        "pk": TAIL,
        "sk": place,
        "id": event.event_id,
        "at": _stamp(event.received_at),
        "provider": event.provider,
        "message_id": id_without_number(event.message_id, event),
        "status": event.status.value,
        "cause": event.cause.value,
        "code": without_number(event.provider_code, event),
        "country": country_of(event.recipient) if event.recipient else None,
    }
    return {name: {"S": text} for name, text in texts.items() if text}


def _tail_item(item: Mapping[str, Any]) -> TailItem:
    texts = {name: item[name]["S"] for name in TailItem.model_fields if name in item}
    return TailItem(**{"message_id": None, "code": None, "country": None, **texts})
