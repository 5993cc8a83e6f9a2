"""What a command prints: data on standard output, messages and progress on standard error."""

import dataclasses
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from dlr_cli.text import printable

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from rich.console import Console

    Data = DataclassInstance | Mapping[str, Any]

T = TypeVar("T")
GAP = "  "
WORDS = {None: "-", True: "yes", False: "no", "": "-"}
"""What a person reads for a value of JSON."""
NOTHING = {"-", ""}
_FRACTION = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+Z")


class Output:
    """Prints as text for people, or as JSON for programs."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def table(self, rows: Iterable["Data"], columns: Sequence[str]) -> int:
        """These fields of each row: aligned on a terminal, between tabs elsewhere.

        As JSON an object has all of its fields, and a dataclass those of the columns. Answers how
        many rows there were.
        """
        if sys.stdout.isatty() and not self.as_json:
            return _print_aligned(columns, [_cells(row, columns) for row in rows])
        return self.lines(rows, columns)

    def lines(self, rows: Iterable["Data"], columns: Sequence[str]) -> int:
        """The same between tabs also on a terminal: for rows that come in parts."""
        count = 0
        for row in rows:
            if self.as_json:
                fields = row if isinstance(row, Mapping) else _fields(row, columns)
                click.echo(json.dumps(fields))
            else:
                click.echo("\t".join(_cells(row, columns)))
            count += 1
        return count

    def item(self, item: "Data", text: str) -> None:
        """One thing: this text, made by the caller to be printable, or all fields as JSON."""
        if self.as_json:
            click.echo(json.dumps(item if isinstance(item, Mapping) else dataclasses.asdict(item)))
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
        with _bar() as bar:
            yield from bar.track(items, description=label)

    @contextmanager
    def counting(
        self, label: str, total: int | None, done: int = 0
    ) -> Iterator[Callable[[int], None]]:
        """A bar of rows: call what it gives with how many are done. Off a terminal, some lines."""
        if sys.stderr.isatty():
            with _bar() as bar:
                task = bar.add_task(label, total=total, completed=done)
                yield lambda rows: bar.update(task, completed=rows)
            return
        step = max((total or 0) // 20, 10_000)
        told = done

        def tell(rows: int) -> None:
            nonlocal told
            if rows - told >= step:
                told = rows
                of = f" of about {total:,}" if total else ""
                click.echo(f"{label}: {rows:,}{of} rows", err=True)

        yield tell


def lines_of(item: Mapping[str, Any], names: Iterable[str] | None = None) -> str:
    """A line for each field that says something: for people."""
    wanted = {name: item.get(name) for name in (item if names is None else names)}
    shown = {name: value for name, value in wanted.items() if value not in (None, "", [], {})}
    width = max((len(name) for name in shown), default=0) + len(GAP)
    return "\n".join(f"{_title(name):<{width}}{word_of(value)}" for name, value in shown.items())


def word_of(value: Any) -> str:
    """A value of JSON as a person reads it, printable."""
    if isinstance(value, str | bool | None):
        return printable(str(WORDS.get(value, value)))
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return " ".join(map(word_of, value)) or "-"
    return printable(json.dumps(value) if isinstance(value, dict) else str(value))


def _fields(row: object, columns: Sequence[str]) -> dict[str, Any]:
    if isinstance(row, Mapping):
        return {name: row.get(name) for name in columns}
    return {name: getattr(row, name) for name in columns}


def _cells(row: object, columns: Sequence[str]) -> list[str]:
    return [word_of(value) if value != "" else "" for value in _fields(row, columns).values()]


def _title(name: str) -> str:
    return name.replace("_", " ")


def _print_aligned(columns: Sequence[str], cells: list[list[str]]) -> int:
    """Without columns in which nothing stands, and without fractions of seconds.

    The last column goes on as far as it needs: a terminal wraps, and ids stay whole.
    """
    from rich.text import Text

    if not cells:
        return 0
    shown = [n for n in range(len(columns)) if any(line[n] not in NOTHING for line in cells)]
    titles = [_title(columns[n]) for n in shown]
    cells = [[_FRACTION.sub(r"\1Z", line[n]) for n in shown] for line in cells]
    widths = [max(map(len, column)) for column in zip(titles, *cells, strict=True)]
    widths[-1] = 0
    console = _console(sys.stdout)
    for line, style in [(titles, "bold"), *((line, "") for line in cells)]:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        console.print(Text(GAP.join(padded).rstrip(), style=style), soft_wrap=True)
    return len(cells)


def _bar() -> Any:
    from rich.progress import Progress

    return Progress(console=_console(sys.stderr), transient=True, redirect_stdout=False)


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
