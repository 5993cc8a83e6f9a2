"""Finds the stack on which a command works that calls AWS and not the API."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import click

from dlr_cli import aws
from dlr_cli.connection import OUTPUTS, is_here
from dlr_cli.errors import CommandError

UNKNOWN = f"""\
It is not known on which stack to work. Either
  give --stack, for a stack in the account of your shell's AWS settings;
  give --endpoint-url, or set AWS_ENDPOINT_URL;
  or start `make run`, and call this in the folder where it writes {OUTPUTS}."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the stack is. An address that is not given comes from AWS's settings or the stack."""

    stack: str
    endpoint_url: str | None
    url: str | None


def find_place(
    stack: str | None, endpoint_url: str | None, url: str | None, environment: Mapping[str, str]
) -> Place:
    """The stack that is named, or the one on an embedded AWS; nobody's account by accident.

    DLR_URL and profiles name an API, to which AWS knows no way: they do not count.
    """
    if "" in (stack, url, endpoint_url):
        raise click.UsageError("An option is empty. Is a variable of the shell not set?")
    if stack or endpoint_url or environment.get("AWS_ENDPOINT_URL"):
        return Place(stack or aws.STACK, endpoint_url, url)
    if not OUTPUTS.exists():
        raise click.UsageError(UNKNOWN)
    try:
        base_url = json.loads(OUTPUTS.read_text())["base_url"]
        is_of_run = is_here(base_url)
        parts = urlsplit(base_url)
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        raise CommandError(f"{OUTPUTS} cannot be read. Start `make run` again.") from None
    if not is_of_run:
        raise CommandError(f"{OUTPUTS} names another machine, so `make run` did not write it.")
    return Place(aws.STACK, f"{parts.scheme}://{parts.netloc}", url or base_url)
