"""The recorded requests of `events/`, each with what must come of it.

`events/<provider>/<name>.json` is API Gateway's event, `<name>.expected.json` beside it the status
and the reports. The latter also says, where it matters, when the request came (`now`), to which
address (`url`) and what its signature is checked with (`signing_keys`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from dlr.providers.base import load_provider
from dlr.wire.request import Request
from dlr.wire.verify import Credentials

EVENTS = Path(__file__).parent.parent / "events"
TOKEN = "token"  # noqa: S105
"""The last part of every recorded path."""
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
"""When a request came that does not say so."""
SUPPRESSING = {"suppress_number", "suppress_opt_out"}


@dataclass(frozen=True)
class Recording:
    """One request that a provider could send, and what must come of it."""

    provider: str
    name: str
    request: Request
    credentials: Credentials
    """What the receiver holds when the request comes."""
    status: int
    reports: list[dict[str, Any]]
    """The fields that each report must have; it may have more."""

    @property
    def id(self) -> str:
        """Where it is in `events/`, without the ending."""
        return f"{self.provider}/{self.name}"

    @property
    def suppressed_numbers(self) -> list[str]:
        """The numbers that must be on the suppression list afterwards."""
        return [
            report["recipient"]
            for report in self.reports
            if report.get("action") in SUPPRESSING and report.get("recipient")
        ]


@cache
def recordings() -> tuple[Recording, ...]:
    """All of them, provider by provider."""
    return tuple(_read())


def sendable() -> list[Recording]:
    """Those that anybody can send: we call no address for a request that nobody has signed."""
    return [each for each in recordings() if not _asks_for_a_visit(each)]


def _asks_for_a_visit(recording: Recording) -> bool:
    ask = load_provider(recording.provider).handshake
    handshake = ask(recording.request) if ask else None
    return bool(handshake and handshake.visit)


def recordings_of(provider: str) -> list[Recording]:
    """Those of one provider."""
    return [each for each in recordings() if each.provider == provider]


def _read() -> Iterator[Recording]:
    for path in sorted(EVENTS.glob("*/*.json")):
        if path.name.endswith(".expected.json"):
            continue
        expected = json.loads(path.with_suffix(".expected.json").read_text())
        now = datetime.fromisoformat(expected["now"]) if "now" in expected else NOW
        yield Recording(
            provider=path.parent.name,
            name=path.stem,
            request=Request.from_api_gateway(json.loads(path.read_text()), expected.get("url", "")),
            credentials=Credentials((TOKEN,), now, tuple(expected.get("signing_keys", ()))),
            status=expected["status"],
            reports=expected["reports"],
        )
