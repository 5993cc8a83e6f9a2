"""`dlr backtest`: whom another policy would have suppressed."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from dlr_cli.api import Api
from dlr_cli.options import in_time, into_folder, prints_data, uses_api
from dlr_cli.output import Output
from dlr_cli.text import counted

POLICIES = ("cause", "provider")
COUNTED = ("tried", "today", "added", "removed")


@click.command(name="backtest")
@click.option(
    "--policy",
    type=click.Choice(POLICIES),
    default="cause",
    show_default=True,
    help="What suppresses: the cause, or also whatever the provider calls permanent.",
)
@click.option(
    "--strike-limit",
    type=click.IntRange(1, 10),
    help="How many strikes suppress a number: see docs/causes.md. Default: that of the system.",
)
@in_time("30 days before")
@click.option(
    "--files", is_flag=True, help="Also fetch a CSV file with each recipient, and print its path."
)
@click.option("--numbers", is_flag=True, help="With numbers in the file. Needs scope pii.")
@into_folder
@prints_data
@uses_api
def command(
    api: Api,
    output: Output,
    policy: str,
    strike_limit: int | None,
    start: str | None,
    end: str | None,
    files: bool,
    numbers: bool,
    into: Path,
) -> None:
    """Count whom another policy would have suppressed, on the messages of a time.

    \b
    dlr backtest --policy provider
    dlr backtest --strike-limit 2 --files --into what-if

    It prints recipients by cause: suppressed under the tried rules and under today's, and what
    would be added and removed. Nothing on the list is changed.
    """
    from dlr_cli import exports

    if numbers and not files:
        raise click.UsageError("--numbers is for the file: give --files, too.")
    asked = {"policy": policy, "strike_limit": strike_limit, "from": start, "to": end}
    content = {name: value for name, value in asked.items() if value is not None}
    job = exports.ask(api, {**content, "numbers": numbers}, "/backtests")
    done = exports.follow(api, output, job)
    result = done.result or {}
    if output.as_json:
        output.item(result, "")
    else:
        api.understood(functools.partial(_show, output, result))
    if files:
        exports.fetch_all(output, done, into)


def _show(output: Output, result: Mapping[str, Any]) -> None:
    """A row a cause; what the counts are of."""
    causes = sorted({cause for name in COUNTED for cause in result[name]["by_cause"]})
    rows = [{name: result[name]["by_cause"].get(cause, 0) for name in COUNTED} for cause in causes]
    table = [{"cause": cause, **row} for cause, row in zip(causes, rows, strict=True)]
    whole = {"cause": "all", **{name: result[name]["recipients"] for name in COUNTED}}
    output.table([*table, whole], ("cause", *COUNTED))
    output.note(
        f"of {counted(int(result['failed_messages']), 'failed message')}; of them "
        f"{int(result['not_kept']):,} not kept any more"
    )
