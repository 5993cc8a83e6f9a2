"""ReportsTable: one conditional write per report, safe against duplicates, disorder and races."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

from dlr.causes import Action
from dlr.messages.item import (
    SHORTEST_S,
    Attributes,
    condition_as_read,
    entry_of,
    expires_at_of,
    fingerprint_of,
    history_of,
    is_redacted,
    key_of,
)
from dlr.messages.order import micros_of, rank_of
from dlr.report import FAILED, FINAL, DeliveryReport, Status
from dlr.runtime.aws import is_refused_by_condition

MAX_HISTORY = 50
"""Reports kept of one message. Beyond that the state still moves, the history does not grow."""

_COUNT = "v = if_not_exists(v, :start) + :one"
_SET_STATE = "#state = :entry, #rank = :rank, expires_at = :expires_at"
_APPEND = "history = list_append(if_not_exists(history, :none), :entries)"
_IS_NEWER = "#rank < :rank AND NOT contains(seen, :fingerprint)"
_SAME_RECIPIENT = "(attribute_not_exists(recipient) OR recipient = :recipient)"
_REPLACE_LAST = f"history[{MAX_HISTORY - 1}] = :entry"
_NAMES = {"#state": "state", "#rank": "rank"}
_PLACEHOLDER = re.compile(r"[:#]\w+")


class Outcome(StrEnum):
    """How a report was stored."""

    NEW = "new"
    """It became the message's state."""
    STALE = "stale"
    """The message's state outranks it; kept in the history."""
    APART = "apart"
    """Another recipient has the message id already, of a provider that says that ids are unique;
    kept beside that message, as one of its own."""
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

    def get(
        self, provider: str, message_id: str, now: datetime, recipient_hash: str = ""
    ) -> Mapping[str, Any] | None:
        """The message's item, or None if it is unknown or has expired.

        `recipient_hash` says whose, where several recipients' messages have one id.
        """
        answer = self._client.get_item(
            TableName=self._table,
            Key=key_of(provider, message_id, recipient_hash),
            ConsistentRead=True,
        )
        item: Mapping[str, Any] | None = answer.get("Item")
        if item is None or is_redacted(item) or expires_at_of(item) <= now.timestamp():
            return None
        return item


