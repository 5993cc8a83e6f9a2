"""A message as an item of ReportsTable, in DynamoDB's attribute format, and back.

`state` and each entry of `history` hold what differs between the reports of a message, under one
letter each: attribute names are paid for like values, and an item with three reports should stay
within one write unit (1,024 bytes). What follows from other fields is not stored.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dlr.causes import BOUNCE, Action, Cause
from dlr.messages.order import micros_of, time_of
from dlr.report import FINAL, DeliveryReport, Price, Status, event_id_of

Attributes = dict[str, Any]

_TEXTS = {
    "w": "provider_status",
    "k": "provider_code",
    "t": "provider_text",
    "q": "provider_recipient",
    "n": "network",
    "e": "client_reference",
    "f": "sender",
}
FINGERPRINT_DIGITS = 16
SHORTEST_S = 3600
"""No item expires sooner, so that a late report still finds its message. A message with a retention
of zero is redacted as soon as it is published."""


APART = "\x1f"
"""Between a message's id and its recipient's hash, where recipients have one id."""


def key_of(provider: str, message_id: str, apart: str = "") -> Attributes:
    """The key of a message. It begins with the provider but spreads over the message ids.

    `apart` is the hash of a recipient whose message has an id that others' have too.
    """
    return {"pk": {"S": f"{provider}#{message_id}" + f"{APART}{apart}" * bool(apart)}}


def fingerprint_of(report: DeliveryReport) -> str:
    """Identifies a report among those of its message, in the item's `seen` set."""
    return report.event_id[:FINGERPRINT_DIGITS]


def entry_of(report: DeliveryReport) -> Attributes:
    """One report as the value of `state` or as an entry of `history`."""
    price = report.price or Price(amount="")
    letters: dict[str, Attributes | None] = {
        "s": {"S": report.status},
        "c": {"S": report.cause} if report.cause is not Cause.NONE else None,
        "x": {"S": report.action} if report.action is not Action.KEEP else None,
        "p": {"BOOL": report.permanent} if report.permanent is not None else None,
        "o": _micros(report.occurred_at),
        "d": _micros(report.sent_at),
        "r": _number(micros_of(report.received_at)),
        "g": _number(report.segments),
        "a": {"S": price.amount} if report.price else None,
        "y": {"S": price.currency} if price.currency else None,
        "m": {"M": {k: {"S": v} for k, v in report.metadata.items()}} if report.metadata else None,
    }
    for letter, field in _TEXTS.items():
        text = getattr(report, field)
        letters[letter] = None if text is None else {"S": text}
    return {"M": {letter: value for letter, value in letters.items() if value is not None}}


def state_of(item: Mapping[str, Any]) -> DeliveryReport:
    """The message's current state. Raises KeyError or ValueError for an item of another shape."""
    return _report_of(item, item["state"])


def history_of(item: Mapping[str, Any]) -> list[DeliveryReport]:
    """Every report kept of the message, in the order of arrival."""
    return [_report_of(item, entry) for entry in item.get("history", {"L": []})["L"]]


def arrived_at_of(item: Mapping[str, Any]) -> datetime | None:
    """What is left of the message's arrival after it was redacted."""
    return _time(item, "d")


def first_received_at_of(item: Mapping[str, Any]) -> datetime | None:
    """When the message's first report came. It never changes, and outlives a redaction as `f`.

    None for what a stack without that attribute has redacted.
    """
    if "f" in item:
        return _time(item, "f")
    reports = [*item.get("history", {"L": []})["L"], *([item["state"]] if "state" in item else [])]
    return _time(reports[0]["M"], "r") if reports else None


def version_of(item: Mapping[str, Any]) -> int:
    """Grows with every report that is stored of the message, also across its expiry.

    It begins with the microseconds since 1970, so that a message which takes over an expired id
    is newer than everything that was known under it. An item of a stack without the counter has
    the time of its latest report instead, which its next report exceeds.
    """
    if "v" in item:
        return int(item["v"]["N"])
    received = (each.received_at for each in (state_of(item), *history_of(item)))
    return max(map(micros_of, received))


def apart_of(item: Mapping[str, Any]) -> str | None:
    """The hash in the item's key, of a recipient whose message has an id that others' have too."""
    return item["pk"]["S"].partition(APART)[2] or None


def condition_as_read(item: Mapping[str, Any]) -> tuple[str, Attributes]:
    """The condition that no report was stored since the item was read, and its values."""
    if "v" in item:
        return "v = :v", {":v": item["v"]}
    return "attribute_not_exists(v)", {}


def is_redacted(item: Mapping[str, Any]) -> bool:
    """Whether only the id and the fingerprints are left: see `redact.py`."""
    return "state" not in item


def is_to_be_redacted(item: Mapping[str, Any]) -> bool:
    """Whether the retention of its state is zero: see `SHORTEST_S`."""
    return expires_at_of(item) <= state_of(item).received_at.timestamp() + SHORTEST_S


def expires_at_of(item: Mapping[str, Any]) -> int:
    """Unix seconds from which the item counts as deleted, whether DynamoDB has done so or not."""
    return int(item["expires_at"]["N"])


def _report_of(item: Mapping[str, Any], value: Mapping[str, Any]) -> DeliveryReport:
    entry = value["M"]
    key, _, apart = item["pk"]["S"].partition(APART)
    provider, _, message_id = key.partition("#")
    status, cause = Status(entry["s"]["S"]), Cause(_text(entry, "c") or Cause.NONE)
    occurred_at = _time(entry, "o")
    texts = {field: _text(entry, letter) for letter, field in _TEXTS.items()}
    amount = _text(entry, "a")
    return DeliveryReport(
        event_id=event_id_of(
            provider,
            message_id + f"{APART}{apart}" * bool(apart),
            texts["provider_status"],
            texts["provider_code"],
            occurred_at,
        ),
        provider=provider,
        message_id=message_id,
        recipient=_text(item, "recipient"),
        recipient_hash=_text(item, "recipient_hash"),
        status=status,
        final=status in FINAL,
        permanent=entry["p"]["BOOL"] if "p" in entry else None,
        cause=cause,
        bounce=BOUNCE[cause],
        action=Action(_text(entry, "x") or Action.KEEP),
        occurred_at=occurred_at,
        sent_at=_time(entry, "d"),
        received_at=time_of(int(entry["r"]["N"])),
        segments=int(entry["g"]["N"]) if "g" in entry else None,
        price=Price(amount=amount, currency=_text(entry, "y")) if amount is not None else None,
        metadata={name: text["S"] for name, text in entry.get("m", {"M": {}})["M"].items()},
        **texts,
    )


def _number(value: int | None) -> Attributes | None:
    return None if value is None else {"N": str(value)}


def _micros(time: datetime | None) -> Attributes | None:
    return None if time is None else _number(micros_of(time))


def _text(attributes: Mapping[str, Any], name: str) -> str | None:
    return attributes[name]["S"] if name in attributes else None


def _time(entry: Mapping[str, Any], name: str) -> datetime | None:
    return time_of(int(entry[name]["N"])) if name in entry else None
