"""`dlr stats`: delivery rates, causes, latencies; providers compared; what never came back."""

import click

from dlr_cli.api import Api, items_of
from dlr_cli.options import FILTERS, SINGLE, filters, in_time, prints_data, uses_api
from dlr_cli.output import Output
from dlr_cli.text import joined

FIGURES = ("n", "final", "delivered", "delivery_rate", "report_ratio", "p50_s", "p95_s", "band")
COMPARED = ("n", "final", "delivery_rate", "low", "high", "best", "significant")
UNFINISHED = ("provider", "n", "of", "oldest", "oldest_message_id")
SHOWS = ("rates", "compare", "unfinished")


@click.command(name="stats")
@click.argument("show", type=click.Choice(SHOWS), default="rates")
@click.option(
    "--by",
    metavar="NAMES",
    help="What to count apart, with commas between. rates: hour or day, and at most two of "
    "provider, country, network, status, cause, bounce, code, sender. compare: country, network "
    "or both.",
)
@click.option(
    "--hours",
    type=click.IntRange(min=1),
    help="unfinished: without a final state after so many. Default: 24.",
)
@in_time("7 days before")
@filters(*FILTERS, single=SINGLE)
@prints_data
@uses_api
def command(
    api: Api,
    output: Output,
    show: str,
    by: str | None,
    hours: int | None,
    start: str | None,
    end: str | None,
    **wanted: tuple[str, ...] | str | None,
) -> None:
    """Show delivery rates, causes and latencies.

    \b
    rates       counts, rates and seconds to delivery; the default
    compare     provider against provider, by country and network
    unfinished  messages without a final state, by provider

    \b
    dlr stats --by provider
    dlr stats --by day,provider --country GB
    dlr stats --by cause --status undelivered --from 2026-11-24T00:00:00Z
    dlr stats compare --country GB
    dlr stats unfinished --hours 24

    A rate is delivered ÷ final, from 0 to 1. `low` and `high` are the ends of its 95 % interval.
    """
    path = "/stats" if show == "rates" else f"/stats/{show}"
    old = None if hours is None else str(hours)
    asked = {"from": start, "to": end, "by": by, "hours": old, **joined(wanted)}
    rows = api.call("GET", path, lambda content: items_of(content, "rows"), query=asked)
    grouped = by.split(",") if by else []
    columns = {
        "rates": (*grouped, *FIGURES),
        "compare": (*(grouped or ("country", "network")), "provider", *COMPARED),
        "unfinished": UNFINISHED,
    }
    if not output.table(rows, columns[show]):
        output.note("There are no such messages in that time.")
