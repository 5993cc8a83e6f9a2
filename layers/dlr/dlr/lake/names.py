"""What the lake calls a message of the table, and where the table has a message of the lake."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from dlr.lake.mask import unmasked
from dlr.lake.row import mk_of
from dlr.messages.item import Attributes, first_received_at_of, key_of


class Names:
    """Both ways. `key` gives the lake's key."""

    def __init__(self, key: Callable[[], bytes]) -> None:
        self._key = key

    def name(self, item: Mapping[str, Any]) -> tuple[str, datetime | None]:
        """The `mk` and `f` of an item of ReportsTable; no `f` where it cannot be told."""
        return mk_of(item, self._key()), first_received_at_of(item)

    def place(self, provider: str, message_id: str, mk: str, apart: str | None) -> Attributes:
        """The key of the item of a message of the lake. Another message may have taken it over."""
        recipient_hash = unmasked(apart, mk, self._key()) if apart else ""
        return key_of(provider, message_id, recipient_hash)
