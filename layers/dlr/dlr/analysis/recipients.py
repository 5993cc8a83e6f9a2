"""The numbers of the messages of a page: from the table, so that whoever is erased is not there."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dlr.messages.item import expires_at_of, first_received_at_of, is_redacted, key_of, state_of
from dlr.phone import PhoneNumber
from dlr.runtime.batch import read_all

TRIES = 5

Name = Callable[[Mapping[str, Any]], str]
"""Gives the `mk` of an item of ReportsTable."""


def recipients(
    client: Any, table: str, items: Sequence[Mapping[str, Any]], now: datetime, name: Name
) -> dict[str, PhoneNumber | None]:
    """By `mk` the numbers of these messages of a search, as far as they are kept.

    Another recipient's message may have the same id, and its first report may have come at the same
    time: only the one that the lake knows by this `mk` counts. One that is stored under id and
    recipient (`Provider.shares_ids`) is not found. Raises UnprocessedError and botocore's errors.
    """
    wanted = {(each["mk"], each["first_seen"]) for each in items}
    keys = {
        key_of(each["provider"], each["message_id"])["pk"]["S"]
        for each in items
        if each["message_id"] is not None
    }
    found: dict[str, PhoneNumber | None] = {}
    for item in read_all(client, table, [{"pk": {"S": key}} for key in keys], tries=TRIES):
        mk = name(item)
        is_kept = not is_redacted(item) and expires_at_of(item) > now.timestamp()
        if is_kept and (mk, first_received_at_of(item)) in wanted:
            found[mk] = state_of(item).recipient
    return found
