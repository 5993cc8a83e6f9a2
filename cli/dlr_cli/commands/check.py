"""`dlr check`: may these numbers be sent to?"""

import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from dlr_cli.api import Api, Item, as_item
from dlr_cli.bulk import Bulk, Results
from dlr_cli.options import prints_data, uses_api
from dlr_cli.output import Output
from dlr_cli.sheet import Part, guarded

COLUMNS = ("number", "result", "list", "state", "cause", "provider", "last_seen", "expires_at")
SUPPRESSED, FREE, NO_NUMBER = "suppressed", "free", "not_a_number"
SHOWN = {"not-free": {SUPPRESSED, NO_NUMBER}, "free": {FREE}, "all": {SUPPRESSED, NO_NUMBER, FREE}}


@click.command(name="check")
@click.argument("numbers", nargs=-1, metavar="[NUMBER]...")
@click.option(
    "--file",
    "source",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    help="A file of any size: one number a line, or CSV with a column `number`. - for standard "
    "input.",
)
@click.option(
    "--show",
    type=click.Choice(list(SHOWN)),
    help="Which to print. Default: of a file those that are not free, else all.",
)
@click.option(
    "--output",
    "into",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file instead, as CSV or with --json as JSON, one object a line. A check "
    "that was killed then goes on where it was.",
)
@click.option(
    "--parallel", type=click.IntRange(1, 16), default=4, show_default=True, help="Calls at a time."
)
@click.option("--restart", is_flag=True, help="Begin again, also if a killed check could go on.")
@prints_data
@uses_api
def command(
    api: Api,
    output: Output,
    numbers: tuple[str, ...],
    source: str | None,
    show: str | None,
    into: Path | None,
    parallel: int,
    restart: bool,
) -> None:
    """Ask whether numbers may be sent to.

    \b
    dlr check +447700900123
    dlr check --file campaign.csv --show free --output sendable.csv

    Each number gets a result: free, suppressed (with list and cause), or not_a_number. The
    country's code must be in it, with or without +. Without NUMBER and --file you are asked for
    one: a command line stays in the history of a shell.

    Files are checked in parts of 1,000. The exit status is 0 whatever the results are.
    """
    if bool(numbers) == bool(source) and (numbers or not sys.stdin.isatty()):
        if numbers:
            raise click.UsageError("Give numbers or --file, not both.")
        source = "-"
    if source is None:
        typed = numbers or (str(click.prompt("Number", err=True)),)
        _check_typed(api, output, typed, show or "all", into)
        return
    _check_file(api, output, source, show or "not-free", into, parallel, restart)


def _check_typed(
    api: Api, output: Output, numbers: tuple[str, ...], show: str, into: Path | None
) -> None:
    rows = _shown(_answers(api, list(numbers)), show)
    if into is None:
        output.table(rows, COLUMNS)
        return
    results = Results(into, "" if output.as_json else _csv([COLUMNS]))
    results.write(_text_of(rows, output.as_json))
    results.close()


def _check_file(
    api: Api,
    output: Output,
    source: str,
    show: str,
    into: Path | None,
    parallel: int,
    restart: bool,
) -> None:
    header = "" if output.as_json else _csv([COLUMNS])
    bulk = Bulk(
        source,
        {"act": "check", "url": api.url, "show": show, "json": output.as_json, "into": str(into)},
        results=Results(into, header, is_always=True) if into else None,
        output=output,
        label="Checking",
        parallel=parallel,
        is_resumable=into is not None,
        restart=restart,
        counts=dict.fromkeys((SUPPRESSED, FREE, NO_NUMBER), 0),
    )

    def do(part: Part) -> list[Item]:
        return _answers(api, part.numbers())

    def take(_: Part, answers: list[Item]) -> None:
        for each in answers:
            bulk.counts[each["result"]] += 1
        rows = _shown(answers, show)
        if bulk.results:
            bulk.results.write(_text_of(rows, output.as_json))
        else:
            output.lines(rows, COLUMNS)

    bulk.run(do, take)
    words = ((FREE, "free"), (SUPPRESSED, "suppressed"), (NO_NUMBER, "not a number"))
    output.note(", ".join(f"{bulk.counts[name]:,} {word}" for name, word in words))


def _answers(api: Api, numbers: list[str]) -> list[Item]:
    """A row for each number, in their order, each number once."""
    if not numbers:
        return []

    def read(content: Any) -> list[Item]:
        suppressed = {str(each["number"]): as_item(each) for each in content["suppressed"]}
        unread = set(map(str, content["not_numbers"]))
        return [_row(number, suppressed, unread) for number in dict.fromkeys(numbers)]

    return api.call("POST", "/suppressions/check", read, {"numbers": numbers}, is_repeatable=True)


def _row(number: str, suppressed: dict[str, Item], unread: set[str]) -> Item:
    if number in suppressed:
        about = {k: v for k, v in suppressed[number].items() if k not in ("number", "suppressed")}
        return {"number": number, "result": SUPPRESSED, **about}
    return {"number": number, "result": NO_NUMBER if number in unread else FREE}


def _shown(rows: Iterable[Item], show: str) -> Iterator[Item]:
    return (row for row in rows if row["result"] in SHOWN[show])


def _text_of(rows: Iterable[Item], as_json: bool) -> str:
    if as_json:
        return "".join(json.dumps(row) + "\n" for row in rows)
    return _csv([row.get(name) for name in COLUMNS] for row in rows)


def _csv(rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([guarded(cell) for cell in row] for row in rows)
    return text.getvalue()
