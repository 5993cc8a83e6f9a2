"""Reports as The SMS Works sends them."""

import json
from typing import Any

HARD, SOFT, UNDELIVERED, STOP, UNSEEN = 5001, 5006, 5009, 5010, 5999
"""Codes: a dead number, an absent subscriber, no reason, an opt-out, and one of no table."""


def content(
    message_id: str,
    number: str,
    status: str = "UNDELIVERABLE",
    code: int | None = None,
    minute: int = 0,
    details: str = "",
) -> dict[str, Any]:
    """One report."""
    made: dict[str, Any] = {
        "messageid": message_id,
        "destination": int(number),
        "status": status,
        "modified": f"2026-11-20T12:{minute:02}:00.000Z",
    }
    if code is not None:
        made["failurereason"] = {"code": code, "details": details, "permanent": True}
    return made


def report(message_id: str, number: str, *arguments: Any, **fields: Any) -> bytes:
    """The body of a request with one report; further arguments as for `content`."""
    return json.dumps(content(message_id, number, *arguments, **fields)).encode()
