"""`dlr revert`: take back what a provider's reports did in a time."""

from collections.abc import Callable, Mapping
from urllib.parse import quote

import click

from dlr_cli.api import Api, Item, as_item
from dlr_cli.options import destroys, notes, prints_data, uses_api
from dlr_cli.output import Output
from dlr_cli.settling import repeated, within


@click.command(name="revert")
@click.argument("provider")
@within
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

    def part(query: Mapping[str, str | None]) -> Item:
        window = {"since": since, "until": query.get("until") or until}
        body = {name: time for name, time in window.items() if time}
        return api.call("POST", path, as_item, body, query={"after": query.get("after")})

    repeated(output, part)
