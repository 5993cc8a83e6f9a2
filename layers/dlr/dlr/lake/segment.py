"""Segments: the rows of one batch of the stream as one object, until they are merged.

An object is named after the batch's first sequence number and its content. A batch that comes again
writes over itself; one that comes cut otherwise stands beside it, and never takes a row away that
somebody has merged or reads. Many rows of many days are sorted into segments of one day each, which
are named after it.
"""

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from dlr.lake.row import Row, folded

PREFIX = "segments/"
DAY = "day="


@dataclass(frozen=True, slots=True)
class Segment:
    """An object that waits to be merged, its size in bytes and when it was written."""

    key: str
    size: int
    written_at: datetime

    @property
    def day(self) -> date | None:
        """The day that all its rows are of, where its name says so."""
        return day_of(self.key)


def first_of(day: date) -> str:
    """What the segments of one day have in place of a sequence number, and after all of those."""
    return f"{DAY}{day.isoformat()}"


def day_of(key: str) -> date | None:
    """The day that a segment is named after."""
    name = key.removeprefix(PREFIX)
    if not name.startswith(DAY):
        return None
    return date.fromisoformat(name[len(DAY) : len(first_of(date.min))])


class Segments:
    """The segments in a bucket. `s3` is an S3 client."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def put(self, first: str, rows: Iterable[Row]) -> str | None:
        """Writes the rows of a batch and gives their object's key; None where there are none."""
        lines = [json.dumps(row, separators=(",", ":")) for row in folded(rows)]
        if not lines:
            return None
        content = "".join(f"{line}\n" for line in lines).encode()
        key = _key(first, content)
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=gzip.compress(content, 6, mtime=0))
        return key

    def put_file(self, first: str, file: Path) -> str:
        """Puts a file that is a segment already and gives its object's key."""
        content = file.read_bytes()
        key = _key(first, content)
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=content)
        return key

    def waiting(self) -> Iterator[Segment]:
        """Those that are not deleted yet, in the order of their names."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=PREFIX
        )
        for page in pages:
            for each in page.get("Contents", ()):
                yield Segment(each["Key"], each["Size"], each["LastModified"])


def _key(first: str, content: bytes) -> str:
    return f"{PREFIX}{first}-{sha256(content).hexdigest()[:16]}.jsonl.gz"
