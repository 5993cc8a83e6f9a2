"""`dlr status`: alarms, and what waits for somebody."""

from collections import Counter

import click

from dlr_cli.api import Api, Item
from dlr_cli.options import prints_data, uses_api
from dlr_cli.output import Output, word_of

ALARM = "alarm"
WORDS = ((ALARM, "on"), ("ok", "off"), ("unknown", "without data yet"))


@click.command(name="status")
@prints_data
@uses_api
def command(api: Api, output: Output) -> None:
    """Show alarms, and what waits for somebody.

    The exit status is 0 also while an alarm is on: with --json, read `alarms`.
    """
    status = api.get("/status")
    output.item(status, api.understood(lambda: "\n".join(_lines(status))))


def _lines(status: Item) -> list[str]:
    states = Counter(str(each["state"]) for each in status["alarms"])
    told = ", ".join(f"{count} {word}" for state, word in WORDS if (count := states[state]))
    lines = [
        f"version     {word_of(status['version'])}, as of {word_of(status['as_of'])}",
        f"alarms      {told or 'none'}",
    ]
    for each in status["alarms"]:
        if each["state"] == ALARM:
            lines.append(f"  {word_of(each['name'])} since {word_of(each['since'])}")
            lines.append(f"    {word_of(each['says'])}")
    held = ", ".join(
        f"{word_of(each['provider'])} {each['n']:,}{'+' if each.get('more') else ''}"
        for each in status["held"]
    )
    waiting = status["quarantine"]
    more = "+" if waiting.get("more") else ""
    lines.append(f"quarantine  {waiting['waiting']:,}{more} waiting")
    lines.append(f"held        {held or 'nothing'}")
    lines += [
        f"provider    {word_of(each['name'])}, last seen {word_of(each['last_seen'] or 'never')}"
        for each in status["providers"]
    ]
    return lines
