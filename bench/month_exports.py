"""Exports of a made-up month, in a process of its own: rows a second and peak memory.

Run by `bench.month` on a lake that is filled; JSON comes out.
"""

import json
import os
import shutil
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3

from dlr.exports.job import Format, Kind, Order
from dlr.exports.numbers import MessageItems
from dlr.exports.part import MessagesPart, Task
from dlr.exports.upload import upload
from dlr.lake.manifest import Manifest
from dlr.lake.reader import LakeReader
from dlr.runtime import aws

BUCKET = "exports"
GOAL = 50_000
"""Rows a second that one worker writes, without numbers."""


def main() -> None:
    """Writes the month in each format, day by day as the worker does, and prints the figures."""
    start, end, folder = sys.argv[1:]
    span = datetime.fromisoformat(start), datetime.fromisoformat(end)
    print(json.dumps({form: measured(form, span, Path(folder)) for form in Format}))


def measured(form: Format, span: tuple[datetime, datetime], folder: Path) -> Mapping[str, Any]:
    """Rows, seconds from the lake's bucket to the exports' one, bytes, and peak memory."""
    dynamodb = boto3.client("dynamodb", config=aws.CALLS)
    s3 = boto3.client("s3", config=aws.OBJECTS)
    lake = LakeReader(
        s3, os.environ["LAKE_BUCKET"], Manifest(dynamodb, os.environ["DESK_TABLE"]), folder
    )
    make = MessagesPart(lake, MessageItems(dynamodb, "none", lambda _: ("", None)))
    now = datetime.now(UTC)
    order = Order(
        id="bench",
        kind=Kind.MESSAGES,
        format=form,
        start=span[0],
        end=span[1],
        asked_by="bench",
        created_at=now,
    )
    began, rows, size, most_s = time.monotonic(), 0, 0, 0.0
    for name in order.parts():
        part_began = time.monotonic()
        task = Task(order, name, None, folder / "part", now)
        task.folder.mkdir(parents=True)
        rows += make(task).rows
        size += upload(s3, BUCKET, f"bench/{name}.{form}", task.path, "text/csv")
        shutil.rmtree(task.folder)
        most_s = max(most_s, time.monotonic() - part_began)
    took_s = time.monotonic() - began
    return {
        "rows": rows,
        "bytes": size,
        "s": took_s,
        "rows_per_s": rows / took_s,
        "longest_part_s": most_s,
        "peak_mb": _peak_mb(),
    }


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
