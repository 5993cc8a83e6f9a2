"""`make month`: search, statistics, exports and a backtest on a made-up month of messages.

Each as a multiple of a bare GetItem round trip in the same run, on the embedded AWS. What the
backtest says and writes must be what a plain recount of the month says.
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

from bench import month_stack
from bench.backtest_files import problems_of
from bench.backtest_model import recount
from bench.made_up_month import DAYS, SEED, MadeUpMonth, made_up, month_before
from bench.month_calls import CALLS
from bench.month_exports import GOAL
from bench.month_stack import BUCKETS, HASHER, TABLES
from bench.table import table
from dlr.analysis.source import Period
from dlr.causes import Policy
from dlr.lake.manifest import Manifest
from dlr.lake.merge import Merger
from local.cloud import ENVIRONMENT, Cloud, free_port
from local.command import exit_status
from local.stack import ROOT

MEMORY_MB = 1769
LISTED = {"tried": "`provider`", "today": "`cause`", "added": "more", "removed": "less"}
"""The counts of a backtest, and how they are headed."""


def main() -> int:
    """Fills a lake, measures in a process of its own, prints; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.month", description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    arguments = parser.parse_args()
    return exit_status(lambda: measure(arguments.messages))


def measure(messages: int) -> bool:
    """Whether every goal is met."""
    first = month_before(datetime.now(UTC))
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    month = Period(start, start + timedelta(days=DAYS))
    with (
        tempfile.TemporaryDirectory() as folder,
        Cloud(free_port(), Path(folder) / "aws") as cloud,
        made_up(first, messages, SEED) as sent,
    ):
        month_stack.make(cloud)
        began = time.monotonic()
        stored, size = _filled(cloud, Path(folder) / "merge", sent)
        filled_s = time.monotonic() - began
        kept = sent.keep(cloud.client("dynamodb"), TABLES["ReportsTable"], HASHER.hash)
        wanted = list(recount(sent.sent(), Policy.PROVIDER, Policy.CAUSE))
        taken = _taken("month_calls", cloud, Path(folder) / "cache", month)
        exported = _taken("month_exports", cloud, Path(folder) / "exports", month)
        tested = _taken("month_backtest", cloud, Path(folder) / "backtest", month)
        problems = list(problems_of(tested["jobs"], wanted))
    print(
        f"{stored:,} messages in {DAYS} days, {size / stored:.0f} bytes each, merged in "
        f"{filled_s:.0f} s; {kept:,} of them in the table. "
        f"A bare GetItem takes {taken['get_ms']:.2f} ms here.\n"
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
    print(_backtest_figures(tested, taken["get_ms"]))
    for problem in problems:
        print(f"The backtest is not as a plain recount of the month has it: {problem}.")
    for name in missed_exports:
        print(f"Missed: an export, {name}, {GOAL:,} rows in a second of CPU.")
    for name in missed:
        print(f"Missed: {name}, {CALLS[name].goal:.0f} x GetItem.")
    return not missed and not missed_exports and not problems


def _filled(cloud: Cloud, folder: Path, month: MadeUpMonth) -> tuple[int, int]:
    """Messages in the lake, and bytes of its objects."""
    s3, bucket = cloud.client("s3"), BUCKETS["LakeBucket"]
    manifest = Manifest(cloud.client("dynamodb"), TABLES["DeskTable"])
    stored = month.fill(s3, bucket, Merger(s3, bucket, manifest, folder))
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return stored, sum(each["Size"] for page in pages for each in page.get("Contents", ()))


def _taken(module: str, cloud: Cloud, cache: Path, month: Period) -> Any:
    """What it took, by a process with the function's environment that runs this module."""
    environment = {
        **ENVIRONMENT,
        **month_stack.environment(cloud),
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MEMORY_MB),
        "POWERTOOLS_METRICS_NAMESPACE": "bench",
        "POWERTOOLS_SERVICE_NAME": "bench",
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


def _backtest_figures(tested: Mapping[str, Any], get_ms: float) -> str:
    jobs = tested["jobs"]
    job = next(iter(jobs.values()))
    result = job["result"]
    causes = sorted({cause for name in LISTED for cause in result[name]["by_cause"]})
    counts = [
        (cause, *(f"{result[name]['by_cause'].get(cause, 0):,}" for name in LISTED))
        for cause in causes
    ]
    counts.append(("all", *(f"{result[name]['recipients']:,}" for name in LISTED)))
    taken = [
        (
            form,
            f"{each['result']['failed_messages']:,}",
            f"{each['rows']:,}",
            f"{each['s']:.1f}",
            f"{each['s'] * 1000 / get_ms:,.0f}",
            f"{each['peak_mb']:.0f}",
        )
        for form, each in jobs.items()
    ]
    heads = ("file", "failed messages", "rows", "s", "x GetItem", "peak MB so far")
    imported = f"{tested['imported_mb']:.0f}"
    return "\n".join(
        [
            table(
                "Backtest of policy `provider` against `cause`: recipients on the list, by cause",
                ("cause", *LISTED.values()),
                counts,
            ),
            table(f"API, queue, worker and link (after import {imported} MB)", heads, taken),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
