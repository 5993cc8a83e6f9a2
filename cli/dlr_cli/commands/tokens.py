"""`dlr tokens`: make, list and revoke tokens of the API."""

from collections.abc import Callable

import click

from dlr_cli import tokens
from dlr_cli.api import Api
from dlr_cli.options import destroys, notes, prints_data, uses_api
from dlr_cli.output import Output
from dlr_cli.text import printable

COLUMNS = ("id", "expires_at", "last_used", "revoked_at", "scopes", "name")


@click.group(name="tokens")
def command() -> None:
    """Make, list and revoke tokens of the API. This needs a token with scope admin."""


@command.command
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(tokens.SCOPES),
    help="What the token may do; give it again for more.",
)
@click.option(
    "--days",
    default=90,
    show_default=True,
    type=click.IntRange(1, 400),
    help="For how long it is taken.",
)
@notes
@prints_data
@uses_api
def create(api: Api, output: Output, name: str, scopes: tuple[str, ...], days: int) -> None:
    """Make a token called NAME and print it. Nobody can show it again."""
    made = tokens.create(api, name, scopes, days)
    output.note(f"Token {made.id}, until {made.expires_at}. It is shown this once:")
    output.item(made, printable(made.token))


@command.command(name="list")
@prints_data
@uses_api
def list_(api: Api, output: Output) -> None:
    """List the tokens that have not expired.

    Sessions and revoked ones too.
    """
    if not output.table(tokens.tokens(api), COLUMNS):
        output.note("There is no token but the admin token.")


@command.command
@click.argument("token_id", metavar="ID")
@notes
@destroys
@prints_data
@uses_api
def revoke(api: Api, output: Output, token_id: str, confirm: Callable[[str], None]) -> None:
    """Revoke a token, with the sessions that it made. It is refused within a minute."""
    confirm(f"Revoke token {printable(token_id)} at {api.host}, for good?")
    revoked = tokens.revoke(api, token_id)
    output.item(revoked, f"{printable(revoked.id)}  {printable(revoked.name)}  revoked")
