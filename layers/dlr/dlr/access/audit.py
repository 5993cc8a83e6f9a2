"""The audit: who did what, kept for 400 days.

An entry is written before the act, as begun, and once more with the outcome. So an act that nobody
could write down is not done; and where a function was stopped half-way, the entry that says
`begun` shows it. An entry holds no number: the person is a keyed hash, made for the audit alone, so
that nobody joins it with the other tables.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field

from dlr.phone import PhoneNumber, RecipientHasher

KEEP = timedelta(days=400)
MAX_DAYS_READ = 31
"""Days that one page looks at: a quiet month costs as many queries."""
CURSOR = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z(#[\w-]+)?"
_ATTRIBUTES = ("name", "token_id", "route", "request_id", "note", "subject", "target")


class Outcome(StrEnum):
    """How an act ended."""

    BEGUN = "begun"
    """The outcome is not known: it was stopped, or the outcome could not be written."""
    DONE = "done"
    REFUSED = "refused"
    """The token does not allow it."""
    FAILED = "failed"
    """A wrong request, or a failure of ours; `status` says which."""


class Entry(BaseModel):
    """One act."""

    at: datetime
    name: str = Field(description="of the token")
    token_id: str
    route: str
    request_id: str = Field(description="that of the answer and of the log line")
    outcome: Outcome = Outcome.BEGUN
    status: int | None = Field(None, description="of the answer; null where it is not known")
    note: str | None = Field(None, description="header `X-Operator`")
    subject: str | None = Field(None, description="a keyed hash of the number that it is about")
    target: str | None = Field(
        None, description="the id of a token or of a quarantined request, or a provider"
    )


class AuditPage(BaseModel):
    """Newest first; `next` goes on and is null at the end. A page may be empty and go on."""

    items: list[Entry]
    next: str | None


def subject_of(number: PhoneNumber, hasher: RecipientHasher) -> str:
    """A keyed hash that is none of those in the other tables."""
    return hasher.hash(f"audit {number}")


class AuditLog:
    """The entries in DeskTable: a partition a day, and one for its refusals.

    So whoever holds a token that allows little, and floods the API with it, fills the partition of
    refusals, and holds up nobody's acts. `client` is a boto3 DynamoDB client.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def put(self, entry: Entry, *, is_refusal: bool = False) -> None:
        """Over the one that was begun. `is_refusal`: nothing was begun."""
        expires_at = int((entry.at + KEEP).timestamp())
        item = {
            "pk": {"S": _partitions(entry.at.date())[is_refusal]},
            "sk": {"S": f"{_stamp(entry.at)}#{entry.request_id}"},
            "outcome": {"S": entry.outcome.value},
            "expires_at": {"N": str(expires_at)},
        }
        for name in _ATTRIBUTES:
            if (value := getattr(entry, name)) is not None:
                item[name] = {"S": value}
        if entry.status is not None:
            item["status"] = {"N": str(entry.status)}
        self._client.put_item(TableName=self._table, Item=item)

    def page(
        self, start: datetime, end: datetime, before: str | None, limit: int, now: datetime
    ) -> AuditPage:
        """The entries of [start, end), newest first, those before the cursor. Consistent."""
        lower, upper = _stamp(max(start, now - KEEP)), _stamp(end)
        upper = min(upper, before or upper)
        day, first = date.fromisoformat(upper[:10]), date.fromisoformat(lower[:10])
        found: list[Entry] = []
        for _ in range(MAX_DAYS_READ):
            if day < first or lower > upper:
                return AuditPage(items=found, next=None)
            for item in self._newest(day, lower, upper, limit - len(found) + 2):
                if item["sk"]["S"] == before:
                    continue
                if len(found) == limit:
                    return AuditPage(items=found, next=upper)
                found.append(_entry_of(item))
                upper = item["sk"]["S"]
            day -= timedelta(days=1)
        return AuditPage(items=found, next=_stamp(_midnight(day + timedelta(days=1))))

    def _newest(self, day: date, lower: str, upper: str, limit: int) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        for partition in _partitions(day):
            items += self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :day AND sk BETWEEN :lower AND :upper",
                ExpressionAttributeValues={
                    ":day": {"S": partition},
                    ":lower": {"S": lower},
                    ":upper": {"S": upper},
                },
                ScanIndexForward=False,
                ConsistentRead=True,
                Limit=limit,
            )["Items"]
        return sorted(items, key=lambda item: str(item["sk"]["S"]), reverse=True)[:limit]


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _partitions(day: date) -> tuple[str, str]:
    """Of acts, and of refusals."""
    return f"audit#{day.isoformat()}", f"audit#{day.isoformat()}#refused"


def _stamp(at: datetime) -> str:
    """Sorts as the times do."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def is_cursor(text: str) -> bool:
    """Whether it can be what `next` was."""
    if re.fullmatch(CURSOR, text, re.ASCII) is None:
        return False
    try:
        datetime.fromisoformat(text.partition("#")[0])
    except ValueError:
        return False
    return True


def _entry_of(item: Mapping[str, Any]) -> Entry:
    texts = {name: item[name]["S"] for name in _ATTRIBUTES if name in item}
    return Entry(
        at=datetime.fromisoformat(item["sk"]["S"].partition("#")[0]),
        outcome=item["outcome"]["S"],
        status=int(item["status"]["N"]) if "status" in item else None,
        **texts,
    )
