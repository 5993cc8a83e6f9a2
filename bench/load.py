"""`make load`: made-up traffic at its own pace, and nothing lost or counted twice at the end.

In the middle everything is stopped and started again. At the end the lake's first segment is
restored under its key and merged a second time, which must change no count.

The embedded AWS forgets at a stop what no function has read of a stream yet, and what is on its way
over bus and queue; on AWS there is no such stop. So the first half is waited for, until list and
lake say what the model says of it.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

import boto3
import urllib3
from botocore.config import Config

from bench.load_lake import LakeCheck, counts_of
from dlr.causes import Action
from dlr.ingest.normalize import Normalizer
from dlr.ingest.quarantine import Quarantine
from dlr.ingest.receive import Receiver
from dlr.messages.item import APART, history_of, state_of
from dlr.messages.order import rank_of
from dlr.messages.store import ReportStore, Retention
from dlr.phone import RecipientHasher
from dlr.providers.base import load_provider, provider_names
from dlr.report import DeliveryReport
from dlr.runtime.secret import Secret
from dlr.wire.request import Request
from local.client import Client, request_to
from local.cloud import Cloud, free_port
from local.command import exit_status
from local.sign import signed
from local.stack import Deployment, deploy, describe
from local.traffic import Arrival, traffic

SUPPRESSING = {Action.SUPPRESS_NUMBER, Action.SUPPRESS_OPT_OUT}
"""One message with less than these suppresses nobody."""
WORKERS = 16
BARE_PUTS = 500
SHARE_OF_BARE = {"webhooks": 0.04, "in-process": 0.2}
"""The pace, as a share of what the embedded AWS can put: below what it can take of each."""
TRIES = 4
TIMEOUT_S = 300
"""How long list and lake may take to hold everything, after the last request."""
PUBLIC_URL = "https://dlr.example.com"

Send = Callable[[str, Request], int]


Identity = tuple[str | None, str | None, datetime | None]


def _identity(report: DeliveryReport) -> Identity:
    """What tells the reports of a message apart."""
    return report.provider_status, report.provider_code, report.occurred_at


@dataclass
class Model:
    """What must stand in the tables once these reports have been acknowledged."""

    known: dict[str, set[Identity]] = field(default_factory=dict)
    state: dict[str, DeliveryReport] = field(default_factory=dict)
    normalizers: dict[str, Normalizer] = field(
        default_factory=lambda: {name: Normalizer(load_provider(name)) for name in provider_names()}
    )

    def add_all(self, arrivals: Iterable[Arrival]) -> None:
        """Fold acknowledged requests in."""
        for arrival in arrivals:
            self.add(arrival)

    def add(self, arrival: Arrival) -> None:
        """Fold one acknowledged request in."""
        normalize = self.normalizers[arrival.provider]
        for report in normalize(arrival.request, datetime.now(UTC)).reports:
            key = f"{report.provider}#{report.message_id}"
            self.known.setdefault(key, set()).add(_identity(report))
            self.state[key] = max(self.state.get(key, report), report, key=rank_of)

    def suppressed(self) -> set[str]:
        """The numbers that must be on the list."""
        return {str(r.recipient) for r in self.state.values() if r.action in SUPPRESSING}


def load(reports: int, mode: str, seed: int) -> bool:
    """Run it on a system of its own; print the figures; answers whether all is as it must be."""
    model, problems = Model(), []
    with tempfile.TemporaryDirectory() as folder:
        with _system(folder) as (cloud, deployment), ThreadPoolExecutor(1) as beside:
            bare_per_s, bare_ms = _bare_put(cloud, deployment)
            arrivals = traffic(reports, seed, bare_per_s * SHARE_OF_BARE[mode])
            half = len(arrivals) // 2
            pace = len(arrivals) / arrivals[-1].at_s
            print(f"{len(arrivals)} requests, {pace:.0f} a second on average, {mode}", flush=True)
            seen = beside.submit(LakeCheck(cloud, deployment).first_segment, TIMEOUT_S)
            took_s, answered = _send_all(arrivals[:half], _sender(mode, cloud, deployment))
            model.add_all(arrivals[:half])
            problems += [f"before the restart: {each}" for each in _wait(cloud, deployment, model)]
            segment = seen.result()
        with _system(folder) as (cloud, deployment):
            more_s, more = _send_all(arrivals[half:], _sender(mode, cloud, deployment))
            answered += more
            model.add_all(arrivals[half:])
            _print_figures(took_s + more_s, [ms for _, ms in answered], bare_per_s, bare_ms)
            refused = sum(status != 200 for status, _ in answered)
            problems += [f"{refused} requests were never acknowledged"] * bool(refused)
            problems += _compare_reports(_messages(cloud, deployment), model)
            problems += _wait(cloud, deployment, model)
            check = LakeCheck(cloud, deployment)
            problems += check.restore(segment) if segment else ["there never was a segment"]
            problems += [f"after the restore: {each}" for each in _wait(cloud, deployment, model)]
    suppressed = len(model.suppressed())
    print(f"messages {len(model.known)}, reports {sum(map(len, model.known.values()))}, ", end="")
    print(f"numbers suppressed {suppressed}: {'; '.join(problems) or 'all as the model has it'}")
    return not problems


@contextmanager
def _system(folder: str) -> Iterator[tuple[Cloud, Deployment]]:
    """The whole stack, on the data of this folder."""
    with Cloud(free_port(), Path(folder)) as cloud:
        deploy(cloud, parameters={"MassBounceLimit": "100000000"})
        yield cloud, describe(cloud)


def _sender(mode: str, cloud: Cloud, deployment: Deployment) -> Send:
    return Client(deployment).deliver if mode == "webhooks" else _in_process(cloud)


def _bare_put(cloud: Cloud, deployment: Deployment) -> tuple[float, float]:
    """Puts a second with as many workers, and the milliseconds of one alone: the yardstick."""
    client, table = _dynamodb(cloud), deployment.resources["QuarantineTable"]

    def put(number: int) -> float:
        started = time.perf_counter()
        item = {"id": {"S": f"bare {number}"}, "expires_at": {"N": "1"}, "body": {"S": "x" * 400}}
        client.put_item(TableName=table, Item=item)
        return (time.perf_counter() - started) * 1000

    alone_ms = sorted(map(put, range(100)))[50]
    started = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(put, range(BARE_PUTS)))
    return BARE_PUTS / (time.perf_counter() - started), alone_ms


def _in_process(cloud: Cloud) -> Send:
    """Our receivers in this process, their tables, stream, bus and list on the embedded AWS."""
    resources = describe(cloud).resources
    dynamodb, secrets = _dynamodb(cloud), cloud.client("secretsmanager")
    hasher = RecipientHasher(Secret(secrets, resources["HashSecret"]).values)
    store = ReportStore(
        dynamodb,
        resources["ReportsTable"],
        Retention(*[timedelta(days=days) for days in (30, 90, 30)]),
    )
    quarantine = Quarantine(dynamodb, resources["QuarantineTable"], hasher)
    tokens = {name: Secret(secrets, resources[f"TokenSecret{name}"]) for name in provider_names()}
    receivers = {
        name: Receiver(
            Normalizer(load_provider(name), hasher=hasher), store, quarantine, tokens[name]
        )
        for name in provider_names()
    }

    def send(provider: str, request: Request) -> int:
        token = tokens[provider].values()[0]
        path = f"/webhooks/{provider}/{token}"
        sent = signed(provider, request_to(PUBLIC_URL + path, request))
        return receivers[provider](replace(sent, path=path, token=token))[0].status

    return send


def _dynamodb(cloud: Cloud) -> Any:
    return boto3.client(
        "dynamodb", endpoint_url=cloud.url, config=Config(max_pool_connections=WORKERS)
    )


def _send_all(arrivals: list[Arrival], send: Send) -> tuple[float, list[tuple[int, float]]]:
    """Each at its time, whether earlier ones have been answered or not.

    The milliseconds count from when a request was due, so waiting for a worker is part of them.
    """
    started = time.perf_counter() - arrivals[0].at_s

    def deliver(arrival: Arrival) -> tuple[int, float]:
        status = 0
        for _ in range(TRIES):  # as a provider would
            try:
                status = send(arrival.provider, arrival.request)
            except urllib3.exceptions.HTTPError:
                continue
            if status == 200:
                break
        return status, (time.perf_counter() - started - arrival.at_s) * 1000

    with ThreadPoolExecutor(WORKERS) as pool:
        answers = []
        for arrival in arrivals:
            time.sleep(max(0.0, started + arrival.at_s - time.perf_counter()))
            answers.append(pool.submit(deliver, arrival))
        results = [answer.result() for answer in answers]
    return time.perf_counter() - started - arrivals[0].at_s, results


def _print_figures(took_s: float, waits: list[float], bare_per_s: float, bare_ms: float) -> None:
    cuts = quantiles(waits, n=100)
    per_s = len(waits) / took_s
    print(f"bare put: {bare_per_s:.0f}/s with {WORKERS} workers, {bare_ms:.1f} ms alone")
    print(f"reports: {per_s:.0f}/s, {per_s / bare_per_s:.2f} of the bare put's rate")
    for name, cut in (("median", cuts[49]), ("95th", cuts[94]), ("99th", cuts[98])):
        print(f"latency {name}: {cut:.1f} ms, {cut / bare_ms:.1f} bare puts")


def _messages(cloud: Cloud, deployment: Deployment) -> Mapping[str, Mapping[str, Any]]:
    """The table's items by provider and id: here every message has an id of its own."""
    pages = _dynamodb(cloud).get_paginator("scan")
    return {
        item["pk"]["S"].partition(APART)[0]: item
        for page in pages.paginate(TableName=deployment.resources["ReportsTable"])
        for item in page["Items"]
    }


