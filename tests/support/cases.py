"""The recorded requests in `events/`, each beside the reports that it must become."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dlr.wire.request import Request
from dlr.wire.verify import Credentials

ROOT = Path(__file__).parent.parent.parent
EVENTS = ROOT / "events"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """One event file: an API Gateway event, the status and the reports expected of it."""

    path: Path

    @property
    def id(self) -> str:
        return f"{self.provider}/{self.path.stem}"

    @property
    def provider(self) -> str:
        return self.path.parent.name

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.path.read_text())

    @property
    def expected(self) -> dict[str, Any]:
        return json.loads(self.path.with_suffix(".expected.json").read_text())

    @property
    def request(self) -> Request:
        return Request.from_api_gateway(self.event, self.expected.get("url", ""))

    @property
    def credentials(self) -> Credentials:
        """What the receiver holds at the moment at which the request came."""
        expected = self.expected
        now = datetime.fromisoformat(expected["now"]) if "now" in expected else NOW
        return Credentials(("token",), now, tuple(expected.get("signing_keys", ())))


def all_cases() -> list[Case]:
    """Every event file, in a fixed order."""
    paths = EVENTS.glob("*/*.json")
    return [Case(path) for path in sorted(paths) if not path.name.endswith(".expected.json")]
