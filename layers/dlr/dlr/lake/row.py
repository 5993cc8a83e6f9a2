"""A message as a row of the lake: what statistics and search ask of it, and nothing of the person.

A message is a maximum over its reports, so the row with the greatest rank is the message, whatever
was seen before it and however often. A tombstone, a row of a key alone, takes away id and code.
"""

import hmac
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from dlr.lake.mask import masked
from dlr.messages.hidden import id_without_number, without_number
from dlr.messages.item import (
    apart_of,
    expires_at_of,
    first_received_at_of,
    history_of,
    is_redacted,
    state_of,
    version_of,
)
from dlr.phone import country_of
from dlr.report import DeliveryReport, Status

COLUMNS: Mapping[str, str] = {
    "mk": "VARCHAR",
    "f": "TIMESTAMP",
    "rank": "VARCHAR",
    "provider": "VARCHAR",
    "message_id": "VARCHAR",
    "apart": "VARCHAR",
    "status": "VARCHAR",
    "cause": "VARCHAR",
    "bounce": "VARCHAR",
    "action": "VARCHAR",
    "permanent": "BOOLEAN",
    "code": "VARCHAR",
    "country": "VARCHAR",
    "network": "VARCHAR",
    "sender": "VARCHAR",
    "segments": "INTEGER",
    "price": "DOUBLE",
    "currency": "VARCHAR",
    "at": "TIMESTAMP",
    "sent_at": "TIMESTAMP",
    "latency_ms": "BIGINT",
    "latency_from": "VARCHAR",
    "finished": "BOOLEAN",
    "expires_at": "BIGINT",
}
"""The columns of the lake and their types in DuckDB. Times are UTC.

`mk` names the message, `f` is when its first report came. Both never change, and together they are
the key. `rank` sorts the states of a message. `message_id` is null once the message is erased or
expired, and all but the key in a tombstone of a message that was never seen. `apart` is what leads
to the item of a message that shares its id with others (`mask.py`), and goes with the id. `at` is
the time of the state, `expires_at` the Unix second from which the table shows it no more.
"""

Row = dict[str, Any]
"""A value for each column, as JSON has it; times in ISO 8601 without a zone."""
Record = Mapping[str, Any]
"""A record of the table's stream."""

ERASED = ("message_id", "apart", "code")
"""What an erased or expired message loses."""
MK_DIGITS = 32
MAX_SEGMENTS = 2**31 - 1
TTL = "dynamodb.amazonaws.com"
"""Who deletes what has expired, in a record's `userIdentity`."""


def row_of_record(record: Record, key: bytes) -> Row | None:
    """The row of what a stream record changed; None for what says nothing to the lake.

    An erased or deleted message is a tombstone; one that DynamoDB deleted because it expired is
    not. Raises KeyError or ValueError for an item of another shape.
    """
    images = record["dynamodb"]
    new, old = images.get("NewImage"), images.get("OldImage")
    if new is not None:
        return row_of(new, key) or (tombstone_of(old, key) if old else None)
    if old is None or (record.get("userIdentity") or {}).get("principalId") == TTL:
        return None
    return tombstone_of(old, key)


def row_of(item: Mapping[str, Any], key: bytes) -> Row | None:
    """The row of an item of ReportsTable: a tombstone if it is redacted.

    None where nothing is left but fingerprints that a stack without the lake has kept. `key` is
    the lake's own. Raises KeyError or ValueError for an item of another shape.
    """
    if is_redacted(item):
        return tombstone_of(item, key)
    state = state_of(item)
    first = first_received_at_of(item) or state.received_at
    latency, origin = _latency_of(item, state, first)
    number = state.recipient
    mk = mk_of(item, key)
    apart = apart_of(item)
    return {
        "mk": mk,
        "f": _iso(first),
        "rank": f"{item['rank']['S']}.{version_of(item):019d}",
        "provider": state.provider,
        "message_id": id_without_number(state.message_id, state),
        "apart": apart and masked(apart, mk, key),
        "status": state.status.value,
        "cause": state.cause.value,
        "bounce": state.bounce.value,
        "action": state.action.value,
        "permanent": state.permanent,
        "code": without_number(state.provider_code, state),
        "country": None if number is None else country_of(number),
        "network": without_number(state.network, state),
        "sender": without_number(state.sender, state),
        "segments": _segments(state.segments),
        "price": _price(state),
        "currency": without_number(state.price.currency if state.price else None, state),
        "at": _iso(state.happened_at),
        "sent_at": _iso(_sent_at_of(item, state)),
        "latency_ms": latency,
        "latency_from": origin,
        "finished": state.final,
        "expires_at": expires_at_of(item),
    }


def tombstone_of(item: Mapping[str, Any], key: bytes) -> Row | None:
    """That the message is erased; None if nobody knows any more when its first report came."""
    first = first_received_at_of(item)
    if first is None:
        return None
    return dict.fromkeys(COLUMNS) | {"mk": mk_of(item, key), "f": _iso(first)}


def mk_of(item: Mapping[str, Any], key: bytes) -> str:
    """The message's name in the lake: a keyed hash of its key in the table, 32 hex digits."""
    return hmac.new(key, item["pk"]["S"].encode(), "sha256").hexdigest()[:MK_DIGITS]


def folded(rows: Iterable[Row]) -> list[Row]:
    """One row per message: that of the greatest rank, without `ERASED` if one of them erases."""
    kept: dict[tuple[str, str], Row] = {}
    for row in rows:
        place = row["mk"], row["f"]
        kept[place] = _heavier(kept[place], row) if place in kept else row
    return list(kept.values())


def _heavier(one: Row, other: Row) -> Row:
    top = max(one, other, key=lambda row: row["rank"] or "")
    if one["message_id"] is None or other["message_id"] is None:
        return top | dict.fromkeys(ERASED)
    return top


def _segments(count: int | None) -> int | None:
    return count if count is not None and abs(count) <= MAX_SEGMENTS else None


def _price(state: DeliveryReport) -> float | None:
    if state.price is None:
        return None
    try:
        amount = float(state.price.amount)
    except ValueError:
        return None
    return amount if math.isfinite(amount) else None


def _sent_at_of(item: Mapping[str, Any], state: DeliveryReport) -> datetime | None:
    """As the state's report says, else any other."""
    if state.sent_at is not None:
        return state.sent_at
    return min((each.sent_at for each in history_of(item) if each.sent_at), default=None)


def _latency_of(
    item: Mapping[str, Any], state: DeliveryReport, first: datetime
) -> tuple[int | None, str | None]:
    """Milliseconds until the message was delivered, and since when they are counted.

    Nothing where it was not delivered, or the first that was heard of it is the delivery.
    """
    reports = [state] if state.status is Status.DELIVERED else history_of(item)
    delivered = [each.happened_at for each in reports if each.status is Status.DELIVERED]
    if not delivered or state.status not in {Status.DELIVERED, Status.READ}:
        return None, None
    sent_at = _sent_at_of(item, state)
    if sent_at is not None:
        return _milliseconds(min(delivered) - sent_at), "sent"
    latency = _milliseconds(min(delivered) - first)
    return (latency, "first_report") if latency else (None, None)


def _milliseconds(span: timedelta) -> int:
    return max(0, span // timedelta(milliseconds=1))


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).replace(tzinfo=None).isoformat()
