"""Segments: the rows of one batch of the stream as one object, until they are merged.

An object is named after the batch's first sequence number and its content. A batch that comes again
writes over itself; one that comes cut otherwise stands beside it, and never takes a row away that
somebody has merged or reads.
"""

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from dlr.lake.row import Row, folded

PREFIX = "segments/"


@dataclass(frozen=True, slots=True)
class Segment:
    """An object that waits to be merged, its size in bytes and when it was written."""

    key: str
    size: int
    written_at: datetime


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
        key = f"{PREFIX}{first}-{sha256(content).hexdigest()[:16]}.jsonl.gz"
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=gzip.compress(content, 6, mtime=0))
        return key

    def waiting(self) -> Iterator[Segment]:
        """Those that are not deleted yet, in the order of their names."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=PREFIX
        )
        for page in pages:
            for each in page.get("Contents", ()):
                yield Segment(each["Key"], each["Size"], each["LastModified"])
