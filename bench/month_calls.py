"""Calls of the query function on a made-up month, in a process of its own: time and peak memory.

Run by `bench.month` under the function's environment; JSON comes out.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlencode

from bench import handlers
from bench.memory import peak_mb
from dlr.access.scopes import Caller, Scope
from dlr.lake.manifest import Manifest
from dlr.lake.reader import LakeReader
from local.http_event import http_event

ROUNDS = 9
GETS = 5
READER = Caller("bench", frozenset({Scope.READ}))
SEER = Caller("bench", frozenset({Scope.READ, Scope.PII}))


class Asked(NamedTuple):
    """A call of the API. Within `goal` times a bare GetItem, if there is a goal."""

    path: str
    query: dict[str, str]
    caller: Caller = READER
    goal: float | None = None


CALLS = {
    "first page, filtered": Asked(
        "/messages", {"provider": "twilio", "status": "undelivered", "limit": "50"}, goal=15
    ),
    "first page, rare": Asked(
        "/messages", {"provider": "messente", "country": "NG", "bounce": "hard", "limit": "50"}
    ),
    "first page, all": Asked("/messages", {"limit": "50"}),
    "the same with numbers": Asked("/messages", {"limit": "50", "numbers": "true"}, SEER),
    "30 days by day and provider": Asked("/stats", {"by": "day,provider"}, goal=15),
    "30 days by provider and status": Asked("/stats", {"by": "provider,status"}, goal=15),
    "30 days by code, from messages": Asked("/stats", {"by": "code"}),
    "comparison of 30 days": Asked("/stats/compare", {}),
    "unfinished in 30 days": Asked("/stats/unfinished", {}),
}
"""By what they answer. A caller with `pii` is put into the audit: two writes more."""


def main() -> None:
    """Measures and prints: milliseconds by call, and megabytes."""
    start, end, folder = sys.argv[1:]
    module = _function(Path(folder))
    imported = peak_mb()
    get_ms = []
    calls = {}
    for name, asked in CALLS.items():
        call = partial(_call, module, asked, start, end)
        get = partial(_get, module)
        first, taken, ratios = _ms(call), [], []
        for _ in range(ROUNDS):
            bare = median(_ms(get) for _ in range(GETS))
            taken.append(_ms(call))
            ratios.append(taken[-1] / bare)
            get_ms.append(bare)
        calls[name] = {
            "first": first / get_ms[-1],
            "ms": median(taken),
            "ratio": median(ratios),
            "peak_mb": peak_mb(),
        }
    print(json.dumps({"get_ms": median(get_ms), "imported_mb": imported, "calls": calls}))


def _function(folder: Path) -> Any:
    """The function's module, with its cache in a folder of this run."""
    module = handlers.load("query")
    manifest = Manifest(module.dynamodb, os.environ["DESK_TABLE"])
    s3 = module.boto3.client("s3", config=module.aws.CALLS)
    module.lake = LakeReader(s3, os.environ["LAKE_BUCKET"], manifest, folder)
    return module


def _call(module: Any, asked: Asked, start: str, end: str) -> None:
    event = http_event(
        "GET",
        asked.path,
        query=urlencode({"from": start, "to": end, **asked.query}),
        route=f"GET {asked.path}",
        caller=asked.caller.to_context(),
    )
    stdout, sys.stdout = sys.stdout, sys.stderr  # its log line
    try:
        answer = module.handler(event, handlers.Context())
    finally:
        sys.stdout = stdout
    if answer["statusCode"] != 200 or len(answer["body"]) < 200:
        raise RuntimeError(f"{asked.path} answered {answer['statusCode']}: {answer['body'][:300]}")


def _get(module: Any) -> None:
    key = {"pk": {"S": "lake#head"}, "sk": {"S": "head"}}
    module.dynamodb.get_item(TableName=os.environ["DESK_TABLE"], Key=key, ConsistentRead=True)


def _ms(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
