"""`dlr person`: everything that is stored about a person."""

import json

import click

from dlr_cli.api import Api, as_item
from dlr_cli.options import of_number, prints_data, uses_api
from dlr_cli.output import Output


@click.command(name="person")
@of_number
@prints_data
@uses_api
def command(api: Api, output: Output, numbers: tuple[str, ...]) -> None:
    """Show everything that is stored about a person, as JSON.

    \b
    dlr person > answer.json      asks for the number

    For a request of access. It needs a token with scope pii, and is put into the audit.
    """
    for number in numbers:
        found = api.call("POST", "/people/lookup", as_item, {"number": number}, is_repeatable=True)
        output.item(found, json.dumps(found, indent=2))
