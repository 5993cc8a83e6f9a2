"""The manifest: which objects are the lake at this moment, an item of DeskTable per day.

A day changes as a whole or not at all: all its hours and the rollup made of them. Who changes it
names the version that it read; whoever comes second is refused and begins again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from botocore.exceptions import ClientError

from dlr.runtime.aws import lost_race

DAYS = "lake#days"
HEAD = {"pk": {"S": "lake#head"}, "sk": {"S": "head"}}


@dataclass(frozen=True, slots=True)
class Hour:
    """The messages whose first report came in one hour.

    `files` are the names of its objects, several where the hour is large. `next_expiry` is the
    first Unix second at which the id of a message expires, `last_expiry` the last. An hour whose
    messages have all expired is dropped: its files are gone for good, what is in the rollup stays.
    """

    files: tuple[str, ...] = ()
    rows: int = 0
    next_expiry: int | None = None
    last_expiry: int = 0
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the lake. Version 0 is a day without messages."""

    day: date
    version: int = 0
    hours: Mapping[int, Hour] = field(default_factory=dict)
    rollup: str | None = None

    def keys(self, hours: Sequence[int] | None = None) -> list[str]:
        """The keys of the objects with messages, of these hours or all."""
        wanted = sorted(self.hours) if hours is None else hours
        return [
            f"{folder_of(self.day, hour)}{name}"
            for hour in wanted
            if hour in self.hours
            for name in self.hours[hour].files
        ]

    @property
    def rollup_key(self) -> str | None:
        """The key of the object with the day's counts by hour."""
        return None if self.rollup is None else f"{rollups_of(self.day)}{self.rollup}"

    @property
    def daily_key(self) -> str | None:
        """The key of the object with the counts of the whole day, each under the day's begin."""
        return None if self.rollup is None else f"{daily_of(self.day)}{self.rollup}"

    def named(self) -> set[str]:
        """The keys of all its objects."""
        counts = (key for key in (self.rollup_key, self.daily_key) if key is not None)
        return {*self.keys(), *counts}


def messages_of(day: date) -> str:
    """The prefix of a day's messages."""
    return f"messages/day={day.isoformat()}/"


def folder_of(day: date, hour: int) -> str:
    """The prefix of an hour's messages."""
    return f"{messages_of(day)}hour={hour:02d}/"


def rollups_of(day: date) -> str:
    """The prefix of a day's counts."""
    return f"rollups/day={day.isoformat()}/"


def daily_of(day: date) -> str:
    """The prefix of a day's counts without hours."""
    return f"daily/day={day.isoformat()}/"


class Manifest:
    """The manifest in DeskTable. `client` is a boto3 DynamoDB client. Every read is consistent."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def head(self) -> int:
        """A number that grows with every change of any day."""
        return int(self._head().get("n", {"N": "0"})["N"])

    def expired_on(self) -> date | None:
        """The day on which what had expired was last taken out."""
        text = self._head().get("expired_on")
        return None if text is None else date.fromisoformat(text["S"])

    def note_expired(self, day: date) -> None:
        """That it was done on this day."""
        self._client.update_item(
            TableName=self._table,
            Key=HEAD,
            UpdateExpression="SET expired_on = :day",
            ExpressionAttributeValues={":day": {"S": day.isoformat()}},
        )

    def _head(self) -> Mapping[str, Any]:
        answer = self._client.get_item(TableName=self._table, Key=HEAD, ConsistentRead=True)
        item: Mapping[str, Any] = answer.get("Item", {})
        return item

    def day(self, day: date) -> Day:
        """One day; version 0 where it has no messages."""
        return next(self.days(day, day), Day(day))

    def days(self, first: date, last: date) -> Iterator[Day]:
        """Every day with messages from `first` to `last`, both included, in order."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :days AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":days": {"S": DAYS},
                ":first": {"S": first.isoformat()},
                ":last": {"S": last.isoformat()},
            },
            ConsistentRead=True,
        )
        for page in pages:
            yield from map(_day_of, page["Items"])

    def commit(self, day: Day) -> bool:
        """Makes this the day, if it is the version after the stored one; whether it did."""
        return self._change(day, {"Put": {"Item": _item_of(day)}})

    def forget(self, day: Day) -> bool:
        """Takes the day out, if its version is the one before this; whether it did."""
        return self._change(day, {"Delete": {"Key": _key_of(day.day)}})

    def _change(self, day: Day, change: dict[str, dict[str, Any]]) -> bool:
        ((kind, content),) = change.items()
        condition = "version = :before" if day.version > 1 else "attribute_not_exists(pk)"
        values = {":before": {"N": str(day.version - 1)}} if day.version > 1 else None
        content |= {"TableName": self._table, "ConditionExpression": condition}
        if values:
            content["ExpressionAttributeValues"] = values
        count = {
            "TableName": self._table,
            "Key": HEAD,
            "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
        try:
            self._client.transact_write_items(TransactItems=[{kind: content}, {"Update": count}])
        except ClientError as error:
            if not lost_race(error):
                raise
            return False
        return True


def _key_of(day: date) -> dict[str, Any]:
    return {"pk": {"S": DAYS}, "sk": {"S": day.isoformat()}}


def _item_of(day: Day) -> dict[str, Any]:
    hours = {f"{hour:02d}": {"M": _attributes_of(each)} for hour, each in day.hours.items()}
    rollup = {} if day.rollup is None else {"rollup": {"S": day.rollup}}
    return {
        **_key_of(day.day),
        "version": {"N": str(day.version)},
        "hours": {"M": hours},
        **rollup,
    }


def _attributes_of(hour: Hour) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "files": {"L": [{"S": name} for name in hour.files]},
        "rows": {"N": str(hour.rows)},
        "last_expiry": {"N": str(hour.last_expiry)},
    }
    if hour.next_expiry is not None:
        attributes["next_expiry"] = {"N": str(hour.next_expiry)}
    if hour.dropped:
        attributes["dropped"] = {"BOOL": True}
    return attributes


def _day_of(item: Mapping[str, Any]) -> Day:
    return Day(
        day=date.fromisoformat(item["sk"]["S"]),
        version=int(item["version"]["N"]),
        hours={int(name): _hour_of(each["M"]) for name, each in item["hours"]["M"].items()},
        rollup=item["rollup"]["S"] if "rollup" in item else None,
    )


def _hour_of(attributes: Mapping[str, Any]) -> Hour:
    return Hour(
        files=tuple(each["S"] for each in attributes["files"]["L"]),
        rows=int(attributes["rows"]["N"]),
        next_expiry=int(attributes["next_expiry"]["N"]) if "next_expiry" in attributes else None,
        last_expiry=int(attributes["last_expiry"]["N"]),
        dropped="dropped" in attributes,
    )
