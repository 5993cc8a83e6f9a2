"""SuppressionsTable: the suppression list in DynamoDB, one item a recipient.

Beside the entries stand the guard's counters, a mark for each provider and recipient that the guard
holds, in the index `by_held`, and an item for each provider with what operators settled of it.
"""

import random
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum, auto
from functools import reduce
from typing import Any, NamedTuple

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from dlr.messages.order import micros_of
from dlr.runtime.batch import count_all, find_all, read_all
from dlr.suppression.entry import Settlement, Suppression, empty
from dlr.suppression.guard import GUARD_PREFIX, place_of
from dlr.suppression.rules import held, merge, settled, settled_as
from dlr.suppression.standing import Rules, Standing

BY_HELD = "by_held"
HELD_PREFIX = "held#"
SETTLED_PREFIX = "settled#"
MAX_TRIES = 15
MAX_WAIT_S = 0.4
_LOST_RACE = {"ConditionalCheckFailed", "TransactionConflict"}
_LOST_RACES = {"ConditionalCheckFailedException", "TransactionConflictException"}

Change = Callable[[Suppression], Suppression]
"""From the entry, empty where there is none, to the one that should be; equal is no change."""

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


class ConflictError(RuntimeError):
    """Another writer was faster at every try."""


class Changed(NamedTuple):
    """How a recipient stood before a change and stands after it."""

    before: Standing
    after: Standing

    @property
    def is_otherwise(self) -> bool:
        """Whether the recipient stands otherwise now."""
        before, after = self
        return (before.state, before.list_name) != (after.state, after.list_name)


class Claim(NamedTuple):
    """Which failure changes the entry: the guard has `limit` places an hour for its provider.

    Without a place for any number all of the provider's failures are held, strikes too.
    """

    key: str
    """Of the message, as `rules.key_of` makes it."""
    provider: str
    received_at: datetime
    limit: int


class _Outcome(NamedTuple):
    """How the recipient shall stand, and the place of the guard that this takes."""

    after: Standing
    place: Claim | None


class _Result(Enum):
    WRITTEN = auto()
    LOST_RACE = auto()
    NO_PLACE = auto()


