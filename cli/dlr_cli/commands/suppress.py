"""`dlr suppress`: put numbers on the list by hand."""

import click

from dlr_cli.api import Api
from dlr_cli.listing import LISTS, act_on_each
from dlr_cli.options import notes, of_number, prints_data, uses_api
from dlr_cli.output import Output


@click.command(name="suppress")
@of_number
@click.option("--list", "list_name", type=click.Choice(LISTS), help="Default: by the cause.")
@click.option(
    "--cause", metavar="CAUSE", help="Why, as in docs/causes.md: opted_out. Default: by the list."
)
@notes
@prints_data
@uses_api
def command(
    api: Api, output: Output, numbers: tuple[str, ...], list_name: str | None, cause: str | None
) -> None:
    """Put numbers on the suppression list by hand.

    \b
    dlr suppress +447700900123 --list opt_out --note "asked by mail"

    Without NUMBER you are asked for one, or they are read from standard input, one a line. A number
    has + and its country's code. For many numbers: `dlr import`.
    """
    wanted = {name: value for name, value in (("list", list_name), ("cause", cause)) if value}
    act_on_each(api, output, "/suppressions/add", numbers, wanted)
