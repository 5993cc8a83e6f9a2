"""Access and erasure by person: across reports, quarantine and suppression list.

An erasure is noted under the person's keyed hash, so that it can be done again after a table was
restored from a point in time before it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pydantic import BaseModel, Field

from dlr.ingest.quarantine import Quarantine, Quarantined
from dlr.messages.by_recipient import RecipientReports
from dlr.messages.view import MessageAnswer, message_of
from dlr.phone import PhoneNumber, RecipientHasher
from dlr.suppression.entry import Suppression
from dlr.suppression.rules import erase
from dlr.suppression.table import SuppressionList

PAGE = 200
KEEP_NOTE = timedelta(days=36)
"""One day more than the longest point-in-time recovery."""


class PersonalDataExport(BaseModel):
    """Everything that is stored about one person."""

    messages: list[MessageAnswer] = Field(repr=False)
    suppression: Suppression | None
    quarantine: list[Quarantined] = Field(repr=False)


class Erased(BaseModel):
    """What an erasure deleted, and whether the bare keyed hash stays on the suppression list."""

    messages: int
    quarantine: int
    suppressed: bool


class Repeated(BaseModel):
    """How many erasures were done again; `next` begins the next part and is null at the end."""

    repeated: int
    next: str | None


class Note(NamedTuple):
    """A noted erasure: whose, when, and which quarantined requests it deleted."""

    recipient_hash: str
    quarantine_ids: list[str]
    erased_at: datetime


def _note_of(item: Mapping[str, Any]) -> Note:
    return Note(
        item["recipient_hash"]["S"],
        [each["S"] for each in item["quarantine_ids"]["L"]],
        datetime.fromisoformat(item["erased_at"]["S"]),
    )


class ErasureLog:
    """ErasuresTable: notes of erasures by keyed hash. `client` is a boto3 DynamoDB client."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def put(self, recipient_hash: str, quarantine_ids: Sequence[str], now: datetime) -> None:
        """Notes an erasure before it runs, so that one that breaks off can be repeated."""
        item: dict[str, Any] = {
            "recipient_hash": {"S": recipient_hash},
            "erased_at": {"S": now.isoformat()},
            "expires_at": {"N": str(int((now + KEEP_NOTE).timestamp()))},
            "quarantine_ids": {"L": [{"S": each} for each in quarantine_ids]},
        }
        self._client.put_item(TableName=self._table, Item=item)

    def page(self, after: str | None, size: int) -> tuple[list[Note], str | None]:
        """Up to `size` noted erasures, and the hash to go on after; None at the end."""
        start = {"ExclusiveStartKey": {"recipient_hash": {"S": after}}} if after else {}
        answer = self._client.scan(TableName=self._table, Limit=size, **start)
        last = answer.get("LastEvaluatedKey")
        return list(map(_note_of, answer["Items"])), last and last["recipient_hash"]["S"]


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Access and erasure by number."""

    reports: RecipientReports
    suppressions: SuppressionList
    quarantine: Quarantine
    erasures: ErasureLog
    hasher: RecipientHasher

    def export(self, number: PhoneNumber, now: datetime) -> PersonalDataExport:
        """Everything that is stored about the person with this number."""
        hashes = self.hasher.every_hash(number)
        return PersonalDataExport(
            messages=[message_of(item) for item in self.reports.items(hashes, now)],
            suppression=self.suppressions.find(hashes, now),
            quarantine=[q for q in self.quarantine.all(now) if q.mentions(number)],
        )

    def erase(self, number: PhoneNumber, now: datetime) -> Erased:
        """Deletes everything but the bare hash of a person who is suppressed."""
        hashes = self.hasher.every_hash(number)
        ids = [q.id for q in self.quarantine.all(now) if q.mentions(number)]
        for recipient_hash in hashes:
            self.erasures.put(recipient_hash, ids, now)
        return self._erase(hashes, ids, now, until=now)

    def repeat(self, after: str | None, now: datetime) -> Repeated:
        """Does a part of the noted erasures again, after a restore.

        What came after an erasure was not part of it and stays.
        """
        notes, following = self.erasures.page(after, PAGE)
        for recipient_hash, ids, erased_at in notes:
            self._erase([recipient_hash], ids, now, until=erased_at)
        return Repeated(repeated=len(notes), next=following)

    def _erase(
        self, hashes: Sequence[str], ids: Sequence[str], now: datetime, until: datetime
    ) -> Erased:
        messages = self.reports.delete(hashes, until)
        for each in ids:
            self.quarantine.delete(each)
        entry = self.suppressions.change(hashes, lambda old: old and erase(old, now))
        return Erased(messages=messages, quarantine=len(ids), suppressed=entry is not None)
