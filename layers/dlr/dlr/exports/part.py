"""What makes a part: one function a kind, from an order and a part's name to a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from dlr.exports.file import write_file
from dlr.exports.job import Order
from dlr.exports.numbers import NUMBERS, MessageItems, named_in, rows_with_numbers
from dlr.exports.staged import stage
from dlr.exports.wanted import Lake, open_wanted
from dlr.messages.shown import SHOWN


class Task(NamedTuple):
    """What is to be made: a part of an order, in a folder for this part alone."""

    order: Order
    name: str
    after: str | None
    """Where the part before it ended, of the suppression list."""
    folder: Path
    """Of the lake's cache: DuckDB reads and writes nowhere else."""
    now: datetime

    @property
    def path(self) -> Path:
        """Where the file shall be."""
        return self.folder / f"part.{self.order.format}"


class Made(NamedTuple):
    """What the file holds."""

    rows: int
    as_of: datetime
    after: str | None = None
    """Where the next part begins, if there is one."""
    result: Mapping[str, Any] | None = None


class Maker(Protocol):
    """Writes the file of a part. Raises what the lake, DuckDB or botocore raise."""

    def __call__(self, task: Task) -> Made:
        """What it holds."""


NUMBER = "number"
"""The column behind those of `SHOWN`, where numbers were asked for."""
_ORDER = "ORDER BY f, mk"


@dataclass(frozen=True, slots=True)
class MessagesPart:
    """The messages of a cohort day, each once, in the order of their first reports."""

    lake: Lake
    items: MessageItems

    def __call__(self, task: Task) -> Made:
        order = task.order
        span = order.range_of(task.name)
        columns = ", ".join(f"{sql} AS {name}" for name, sql in SHOWN.items())
        source = "wanted"
        with open_wanted(self.lake, span, order.filters, task.now) as snapshot:
            if order.numbers:
                found = self.items.read(named_in(snapshot.db), task.now)
                stage(snapshot.db, "numbers", NUMBERS, rows_with_numbers(found), task.folder)
                columns += f", {NUMBER}"
                source = "wanted LEFT JOIN numbers USING (mk, f)"
            select = f"SELECT {columns} FROM {source} {_ORDER}"  # noqa: S608 - our own names
            count = write_file(snapshot.db, select, order.format, task.path)
            return Made(count, snapshot.as_of)
