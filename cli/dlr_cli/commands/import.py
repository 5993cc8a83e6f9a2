"""`dlr import`: a file of numbers onto the suppression list."""

import csv
import io
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import click

from dlr_cli.api import Api
from dlr_cli.bulk import PART, STDIN, Bulk, Results
from dlr_cli.errors import CommandError, UnansweredError
from dlr_cli.options import notes, prints_data, uses_api
from dlr_cli.output import Output
from dlr_cli.sheet import Part
from dlr_cli.text import counted, printable

SMALLEST = 50
"""Rows of a call that is not made smaller."""
HEADER = "row,error\r\n"
_ROW = re.compile(r"row (\d{1,4}): (.+)", re.ASCII | re.DOTALL)


class Imported(NamedTuple):
    """What the API says of a part."""

    imported: int
    skipped: int
    errors: list[str]


@dataclass
class Sender:
    """Sends parts, in smaller ones once the API was too slow for a larger one."""

    call: Callable[[Part, int | None], Imported]
    """Rows and attempts; raises UnansweredError."""
    note: Callable[[str], None]
    most: int = PART
    """Rows of a call. It only falls."""

    def send(self, part: Part) -> tuple[int, int, list[tuple[int, str]]]:
        """Imported, skipped, and what is wrong with which row of the file."""
        imported, skipped, wrong = 0, 0, []
        left = deque([part])
        while left:
            piece = left.popleft()
            rows = len(piece.rows)
            if rows > self.most:
                left.extendleft(reversed(piece.halves()))
                continue
            try:
                answer = self.call(piece, None if rows <= SMALLEST else 2)
            except UnansweredError:
                if rows <= SMALLEST:
                    raise
                self.most = min(self.most, rows // 2)
                self.note(f"{rows:,} rows took the API too long: on with {self.most:,} at a time.")
                left.appendleft(piece)
                continue
            imported += answer.imported
            skipped += answer.skipped
            wrong += [_placed(piece, error) for error in answer.errors]
        return imported, skipped, wrong


@click.command(name="import")
@click.argument(
    "source", metavar="FILE", type=click.Path(exists=True, dir_okay=False, allow_dash=True)
)
@click.option(
    "--country",
    metavar="CODE",
    help="That of numbers without + or 00, in two letters: GB. Without it they are errors.",
)
@click.option(
    "--errors",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write what is wrong with which row. Default: FILE with .errors.csv behind.",
)
@click.option(
    "--parallel",
    type=click.IntRange(1, 8),
    default=1,
    show_default=True,
    help="Calls at a time. More than one is faster, and right if no number stands in FILE twice.",
)
@click.option("--restart", is_flag=True, help="Begin again, also if a killed import could go on.")
@notes
@prints_data
@uses_api
def command(
    api: Api,
    output: Output,
    source: str,
    country: str | None,
    errors: Path | None,
    parallel: int,
    restart: bool,
) -> None:
    """Put a file of numbers on the suppression list.

    \b
    dlr import numbers.csv
    dlr import numbers.csv --country GB --json | jq .errors

    FILE has one number a line, or is CSV with a header: number (with + or 00) or recipient_hash,
    list (number or opt_out), cause, state. It may have any size: it is sent in parts of 1,000 rows,
    in smaller ones if the API is too slow for these. An import that was stopped or killed goes on
    when it is called again with the same file. - is standard input, which cannot go on.

    Rows with an error leave the others as they are and make the exit status 1. The file of errors
    names rows by their number in FILE, as a spreadsheet counts, and no phone number.
    """
    path = errors or Path("import.errors.csv" if source == STDIN else f"{source}.errors.csv")
    bulk = Bulk(
        source,
        {"act": "import", "url": api.url, "country": country, "errors": str(path)},
        results=Results(path, HEADER),
        output=output,
        label="Importing",
        parallel=parallel,
        restart=restart,
        counts={"imported": 0, "skipped": 0, "errors": 0},
    )

    def call(part: Part, attempts: int | None) -> Imported:
        return api.call(
            "POST",
            "/suppressions/import",
            _read,
            csv=part.as_csv(),
            query={"country": country},
            is_repeatable=True,
            attempts=attempts,
        )

    def take(_: Part, answer: tuple[int, int, list[tuple[int, str]]]) -> None:
        imported, skipped, wrong = answer
        bulk.counts["imported"] += imported
        bulk.counts["skipped"] += skipped
        bulk.counts["errors"] += len(wrong)
        if wrong and bulk.results:
            text = io.StringIO(newline="")
            csv.writer(text).writerows(wrong)
            bulk.results.write(text.getvalue())

    bulk.run(Sender(call, output.note).send, take)
    _tell(output, bulk.counts, path)


def _tell(output: Output, counts: dict[str, int], path: Path) -> None:
    failed = counts["errors"]
    wrong = counted(failed, "error")
    said = f"{counts['imported']:,} imported, {counts['skipped']:,} skipped, {wrong}"
    item = {**counts, "errors_file": str(path) if failed else None}
    output.item(item, f"{said}, in {printable(str(path))}" if failed else said)
    if failed:
        raise click.exceptions.Exit(1)


def _read(content: Any) -> Imported:
    errors = [str(each) for each in content["errors"]]
    return Imported(int(content["imported"]), int(content.get("skipped", 0)), errors)


def _placed(part: Part, error: str) -> tuple[int, str]:
    """The row's number in the file, and what is wrong. Raises CommandError if it is all of it."""
    found = _ROW.fullmatch(error)
    place = int(found[1]) - 2 if found else -1
    if found is None or not 0 <= place < len(part.places):
        raise CommandError(f"Nothing of this part was taken: {printable(error)}")
    return part.places[place], found[2]
