"""`dlr tokens`: make, list and revoke tokens of the API."""

from collections.abc import Callable
from urllib.parse import quote

import click

from dlr_cli.api import Api, as_item
from dlr_cli.options import destroys, notes, prints_data, uses_api
from dlr_cli.output import Output, word_of
from dlr_cli.text import printable

SCOPES = ("read", "check", "pii", "write", "erase", "admin")
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
    type=click.Choice(SCOPES),
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
    wanted = {"name": name, "scopes": list(scopes), "days": days}
    made = api.call("POST", "/tokens", as_item, wanted)
    token, token_id, end = (word_of(made.get(each)) for each in ("token", "id", "expires_at"))
    output.note(f"Token {token_id}, until {end}. It is shown this once:")
    output.item(made, token)


@command.command(name="list")
@prints_data
@uses_api
def list_(api: Api, output: Output) -> None:
    """List the tokens that have not expired.

    Sessions and revoked ones too.
    """
    if not output.table(api.pages("/tokens"), COLUMNS):
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
    revoked = api.call("DELETE", f"/tokens/{quote(token_id, safe='')}", as_item)
    text = f"{word_of(revoked.get('id'))}  {word_of(revoked.get('name'))}  revoked"
    output.item(revoked, text)
