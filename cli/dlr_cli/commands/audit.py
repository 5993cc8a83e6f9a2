"""`dlr audit`: who did what over the API."""

import click

from dlr_cli import tokens
from dlr_cli.api import Api
from dlr_cli.options import prints_data, uses_api
from dlr_cli.output import Output

COLUMNS = ("at", "outcome", "status", "route", "name", "note", "target", "subject", "request_id")


@click.command
@click.option("--from", "start", metavar="TIME", help="ISO, with a zone. Default: a day before.")
@click.option("--to", "end", metavar="TIME", help="ISO, with a zone. Default: now.")
@prints_data
@uses_api
def command(api: Api, output: Output, start: str | None, end: str | None) -> None:
    """Show every change, export, answer with numbers and refusal, the newest first.

    This needs a token with scope admin.
    """
    if not output.table(tokens.audit(api, start, end), COLUMNS):
        output.note("Nothing is in the audit of that time.")
