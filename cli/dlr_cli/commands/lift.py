"""`dlr lift`: take numbers off the list."""

import click

from dlr_cli.api import Api
from dlr_cli.listing import LISTS, act_on_each
from dlr_cli.options import notes, of_number, prints_data, uses_api
from dlr_cli.output import Output


@click.command(name="lift")
@of_number
@click.option("--list", "list_name", type=click.Choice(LISTS), help="Default: off both.")
@notes
@prints_data
@uses_api
def command(api: Api, output: Output, numbers: tuple[str, ...], list_name: str | None) -> None:
    """Take numbers off the suppression list.

    \b
    dlr lift +447700900123 --note "alice, ticket 41"

    What happened before counts no more; a new failure or a new STOP puts a number back. Without
    NUMBER you are asked for one, or they are read from standard input, one a line. A number has +
    and its country's code.
    """
    wanted = {"list": list_name} if list_name else {}
    act_on_each(api, output, "/suppressions/lift", numbers, wanted)
