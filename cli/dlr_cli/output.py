"""What a command prints: data on standard output, messages and progress on standard error."""

import dataclasses
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TextIO, TypeVar

import click

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from rich.console import Console

    Data = TypeVar("Data", bound=DataclassInstance)

T = TypeVar("T")
GAP = "  "


class Output:
    """Prints as text for people, or as JSON for programs."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json

    def table(self, rows: Iterable["Data"], columns: Sequence[str]) -> int:
        """These fields of each row: aligned on a terminal, between tabs elsewhere, or as JSON.

        Answers how many rows there were.
        """
        if sys.stdout.isatty() and not self._as_json:
            return _print_aligned(columns, [_cells(row, columns) for row in rows])
        count = 0
        for row in rows:
            fields = {name: getattr(row, name) for name in columns}
            click.echo(json.dumps(fields) if self._as_json else "\t".join(_cells(row, columns)))
            count += 1
        return count

    def item(self, item: "Data", text: str) -> None:
        """One thing: this text, made by the caller to be printable, or all fields as JSON."""
        if self._as_json:
            click.echo(json.dumps(dataclasses.asdict(item)))
        else:
            click.echo(text)

    def note(self, text: str) -> None:
        """A message to the person."""
        click.echo(text, err=True)

    def progress(self, items: Sequence[T], label: str) -> Iterator[T]:
        """The items one by one, with a bar where a person sees one but not the data."""
        if not sys.stderr.isatty() or sys.stdout.isatty():
            yield from items
            return
        from rich.progress import Progress

        console = _console(sys.stderr)
        with Progress(console=console, transient=True, redirect_stdout=False) as bar:
            yield from bar.track(items, description=label)


def printable(text: str, keep: str = "") -> str:
    """Text from outside; characters that could steer a terminal are written as escapes."""
    return "".join(
        each if each.isprintable() or each in keep else each.encode("unicode_escape").decode()
        for each in text
    )


def _cells(row: object, columns: Sequence[str]) -> list[str]:
    return [printable(str(getattr(row, name))) for name in columns]


def _print_aligned(columns: Sequence[str], cells: list[list[str]]) -> int:
    """The last column goes on as far as it needs: a terminal wraps, and ids stay whole."""
    from rich.text import Text

    if not cells:
        return 0
    titles = [name.replace("_", " ") for name in columns]
    widths = [max(map(len, column)) for column in zip(titles, *cells, strict=True)]
    widths[-1] = 0
    console = _console(sys.stdout)
    for line, style in [(titles, "bold"), *((line, "") for line in cells)]:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        console.print(Text(GAP.join(padded), style=style), soft_wrap=True)
    return len(cells)


def _console(stream: TextIO) -> "Console":
    from rich.console import Console

    is_plain = bool(os.environ.get("NO_COLOR")) or not stream.isatty()
    return Console(
        file=stream,
        force_terminal=stream.isatty(),
        color_system=None if is_plain else "auto",
        highlight=False,
        markup=False,
        emoji=False,
    )