class SuppressionList:
    """Reads and changes the list. `client` is a boto3 DynamoDB client.

    A recipient is known by its hashes under every live key, the current one first. A change moves
    an entry that stands under an older key to the current one.
    """

    def __init__(self, client: Any, table: str, rules: Rules) -> None:
        self._client = client
        self._table = table
        self._rules = rules

    def change(
        self,
        hashes: Sequence[str],
        mutate: Change,
        now: datetime,
        claim: Claim | None = None,
        providers: Collection[str] = (),
        known: Mapping[str, Suppression] | None = None,
    ) -> Changed:
        """Writes what `mutate`, and the settlements of these providers, make of the entry.

        `known` is what `read` has just found of it and of others; who has not changed since is not
        read again. It goes without `providers`.

        A report that would put the number on its list takes a place of the guard in the same
        transaction, and is held if there is none. `mutate` may be called again when another writer
        was faster: it must be safe to ask twice. Raises ConflictError or botocore's errors.
        """
        is_refused, first = False, None
        for attempt in range(MAX_TRIES):
            if known is not None and attempt == 0:
                found = {key: known[key] for key in hashes if key in known}
                settlements = empty(SETTLED_PREFIX)
            else:
                found, settlements = self._read_with(hashes, providers)
            old = _merged(found, hashes)
            before = self.standing(old, now)
            first = first or before  # a write whose answer was lost is found as done
            wanted = settled_as(mutate(old), settlements)
            after, place = self._guarded(before, wanted, claim, is_refused=is_refused)
            if after.entry == old and set(found) <= {hashes[0]}:
                return Changed(first, after)
            result = self._write(hashes[0], found, after, place)
            if result is _Result.WRITTEN:
                return Changed(first, self.standing(_written(found, after), now))
            is_refused |= result is _Result.NO_PLACE
            time.sleep(random.uniform(0, min(MAX_WAIT_S, 0.01 * 2**attempt)))  # noqa: S311
        raise ConflictError("the entry changed under every try")

    def _guarded(
        self, before: Standing, wanted: Suppression, claim: Claim | None, *, is_refused: bool
    ) -> _Outcome:
        """What the guard makes of a change; what it made of the same verdict before stands."""
        after = self.standing(wanted, before.now)
        if claim is None or not _is_news(before.entry, wanted, claim):
            return _Outcome(after, None)
        is_listed_by_it = after.is_number_active and not before.is_number_active
        if (
            claim.limit <= 0
            or claim.provider in before.held_by
            or (is_refused and is_listed_by_it)
            or any(each.covers(claim.provider, claim.received_at) for each in wanted.settlements)
        ):
            return _Outcome(self.standing(held(wanted, claim.key), before.now), None)
        return _Outcome(after, claim if is_listed_by_it else None)

    def settle(self, settlement: Settlement, now: datetime, by: str) -> None:
        """Notes it for the reports of its time that are still on their way."""
        key = _settled(settlement.provider)
        self.change([key], lambda old: settled(old, settlement, now, by), now)

    def find(self, hashes: Sequence[str], now: datetime) -> Standing:
        """How the recipient stands."""
        return self.find_all([hashes], now)[0]

    def find_all(self, recipients: Sequence[Sequence[str]], now: datetime) -> list[Standing]:
        """How each recipient stands."""
        found = self.read(recipients)
        return [self.standing(_merged(found, hashes), now) for hashes in recipients]

    def read(self, recipients: Iterable[Sequence[str]]) -> dict[str, Suppression]:
        """The entries of all these, each by its hash."""
        return self._read({key for hashes in recipients for key in hashes})

    def standing(self, entry: Suppression, now: datetime) -> Standing:
        """What follows from an entry under the team's rules."""
        return Standing(entry, now, self._rules)

    def held(self, provider: str, after: str | None = None) -> Iterator[str]:
        """The hashes of the recipients that the guard holds for this provider.

        `after` is one of them: only those after it.
        """
        start = {"recipient_hash": {"S": _mark(provider, after)}} if after else None
        found = find_all(self._client, self._table, BY_HELD, "held_by", provider, start)
        for item in found:
            yield item["recipient_hash"]["S"].removeprefix(_mark(provider, ""))

    def count_held(self, provider: str, pages: int | None = None) -> tuple[int, bool]:
        """How many there are, and whether more than these `pages`, of a megabyte each, have."""
        return count_all(self._client, self._table, BY_HELD, "held_by", provider, pages)

    def mark(self, provider: str, recipient_hash: str, ends: datetime) -> None:
        """Puts a recipient among what is held for a provider, until then."""
        item = _mark_item(_mark(provider, recipient_hash), provider, ends)
        self._client.put_item(TableName=self._table, Item=item)

    def unmark(self, provider: str, recipient_hash: str) -> None:
        """Takes a recipient out of what is held for a provider."""
        key = {"recipient_hash": {"S": _mark(provider, recipient_hash)}}
        self._client.delete_item(TableName=self._table, Key=key)

    def page(self, after: str | None, size: int) -> tuple[list[Suppression], str | None]:
        """Up to `size` entries and the hash to go on after; None at the end."""
        start = {"ExclusiveStartKey": {"recipient_hash": {"S": after}}} if after else {}
        answer = self._client.scan(TableName=self._table, Limit=size, **start)
        beside = (GUARD_PREFIX, HELD_PREFIX, SETTLED_PREFIX)
        items = [i for i in answer["Items"] if not i["recipient_hash"]["S"].startswith(beside)]
        last = answer.get("LastEvaluatedKey")
        return [_entry_of(item) for item in items], last and last["recipient_hash"]["S"]

    def _read(self, keys: Iterable[str]) -> dict[str, Suppression]:
        wanted = [{"recipient_hash": {"S": key}} for key in sorted(keys)]
        entries = map(_entry_of, read_all(self._client, self._table, wanted))
        return {entry.recipient_hash: entry for entry in entries}

    def _read_with(
        self, hashes: Sequence[str], providers: Collection[str]
    ) -> tuple[dict[str, Suppression], Suppression]:
        """A recipient's entries, and what operators settled of these providers, in one read."""
        keys = [_settled(provider) for provider in providers]
        found = self._read({*hashes, *keys})
        settlements = [found.pop(key) for key in keys if key in found]
        return found, reduce(merge, settlements, empty(SETTLED_PREFIX))

    def _write(
        self, key: str, found: Mapping[str, Suppression], after: Standing, place: Claim | None
    ) -> _Result:
        """Everything that belongs to a change, or nothing of it."""
        steps = [self._put(key, found, after)]  # `_result_of` reads by place: entry, then guard
        if place:
            taken = place_of(self._table, place.provider, place.limit, after.now)
            steps.append({"Update": taken})
        for old_key in found.keys() - {key}:
            step = {"Key": {"recipient_hash": {"S": old_key}}, **_if_unchanged(found[old_key])}
            steps.append({"Delete": {"TableName": self._table, **step}})
        steps += self._marks(key, found, after)
        try:
            if len(steps) == 1:
                self._client.put_item(**steps[0]["Put"])
            else:
                self._client.transact_write_items(TransactItems=steps)
        except ClientError as error:
            return _result_of(error, place is not None)
        return _Result.WRITTEN

    def _put(self, key: str, found: Mapping[str, Suppression], after: Standing) -> dict[str, Any]:
        item = _item_of(_written(found, after), after.keep_until)
        return {"Put": {"TableName": self._table, "Item": item, **_if_unchanged(found.get(key))}}

    def _marks(
        self, key: str, found: Mapping[str, Suppression], after: Standing
    ) -> Iterator[dict[str, Any]]:
        """The marks of what the guard holds, as far as they change. A mark ends with its hold."""
        old = {
            _mark(provider, each.recipient_hash): ends
            for each in found.values()
            for provider, ends in self.standing(each, after.now).held_by.items()
        }
        new = {_mark(provider, key): (provider, ends) for provider, ends in after.held_by.items()}
        for mark, (provider, ends) in sorted(new.items()):
            if old.get(mark) == ends:
                continue
            item = _mark_item(mark, provider, ends)
            yield {"Put": {"TableName": self._table, "Item": item}}
        for mark in sorted(old.keys() - new.keys()):
            key_of_mark = {"recipient_hash": {"S": mark}}
            yield {"Delete": {"TableName": self._table, "Key": key_of_mark}}


