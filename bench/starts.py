"""The start of each built function in a fresh process, as a multiple of a bare boto3 client's."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from local.runtime import LAYER, functions
from local.stack import ROOT

ROUNDS = 21
COUNT = ";import sys,time;print(time.process_time(), len(sys.modules))"
BARE = "bare boto3 client"
NAMES = {"Ingestsmsmode", "Publish", "Suppress", "Api", "Authorizer"}
"""Of the ingests the heaviest: it is the one that needs time zones."""


@dataclass(frozen=True)
class Start:
    """What a start took: medians. `ratio` is that of the same round's bare client."""

    cpu_ms: float
    ratio: float
    modules: int


def starts(python: Path, packages: Path) -> dict[str, Start]:
    """Of the yardstick, of every kind of function, and of the naive handler."""
    built = {each.name: each for each in functions() if each.name in NAMES}
    environment = next(iter(built.values())).environment(packages)
    environment["PYTHONPATH"] = f"{ROOT}:{LAYER}:{packages}"
    naive = {"REPORTS_TABLE": "t", "ONCE_TABLE": "t", "TOKEN_SECRET": "t", "EVENT_BUS": "t"}
    candidates = {
        BARE: ("import boto3; boto3.client('dynamodb')", environment),
        **{
            name: (f"import {each.handler.partition('.')[0]}", each.environment(packages))
            for name, each in built.items()
        },
        "naive handler": ("import bench.naive", environment | naive),
    }
    taken: dict[str, list[tuple[float, int]]] = {name: [] for name in candidates}
    for number in range(-1, ROUNDS):
        for name, (code, variables) in candidates.items():
            start = _start(python, code, variables)
            if number >= 0:  # the first round only fills the caches
                taken[name].append(start)
    bare = [ms for ms, _ in taken[BARE]]
    return {
        name: Start(
            cpu_ms=median(ms for ms, _ in each),
            ratio=median(ms / of_bare for (ms, _), of_bare in zip(each, bare, strict=True)),
            modules=each[0][1],
        )
        for name, each in taken.items()
    }


def _start(python: Path, code: str, environment: Mapping[str, str]) -> tuple[float, int]:
    command = [str(python), "-S", "-c", code + COUNT]
    output = subprocess.run(  # noqa: S603
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    seconds, modules = json.loads(f"[{output.stdout.replace(' ', ',')}]")
    return seconds * 1000, modules
