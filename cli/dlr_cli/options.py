"""Options that commands share, as decorators."""

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from dlr_cli.connection import find_address
from dlr_cli.errors import CommandError
from dlr_cli.output import Output

R = TypeVar("R")
SINGLE = ("network", "code", "sender")
"""Of a search: they may hold commas, so only one can be asked for."""
EXAMPLES = {
    "provider": "twilio",
    "status": "undelivered",
    "cause": "unknown_subscriber",
    "bounce": "hard",
    "country": "GB",
    "network": "23410",
    "code": "30003",
    "sender": "ACME",
}
FILTERS = tuple(EXAMPLES)


def uses_api(command: Callable[..., R]) -> Callable[..., R]:
    """Adds --url, --token-file, --profile and --stack; the command gets an `Api` as `api`.

    If the command takes a `note`, the API keeps it with what the command changes.
    """

    @click.option("--url", metavar="URL", help="Address of the API. Default: DLR_URL.")
    @click.option(
        "--token-file",
        metavar="FILE",
        type=click.File(),
        help="File with the token of the API, - for standard input. Default: DLR_TOKEN.",
    )
    @click.option(
        "--profile",
        metavar="NAME",
        help="Take address and token from this profile: see docs/command-line.md.",
    )
    @click.option(
        "--stack",
        metavar="NAME",
        help="Take address and token from this CloudFormation stack, in the account of your "
        "shell's AWS settings. Needs the extra [aws].",
    )
    @functools.wraps(command)
    def connect(
        url: str | None, token_file: Any, profile: str | None, stack: str | None, **others: Any
    ) -> R:
        from dlr_cli.api import Api

        token = None if token_file is None else _token_in(token_file)
        address = find_address(url, token, stack, os.environ, profile)
        note = others.pop("note", None) or ""
        if not (note.isascii() and note.isprintable()):
            raise click.UsageError("--note takes printable ASCII characters.")
        return command(api=Api(address, note), **others)

    return connect


def _token_in(file: Any) -> str:
    try:
        return str(file.read().strip() or "\n")  # an empty file is no token, and no missing option
    except (OSError, ValueError):
        raise CommandError("The file with the token cannot be read.") from None


def notes(command: Callable[..., R]) -> Callable[..., R]:
    """Adds --note. It stands above `uses_api`, which hands it to the API."""
    return click.option(
        "--note",
        metavar="TEXT",
        help="Who does it, or why: kept in the audit beside the token's name. It takes six digits "
        "at most, so that no phone number gets there.",
    )(command)


def prints_data(command: Callable[..., R]) -> Callable[..., R]:
    """Adds --json; the command gets an `Output` as `output`."""

    @click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
    @functools.wraps(command)
    def choose(as_json: bool, **others: Any) -> R:
        return command(output=Output(as_json), **others)

    return choose


def in_time(default: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Adds --from and --to; the command gets `start` and `end`."""

    def add(command: Callable[..., R]) -> Callable[..., R]:
        command = click.option("--to", "end", metavar="TIME", help="Until then. Default: now.")(
            command
        )
        return click.option(
            "--from",
            "start",
            metavar="TIME",
            help="From then on, in ISO with a zone: 2026-11-24T00:00:00Z. "
            f"Default: {default} --to.",
        )(command)

    return add


def filters(
    *names: str, single: tuple[str, ...] = ()
) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Adds an option for each name, which can be given again for more values unless `single`."""

    def add(command: Callable[..., R]) -> Callable[..., R]:
        for name in reversed(names):
            several = name not in single
            again = "; give it again for more" if several else ""
            command = click.option(
                f"--{name}",
                multiple=several,
                metavar="VALUE",
                help=f"Only this, for example {EXAMPLES[name]}{again}.",
            )(command)
        return command

    return add


def into_folder(command: Callable[..., R]) -> Callable[..., R]:
    """Adds --into; the command gets a folder that is there."""
    return click.option(
        "--into",
        default=".",
        type=click.Path(exists=True, file_okay=False, writable=True, path_type=Path),
        metavar="FOLDER",
        help="Where to write files. Default: this folder.",
    )(command)


def of_number(command: Callable[..., R]) -> Callable[..., R]:
    """Adds [NUMBER]...; the command gets at least one, as `numbers`.

    Without an argument they are asked for, or read from standard input, one a line.
    """

    @click.argument("numbers", nargs=-1, metavar="[NUMBER]...")
    @functools.wraps(command)
    def take(numbers: tuple[str, ...], **others: Any) -> R:
        return command(numbers=numbers or typed_numbers(), **others)

    return take


def typed_numbers() -> tuple[str, ...]:
    """Raises UsageError where there is none."""
    if sys.stdin.isatty():
        typed = [str(click.prompt("Number", err=True))]
    else:
        typed = [line.strip() for line in sys.stdin]
    if found := tuple(dict.fromkeys(filter(None, typed))):
        return found
    raise click.UsageError("Give a number, or write one a line to standard input.")


def destroys(command: Callable[..., R]) -> Callable[..., R]:
    """Adds --yes; the command gets a function that asks a question first, as `confirm`.

    Where nobody can be asked, it is wrong usage to leave --yes out.
    """

    @click.option("--yes", is_flag=True, help="Do not ask for confirmation. Needed off a terminal.")
    @functools.wraps(command)
    def check(yes: bool, **others: Any) -> R:
        if not yes and not sys.stdin.isatty():
            raise click.UsageError(
                "This cannot be undone, and there is no terminal to ask at: give --yes."
            )
        return command(confirm=_no_question if yes else _ask, **others)

    return check


def asks(command: Callable[..., R]) -> Callable[..., R]:
    """Adds --yes for a command that asks in some of its cases only; like `destroys` else."""

    @click.option("--yes", is_flag=True, help="Do not ask for confirmation. Needed off a terminal.")
    @functools.wraps(command)
    def ask(yes: bool, **others: Any) -> R:
        return command(confirm=_no_question if yes else _ask_at_a_terminal, **others)

    return ask


def _ask_at_a_terminal(question: str) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} There is no terminal to ask at: give --yes.")
    _ask(question)


def _no_question(_: str) -> None:
    return


def _ask(question: str) -> None:
    """Raises Abort unless the answer is yes."""
    click.confirm(question, abort=True, err=True)
