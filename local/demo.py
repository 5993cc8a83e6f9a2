"""Sends the recorded requests of `events/`, then made-up traffic, and fills a made-up month.

Prints what comes of each, and which pages of the console show the month's shapes.
"""

import secrets
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from local import month
from local.client import AGAIN, Client
from local.cloud import Cloud
from local.fill import fill
from local.listener import Listener
from local.recordings import Recording, sendable
from local.stack import Deployment, describe
from local.traffic import traffic
from local.waiting import wait_until

TRAFFIC, WORKERS = 300, 8
SEED = 20_26
HELD_WITHIN_S = 300
PAGES = (
    (
        "overview",
        "29 days of all providers, and a delivery problem in words: {fall[0]} in {fall[2]}",
    ),
    (
        "compare?by=network&country=FR",
        "the bad route: {bad[0]} to network {bad[1]}, for {bad_days} days",
    ),
    ("messages?cause=content", "the campaign of {campaign[1]} days ago: filters stopped it"),
    ("suppressions?part=held", "the outage: {outage[0]} called 1,050 numbers dead in an hour"),
    ("providers", "who was heard of when; {silent[0]} has been silent for {silent[1]} days"),
    ("quarantine", "requests that could not be read"),
)
"""What to look at in the console, and why."""
COLUMNS = {"request": 37, "HTTP": 5, "status": 21, "cause": 21, "on the bus": 18, "list": 9}
LINE = "".join(f"{{:<{width}}}" for width in COLUMNS.values())
RATES = "  {:<16}{:>9}{:>11}{:>10}{:>8}{:>10}"


def demo(cloud: Cloud) -> bool:
    """Show every recording's way through the system; answers whether all went as expected."""
    deployment = describe(cloud)
    client = Client(deployment, retries=AGAIN)
    replays = [each for each in sendable() if each.provider in deployment.webhooks]
    with Listener(cloud, deployment.resources["Bus"]) as listener:
        statuses = [client.deliver(each.provider, each.request) for each in replays]
        numbers = sorted({number for each in replays for number in each.suppressed_numbers})
        wait_until(lambda: all(client.suppression(number)["suppressed"] for number in numbers))
        heard = {event["event_id"]: event["action"] for event in listener.heard()}
        ends = _send_traffic(client, listener, sorted(deployment.webhooks))
    print(LINE.format(*COLUMNS))
    problems = [
        problem
        for recording, status in zip(replays, statuses, strict=True)
        for problem in _show(recording, status, client, heard)
    ]
    _show_list(client, numbers)
    problems += _show_rates(ends)
    count = fill(cloud, deployment.resources, datetime.now(UTC), SEED)
    print(f"\nA made-up month is there too: {count:,} messages.", flush=True)
    problems += _show_pages(deployment, client)
    for problem in problems:
        print(f"NOT AS EXPECTED: {problem}")
    print(f"\n{len(replays)} recorded and {TRAFFIC} made-up requests, {len(problems)} surprises.")
    return not problems


def outage_is_held(client: Client) -> bool:
    """Whether the guard came to hold the month's outage: then the machine is done with most."""
    held = f"/suppressions/held/{month.OUTAGE[0]}"
    return wait_until(lambda: bool(client.api("GET", held)[1]["held"]), HELD_WITHIN_S)


def _show_pages(deployment: Deployment, client: Client) -> Iterator[str]:
    """Print the pages that show the month; the guard takes a while until it holds the outage."""
    if not outage_is_held(client):
        yield "the mass-bounce guard holds nothing of the outage yet"
    shapes = {
        "bad": month.BAD_ROUTE,
        "bad_days": month.BAD_DAYS,
        "campaign": month.CAMPAIGN,
        "outage": month.OUTAGE,
        "silent": month.SILENT,
        "fall": month.FALL,
    }
    print("\nLook at the console, where it runs on (`make run` prints a link that signs in):")
    for page, shows in PAGES:
        print(f"  {deployment.console}#/{page:<26} {shows.format(**shapes)}")


def _send_traffic(
    client: Client, listener: Listener, providers: list[str]
) -> dict[str, list[dict[str, Any]]]:
    """Send it as fast as it goes; answers the last event of each message, by provider."""
    arrivals = traffic(TRAFFIC, secrets.randbits(16), TRAFFIC, providers)
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda each: client.deliver(each.provider, each.request), arrivals))
    ends: dict[tuple[str, str], dict[str, Any]] = {
        (each.provider, each.message_id): {} for each in arrivals
    }

    def all_have_ended() -> bool:
        for event in listener.heard():
            key = event["provider"], event["message_id"]
            if event["final"] and key in ends:
                ends[key] = event
        return all(ends.values())

    wait_until(all_have_ended)
    return {
        provider: [end for key, end in ends.items() if key[0] == provider]
        for provider in sorted({provider for provider, _ in ends})
    }


def _show(
    recording: Recording, status: int, client: Client, heard: dict[str, str]
) -> Iterator[str]:
    """Print a line per report; yields what is not as expected."""
    if status != recording.status:
        yield f"{recording.id}: HTTP {status} instead of {recording.status}"
    if not recording.reports:
        print(LINE.format(recording.id, status, "", "", "", "").rstrip())
    for expected in recording.reports:
        stored = _stored(client, recording.provider, expected)
        if stored is None:
            yield f"{recording.id}: {expected['message_id']} was not stored as expected"
            continue
        suppression = client.suppression(stored["recipient"]) if stored["recipient"] else {}
        bus = heard.get(stored["event_id"], "(no event)")
        on_list = suppression.get("list") if suppression.get("suppressed") else None
        print(
            LINE.format(
                recording.id, status, stored["status"], stored["cause"], bus, on_list or "-"
            )
        )
        if stored["recipient"] in recording.suppressed_numbers and not on_list:
            yield f"{recording.id}: the number is not on the suppression list"


def _stored(client: Client, provider: str, expected: dict[str, Any]) -> dict[str, Any] | None:
    """The report with all the expected fields: in the history of its message, or in that of its
    recipient's, where several recipients share the message's id."""
    found = _in(client.message(provider, expected["message_id"]), provider, expected)
    if found or not expected["recipient"]:
        return found
    theirs = client.person(expected["recipient"])["messages"]
    return next(filter(None, (_in(each, provider, expected) for each in theirs)), None)


def _in(message: dict[str, Any], provider: str, expected: dict[str, Any]) -> dict[str, Any] | None:
    wanted = {**expected, "provider": provider}.items()
    return next((each for each in message.get("history", []) if wanted <= each.items()), None)


def _show_list(client: Client, numbers: list[str]) -> None:
    print("\nThe suppression list, from POST /suppressions/check:")
    for entry in client.check(numbers)["suppressed"]:
        print(
            f"  {entry['number']:<16}{entry['list']:<9}{entry['cause']:<19}"
            f"{entry['provider'] or '-':<14}{entry['provider_code'] or '-'}"
        )


def _show_rates(ends: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    print(f"\nDelivered by each provider, from the events of {TRAFFIC} made-up requests:")
    print(RATES.format("provider", "messages", "delivered", "per cent", "dead", "opt-outs"))
    for provider, messages in ends.items():
        statuses = Counter(each.get("status") for each in messages)
        actions = Counter(each.get("action") for each in messages)
        print(
            RATES.format(
                provider,
                len(messages),
                statuses["delivered"],
                round(100 * statuses["delivered"] / len(messages)),
                actions["suppress_number"],
                actions["suppress_opt_out"],
            )
        )
        if statuses[None]:
            yield f"{provider}: no final event of {statuses[None]} messages"
