"""Finds the API that a command asks: its address and its token."""

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import click

from dlr_cli.api import Address
from dlr_cli.errors import CommandError

OUTPUTS = Path(".local", "outputs.json")
"""Written by `make run`, while it runs."""

UNKNOWN = f"""\
It is not known which API to ask. Either
  give --url and --token, or --stack;
  set DLR_URL and DLR_TOKEN in the environment;
  or start `make run`, and call this in the folder where it writes {OUTPUTS}."""


def find_address(
    url: str | None, token: str | None, stack: str | None, environment: Mapping[str, str]
) -> Address:
    """From --url and --token, --stack, the environment, or `make run`; the first that is given.

    --url and --token may each come from the environment, so that a token need not stand on the
    command line. They never mix with --stack or `make run`. Raises UsageError where one is missing.
    """
    if "" in (url, token, stack):
        raise click.UsageError("An option is empty. Is a variable of the shell not set?")
    if stack and (url or token):
        raise click.UsageError("--stack finds the address and the token: drop --url and --token.")
    if stack:
        return _of_stack(stack)
    url = url or environment.get("DLR_URL")
    token = token or environment.get("DLR_TOKEN")
    if url or token:
        return _given(url, token)
    if OUTPUTS.exists():
        return _of_outputs(OUTPUTS)
    raise click.UsageError(UNKNOWN)


def _given(url: str | None, token: str | None) -> Address:
    if not url:
        raise click.UsageError("There is a token but no address: give --url or set DLR_URL.")
    if not token:
        raise click.UsageError("There is an address but no token: set DLR_TOKEN or give --token.")
    return checked(url, token)


def checked(url: str, token: str) -> Address:
    """The parts in the form in which HTTP takes them: libraries quote what they do not take."""
    token = token.strip()
    if not token or not (token.isascii() and token.isprintable()) or " " in token:
        raise click.UsageError("The token has characters that no token has.")
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_address &= url.isprintable() and not (parts.query or parts.fragment)
    except ValueError:
        is_address = False
    if not is_address:
        raise click.UsageError("The address of the API begins with https:// and a host.")
    return Address(url.rstrip("/"), token)


def _of_outputs(path: Path) -> Address:
    try:
        content = json.loads(path.read_text())
        return checked(content["base_url"], content["admin_token"])
    except (OSError, ValueError, TypeError, LookupError):
        raise CommandError(f"{path} cannot be read. Start `make run` again.") from None


def _of_stack(stack: str) -> Address:
    from dlr_cli import aws  # here, because boto3 is an extra

    return checked(*aws.base_url_and_token(stack))
