"""ReportsTable: one conditional write per report, safe against duplicates, disorder and races."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

from dlr.messages.item import (
    SHORTEST_S,
    Attributes,
    entry_of,
    expires_at_of,
    fingerprint_of,
    is_redacted,
    key_of,
)
from dlr.messages.order import rank_of
from dlr.report import FAILED, FINAL, DeliveryReport, Status
from dlr.runtime.aws import is_refused_by_condition

MAX_HISTORY = 50
"""Reports kept of one message. Beyond that the state still moves, the history does not grow."""
KEEP_FINGERPRINTS_S = 7 * 24 * 3600

_SET_STATE = "#state = :entry, #rank = :rank, expires_at = :expires_at"
_APPEND = "history = list_append(if_not_exists(history, :none), :entries)"
_IS_NEWER = "#rank < :rank AND NOT contains(seen, :fingerprint)"
_NAMES = {"#state": "state", "#rank": "rank"}
_PLACEHOLDER = re.compile(r"[:#]\w+")


class Outcome(StrEnum):
    """How a report was stored."""

    NEW = "new"
    """It became the message's state."""
    STALE = "stale"
    """The message's state outranks it; kept in the history."""
    DUPLICATE = "duplicate"
    """Known already; nothing to do."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a message is kept, by its state."""

    delivered: timedelta
    failed: timedelta
    unfinished: timedelta

    def of(self, status: Status) -> timedelta:
        """Counted from the receipt of the report that set the state; at least `SHORTEST_S`."""
        kept = self.unfinished
        if status in FINAL:
            kept = self.failed if status in FAILED else self.delivered
        return max(kept, timedelta(seconds=SHORTEST_S))


class ReportReader:
    """Reads messages. `client` is a boto3 DynamoDB client."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, provider: str, message_id: str, now: datetime) -> Mapping[str, Any] | None:
        """The message's item, or None if it is unknown or has expired."""
        answer = self._client.get_item(
            TableName=self._table, Key=key_of(provider, message_id), ConsistentRead=True
        )
        item: Mapping[str, Any] | None = answer.get("Item")
        if item is None or is_redacted(item) or expires_at_of(item) <= now.timestamp():
            return None
        return item


