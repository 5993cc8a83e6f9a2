"""The numbers of the messages of a page: from the table, so that whoever is erased is not there."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from dlr.messages.item import expires_at_of, first_received_at_of, is_redacted, key_of, state_of
from dlr.phone import PhoneNumber
from dlr.runtime.batch import read_all

TRIES = 5


def recipients(
    client: Any, table: str, items: Iterable[Mapping[str, Any]], now: datetime
) -> dict[str, PhoneNumber | None]:
    """By `mk` the numbers of these messages of a search, as far as they are kept.

    Another recipient's message may have the same id: only the one whose first report came when the
    lake says counts. Raises UnprocessedError and botocore's errors.
    """
    wanted = {
        key_of(each["provider"], each["message_id"])["pk"]["S"]: each
        for each in items
        if each["message_id"] is not None
    }
    found: dict[str, PhoneNumber | None] = {}
    keys = [{"pk": {"S": key}} for key in wanted]
    for item in read_all(client, table, keys, tries=TRIES):
        each = wanted[item["pk"]["S"]]
        is_kept = not is_redacted(item) and expires_at_of(item) > now.timestamp()
        if is_kept and first_received_at_of(item) == each["first_seen"]:
            found[each["mk"]] = state_of(item).recipient
    return found
