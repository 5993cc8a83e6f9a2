"""Access and erasure by person: across reports, quarantine and suppression list.

An erasure is noted under the person's keyed hash, so that it can be done again after a table was
restored from a point in time before it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, Field

from dlr.ingest.quarantine import Quarantine
from dlr.ingest.quarantined import MANY, Quarantined
from dlr.messages.by_recipient import RecipientReports
from dlr.messages.view import MessageAnswer, message_of
from dlr.phone import PhoneNumber, RecipientHasher
from dlr.suppression.announce import Announcer
from dlr.suppression.entry import Suppression
from dlr.suppression.rules import erase
from dlr.suppression.standing import KEEP_ERASURE, Standing
from dlr.suppression.table import SuppressionList

_Part = TypeVar("_Part", bound=BaseModel | str)
PAGE = 200
READ_AT_ONCE = 20
MAX_SHOWN = 4_000_000
"""Bytes of messages and quarantined requests in an answer; a function may answer 6 MB."""
MAX_FURTHER = 10_000
MAX_NAMED = 1_000_000
"""Bytes of the ids of messages that are not shown."""


class PersonalDataExport(BaseModel):
    """Everything that is stored about one person."""

    messages: list[MessageAnswer] = Field(repr=False)
    further_messages: list[str] = Field(
        repr=False,
        description="`provider/id` of messages that are not shown: there are too many",
    )
    suppression: Suppression | None
    quarantine: list[Quarantined] = Field(repr=False)
    further_requests: list[str] = Field(
        description="ids of quarantined requests that are not shown: there are too many, or "
        "too many numbers are in one of them to know whether the person's is"
    )


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
    """A noted erasure: whose, and when it was last asked for."""

    recipient_hash: str
    erased_at: datetime


def _note_of(item: Mapping[str, Any]) -> Note:
    return Note(item["recipient_hash"]["S"], datetime.fromisoformat(item["erased_at"]["S"]))


def _stored(standing: Standing) -> Suppression | None:
    return standing.entry if standing.entry.version else None


def _size_of(part: BaseModel | str) -> int:
    """In bytes, as Lambda counts an answer: a JSON text within JSON."""
    return len(json.dumps(part if isinstance(part, str) else part.model_dump_json()))


def _fitting(parts: Sequence[_Part], most: int) -> list[_Part]:
    """The first ones, as many as fit into so many bytes."""
    sizes = accumulate(map(_size_of, parts))
    return [part for part, size in zip(parts, sizes, strict=True) if size <= most]


class ErasureLog:
    """ErasuresTable: notes of erasures by keyed hash. `client` is a boto3 DynamoDB client."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def put(self, recipient_hash: str, now: datetime, by: str) -> None:
        """Notes an erasure before it runs, so that one that breaks off can be repeated.

        `acts` keeps every time and who asked.
        """
        self._client.update_item(
            TableName=self._table,
            Key={"recipient_hash": {"S": recipient_hash}},
            UpdateExpression="SET erased_at = :at, expires_at = :expires_at ADD acts :act",
            ExpressionAttributeValues={
                ":at": {"S": now.isoformat()},
                ":expires_at": {"N": str(int((now + KEEP_ERASURE).timestamp()))},
                ":act": {"SS": [f"{now.isoformat()} {by}"]},
            },
        )

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
    announce: Announcer

    def export(self, number: PhoneNumber, now: datetime) -> PersonalDataExport:
        """Everything that is stored about the person with this number."""
        hashes = self.hasher.every_hash(number)
        messages = list(map(message_of, self.reports.items(hashes, now)))
        fitting = _fitting(messages, MAX_SHOWN)
        others = [f"{each.provider}/{each.message_id}" for each in messages[len(fitting) :]]
        left = MAX_SHOWN - sum(map(_size_of, fitting))
        shown, further = self._requests(hashes, now, left)
        return PersonalDataExport(
            messages=fitting,
            further_messages=_fitting(others, MAX_NAMED),
            suppression=_stored(self.suppressions.find(hashes, now)),
            quarantine=shown,
            further_requests=further,
        )

    def erase(self, number: PhoneNumber, now: datetime, by: str = "admin") -> Erased:
        """Deletes everything but what keeps the person on or off the list, under the bare hash.

        `by` is the operator, for the note.
        """
        hashes = self.hasher.every_hash(number)
        for recipient_hash in hashes:
            self.erasures.put(recipient_hash, now, by)
        left = self._erase_entry(hashes, now, now)
        messages = self.reports.erase(hashes, now)
        requests = self.quarantine.erase(hashes)  # last: others decide how many there are
        self.announce.erased(left)
        return Erased(messages=messages, quarantine=requests, suppressed=left.is_suppressed)

    def repeat(self, after: str | None, now: datetime) -> Repeated:
        """Does a part of the noted erasures again, after a restore.

        What came after an erasure was not part of it and stays.
        """
        notes, following = self.erasures.page(after, PAGE)
        for recipient_hash, erased_at in notes:
            self._erase_entry([recipient_hash], erased_at, now)
            self.reports.erase([recipient_hash], now, erased_at)
            self.quarantine.erase([recipient_hash], erased_at)
        return Repeated(repeated=len(notes), next=following)

    def _erase_entry(self, hashes: Sequence[str], at: datetime, now: datetime) -> Standing:
        """How the person stands afterwards."""
        return self.suppressions.change(hashes, lambda old: erase(old, at), now).after

    def _requests(
        self, hashes: Sequence[str], now: datetime, left: int
    ) -> tuple[list[Quarantined], list[str]]:
        """The person's quarantined requests that fit into so many bytes, and the others' ids."""
        ids = self.quarantine.ids_of(hashes, now)
        shown: list[Quarantined] = []
        further = self.quarantine.ids_of([MANY], now)
        while ids and left > 0:
            for each in self.quarantine.read(ids[:READ_AT_ONCE], now):
                left -= _size_of(each)
                if left >= 0:
                    shown.append(each)
                else:
                    further.append(each.id)
            ids = ids[READ_AT_ONCE:]
        return shown, [*further, *ids][:MAX_FURTHER]
