"""Finds the API that a command asks: its address and its token."""

import ipaddress
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from dlr_cli import profiles
from dlr_cli.errors import CommandError

if TYPE_CHECKING:
    from dlr_cli.api import Address

OUTPUTS = Path(".local", "outputs.json")
"""Written by `make run`, while it runs."""

UNKNOWN = f"""\
It is not known which API to ask. Either
  give --url and --token-file, or --stack, or --profile;
  set DLR_URL and DLR_TOKEN in the environment;
  write a profile into {profiles.SHOWN_PATH} (see docs/command-line.md);
  or start `make run`, and call this in the folder where it writes {OUTPUTS}."""


def find_address(
    url: str | None,
    token: str | None,
    stack: str | None,
    environment: Mapping[str, str],
    profile: str | None = None,
) -> "Address":
    """Of the first that is given: options, the environment, a profile, `make run`.

    What was typed comes first, --stack and --profile too. Address and token may each come from the
    options or the environment; they never mix with a stack, a profile or `make run`. Raises
    UsageError where one is missing.
    """
    if "" in (url, token, stack, profile):
        raise click.UsageError("An option is empty. Is a variable of the shell not set?")
    if sum((bool(stack), bool(profile), bool(url or token))) > 1:
        raise click.UsageError(
            "--stack and --profile each find the address and the token: give one of them alone."
        )
    if stack:
        return _of_stack(stack)
    if profile:
        return _of_profile(profiles.named(environment, profile))
    url = url or environment.get("DLR_URL")
    token = token or environment.get("DLR_TOKEN")
    if url or token:
        return _given(url, token)
    if found := profiles.default(environment):
        return _of_profile(found)
    if OUTPUTS.exists():
        return _of_outputs(OUTPUTS)
    raise click.UsageError(UNKNOWN)


def _given(url: str | None, token: str | None) -> "Address":
    if not url:
        raise click.UsageError("There is a token but no address: give --url or set DLR_URL.")
    if not token:
        raise click.UsageError(
            "There is an address but no token: set DLR_TOKEN or give --token-file."
        )
    return checked(url, token)


def checked(url: str, token: str) -> "Address":
    """The parts in the form in which HTTP takes them: libraries quote what they do not take."""
    from dlr_cli.api import Address

    token = token.strip()
    if not token or not (token.isascii() and token.isprintable()) or " " in token:
        raise click.UsageError("The token has characters that no token has.")
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_address &= url.isprintable() and not (parts.query or parts.fragment or "@" in url)
    except ValueError:
        is_address = False
    if not is_address:
        raise click.UsageError("The address of the API begins with https:// and a host.")
    if parts.scheme == "http" and not is_here(url):
        raise click.UsageError("Over http:// everybody on the way reads the token: use https://.")
    return Address(url.rstrip("/"), token)


def is_here(url: str) -> bool:
    """Whether it is an address of this machine. Raises ValueError where it is no URL."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _of_profile(profile: "profiles.Profile") -> "Address":
    return _of_stack(profile.stack) if profile.stack else checked(profile.url, profile.token())


def _of_outputs(path: Path) -> "Address":
    """Of this machine alone: whoever wrote the folder would get what is asked and imported."""
    try:
        content = json.loads(path.read_text())
        url, token = str(content["base_url"]), str(content["admin_token"])
        is_of_run = is_here(url)
    except (OSError, ValueError, TypeError, LookupError):
        raise CommandError(f"{path} cannot be read. Start `make run` again.") from None
    if not is_of_run:
        raise CommandError(f"{path} names another machine, so `make run` did not write it.")
    return checked(url, token)


def _of_stack(stack: str) -> "Address":
    from dlr_cli import aws  # here, because boto3 is an extra

    return checked(*aws.base_url_and_token(stack))
