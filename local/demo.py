"""Replays the recorded requests of `events/` and shows what becomes of each."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.client import Client
from local.cloud import Cloud
from local.listener import Listener
from local.stack import ROOT, describe

PATIENCE_S = 10.0
SUPPRESSING = {"suppress_number", "suppress_opt_out"}
COLUMNS = {"request": 37, "HTTP": 5, "status": 21, "cause": 21, "on the bus": 18, "list": 9}
LINE = "".join(f"{{:<{width}}}" for width in COLUMNS.values())


@dataclass(frozen=True)
class Recording:
    """One request that a provider could send, and what must come of it."""

    name: str
    event: dict[str, Any]
    status: int
    reports: list[dict[str, Any]]

    @property
    def provider(self) -> str:
        """Whose report it is."""
        return self.name.partition("/")[0]

    @property
    def dead_numbers(self) -> list[str]:
        """The numbers that must be on the suppression list afterwards."""
        return [
            report["recipient"]
            for report in self.reports
            if report.get("action") in SUPPRESSING and report.get("recipient")
        ]


def recordings(folder: Path = ROOT / "events") -> Iterator[Recording]:
    """All of them, provider by provider."""
    for path in sorted(folder.glob("*/*.expected.json")):
        expected = json.loads(path.read_text())
        request = path.with_name(path.name.replace(".expected.json", ".json"))
        yield Recording(
            name=f"{path.parent.name}/{request.stem}",
            event=json.loads(request.read_text()),
            status=expected["status"],
            reports=expected["reports"],
        )


def demo(cloud: Cloud) -> bool:
    """Show every recording's way through the system; answers whether all went as expected."""
    deployment = describe(cloud)
    client = Client(deployment)
    replays = list(recordings())
    with Listener(cloud, deployment.resources["Bus"]) as listener:
        statuses = [client.deliver(recording.event) for recording in replays]
        numbers = sorted({number for each in replays for number in each.dead_numbers})
        wait_until(lambda: all(client.suppression(number)["suppressed"] for number in numbers))
        heard = {event["event_id"]: event["action"] for event in listener.heard()}
    print(LINE.format(*COLUMNS))
    problems = [
        problem
        for recording, status in zip(replays, statuses, strict=True)
        for problem in _show(recording, status, client, heard)
    ]
    _show_list(client, numbers)
    for problem in problems:
        print(f"NOT AS EXPECTED: {problem}")
    print(f"\n{len(replays)} requests, {len(problems)} surprises.")
    return not problems


def wait_until(condition: Callable[[], bool]) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + PATIENCE_S
    while not (fulfilled := condition()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return fulfilled


def _show(
    recording: Recording, status: int, client: Client, heard: dict[str, str]
) -> Iterator[str]:
    """Print a line per report; yields what is not as expected."""
    if status != recording.status:
        yield f"{recording.name}: HTTP {status} instead of {recording.status}"
    if not recording.reports:
        print(LINE.format(recording.name, status, "", "", "", "").rstrip())
    for expected in recording.reports:
        stored = _stored(client, recording.provider, expected)
        if stored is None:
            yield f"{recording.name}: {expected['message_id']} was not stored as expected"
            continue
        suppression = client.suppression(stored["recipient"]) if stored["recipient"] else {}
        bus = heard.get(stored["event_id"], "(no news)")
        on_list = suppression.get("list") if suppression.get("suppressed") else None
        print(
            LINE.format(
                recording.name, status, stored["status"], stored["cause"], bus, on_list or "-"
            )
        )
        if stored["recipient"] in recording.dead_numbers and not on_list:
            yield f"{recording.name}: the number is not on the suppression list"


def _stored(client: Client, provider: str, expected: dict[str, Any]) -> dict[str, Any] | None:
    """The report in the message's history that has all the expected fields."""
    history = client.message(provider, expected["message_id"]).get("history", [])
    return next((each for each in history if expected.items() <= each.items()), None)


def _show_list(client: Client, numbers: list[str]) -> None:
    print("\nThe suppression list, as POST /suppressions/check tells it:")
    for entry in client.check(numbers)["suppressed"]:
        print(
            f"  {entry['number']:<16}{entry['list']:<9}{entry['cause']:<19}"
            f"{entry['provider']:<14}{entry['provider_code'] or '-'}"
        )
