"""From the table's stream to a segment: one object for each batch of records."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from dlr.lake.row import Record, Row, row_of_record
from dlr.lake.segment import Segments


class UnreadableRecordError(ValueError):
    """The first record of the batch cannot be read."""


class Written(NamedTuple):
    """What was done with a batch of records."""

    failed: list[str]
    """The sequence number to begin with again; Lambda hands out all records from there."""
    rows: int


class LakeWriter:
    """Writes the rows of stream records. `key` gives the lake's key."""

    def __init__(self, segments: Segments, key: Callable[[], bytes]) -> None:
        self._segments = segments
        self._key = key

    def __call__(self, records: Iterable[Record]) -> Written:
        """Writes the records up to one that cannot be read.

        At the head of a batch such a record raises UnreadableRecordError, and Lambda halves the
        batch until it is alone; then it is the failed number, and in the end it goes to the failure
        queue.
        """
        batch = list(records)
        rows: list[Row] = []
        for place, record in enumerate(batch):
            try:
                row = row_of_record(record, self._key())
            except (KeyError, ValueError):
                if place == 0 and len(batch) > 1:
                    raise UnreadableRecordError from None
                self._put(batch, rows)
                return Written([record["dynamodb"]["SequenceNumber"]], len(rows))
            if row is not None:
                rows.append(row)
        self._put(batch, rows)
        return Written([], len(rows))

    def _put(self, batch: list[Record], rows: list[Row]) -> None:
        if rows:
            self._segments.put(batch[0]["dynamodb"]["SequenceNumber"], rows)
