"""What is held of a person, and its erasure: across reports, quarantine and suppression list.

An erasure is noted under the person's keyed hash, so that it can be done again after a table was
restored from a point in time before it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, Field

from dlr.item import history_of, state_of
from dlr.quarantine import Quarantine, Quarantined
from dlr.recipient import PhoneNumber, RecipientHasher
from dlr.recipients import RecipientReports
from dlr.report import DeliveryReport
from dlr.suppression import Suppression, erase
from dlr.suppressions import SuppressionList

KEEP_NOTE = timedelta(days=36)
"""One day more than the longest point-in-time recovery."""


class MessageAnswer(DeliveryReport):
    """The state of a message and every report that was kept of it, in the order of arrival."""

    history: list[DeliveryReport]


class Held(BaseModel):
    """Everything held of one person."""

    messages: list[MessageAnswer] = Field(repr=False)
    suppression: Suppression | None
    quarantine: list[Quarantined] = Field(repr=False)


class Erased(BaseModel):
    """What an erasure deleted, and whether the bare keyed hash stays on the suppression list."""

    messages: int
    quarantine: int
    suppressed: bool


class ErasureLog:
    """ErasuresTable: notes of erasures by keyed hash. `client` is a boto3 DynamoDB client."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def put(self, recipient_hash: str, quarantine_ids: Sequence[str], now: datetime) -> None:
        """Notes an erasure before it is done: one that breaks off can be done again."""
        item: dict[str, Any] = {
            "recipient_hash": {"S": recipient_hash},
            "erased_at": {"S": now.isoformat()},
            "expires_at": {"N": str(int((now + KEEP_NOTE).timestamp()))},
            "quarantine_ids": {"L": [{"S": each} for each in quarantine_ids]},
        }
        self._client.put_item(TableName=self._table, Item=item)

    def all(self) -> Iterator[tuple[str, list[str]]]:
        """The hash and the quarantined requests of every erasure that is still noted."""
        for page in self._client.get_paginator("scan").paginate(TableName=self._table):
            for item in page["Items"]:
                ids = [each["S"] for each in item["quarantine_ids"]["L"]]
                yield item["recipient_hash"]["S"], ids


@dataclass(frozen=True, slots=True)
class Recipients:
    """Access and erasure by number."""

    reports: RecipientReports
    suppressions: SuppressionList
    quarantine: Quarantine
    erasures: ErasureLog
    hasher: RecipientHasher

    def held(self, number: PhoneNumber, now: datetime) -> Held:
        """Everything that is held of the person with this number."""
        hashes = self.hasher.every_hash(number)
        return Held(
            messages=[
                MessageAnswer(**dict(state_of(item)), history=history_of(item))
                for item in self.reports.items(hashes, now)
            ],
            suppression=self.suppressions.find(hashes, now),
            quarantine=[q for q in self.quarantine.all(now) if q.mentions(number)],
        )

    def erase(self, number: PhoneNumber, now: datetime) -> Erased:
        """Deletes all of it but the fact that the person is suppressed."""
        hashes = self.hasher.every_hash(number)
        ids = [q.id for q in self.quarantine.all(now) if q.mentions(number)]
        for recipient_hash in hashes:
            self.erasures.put(recipient_hash, ids, now)
        return self._erase(hashes, ids, now)

    def repeat(self, now: datetime) -> int:
        """Does every noted erasure again, after a restore; how many there were."""
        notes = list(self.erasures.all())
        for recipient_hash, ids in notes:
            self._erase([recipient_hash], ids, now)
        return len(notes)

    def _erase(self, hashes: Sequence[str], ids: Sequence[str], now: datetime) -> Erased:
        messages = self.reports.delete(hashes)
        for each in ids:
            self.quarantine.delete(each)
        entry = self.suppressions.change(hashes, lambda old: old and erase(old, now))
        return Erased(messages=messages, quarantine=len(ids), suppressed=entry is not None)