def _is_news(before: Suppression, wanted: Suppression, claim: Claim) -> bool:
    """Whether the change adds a verdict, or makes one of this message heavier."""
    known, new = before.messages.get(claim.key), wanted.messages.get(claim.key)
    return new is not None and (known is None or known.weight != new.weight)


def _result_of(error: ClientError, has_place: bool) -> _Result:
    """Raises the error again unless another writer, or the guard, refused the change."""
    code = error.response["Error"]["Code"]
    if code in _LOST_RACES:
        return _Result.LOST_RACE
    reasons = [each.get("Code") for each in error.response.get("CancellationReasons", ())]
    if code != "TransactionCanceledException" or set(reasons) - _LOST_RACE - {"None", None}:
        raise error
    is_place_gone = has_place and reasons[:2] == ["None", "ConditionalCheckFailed"]
    return _Result.NO_PLACE if is_place_gone else _Result.LOST_RACE


def _if_unchanged(current: Suppression | None) -> dict[str, Any]:
    if current is None:
        return {"ConditionExpression": "attribute_not_exists(recipient_hash)"}
    return {
        "ConditionExpression": "version = :version",
        "ExpressionAttributeValues": {":version": {"N": str(current.version)}},
    }


def _merged(found: Mapping[str, Suppression], hashes: Sequence[str]) -> Suppression:
    """The recipient's entries under all its hashes as one under the current hash."""
    return reduce(merge, (found[key] for key in hashes if key in found), empty(hashes[0]))


def _written(found: Mapping[str, Suppression], after: Standing) -> Suppression:
    """The entry with the version that it is stored with.

    That is the time of the write in microseconds, and greater than before where clocks differ. So
    it grows also across the deletion of an entry and the restore of a table.
    """
    last = max((each.version for each in found.values()), default=0)
    return after.entry.model_copy(update={"version": max(last + 1, micros_of(after.now))})


def _mark(provider: str, recipient_hash: str) -> str:
    return f"{HELD_PREFIX}{provider}#{recipient_hash}"


def _mark_item(mark: str, provider: str, ends: datetime) -> dict[str, Any]:
    item = {"recipient_hash": mark, "held_by": provider, "expires_at": int(ends.timestamp())}
    return {name: _serialize(value) for name, value in item.items()}


def _settled(provider: str) -> str:
    return f"{SETTLED_PREFIX}{provider}"


def _item_of(entry: Suppression, keep_until: datetime | None) -> dict[str, Any]:
    """With `expires_at` in the seconds that DynamoDB's TTL wants."""
    content = entry.model_dump(mode="json", exclude={"audit"}, exclude_none=True)
    if keep_until is not None:
        content["expires_at"] = int(keep_until.timestamp())
    filled = {name: value for name, value in content.items() if value not in ({}, [])}
    return {name: _serialize(value) for name, value in filled.items()}


def _entry_of(item: Mapping[str, Any]) -> Suppression:
    return Suppression.model_validate({name: _deserialize(item[name]) for name in item})