class Redactor:
    """Removes the person from messages with a retention of zero. `client` is a DynamoDB client."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def __call__(self, image: Mapping[str, Any]) -> None:
        """Leaves the id and the fingerprints for some days, so that late copies are known.

        Does nothing if the message's state has changed since.
        """
        _unless_refused(
            self._client.update_item,
            TableName=self._table,
            Key={"pk": image["pk"]},
            UpdateExpression="REMOVE #state, history, recipient, recipient_hash "
            "SET expires_at = :expires_at",
            ConditionExpression="#rank = :rank",
            ExpressionAttributeNames=_NAMES,
            ExpressionAttributeValues={
                ":rank": image["rank"],
                ":expires_at": {"N": str(expires_at_of(image) + KEEP_FINGERPRINTS_S)},
            },
        )


class ReportStore:
    """Writes messages. `client` is a boto3 DynamoDB client."""

    def __init__(self, client: Any, table: str, retention: Retention) -> None:
        self._client = client
        self._table = table
        self._retention = retention

    def put(self, report: DeliveryReport) -> Outcome:
        """Stores the report: one write if it is new or a duplicate, two if it is stale.

        Idempotent, and safe against any number of writers at once. Raises botocore's errors; a
        caller that got one may call again.
        """
        old = self._update(
            report,
            f"SET {_SET_STATE}, {_APPEND}",
            "attribute_not_exists(pk) OR "
            f"({_IS_NEWER} AND expires_at > :now AND size(history) < :most)",
        )
        return Outcome.NEW if old is None else self._put_beside(old, report)

    def _put_beside(self, old: Mapping[str, Any], report: DeliveryReport) -> Outcome:
        """After a refused write: `old` is the item that refused it, or empty if it is deleted."""
        if not old:
            return self.put(report)
        outcome = Outcome.NEW
        if expires_at_of(old) <= report.received_at.timestamp():
            refused = self._replace(old, report)
        elif fingerprint_of(report) in old["seen"]["SS"]:
            return Outcome.DUPLICATE
        elif old["rank"]["S"] < rank_of(report):  # the history is full, or was redacted
            append = "" if _is_full(old) else f", {_APPEND}"
            refused = self._update(report, f"SET {_SET_STATE}{append}", _IS_NEWER)
        elif is_redacted(old) or _is_full(old):
            return Outcome.STALE
        else:
            outcome = Outcome.STALE
            is_known = "attribute_exists(#state) AND NOT contains(seen, :fingerprint)"
            refused = self._update(report, f"SET {_APPEND}", is_known)
        return outcome if refused is None else self._put_beside(refused, report)

    def _update(
        self, report: DeliveryReport, expression: str, condition: str
    ) -> Mapping[str, Any] | None:
        """None if written; the stored item if the condition refused the write."""
        expression += ", recipient = :recipient, recipient_hash = :hash" * bool(report.recipient)
        expression += " ADD seen :fingerprints"
        used = set(_PLACEHOLDER.findall(f"{expression} {condition}"))
        values = {k: v for k, v in self._values(report).items() if k in used}
        names = {k: v for k, v in _NAMES.items() if k in used}
        return _unless_refused(
            self._client.update_item,
            TableName=self._table,
            Key=key_of(report.provider, report.message_id),
            UpdateExpression=expression,
            ConditionExpression=condition,
            ExpressionAttributeValues=values,
            **({"ExpressionAttributeNames": names} if names else {}),
        )

    def _replace(
        self, expired: Mapping[str, Any], report: DeliveryReport
    ) -> Mapping[str, Any] | None:
        """Replaces an item that has expired but is not deleted yet; keeps nothing of it."""
        values = self._values(report)
        item = {
            **key_of(report.provider, report.message_id),
            "state": values[":entry"],
            "history": values[":entries"],
            "seen": values[":fingerprints"],
            "rank": values[":rank"],
            "expires_at": values[":expires_at"],
        }
        if report.recipient:
            item |= {"recipient": values[":recipient"], "recipient_hash": values[":hash"]}
        return _unless_refused(
            self._client.put_item,
            TableName=self._table,
            Item=item,
            ConditionExpression="expires_at = :expired",
            ExpressionAttributeValues={":expired": expired["expires_at"]},
        )

    def _values(self, report: DeliveryReport) -> Attributes:
        entry = entry_of(report)
        expires_at = report.received_at + self._retention.of(report.status)
        return {
            ":entry": entry,
            ":entries": {"L": [entry]},
            ":none": {"L": []},
            ":most": {"N": str(MAX_HISTORY)},
            ":rank": {"S": rank_of(report)},
            ":fingerprint": {"S": fingerprint_of(report)},
            ":fingerprints": {"SS": [fingerprint_of(report)]},
            ":now": _seconds(report.received_at),
            ":expires_at": _seconds(expires_at),
            ":recipient": {"S": report.recipient},
            ":hash": {"S": report.recipient_hash},
        }


def _is_full(item: Mapping[str, Any]) -> bool:
    return len(item.get("history", {"L": []})["L"]) >= MAX_HISTORY


def _unless_refused(write: Callable[..., Any], **arguments: Any) -> Mapping[str, Any] | None:
    try:
        write(ReturnValuesOnConditionCheckFailure="ALL_OLD", **arguments)
    except ClientError as error:
        if not is_refused_by_condition(error):
            raise
        refused: Mapping[str, Any] = error.response.get("Item", {})
        return refused
    return None


def _seconds(time: datetime) -> Attributes:
    return {"N": str(int(time.timestamp()))}
