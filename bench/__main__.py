"""`make bench`: measure everything in one run, print it, keep it in docs/performance.md."""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bench import consumption, cost, emulator, lake, path
from bench.starts import BARE, starts
from bench.table import table
from local.cloud import Cloud, free_port
from local.command import exit_status
from local.runtime import BUILD, LAYER
from local.stack import ROOT, deploy

PAGE = ROOT / "docs" / "performance.md"
BEGIN = "<!-- figures: written by `make bench` -->\n"
END = "<!-- /figures -->\n"


def main() -> int:
    """With the Python of an environment that has what Lambda has, and the peers."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("environment", type=Path, help="a virtual environment, made by make")
    parser.add_argument("--keep", action="store_true", help="write the page, not only the screen")
    arguments = parser.parse_args()
    return exit_status(lambda: measure(arguments.environment.absolute(), arguments.keep))


def measure(environment: Path, keep: bool) -> bool:
    """Everything, one after the other; True, for there is no limit to miss."""
    python = environment / "bin" / "python"
    packages = next(environment.glob("lib/python*/site-packages"))
    parts = [machine(python), normalization(python, packages), start_table(python, packages)]
    with tempfile.TemporaryDirectory() as folder, Cloud(free_port(), Path(folder)) as cloud:
        deploy(cloud)
        used = lake.lake_use(cloud)
        paths = path.paths(cloud)
        ours, naive = consumption.ours(cloud), consumption.naive(cloud)
        invokes = emulator.invokes(python, packages, cloud)
    parts += [invoke_table(invokes), unit_table(ours, naive), path_table(paths)]
    parts.append(cost_table(ours, naive, paths, invokes))
    parts.append(lake_table(used))
    figures = "\n".join(parts)
    print(figures)
    if keep:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(before + BEGIN + figures + END + rest.partition(END)[2])
    return True


def machine(python: Path) -> str:
    """Where the figures come from."""
    version = subprocess.run([python, "-V"], stdout=subprocess.PIPE, text=True, check=True).stdout  # noqa: S603
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next(
        (line.split(": ")[1] for line in lines if "model name" in line), platform.machine()
    )
    today, load = datetime.now(UTC).date(), os.getloadavg()[0]
    return f"{today}, {version.strip()}, {model}, {os.cpu_count()} cores, load {load:.0f}.\n"


def normalization(python: Path, packages: Path) -> str:
    """CPU of one report, and as a multiple of anymail's middle one."""
    # The functions' folders hold what only one provider's signature needs.
    path = os.pathsep.join(map(str, (ROOT, LAYER, *sorted(BUILD.glob("Ingest*")), packages)))
    taken: dict[str, tuple[float, float]] = json.loads(
        subprocess.run(  # noqa: S603
            [python, "-S", "-m", "bench.normalization"],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
    )
    peers = sorted(us for name, (us, _) in taken.items() if name.startswith("anymail"))
    receipts = {"dlr receipt text", "eight searches"}
    rows = []
    for name, (us, least) in taken.items():
        if name.startswith("verify"):
            continue
        peer = taken["eight searches"][0] if name in receipts else peers[len(peers) // 2]
        verifying = taken.get(f"verify {name.removeprefix('dlr ')}")
        part = f"{verifying[0]:.1f}" if verifying else "-"
        rows.append((name, f"{us:.1f}", part, f"{us / peer:.2f}", f"{least:.1f}"))
    title = "### Verify, parse, normalize: one report"
    heads = ("what", "µs of CPU", "of it to verify", "times the peer", "least µs")
    return table(title, heads, rows)


def start_table(python: Path, packages: Path) -> str:
    """CPU of a fresh process until the handler is there."""
    rows = [
        (name, f"{start.cpu_ms:.0f}", f"{start.ratio:.2f}", str(start.modules))
        for name, start in starts(python, packages).items()
    ]
    return table("### Start", ("function", "ms of CPU", f"times the {BARE}", "modules"), rows)


def invoke_table(invokes: dict[str, emulator.Invokes]) -> str:
    """By the clock, on the runtime."""
    rows = [
        (
            name,
            f"{each.first_ms:.0f}",
            f"{each.first_times:.2f}",
            f"{each.warm_ms:.1f}",
            f"{each.warm_times:.2f}",
        )
        for name, each in invokes.items()
    ]
    heads = ("handler", "first invoke, ms", "times bare", "warm, ms", "times bare")
    return table("### On the Lambda runtime, DynamoDB embedded", heads, rows)


def unit_table(
    ours: dict[tuple[str, int], consumption.Consumption],
    naive: dict[int, consumption.Consumption],
) -> str:
    """What a message consumes."""
    pairs = [(f"dlr {provider}", each) for (provider, _), each in ours.items()]
    pairs += [("naive", each) for each in naive.values()]
    rows = [
        (
            name,
            str(each.reports),
            ", ".join(f"{count} {call}" for call, count in each.calls.items()),
            f"{each.write_units / each.reports:.2f}",
            str(each.item_bytes or "-"),
        )
        for name, each in pairs
    ]
    heads = ("design", "reports", "AWS calls in the webhook", "write units a report", "item, bytes")
    return table("### Consumed by a message", heads, rows)


def path_table(paths: Sequence[path.Path]) -> str:
    """What follows a final state, by what it says."""
    rows = [
        (
            each.name,
            f"{cost.MIX[each.name] * 100:g} %",
            ", ".join(f"{count} {call}" for call, count in each.calls.items()),
            f"{each.write_units:g}",
            f"{each.read_units:g}",
            str(each.events),
            str(each.queue_requests),
        )
        for each in paths
    ]
    units = ("write units behind ingest", "read units")
    heads = ("message", "share", "AWS calls", *units, "bus events", "SQS requests")
    return table("### Consumed by a final state, on the whole way", heads, rows)


def cost_table(
    ours: dict[tuple[str, int], consumption.Consumption],
    naive: dict[int, consumption.Consumption],
    paths: Sequence[path.Path],
    invokes: dict[str, emulator.Invokes],
) -> str:
    """Per million reports."""
    theirs = invokes["naive handler"]
    times = theirs.warm_ms / invokes["ingest"].warm_ms
    default, log_bytes = cost.default_settings(), invokes["ingest"].log_bytes
    other = replace(default, has_access_log=not default.has_access_log)
    rows = []
    for number in consumption.STAGES:
        consumed = ours["thesmsworks", number]
        their_log_bytes = theirs.log_bytes + theirs.platform_bytes
        for name, parts in (
            ("dlr", cost.ours(consumed, paths, log_bytes, default)),
            (
                f"dlr, AccessLog={'on' if other.has_access_log else 'off'}",
                cost.ours(consumed, paths, log_bytes, other),
            ),
            ("naive", cost.naive(naive[number], their_log_bytes, times, default)),
        ):
            listed = ", ".join(f"{part} {usd:.2f}" for part, usd in parts.items() if usd)
            rows.append((name, str(number), f"{sum(parts.values()):.2f}", listed))
    heads = ("design", "reports a message", "USD per million", "of which")
    return table("### Cost per million reports", heads, rows)


def lake_table(used: lake.LakeUse) -> str:
    """A month of it, without traffic and with three reports a message."""
    rows = []
    for millions in (0, 1, 10, 100):
        parts = cost.lake(used, millions * 1e6, 3)
        listed = ", ".join(f"{part} {usd:.2f}" for part, usd in parts.items())
        each = f"{(sum(parts.values()) - parts['alarms']) / millions:.2f}" if millions else "-"
        rows.append((str(millions), f"{sum(parts.values()):.2f}", listed, each))
    heads = ("million reports a month", "USD a month", "of which", "USD per million, less alarms")
    title = (
        f"### The lake: {used.message_bytes:.0f} bytes a message, {used.record_us:.0f} µs a "
        f"record, {used.merge_ms:.0f} ms of CPU a merge"
    )
    return table(title, heads, rows)


if __name__ == "__main__":
    sys.exit(main())
