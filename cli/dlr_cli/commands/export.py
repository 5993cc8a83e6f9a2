"""`dlr export`: messages, numbers to clean or the suppression list, as files."""

from pathlib import Path
from typing import Any

import click

from dlr_cli.api import Api
from dlr_cli.options import FILTERS, filters, in_time, into_folder, prints_data, uses_api
from dlr_cli.output import Output

KINDS = ("messages", "numbers_to_clean", "suppressions")
FORMATS = ("csv", "parquet")
JOBS = ("id", "kind", "state", "done", "total", "rows", "created_at", "asked_by")


@click.command(name="export")
@click.argument("kind", type=click.Choice(KINDS), required=False)
@click.option("--format", "form", type=click.Choice(FORMATS), default="csv", show_default=True)
@in_time("30 days before")
@filters(*FILTERS)
@click.option("--numbers", is_flag=True, help="With the recipients' numbers. Needs scope pii.")
@into_folder
@click.option(
    "--job", "job_id", metavar="ID", help="Fetch the files of this job instead of a new one."
)
@click.option("--jobs", "is_list", is_flag=True, help="List the jobs of the last week instead.")
@prints_data
@uses_api
def command(
    api: Api,
    output: Output,
    kind: str | None,
    form: str,
    start: str | None,
    end: str | None,
    numbers: bool,
    into: Path,
    job_id: str | None,
    is_list: bool,
    **wanted: tuple[str, ...],
) -> None:
    """Write messages, numbers to clean or the list to files.

    \b
    messages          one row a message; a file a day
    numbers_to_clean  numbers with a hard bounce or an opt-out; needs scope pii
    suppressions      the suppression list, by keyed hashes

    \b
    dlr export messages --provider smsmode --from 2026-11-01T00:00:00Z
    dlr export numbers_to_clean --into cleaning

    It waits until the job is done and prints the files that it wrote. Ctrl-C leaves the job at
    work; --job fetches its files later.
    """
    from dlr_cli import exports

    if sum((bool(kind), bool(job_id), is_list)) != 1:
        raise click.UsageError(f"Give one of {', '.join(KINDS)}, or --job, or --jobs.")
    if not kind and (start or end or numbers or any(wanted.values())):
        raise click.UsageError("--job and --jobs take no filters: what a file holds is settled.")
    if is_list:
        if not output.table(api.pages("/exports"), JOBS):
            output.note("There is no job of the last week.")
        return
    if job_id:
        job = exports.find(api, job_id)
    else:
        given: dict[str, Any] = {name: list(values) for name, values in wanted.items() if values}
        given |= {name: time for name, time in (("from", start), ("to", end)) if time}
        content = {"kind": kind, "format": form, "filters": given, "numbers": numbers}
        job = exports.ask(api, content)
    exports.fetch_all(output, exports.follow(api, output, job), into)
