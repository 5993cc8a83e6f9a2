"""`dlr tail`: reports as they come in."""

import time
from collections.abc import Iterator

import click

from dlr_cli.api import Api, Item, items_of
from dlr_cli.options import prints_data, uses_api
from dlr_cli.output import Output, word_of

EVERY_S = 2.0
FULL = 100
"""As many as an answer has at most: then there is more to ask for."""
WIDTHS = {
    "at": 27, "provider": 14, "status": 12, "cause": 20, "code": 8, "country": 3, "message_id": 0,
}  # fmt: skip


@click.command(name="tail")
@click.option("--provider", metavar="NAME", help="Only the reports of this provider.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Stop after so long. Default: with Ctrl-C.",
)
@prints_data
@uses_api
def command(api: Api, output: Output, provider: str | None, seconds: float | None) -> None:
    """Watch reports as they come in, without numbers.

    \b
    dlr tail --provider twilio
    dlr tail --seconds 60 --json | jq -r .status | sort | uniq -c

    The system shows at most 20 reports a second, and only while somebody watches.
    """
    end = None if seconds is None else time.monotonic() + seconds
    output.note("Watching. Ctrl-C stops it.")
    try:
        for report in _coming(api, end):
            if provider in (None, report.get("provider")):
                output.item(report, _line_of(report))
    except KeyboardInterrupt:
        return


def _coming(api: Api, end: float | None) -> Iterator[Item]:
    """Until `end` of the monotonic clock."""
    after: str | None = None
    while True:
        reports, after = api.call("GET", "/tail", _read, query={"after": after})
        yield from reports
        if end is not None and time.monotonic() >= end:
            return
        if len(reports) < FULL:
            time.sleep(EVERY_S)


def _read(content: Item) -> tuple[list[Item], str | None]:
    following = content["next"]
    return items_of(content), None if following is None else str(following)


def _line_of(report: Item) -> str:
    cells = (word_of(report.get(name)).ljust(width) for name, width in WIDTHS.items())
    return "  ".join(cells).rstrip()
