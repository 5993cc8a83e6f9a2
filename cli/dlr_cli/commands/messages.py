"""`dlr messages`: search messages."""

from itertools import islice

import click

from dlr_cli.api import Api
from dlr_cli.options import FILTERS, SINGLE, filters, in_time, prints_data, uses_api
from dlr_cli.output import Output
from dlr_cli.text import joined

COLUMNS = (
    *("first_seen", "provider", "status", "cause", "code", "country", "network", "message_id"),
)


@click.command(name="messages")
@in_time("7 days before")
@filters(*FILTERS, single=SINGLE)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=50,
    show_default=True,
    help="How many at most; 0 for all.",
)
@click.option("--numbers", is_flag=True, help="With the recipients' numbers. Needs scope pii.")
@prints_data
@uses_api
def command(
    api: Api,
    output: Output,
    start: str | None,
    end: str | None,
    limit: int,
    numbers: bool,
    **wanted: tuple[str, ...] | str | None,
) -> None:
    """Search messages, the newest first.

    \b
    dlr messages --provider smsmode --bounce hard
    dlr messages --status undelivered --limit 0 --json | jq -r .message_id

    To write very many into files, `dlr export messages`. To find those of a person, `dlr person`.
    """
    asked = {"from": start, "to": end, **joined(wanted), "numbers": "true" if numbers else None}
    size = {"limit": str(limit)} if 0 < limit < 200 else {}
    found = islice(api.pages("/messages", {**asked, **size}), limit or None)
    if not output.table(found, (*COLUMNS, "recipient") if numbers else COLUMNS):
        output.note("There are no such messages in that time.")
