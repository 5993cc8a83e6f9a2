"""A day's reports in which every secret and every personal value is marked: a leak shows.

Sent to the webhook of a `SystemHarness`.
"""

import json
from datetime import UTC, datetime
from typing import Any

from dlr.ingest.normalize import Normalizer
from dlr.phone import PhoneNumber
from dlr.providers.base import load_provider
from dlr.report import DeliveryReport
from dlr.wire.request import Request
from tests.support.system import ADMIN, HASH_KEYS, PROVIDER, TOKEN
from tests.support.thesmsworks import HARD, SOFT, STOP, content

NOW = datetime.now(UTC)
DEAD, STOPPED, STRUCK, MOVED, AWAY, BLOCKED, ARRIVED, GARBLED = (
    PhoneNumber(f"+447700900{last}") for last in range(801, 809)
)
LISTED = {DEAD, STOPPED, STRUCK, MOVED}
UNLISTED = {AWAY, BLOCKED, ARRIVED, GARBLED}
MARKS = {TOKEN, ADMIN, *HASH_KEYS, "hush", *(each[-9:] for each in LISTED | UNLISTED)}


def marked(message_id: str, number: str, *arguments: Any, **fields: Any) -> dict[str, Any]:
    """A report of The SMS Works with marks in its free text; arguments as for `content`."""
    made = content(message_id, number, *arguments, details="hush-text", **fields)
    return made | {"tag": "hush-reference"}


FAILED = "UNDELIVERABLE"
REPORTS = [
    marked("dead", DEAD, FAILED, HARD, minute=2),
    marked("stopped", STOPPED, FAILED, STOP),
    *(marked(f"struck-{n}", STRUCK, FAILED, 5009, minute=n) for n in range(3)),
    marked("moved", MOVED, FAILED, HARD),
    marked("away", AWAY, FAILED, SOFT),
    marked("blocked", BLOCKED, FAILED, 5020),
    marked("arrived", ARRIVED, "DELIVERED"),
]
LATE = marked("dead", DEAD, "SENT", minute=1)
GARBAGE = json.dumps({"hush-garbage": GARBLED}).encode()


def read(report: dict[str, Any]) -> DeliveryReport:
    """What the system makes of it."""
    request = Request("POST", body=json.dumps(report).encode())
    (made,) = Normalizer(load_provider(PROVIDER))(request, NOW).reports
    return made
