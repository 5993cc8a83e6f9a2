"""The events that say who came onto the suppression list and who left it."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from dlr.messages.event import SOURCE
from dlr.messages.order import time_of
from dlr.phone import PhoneNumber
from dlr.runtime.batch import MAX_EVENTS, chunks
from dlr.suppression.entry import ListName, Reason
from dlr.suppression.standing import Standing, State
from dlr.suppression.table import Changed

SUPPRESSED = "Number Suppressed"
RELEASED = "Number Released"
ERASED = "Person Erased"


class ErasedEvent(BaseModel):
    """The detail of `Person Erased`, and what the details of all three have in common.

    Events may come twice and in any order. Of one recipient that with the greatest `entry_version`
    is the newest; events of the same one are copies. `changed_at` is the time of that change.
    """

    model_config = ConfigDict(frozen=True)

    version: str = "1"
    recipient_hash: str
    entry_version: int
    changed_at: datetime


class ListEvent(ErasedEvent):
    """The detail of the other two: how a recipient stands now, and stood before.

    `number` is null where only the hash is known: when an operator settles or reverts, and after
    the second look.
    """

    number: PhoneNumber | None
    list: ListName | None
    reason: Reason | None
    state: State | None
    previous_state: State | None


class Announcer:
    """Puts them on the bus. `client` is a botocore EventBridge client."""

    def __init__(self, client: Any, bus: str) -> None:
        self._client = client
        self._bus = bus

    def __call__(
        self, changed: Changed, number: PhoneNumber | None = None, *, again: bool = False
    ) -> None:
        """Says what a change did, or does `again` where it may not have been said.

        Raises AnnounceError or botocore's errors.
        """
        self.all([(changed, number)], again=again)

    def all(
        self, changes: Iterable[tuple[Changed, PhoneNumber | None]], *, again: bool = False
    ) -> None:
        """The same of many changes, in as few calls as the bus takes."""
        entries = [
            self._entry(detail_type, _detail(changed, number).model_dump_json())
            for changed, number in changes
            for detail_type in _what(changed, again=again)
        ]
        for some in chunks(entries, MAX_EVENTS):
            self._put(some)

    def erased(self, left: Standing) -> None:
        """Says that a person was erased, by the keyed hash alone; `left` is what stays."""
        self._put([self._entry(ERASED, _about(left).model_dump_json())])

    def _entry(self, detail_type: str, detail: str) -> dict[str, str]:
        named = {"EventBusName": self._bus, "Source": SOURCE, "DetailType": detail_type}
        return named | {"Detail": detail}

    def _put(self, entries: list[dict[str, str]]) -> None:
        answer = self._client.put_events(Entries=entries)
        if answer["FailedEntryCount"]:
            raise AnnounceError("the bus refused the event")


class AnnounceError(RuntimeError):
    """The list has changed, and the event was refused."""


def _what(changed: Changed, *, again: bool) -> Iterator[str]:
    before, after = changed
    if after.is_suppressed:
        if again or changed.is_otherwise:
            yield SUPPRESSED
    elif before.is_suppressed or (again and _may_have_been_released(after)):
        yield RELEASED


def _may_have_been_released(standing: Standing) -> bool:
    """Not a number that is watched or held, nor one that the list never heard of."""
    return standing.entry.version > 0 and standing.state in {State.LIFTED, None}


def _detail(changed: Changed, number: PhoneNumber | None) -> ListEvent:
    before, after = changed
    return ListEvent(
        **dict(_about(after)),
        number=number,
        list=after.list_name or before.list_name,
        reason=after.reason or before.reason,
        state=after.state,
        previous_state=before.state,
    )


def _about(standing: Standing) -> ErasedEvent:
    """Whose entry it is, and which version of it. A version is a time."""
    entry = standing.entry
    return ErasedEvent(
        recipient_hash=entry.recipient_hash,
        entry_version=entry.version,
        changed_at=time_of(entry.version),
    )
