"""The built artifact on the real Lambda runtime: its interface emulator and client, no Docker."""

import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import urllib3

from bench.consumption import NAIVE_TABLES
from local.cloud import Cloud, free_port, in_use
from local.http_event import Event, http_event
from local.process import running
from local.runtime import LAYER, functions
from local.stack import ROOT, describe
from local.traffic import life

ROUNDS = 11
WARM = 60
BARE = "bare boto3 put"
INVOKE = "/2015-03-31/functions/function/invocations"


@dataclass(frozen=True)
class Round:
    """Milliseconds by the clock, and bytes logged per invocation.

    `log_bytes` are the function's own lines. Of Lambda's, `platform_bytes`, ours are turned off.
    """

    first_ms: float
    warm_ms: float
    log_bytes: float
    platform_bytes: float


@dataclass(frozen=True)
class Invokes(Round):
    """Medians of all rounds, the first invokes' least; `…_times` are multiples of the bare put.

    A round has many warm invokes and compares them with its own bare ones, but a single first.
    """

    first_times: float
    warm_times: float


def invokes(python: Path, packages: Path, cloud: Cloud) -> dict[str, Invokes]:
    """Of a bare put, of ingest, and of the naive handler, one after the other in each round."""
    resources = describe(cloud).resources
    built = next(each for each in functions() if each.name == "Ingestthesmsworks")
    ours = {
        name: resources.get(value, value) for name, value in built.environment(packages).items()
    } | {"AWS_ENDPOINT_URL": cloud.url}
    theirs = ours | NAIVE_TABLES | {"PYTHONPATH": f"{ROOT}:{LAYER}:{packages}"}
    theirs |= {"EVENT_BUS": resources["Bus"], "POWERTOOLS_TRACE_DISABLED": "true"}
    token = describe(cloud).webhooks["thesmsworks"].rpartition("/")[2]
    candidates = {
        BARE: ("bench.bare.handler", theirs),
        "ingest": (built.handler, ours),
        "naive handler": ("bench.naive.handler", theirs),
    }
    taken: dict[str, list[Round]] = {name: [] for name in candidates}
    for number in range(ROUNDS):
        for place, (name, (handler, variables)) in enumerate(candidates.items()):
            events = list(_events(token, first=1 + (number * 10 + place) * 1000))
            taken[name].append(_round(python, handler, variables, events))
    return {name: _summary(rounds, taken[BARE]) for name, rounds in taken.items()}


def _summary(rounds: list[Round], bare: list[Round]) -> Invokes:
    least = min(each.first_ms for each in rounds)
    return Invokes(
        least,
        median(each.warm_ms for each in rounds),
        median(each.log_bytes for each in rounds),
        median(each.platform_bytes for each in rounds),
        least / min(put.first_ms for put in bare),
        median(each.warm_ms / put.warm_ms for each, put in zip(rounds, bare, strict=True)),
    )


def _events(token: str, first: int) -> Iterator[Event]:
    for message in range(first, first + WARM + 1):
        (request,) = life("thesmsworks", message, ("delivered",), seed=9)
        path = f"/webhooks/thesmsworks/{token}"
        yield http_event("POST", path, headers=request.headers, body=request.body)


def _round(python: Path, handler: str, variables: Mapping[str, str], events: list[Event]) -> Round:
    log = ROOT / ".local" / "emulator.log"
    log.parent.mkdir(exist_ok=True)
    with _emulator(python, handler, variables, log) as url:
        times = [_invoke(url, event) for event in events]
        lines = log.read_text().splitlines(keepends=True)
    own = sum(len(line) for line in lines if line.startswith("{"))
    platform = sum(map(len, lines)) - own
    return Round(times[0], median(times[1:]), own / len(events), platform / len(events))


def _invoke(url: str, event: Event) -> float:
    started = time.perf_counter()
    answer = urllib3.request("POST", url + INVOKE, json=event, retries=False, timeout=60)
    took_ms = (time.perf_counter() - started) * 1000
    if answer.json().get("statusCode") != 200:
        raise RuntimeError(f"the function failed: {answer.data.decode()}")
    return took_ms


@contextmanager
def _emulator(python: Path, handler: str, variables: Mapping[str, str], log: Path) -> Iterator[str]:
    folder = next((ROOT / ".venv-sam").glob("lib/python*/site-packages/samcli/local/rapid"))
    machine = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
    port = free_port()
    command = [str(folder / f"aws-lambda-rie-{machine}")]
    command += ["--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
    command += ["--runtime-api-address", f"127.0.0.1:{free_port()}", "--log-level", "error"]
    command += [str(python), "-m", "awslambdaric", handler]
    with running("The emulator", command, ready=lambda: in_use(port), log=log, env=variables):
        yield f"http://127.0.0.1:{port}"
