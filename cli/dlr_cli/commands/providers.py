"""`dlr providers`: the webhooks, their signing keys, a test report."""

import sys
from urllib.parse import quote

import click

from dlr_cli.api import Api, as_item, items_of
from dlr_cli.errors import NotFoundError
from dlr_cli.options import notes, prints_data, uses_api
from dlr_cli.output import Output, lines_of, word_of
from dlr_cli.text import printable

COLUMNS = ("name", "enabled", "key", "last_seen", "signed")
SHOWN = ("name", "title", "sends", "answer", "signed", "key", "last_seen", "docs", "url")


@click.group(name="providers")
def command() -> None:
    """List the providers, show a webhook's address, send a test report."""


@command.command(name="list")
@click.option("--all", "is_all", is_flag=True, help="Also those that are not deployed.")
@prints_data
@uses_api
def list_(api: Api, output: Output, is_all: bool) -> None:
    """List the deployed providers.

    With the state of the signing key, and when each was last heard of.
    """
    found = api.call("GET", "/providers", items_of)
    rows = [each for each in found if is_all or each.get("enabled")]
    if output.as_json:
        output.table(rows, COLUMNS)
        return
    key = [{**each, "key": (each.get("signing") or {}).get("key")} for each in rows]
    output.table(key, COLUMNS)


@command.command
@click.argument("name")
@prints_data
@uses_api
def show(api: Api, output: Output, name: str) -> None:
    """Show one provider: its webhook's address, and where to enter it.

    The address is a secret, and shown with a token of scope admin only.
    """
    found = [each for each in api.call("GET", "/providers", items_of) if each.get("name") == name]
    if not found:
        raise NotFoundError("There is no such provider: see dlr providers list --all.")
    (provider,) = found
    key = (provider.get("signing") or {}).get("key")
    setup = printable(str(provider.get("setup") or ""), keep="\n")
    output.item(provider, f"{lines_of({**provider, 'key': key}, SHOWN)}\n\n{setup}")


@command.command
@click.argument("name")
@notes
@prints_data
@uses_api
def test(api: Api, output: Output, name: str) -> None:
    """Send a made-up report of a provider through its webhook.

    It reports a message to a number of nobody as delivered, and is stored like any other. The exit
    status is 1 if the webhook did not take it. This needs a token with scope admin.
    """
    tested = api.call("POST", f"/providers/{quote(name, safe='')}/test", as_item)
    status, message = tested.get("status"), word_of(tested.get("message_id"))
    answered = f"HTTP {word_of(status)}" if status else "No answer"
    output.item(tested, f"{answered}: {word_of(tested.get('detail'))}\nmessage {message}")
    if not 200 <= (tested.get("status") or 0) < 300:
        raise click.exceptions.Exit(1)


@command.command
@click.argument("name")
@notes
@prints_data
@uses_api
def key(api: Api, output: Output, name: str) -> None:
    """Set the key with which a provider signs.

    You are asked for it, or it is read from standard input: it never stands on a command line. From
    then on this key alone counts. This needs a token with scope admin.
    """
    if sys.stdin.isatty():
        given = str(click.prompt("Key", hide_input=True, err=True))
    else:
        given = sys.stdin.readline().strip()
    if not given:
        raise click.UsageError("The key is empty.")
    path = f"/providers/{quote(name, safe='')}/key"
    output.item(api.call("PUT", path, as_item, {"key": given}), f"{printable(name)}  key set")
