"""Files of numbers, of any size, read in parts: CSV with a header, or one number a line."""

import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from dlr_cli.errors import CommandError

NUMBER = "number"
KNOWN = {NUMBER, "recipient_hash", "list", "cause", "state"}
"""Columns by which a header is known."""
_PLAIN = re.compile(r"\+?[\d ().-]*", re.ASCII)
_FORMULA = re.compile(
    r"(^|[;\t\r\n])(?=[\"']*[=+\-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b])"
)
"""Where a spreadsheet may begin to read a formula."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a file, under the file's columns."""

    columns: Sequence[str]
    rows: list[list[str]]
    places: list[int]
    """The number of each row in the file, as a spreadsheet counts."""

    def as_csv(self) -> str:
        """With a header, as the API takes it."""
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return text.getvalue()

    def halves(self) -> "tuple[Part, Part]":
        """Its rows in two parts, in order."""
        half = len(self.rows) // 2
        return (
            Part(self.columns, self.rows[:half], self.places[:half]),
            Part(self.columns, self.rows[half:], self.places[half:]),
        )

    def numbers(self) -> list[str]:
        """The cells under `number`, without empty ones. Raises CommandError."""
        if NUMBER not in self.columns:
            raise CommandError("The file has no column `number`.")
        place = self.columns.index(NUMBER)
        cells = (row[place].strip().removeprefix("'") for row in self.rows if len(row) > place)
        return [cell for cell in cells if cell]


def parts_of(file: TextIO, size: int) -> Iterator[Part]:
    """Parts of `size` rows. Blank rows are left out.

    Cells stand apart by `,` or `;`. Raises CommandError where the file is no such table.
    """
    columns: Sequence[str] = ()
    rows: list[list[str]] = []
    places: list[int] = []
    for place, cells in _records(file):
        if not columns:
            columns, is_header = _columns(cells)
            if is_header:
                continue
        rows.append(cells)
        places.append(place)
        if len(rows) == size:
            yield Part(columns, rows, places)
            rows, places = [], []
    if rows:
        yield Part(columns, rows, places)


def guarded(cell: Any) -> Any:
    """With a `'` before what a spreadsheet would run. A number stays as it is: others read it."""
    if not isinstance(cell, str) or _PLAIN.fullmatch(cell):
        return cell
    return _FORMULA.sub(r"\1'", cell)


def normal(word: str) -> str:
    """A column's name as the API knows it."""
    return re.sub(r"[\s-]+", "_", word.strip().lower())


def _columns(cells: list[str]) -> tuple[list[str], bool]:
    """The columns, and whether the first record named them. Raises CommandError."""
    names = [normal(cell) for cell in cells]
    if KNOWN & {*names}:
        return names, True
    if len(cells) == 1:
        return [NUMBER], False
    raise CommandError(
        "The first line has to name the columns, `number` and others; or the file has one number "
        "a line."
    )


def _records(file: TextIO) -> Iterator[tuple[int, list[str]]]:
    """Each record that is not blank, with its number. Raises CommandError."""
    place = 0
    try:
        first = file.readline()
        delimiter = max(",;", key=first.count)
        reader = csv.reader(itertools.chain([first], file), delimiter=delimiter, strict=True)
        for place, cells in enumerate(reader, 1):
            if any(cell.strip() for cell in cells):
                yield place, cells
    except (csv.Error, UnicodeError):
        raise CommandError(f"The file is no CSV in UTF-8 after row {place}.") from None
