"""`dlr export`: messages, numbers to clean or the suppression list, as files."""

from pathlib import Path
from typing import Any

import click

from dlr_cli import exports
from dlr_cli.api import Api
from dlr_cli.options import prints_data, uses_api
from dlr_cli.output import Output, printable

FILTERS = ("provider", "status", "cause", "bounce", "country", "network", "code")


def _filters(command: Any) -> Any:
    for name in reversed(FILTERS):
        command = click.option(
            f"--{name}",
            multiple=True,
            metavar="VALUE",
            help="One of these; give it again for more.",
        )(command)
    return command


@click.command
@click.argument("kind", type=click.Choice(exports.KINDS))
@click.option("--format", "form", type=click.Choice(exports.FORMATS), default="csv")
@click.option("--from", "start", metavar="TIME", help="ISO, with a zone. Default: 30 days before.")
@click.option("--to", "end", metavar="TIME", help="ISO, with a zone. Default: now.")
@_filters
@click.option("--numbers", is_flag=True, help="With the recipients' numbers. Needs scope pii.")
@click.option(
    "--into",
    default=".",
    type=click.Path(exists=True, file_okay=False, writable=True, path_type=Path),
    help="The folder for the files. Default: this one.",
)
@prints_data
@uses_api
def command(
    api: Api,
    output: Output,
    kind: str,
    form: str,
    start: str | None,
    end: str | None,
    numbers: bool,
    into: Path,
    **filters: tuple[str, ...],
) -> None:
    """Write messages, numbers to clean or the suppression list into files.

    It waits until the export is done and prints the files. An export of messages has one
    a day.
    """
    given: dict[str, Any] = {name: list(values) for name, values in filters.items() if values}
    given |= {name: time for name, time in (("from", start), ("to", end)) if time}
    content = {"kind": kind, "format": form, "filters": given, "numbers": numbers}

    def tell(job: exports.Job) -> None:
        output.note(f"{job.done} of {job.total} parts, {job.rows} rows")

    job = exports.ask(api, content)
    output.note(f"Export {printable(job.id)}")
    done = exports.wait(api, job, tell)
    for number, link in enumerate(output.progress(done.links, "Fetching"), 1):
        file = exports.fetch(link, into, number)
        output.item(file, printable(file.path))
