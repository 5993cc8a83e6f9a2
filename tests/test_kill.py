"""2,000 reports while functions are killed and the queue's consumer comes and goes: none is lost.

Run by `make kill`, on a local system of its own. Clients send again what was not answered 200, as
providers do; the functions' processes, children of the embedded AWS, are killed by their ids.

A process that dies while it starts fails more than its own request: the embedded AWS then stops
every other process of that function, also those that are starting, each of which does the same.
Clients that try again at once keep that going: hundreds of 502 in a row.
"""

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import chain, repeat
from pathlib import Path

import pytest
import urllib3

from dlr.messages.item import history_of
from local.client import Client
from local.cloud import Cloud
from local.stack import Deployment, deploy, describe

REPORTS, CLIENTS, DEAD_OF = 2000, 8, 20
PAUSES_S = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Between tries; afterwards one a second, for two minutes in all. A provider goes on for hours."""
PATIENCE_S = 120
KILL_EVERY, VICTIMS, SWITCH_EVERY = 50, 2, 150
GIVEN_BACK_S = 20
"""How long the queue hides what a killed function held; 180 s in the template."""
TIMEOUT_S = 6.0 * GIVEN_BACK_S
FIRST_NUMBER = 33639980000
PROVIDER = "thesmsworks"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def killed_cloud(new_cloud: Callable[..., Cloud]) -> Iterator[Cloud]:
    with new_cloud() as cloud:
        deploy(cloud, parameters={"Providers": PROVIDER, "MassBounceLimit": str(REPORTS)})
        yield cloud


class Chaos:
    """Kills functions and stops and starts the consumer as the reports come in.

    By their number and not by the clock, or a slow machine would do nothing but start functions.
    """

    def __init__(self, cloud: Cloud, deployment: Deployment) -> None:
        self.counts: Counter[str] = Counter()
        self._cloud = cloud
        self._lambda = cloud.client("lambda")
        (mapping,) = self._lambda.list_event_source_mappings(
            FunctionName=deployment.resources["Suppress"]
        )["EventSourceMappings"]
        self._consumer = mapping["UUID"]
        self._random = random.Random(7)
        self._lock = threading.Lock()

    def step(self) -> None:
        """One more report was acknowledged."""
        with self._lock:
            self.counts["acknowledged"] += 1
            if self.counts["acknowledged"] % KILL_EVERY == 0:
                self._kill()
            if self.counts["acknowledged"] % SWITCH_EVERY == 0:
                self.switch(self.counts["consumer switched"] % 2 == 1)

    def switch(self, is_on: bool) -> None:
        """Stops or starts the queue's consumer."""
        self._lambda.update_event_source_mapping(UUID=self._consumer, Enabled=is_on)
        self.counts["consumer switched"] += 1

    def _kill(self) -> None:
        victims = children_of(self._cloud.process_id)
        for victim in self._random.sample(victims, min(VICTIMS, len(victims))):
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
                self.counts["processes killed"] += 1


def children_of(process_id: int) -> list[int]:
    """The processes that it started: one for each running function."""
    found: list[int] = []
    for children in Path(f"/proc/{process_id}/task").glob("*/children"):
        with suppress(OSError):  # a thread that ended meanwhile
            found += map(int, children.read_text().split())
    return found


def body_of(place: int) -> bytes:
    """Report number `place`: each of another message and another number, one in 20 of them dead."""
    content = {
        "messageid": f"killed-{place}",
        "destination": FIRST_NUMBER + place,
        "status": "UNDELIVERABLE" if is_dead(place) else "DELIVERED",
        "modified": "2026-11-20T12:00:00.000Z",
    }
    if is_dead(place):
        content["failurereason"] = {"code": 5001, "details": "", "permanent": True}
    return json.dumps(content).encode()


def is_dead(place: int) -> bool:
    return place % DEAD_OF == 0


def numbers(is_in: bool) -> list[str]:
    return [f"+{FIRST_NUMBER + n}" for n in range(REPORTS) if is_dead(n) is is_in]


def suppressed(client: Client, of: list[str]) -> set[str]:
    answers = [client.check(of[n : n + 1000]) for n in range(0, len(of), 1000)]
    return {each["number"] for answer in answers for each in answer["suppressed"]}


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes as Linux does")
def test_killed_functions_lose_no_acknowledged_report_and_no_hard_bounce(
    killed_cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment = describe(killed_cloud)
    client = Client(deployment)
    answers: Counter[str] = Counter()
    killed_cloud.client("sqs").set_queue_attributes(
        QueueUrl=deployment.resources["SuppressQueue"],
        Attributes={"VisibilityTimeout": str(GIVEN_BACK_S)},
    )

    def provider(place: int) -> bool:
        give_up = time.monotonic() + PATIENCE_S
        for pause_s in chain(PAUSES_S, repeat(1.0)):
            answer = answer_to(place)
            answers[answer] += 1
            if answer == "200":
                chaos.step()
                return True
            if time.monotonic() > give_up:
                return False
            time.sleep(pause_s)
        raise AssertionError("the pauses never end")

    def answer_to(place: int) -> str:
        try:
            return str(client.post(deployment.webhooks[PROVIDER], body_of(place)))
        except urllib3.exceptions.HTTPError as error:
            return type(error).__name__

    started = time.monotonic()
    chaos = Chaos(killed_cloud, deployment)
    with ThreadPoolExecutor(CLIENTS) as pool:
        taken = list(pool.map(provider, range(REPORTS)))
    chaos.switch(is_on=True)
    sent_s = time.monotonic() - started
    listed: set[str] = set()
    while len(listed) < len(numbers(True)) and time.monotonic() - started < sent_s + TIMEOUT_S:
        listed = suppressed(client, numbers(True))
        time.sleep(0.5)
    items = [
        item
        for page in killed_cloud.client("dynamodb")
        .get_paginator("scan")
        .paginate(TableName=deployment.resources["ReportsTable"])
        for item in page["Items"]
    ]
    with capsys.disabled():
        print(  # noqa: T201
            f"\n{REPORTS} reports of {CLIENTS} clients in {sent_s:.0f} s, "
            f"on the list after {time.monotonic() - started:.0f} s\n"
            f"answers {dict(answers)}\n{dict(chaos.counts)}\n"
            f"acknowledged {sum(taken)}, in the table {len(items)}, "
            f"dead {len(numbers(True))}, on the list {len(listed)}"
        )
    assert chaos.counts["processes killed"] > 0
    assert all(taken)
    assert {item["pk"]["S"] for item in items} == {f"{PROVIDER}#killed-{n}" for n in range(REPORTS)}
    assert {len(history_of(item)) for item in items} == {1}
    assert listed == set(numbers(True))
    assert suppressed(client, numbers(False)) == set()