class ReportStore:
    """Writes messages. `client` is a boto3 DynamoDB client."""

    def __init__(self, client: Any, table: str, retention: Retention) -> None:
        self._client = client
        self._table = table
        self._retention = retention

    def put(self, report: DeliveryReport, *, shares_id: bool = False) -> Outcome:
        """Stores the report: one write if it is new or a duplicate, two if it is stale.

        With `shares_id` the provider gives several recipients' messages one id: each recipient's
        is stored under a key of its own. Idempotent, and safe against any number of writers at
        once. Raises botocore's errors; a caller that got one may call again.
        """
        apart = (report.recipient_hash or "") if shares_id else ""
        return self._put(report, key_of(report.provider, report.message_id, apart))

    def _put(self, report: DeliveryReport, key: Attributes) -> Outcome:
        old = self._update(
            key,
            report,
            f"SET {_SET_STATE}, {_APPEND}",
            "attribute_not_exists(pk) OR "
            f"({_IS_NEWER} AND expires_at > :now AND size(history) < :most)",
        )
        return Outcome.NEW if old is None else self._put_beside(key, old, report)

    def _put_beside(
        self, key: Attributes, old: Mapping[str, Any], report: DeliveryReport
    ) -> Outcome:
        """After a refused write: `old` is the item that refused it, or empty if it is deleted."""
        if not old:
            return self._put(report, key)
        if expires_at_of(old) <= report.received_at.timestamp():
            outcome, refused = Outcome.NEW, self._replace(key, old, report)
        elif _is_of_another(old, report):
            apart = key_of(report.provider, report.message_id, str(report.recipient_hash))
            outcome, refused = self._put(report, apart), None
            outcome = Outcome.APART if outcome is Outcome.NEW else outcome
        elif fingerprint_of(report) in old["seen"]["SS"]:
            outcome, refused = Outcome.DUPLICATE, self._name(key, old, report)
        else:
            outcome, refused = self._add(key, old, report)
        return outcome if refused is None else self._put_beside(key, refused, report)

    def _name(
        self, key: Attributes, old: Mapping[str, Any], report: DeliveryReport
    ) -> Mapping[str, Any] | None:
        """A known report may name a recipient that nobody has named before."""
        if is_redacted(old) or "recipient" in old or not report.recipient:
            return None
        return self._update(key, report, "", "attribute_exists(#state)")

    def _add(
        self, key: Attributes, old: Mapping[str, Any], report: DeliveryReport
    ) -> tuple[Outcome, Mapping[str, Any] | None]:
        """A report that is not known yet: into the history, and if it is newer into the state."""
        kept, (as_read, version) = _kept_in(old, report), condition_as_read(old)
        condition = f"NOT contains(seen, :fingerprint) AND {as_read}"
        if old["rank"]["S"] < rank_of(report) or (is_redacted(old) and _says_more(old, report)):
            changes = f"{_SET_STATE}, {kept}" if kept else _SET_STATE
            return Outcome.NEW, self._update(key, report, f"SET {changes}", condition, version)
        if is_redacted(old) or not kept:
            return Outcome.STALE, None
        condition += " AND attribute_exists(#state)"  # redacting a message leaves its version
        return Outcome.STALE, self._update(key, report, f"SET {kept}", condition, version)

    def _update(
        self,
        key: Attributes,
        report: DeliveryReport,
        changes: str,
        condition: str,
        version: Attributes | None = None,
    ) -> Mapping[str, Any] | None:
        """None if written; the stored item if the condition refused the write."""
        expression = f"{changes}, {_COUNT}" if changes else f"SET {_COUNT}"
        if report.recipient:
            expression += ", recipient = :recipient, recipient_hash = :hash"
            condition = f"({condition}) AND {_SAME_RECIPIENT}"
        expression += " ADD seen :fingerprints"
        used = set(_PLACEHOLDER.findall(f"{expression} {condition}"))
        values = {k: v for k, v in self._values(report).items() if k in used}
        values |= version or {}
        names = {k: v for k, v in _NAMES.items() if k in used}
        return unless_refused(
            self._client.update_item,
            TableName=self._table,
            Key=key,
            UpdateExpression=expression,
            ConditionExpression=condition,
            ExpressionAttributeValues=values,
            **({"ExpressionAttributeNames": names} if names else {}),
        )

    def _replace(
        self, key: Attributes, expired: Mapping[str, Any], report: DeliveryReport
    ) -> Mapping[str, Any] | None:
        """Replaces an item that has expired but is not deleted yet; keeps nothing of it."""
        values = self._values(report)
        item = {
            **key,
            "state": values[":entry"],
            "history": values[":entries"],
            "seen": values[":fingerprints"],
            "rank": values[":rank"],
            "v": {"N": str(_start_of(report) + 1)},
            "expires_at": values[":expires_at"],
        }
        if report.recipient:
            item |= {"recipient": values[":recipient"], "recipient_hash": values[":hash"]}
        return unless_refused(
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
            ":start": {"N": str(_start_of(report))},
            ":one": {"N": "1"},
        }


def _start_of(report: DeliveryReport) -> int:
    return micros_of(report.received_at)


def _is_of_another(item: Mapping[str, Any], report: DeliveryReport) -> bool:
    """Whether the message has another recipient: its provider uses the id again."""
    return bool(report.recipient) and item.get("recipient", {}).get("S") not in {
        None,
        report.recipient,
    }


def _says_more(redacted: Mapping[str, Any], report: DeliveryReport) -> bool:
    """A report that says something about the recipient counts also on what is left of a message."""
    arrived = report.status in {Status.DELIVERED, Status.READ}
    return report.action is not Action.KEEP or (arrived and "d" not in redacted)


def _kept_in(item: Mapping[str, Any], report: DeliveryReport) -> str:
    """How the history takes the report in; empty where it is full of stronger ones."""
    if len(item.get("history", {"L": []})["L"]) < MAX_HISTORY:
        return _APPEND
    from dlr.messages.verdict import weight_of  # for the few messages with so many reports

    is_stronger = weight_of(report) > max(map(weight_of, history_of(item)))
    return _REPLACE_LAST if is_stronger else ""


def unless_refused(write: Callable[..., Any], **arguments: Any) -> Mapping[str, Any] | None:
    """None if written; the item that stands there if the condition refused the write."""
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
