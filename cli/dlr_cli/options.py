"""Options that commands share, as decorators."""

import functools
import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from dlr_cli.api import Api
from dlr_cli.connection import find_address
from dlr_cli.output import Output

R = TypeVar("R")


def uses_api(command: Callable[..., R]) -> Callable[..., R]:
    """Adds --url, --token and --stack; the command gets an `Api` as `api`."""

    @click.option("--url", metavar="URL", help="Address of the API. Default: DLR_URL.")
    @click.option(
        "--token",
        metavar="TOKEN",
        help="Token of the API. Default: DLR_TOKEN, which is safer, because other users of this "
        "machine can see your command line.",
    )
    @click.option(
        "--stack",
        metavar="NAME",
        help="Take both from this CloudFormation stack, in the account of your shell's AWS "
        "settings. Needs the extra [aws].",
    )
    @functools.wraps(command)
    def connect(url: str | None, token: str | None, stack: str | None, **others: Any) -> R:
        return command(api=Api(find_address(url, token, stack, os.environ)), **others)

    return connect


def prints_data(command: Callable[..., R]) -> Callable[..., R]:
    """Adds --json; the command gets an `Output` as `output`."""

    @click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
    @functools.wraps(command)
    def choose(as_json: bool, **others: Any) -> R:
        return command(output=Output(as_json), **others)

    return choose


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


def _no_question(_: str) -> None:
    return


def _ask(question: str) -> None:
    """Raises Abort unless the answer is yes."""
    click.confirm(question, abort=True, err=True)