def _compare_reports(items: Mapping[str, Mapping[str, Any]], model: Model) -> Iterator[str]:
    """Every acknowledged report stored once, every message in the model's state."""
    if items.keys() != model.known.keys():
        yield f"{len(model.known.keys() - items.keys())} messages are lost"
    for key in items.keys() & model.known.keys():
        item = items[key]
        stored = [_identity(report) for report in history_of(item)]
        is_whole = len(stored) == len(item["seen"]["SS"]) == len(model.known[key])
        if not is_whole or set(stored) != model.known[key]:
            yield f"{key} has {len(stored)} reports instead of {len(model.known[key])}"
        if _identity(state_of(item)) != _identity(model.state[key]):
            yield f"{key} is in another state"


def _wait(cloud: Cloud, deployment: Deployment, model: Model) -> list[str]:
    """In what list and lake still differ from the model when there is no more time."""
    counts = counts_of(_messages(cloud, deployment), model.state)
    client, check = Client(deployment), LakeCheck(cloud, deployment)

    def problems() -> list[str]:
        return [*_compare_list(client, model), *check.compare(counts)]

    deadline = time.monotonic() + TIMEOUT_S
    while (found := problems()) and time.monotonic() < deadline:
        time.sleep(2)
    return found


def _compare_list(client: Client, model: Model) -> Iterator[str]:
    """The list holds the model's numbers and no other of this traffic."""
    wanted = model.suppressed()
    numbers = sorted({str(report.recipient) for report in model.state.values()})
    slices = (numbers[start : start + 1000] for start in range(0, len(numbers), 1000))
    found = {entry["number"] for each in slices for entry in client.check(each)["suppressed"]}
    if found != wanted:
        yield f"{len(wanted - found)} numbers missing from the list, {len(found - wanted)} too many"


def main() -> int:
    """Exit status 0 if nothing was lost or counted twice."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--reports", type=int, default=100_000, help="how many requests, about")
    parser.add_argument("--mode", choices=list(SHARE_OF_BARE), default="webhooks")
    parser.add_argument("--seed", type=int, default=1, help="which traffic")
    arguments = parser.parse_args()
    return exit_status(lambda: load(arguments.reports, arguments.mode, arguments.seed))


if __name__ == "__main__":
    sys.exit(main())
