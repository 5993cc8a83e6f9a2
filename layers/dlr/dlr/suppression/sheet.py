"""CSV as spreadsheets read and write it: rows with their numbers, and cells that are no formula.

A spreadsheet runs a cell that begins with `=`, `+`, `-` or `@`, of full width too. Where it takes
`;` or a tab for what stands between cells, or minds no quotes, a cell may also begin behind such a
character within a text. What this module writes has a `'` before every such beginning, and it takes
that `'` off where it reads one.
"""

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

_SIGNS = r"=+\-@" + "\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b"
_BEHIND, _BEGIN = r"([;\t\r\n])", rf"([\"']*[{_SIGNS}])"
FORMULA = rf"'*[{_SIGNS}\t\r\n]"
"""How such a cell begins, as a regular expression; those that were guarded already begin so too."""
INNER = _BEHIND + _BEGIN
"""A beginning within a text, as a regular expression."""
GUARD = r"\1'\2"
"""What is put there instead."""
_FORMULA, _INNER = re.compile(FORMULA), re.compile(INNER)
_GUARDED = re.compile(f"{_BEHIND}'{_BEGIN}")


class UnreadableSheetError(ValueError):
    """The text is no table with known columns. It says where, and quotes nothing."""


class Row(NamedTuple):
    """A row, without its empty cells."""

    number: int
    """As a spreadsheet counts: the header and blank rows count, a line break in quotes does not."""
    cells: Mapping[str, str]
    is_too_long: bool
    """It has a cell under no column."""


def write_sheet(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """A header and a line for each row; a row may lack columns."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)  # ends lines with \r\n, and so quotes cells that have either
    writer.writerow(columns)
    writer.writerows([_guarded(row.get(column, "")) for column in columns] for row in rows)
    return text.getvalue()


def read_sheet(text: str, known: Collection[str]) -> list[Row]:
    """The rows below the header, without the blank ones.

    The header names columns in any order and case, with spaces or hyphens for `_`. Cells stand
    apart by `,`, or by `;` as in countries that write 1,5. Raises UnreadableSheetError.
    """
    records = _records(text.removeprefix("\ufeff"))
    columns = next((_columns(*record, known) for record in records), [])
    return [_row(number, cells, columns) for number, cells in records]


def normal(word: str) -> str:
    """A name or a value as this system writes it: `Opt-Out ` is `opt_out`."""
    return re.sub(r"[\s-]+", "_", word.strip().lower())


def _guarded(cell: str) -> str:
    inner = _INNER.sub(GUARD, cell)
    return "'" + inner if _FORMULA.match(inner) else inner


def _unguarded(cell: str) -> str:
    inner = cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
    return _GUARDED.sub(r"\1\2", inner)


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each record that is not blank, with its number."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    begin = 1
    try:
        for number, cells in enumerate(reader, 1):
            begin = reader.line_num + 1
            if any(cell.strip() for cell in cells):
                yield number, cells
    except csv.Error:
        raise UnreadableSheetError(f"line {begin}: no CSV") from None


def _delimiter(text: str) -> str:
    header = next((line for line in io.StringIO(text) if line.strip()), "")
    return max(",;", key=header.count)


def _columns(number: int, cells: Sequence[str], known: Collection[str]) -> list[str]:
    columns = [normal(_unguarded(cell)) for cell in cells]
    for place, column in enumerate(columns, 1):
        if column and column not in known:
            raise UnreadableSheetError(
                f"row {number}: column {place} is unknown; the known ones are {', '.join(known)}"
            )
        if column and column in columns[: place - 1]:
            raise UnreadableSheetError(f"row {number}: there are two columns {column}")
    return columns


def _row(number: int, cells: Sequence[str], columns: Sequence[str]) -> Row:
    padded = [*columns, *[""] * (len(cells) - len(columns))]
    filled = [(c, _unguarded(cell)) for c, cell in zip(padded, cells, strict=False) if cell]
    named = {column: cell for column, cell in filled if column}
    is_too_long = any(cell.strip() for column, cell in filled if not column)
    return Row(number, named, is_too_long)
