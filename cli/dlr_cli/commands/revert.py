"""`dlr revert`: take back what a provider's reports did in a time."""

from collections.abc import Callable
from urllib.parse import quote

import click

from dlr_cli.api import Api
from dlr_cli.options import destroys, notes, prints_data, uses_api
from dlr_cli.output import Output
from dlr_cli.settling import settle, within


@click.command(name="revert")
@click.argument("provider")
@within(required=True)
@notes
@destroys
@prints_data
@uses_api
def command(
    api: Api,
    output: Output,
    provider: str,
    since: str | None,
    until: str | None,
    confirm: Callable[[str], None],
) -> None:
    """Take back what a provider's reports did in a time.

    \b
    dlr revert smsmode --since 2026-11-24T13:00:00Z --until 2026-11-24T14:00:00Z

    Suppressed numbers, opt-outs and deliveries on the suppression list: for a time in which
    somebody else used the provider's token. What other providers said stands.
    """
    confirm(f"Take back what reports of this provider did at {api.host}, for good?")
    path = f"/suppressions/revert/{quote(provider, safe='')}"
    settle(api, output, path, since, until)
