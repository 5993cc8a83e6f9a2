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

from bench.made_up_month import SEED, MadeUpNames
from bench.memory import peak_mb
from dlr.exports.clean import NumbersPart
from dlr.exports.job import Format, Kind, Order
from dlr.exports.numbers import MessageItems
from dlr.exports.part import Maker, MessagesPart, Task
from dlr.exports.upload import upload
from dlr.lake.manifest import Manifest
from dlr.lake.reader import LakeReader
from dlr.phone import RecipientHasher
from dlr.runtime import aws
from dlr.suppression.standing import Rules
from dlr.suppression.table import SuppressionList

GOAL = 50_000
"""Rows that one worker writes in a second of its processor, without numbers."""


def main() -> None:
    """Writes each export, part by part as the worker does, and prints the figures."""
    start, end, folder = sys.argv[1:]
    span = datetime.fromisoformat(start), datetime.fromisoformat(end)
    wanted = [*((Kind.MESSAGES, form) for form in Format), (Kind.NUMBERS_TO_CLEAN, Format.CSV)]
    figures = {
        f"{kind} {form}": measured(kind, form, span, Path(folder, f"{kind}-{form}"))
        for kind, form in wanted
    }
    print(json.dumps(figures))


def measured(
    kind: Kind, form: Format, span: tuple[datetime, datetime], folder: Path
) -> Mapping[str, Any]:
    """From the lake's bucket to the exports' one. A worker has a processor for itself, so its speed
    is that by CPU seconds; by the clock it also waits for whoever else uses this machine."""
    dynamodb = boto3.client("dynamodb", config=aws.CALLS)
    s3 = boto3.client("s3", config=aws.OBJECTS)
    lake = LakeReader(
        s3, os.environ["LAKE_BUCKET"], Manifest(dynamodb, os.environ["DESK_TABLE"]), folder
    )
    bucket = os.environ["EXPORTS_BUCKET"]
    items = MessageItems(dynamodb, os.environ["REPORTS_TABLE"], MadeUpNames(SEED))
    suppressions = SuppressionList(dynamodb, os.environ["SUPPRESSIONS_TABLE"], Rules())
    hasher = RecipientHasher(lambda: ["k" * 32])
    makers: Mapping[Kind, Maker] = {
        Kind.MESSAGES: MessagesPart(lake, items),
        Kind.NUMBERS_TO_CLEAN: NumbersPart(lake, items, suppressions, hasher),
    }
    now = datetime.now(UTC)
    order = Order(
        id="bench",
        kind=kind,
        format=form,
        start=span[0],
        end=span[1],
        asked_by="bench",
        created_at=now,
    )
    began, cpu_began, rows, size = time.monotonic(), time.process_time(), 0, 0
    for name in order.parts():
        task = Task(order, name, None, folder / "part", now)
        task.folder.mkdir(parents=True)
        rows += makers[kind](task).rows
        size += upload(s3, bucket, f"bench/{name}.{form}", task.path, "text/csv")
        shutil.rmtree(task.folder)
    took_s, cpu_s = time.monotonic() - began, time.process_time() - cpu_began
    return {
        "has_goal": kind is Kind.MESSAGES,
        "rows": rows,
        "bytes": size,
        "s": took_s,
        "rows_per_s": rows / took_s,
        "rows_per_cpu_s": rows / cpu_s,
        "peak_mb": peak_mb(),
    }


if __name__ == "__main__":
    main()
