"""The numbers of the messages of a page: from the table, so that whoever is erased is not there."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from dlr.messages.item import expires_at_of, is_redacted, state_of
from dlr.phone import PhoneNumber
from dlr.runtime.batch import read_all

TRIES = 5


class Names(Protocol):
    """The lake's names for messages of the table."""

    def name(self, item: Mapping[str, Any]) -> tuple[str, datetime | None]:
        """The `mk` and the time of the first report of an item of ReportsTable."""

    def place(self, provider: str, message_id: str, mk: str, apart: str | None) -> dict[str, Any]:
        """The key of a message's item."""


def recipients(
    client: Any, table: str, items: Sequence[Mapping[str, Any]], now: datetime, names: Names
) -> dict[tuple[str, datetime], PhoneNumber | None]:
    """By `mk` and `first_seen` the numbers of these messages of a search, as far as they are kept.

    Another recipient's message may have the same id, and its first report may have come at the same
    time: only the one that the lake knows by this `mk` counts. An id that is used again after its
    message has expired has the same `mk`, and another `first_seen`. Raises UnprocessedError and
    botocore's errors.
    """
    wanted = {(each["mk"], each["first_seen"]) for each in items}
    keys = {
        names.place(each["provider"], each["message_id"], each["mk"], each["apart"])["pk"]["S"]
        for each in items
        if each["message_id"] is not None
    }
    found: dict[tuple[str, datetime], PhoneNumber | None] = {}
    for item in read_all(client, table, [{"pk": {"S": key}} for key in keys], tries=TRIES):
        is_kept = not is_redacted(item) and expires_at_of(item) > now.timestamp()
        mk, first = names.name(item)
        if is_kept and first is not None and (mk, first) in wanted:
            found[mk, first] = state_of(item).recipient
    return found
