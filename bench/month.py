"""`make month`: search and statistics on a made-up month of a million messages.

Each call as a multiple of a bare GetItem round trip in the same run, on the embedded AWS.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.made_up_month import DAYS, SEED, fill, keep, month_before
from bench.month_calls import CALLS
from bench.month_exports import BUCKET as EXPORTS
from bench.month_exports import GOAL
from bench.table import table
from dlr.analysis.search import search
from dlr.analysis.source import Period
from dlr.lake.manifest import Manifest
from dlr.lake.merge import Merger
from dlr.lake.reader import LakeReader
from local.cloud import ENVIRONMENT, Cloud, free_port
from local.command import exit_status
from local.stack import ROOT

MEMORY_MB = 1769
NAMES = {
    "DESK_TABLE": "desk",
    "REPORTS_TABLE": "reports",
    "SUPPRESSIONS_TABLE": "list",
    "LAKE_BUCKET": "lake",
}
KEYS = {
    "DESK_TABLE": ("pk", "sk"),
    "REPORTS_TABLE": ("pk",),
    "SUPPRESSIONS_TABLE": ("recipient_hash",),
}
WITH_NUMBERS = 200
"""The newest messages: the table has these, and all that `numbers_to_clean` asks for."""
BAD = {"bounce": ("hard", "opt_out")}


def main() -> int:
    """Fills a lake, measures in a process of its own, prints; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.month", description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    arguments = parser.parse_args()
    return exit_status(lambda: measure(arguments.messages))


def measure(messages: int) -> bool:
    """Whether every goal is met."""
    now = datetime.now(UTC)
    first = month_before(now)
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    month = Period(start, start + timedelta(days=DAYS))
    with tempfile.TemporaryDirectory() as folder, Cloud(free_port(), Path(folder) / "aws") as cloud:
        began = time.monotonic()
        stored, size = _filled(cloud, Path(folder) / "merge", month, messages, now)
        filled_s = time.monotonic() - began
        taken = _taken("month_calls", cloud, Path(folder) / "cache", month)
        cloud.client("s3").create_bucket(Bucket=EXPORTS)
        exported = _taken("month_exports", cloud, Path(folder) / "exports", month)
    print(
        f"{stored:,} messages in {DAYS} days, {size / stored:.0f} bytes each, merged in "
        f"{filled_s:.0f} s. A bare GetItem takes {taken['get_ms']:.2f} ms here.\n"
    )
    print(_figures(taken))
    missed = [
        name
        for name, asked in CALLS.items()
        if asked.goal and taken["calls"][name]["ratio"] > asked.goal
    ]
    print(_export_figures(exported, taken["get_ms"]))
    missed_exports = [
        name
        for name, each in exported.items()
        if each["has_goal"] and each["rows_per_cpu_s"] < GOAL
    ]
    for name in missed_exports:
        print(f"Missed: an export, {name}, {GOAL:,} rows in a second of CPU.")
    for name in missed:
        print(f"Missed: {name}, {CALLS[name].goal:.0f} x GetItem.")
    return not missed and not missed_exports


def _filled(
    cloud: Cloud, folder: Path, month: Period, messages: int, now: datetime
) -> tuple[int, int]:
    """Messages in the lake, and bytes of its objects."""
    s3, dynamodb = cloud.client("s3"), cloud.client("dynamodb")
    bucket, desk = NAMES["LAKE_BUCKET"], NAMES["DESK_TABLE"]
    s3.create_bucket(Bucket=bucket)
    for name, keys in KEYS.items():
        dynamodb.create_table(
            TableName=NAMES[name],
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            KeySchema=[
                {"AttributeName": key, "KeyType": kind}
                for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
        )
    manifest = Manifest(dynamodb, desk)
    stored = fill(
        s3, bucket, Merger(s3, bucket, manifest, folder), month.start.date(), messages, SEED
    )
    lake = LakeReader(s3, bucket, manifest, folder)
    newest = search(lake, month, {}, None, WITH_NUMBERS, now)
    bad = search(lake, month, BAD, None, messages, now, clock=lambda: 0)
    kept = {each["mk"]: each for each in (*newest.items, *bad.items)}
    keep(dynamodb, NAMES["REPORTS_TABLE"], [*kept.values()])
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return stored, sum(each["Size"] for page in pages for each in page.get("Contents", ()))


def _taken(module: str, cloud: Cloud, cache: Path, month: Period) -> Any:
    """What it took, by a process with the function's environment that runs this module."""
    environment = {
        **ENVIRONMENT,
        **NAMES,
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MEMORY_MB),
        "PUBLIC_URL": "",
        "POWERTOOLS_METRICS_NAMESPACE": "bench",
        "POWERTOOLS_SERVICE_NAME": "query",
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "layers/dlr"))),
    }
    command = [sys.executable, "-W", "ignore", "-m", f"bench.{module}"]
    done = subprocess.run(  # noqa: S603
        [*command, *(time.isoformat() for time in month), str(cache)],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    return json.loads(done.stdout)


def _figures(taken: Mapping[str, Any]) -> str:
    rows = [
        (
            name,
            f"{each['ms']:.0f}",
            f"{each['ratio']:.1f}",
            f"{CALLS[name].goal:.0f}" if CALLS[name].goal else "",
            f"{each['first']:.1f}",
            f"{each['peak_mb']:.0f}",
        )
        for name, each in taken["calls"].items()
    ]
    heads = ("call", "ms", "x GetItem", "goal", "first call", "peak MB so far")
    return table(f"Search and statistics (after import {taken['imported_mb']:.0f} MB)", heads, rows)


def _export_figures(exported: Mapping[str, Any], get_ms: float) -> str:
    rows = [
        (
            name,
            f"{each['rows']:,}",
            f"{each['bytes'] / 2**20:.0f}",
            f"{each['s']:.1f}",
            f"{each['rows_per_s']:,.0f}",
            f"{each['rows_per_cpu_s']:,.0f}",
            f"{GOAL:,}" if each["has_goal"] else "",
            f"{each['s'] * 1000 / get_ms:,.0f}",
            f"{each['peak_mb']:.0f}",
        )
        for name, each in exported.items()
    ]
    heads = ("export", "rows", "MB", "s", "rows/s", "rows/CPU s", "goal", "x GetItem", "peak MB")
    return table(
        "Exports of the month, one worker; only numbers to clean have numbers", heads, rows
    )


if __name__ == "__main__":
    sys.exit(main())
