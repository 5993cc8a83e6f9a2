"""What the lake consumes: one batch of the stream written, one merge of it, counted at the API."""

import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from dlr.ingest.normalize import Normalizer
from dlr.lake.manifest import Manifest
from dlr.lake.merge import Merger
from dlr.lake.row import Row, row_of
from dlr.lake.segment import Segments
from dlr.messages.item import entry_of, fingerprint_of, key_of
from dlr.messages.order import rank_of
from dlr.phone import RecipientHasher
from dlr.providers.base import load_provider
from dlr.report import DeliveryReport
from local.cloud import Cloud
from local.recordings import NOW, recordings_of
from local.stack import describe

KEY = b"k" * 32
RECORDS = 1000
STORED = 10_000
"""Messages of an hour that the merge finds."""
HOURS = 4
"""That a merge touches: of those before the last, messages end late."""
PUTS, READS = ("PutObject", "ListObjectsV2"), ("GetObject",)


@dataclass(frozen=True)
class LakeUse:
    """Of the writer for a record, of the merge for a run."""

    record_us: float
    merge_ms: float
    merge_calls: Counter[str]
    """Of a merge that touches `HOURS` hours of a day."""
    idle_calls: Counter[str]
    """Of a merge that finds nothing."""
    manifest_bytes: int
    message_bytes: float
    """In Parquet."""


def lake_use(cloud: Cloud) -> LakeUse:
    """In a bucket and a table of a deployed stack, which must have no messages yet."""
    names = describe(cloud).resources
    item = _item()
    started = time.process_time()
    for _ in range(RECORDS):
        row = row_of(item, KEY)
    record_us = (time.process_time() - started) / RECORDS * 1e6
    assert row is not None  # noqa: S101
    s3, dynamodb = cloud.client("s3"), cloud.client("dynamodb")
    segments = Segments(s3, names["LakeBucket"])
    manifest = Manifest(dynamodb, names["DeskTable"])
    with tempfile.TemporaryDirectory() as folder:
        merge = Merger(s3, names["LakeBucket"], manifest, Path(folder))
        segments.put("stored", _rows(row, STORED * HOURS))
        merge()
        segments.put("new", _rows(row, RECORDS))
        with _counted(s3, dynamodb) as merge_calls:
            started = time.process_time()
            merge()
            merge_ms = (time.process_time() - started) * 1000
        with _counted(s3, dynamodb) as idle_calls:
            merge()
            manifest.expired_on()
    day = manifest.day(NOW.date())
    stored = [s3.head_object(Bucket=names["LakeBucket"], Key=key) for key in day.keys([*day.hours])]
    item_of_day = dynamodb.get_item(
        TableName=names["DeskTable"],
        Key={"pk": {"S": "lake#days"}, "sk": {"S": day.day.isoformat()}},
    )["Item"]
    return LakeUse(
        record_us,
        merge_ms,
        merge_calls,
        idle_calls,
        len(json.dumps(item_of_day)),
        sum(each["ContentLength"] for each in stored) / sum(h.rows for h in day.hours.values()),
    )


def _item() -> dict[str, Any]:
    """A message as the table has it."""
    normalize = Normalizer(load_provider("thesmsworks"), hasher=RecipientHasher(lambda: ("k",)))
    recording = next(each for each in recordings_of("thesmsworks") if each.reports)
    report: DeliveryReport = normalize(recording.request, NOW).reports[0]
    return {
        **key_of(report.provider, report.message_id),
        "state": entry_of(report),
        "history": {"L": [entry_of(report)] * 3},
        "seen": {"SS": [fingerprint_of(report)]},
        "rank": {"S": rank_of(report)},
        "v": {"N": "1"},
        "expires_at": {"N": "4102444800"},
        "recipient": {"S": str(report.recipient)},
        "recipient_hash": {"S": str(report.recipient_hash)},
    }


def _rows(row: Row, count: int) -> Iterator[Row]:
    """Of as many messages, over `HOURS` hours of one day."""
    start = datetime(NOW.year, NOW.month, NOW.day)
    for place in range(count):
        first = start + timedelta(hours=place % HOURS, seconds=place / 20)
        name = f"{place * 2654435761 % 2**32:08x}"
        yield row | {
            "mk": f"{name}{name[::-1]}{place:016x}",
            "message_id": f"{name}-{place:012x}",
            "f": first.isoformat(),
            "latency_ms": 1000 + place * 37 % 90_000,
            "latency_from": "sent",
        }


@contextmanager
def _counted(*clients: Any) -> Iterator[Counter[str]]:
    """The calls that are made meanwhile."""
    calls: Counter[str] = Counter()

    def count(event_name: str, **_: Any) -> None:
        calls[event_name.rpartition(".")[2]] += 1

    for client in clients:
        client.meta.events.register("before-send", count, unique_id="lake")
    yield calls
    for client in clients:
        client.meta.events.unregister("before-send", count, unique_id="lake")
