"""`dlr audit`: who did what over the API."""

import click

from dlr_cli.api import Api
from dlr_cli.options import in_time, prints_data, uses_api
from dlr_cli.output import Output

COLUMNS = ("at", "outcome", "status", "route", "name", "note", "target", "subject", "request_id")


@click.command(name="audit")
@in_time("a day before")
@prints_data
@uses_api
def command(api: Api, output: Output, start: str | None, end: str | None) -> None:
    """Show who did what.

    That is every change, export, answer with numbers and refusal, the newest first.

    This needs a token with scope admin.
    """
    if not output.table(api.pages("/audit", {"from": start, "to": end}), COLUMNS):
        output.note("Nothing is in the audit of that time.")
