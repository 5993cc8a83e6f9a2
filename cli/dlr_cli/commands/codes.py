"""`dlr codes`: what each status and code of a provider means and leads to."""

import click

from dlr_cli.api import Api, items_of
from dlr_cli.options import prints_data, uses_api
from dlr_cli.output import Output

COLUMNS = ("provider", "kind", "code", "status", "cause", "bounce", "permanent", "action", "words")


@click.command(name="codes")
@click.argument("provider", required=False)
@click.option("--search", metavar="TEXT", help="Only rows with this text in one of their fields.")
@prints_data
@uses_api
def command(api: Api, output: Output, provider: str | None, search: str | None) -> None:
    """Show what each status and code of a provider means, and what it leads to.

    \b
    dlr codes twilio
    dlr codes --search 30003

    Without PROVIDER it shows those of all. --json has the source of each row, too.
    """
    wanted = (search or "").casefold()
    rows = (
        row
        for row in api.call("GET", "/codes", items_of, query={"provider": provider})
        if wanted in " ".join(map(str, row.values())).casefold()
    )
    if not output.table(rows, COLUMNS):
        output.note("There is no such code.")
