"""`dlr held`: what the mass-bounce guard holds."""

from collections.abc import Callable
from urllib.parse import quote

import click

from dlr_cli.api import Api, items_of
from dlr_cli.options import destroys, notes, prints_data, uses_api
from dlr_cli.output import Output
from dlr_cli.settling import settle, within


@click.group(name="held")
def command() -> None:
    """Settle what the mass-bounce guard holds.

    Many new dead numbers of one provider within an hour look like a fault of the provider. The
    rest is held: not suppressed until somebody decides. Look at some messages, then release
    (the numbers are dead) or discard (it was the provider's fault).

    \b
    dlr held list
    dlr messages --provider smsmode --bounce hard
    dlr held release smsmode
    dlr held discard smsmode --since 2026-11-24T13:00:00Z
    """


@command.command(name="list")
@prints_data
@uses_api
def list_(api: Api, output: Output) -> None:
    """Show how many numbers are held, by provider. More than some thousands are not counted."""
    rows = api.call("GET", "/status", lambda content: items_of(content, "held"))
    if not output.table((row for row in rows if row.get("n")), ("provider", "n", "more")):
        output.note("Nothing is held.")


@command.command
@click.argument("provider")
@within(required=False)
@notes
@prints_data
@uses_api
def release(api: Api, output: Output, provider: str, since: str | None, until: str | None) -> None:
    """Suppress what is held of a provider.

    The numbers are dead: its reports count from now on.
    """
    _settle(api, output, provider, "release", since, until)


@command.command
@click.argument("provider")
@within(required=True)
@notes
@destroys
@prints_data
@uses_api
def discard(
    api: Api,
    output: Output,
    provider: str,
    since: str | None,
    until: str | None,
    confirm: Callable[[str], None],
) -> None:
    """Drop what is held of a provider, for good.

    It was the provider's fault: its reports never count, and the numbers stay free.
    """
    confirm(f"Discard what is held of this provider at {api.host}, for good?")
    _settle(api, output, provider, "discard", since, until)


def _settle(
    api: Api, output: Output, provider: str, act: str, since: str | None, until: str | None
) -> None:
    path = f"/suppressions/held/{quote(provider, safe='')}/{act}"
    settle(api, output, path, since, until)
