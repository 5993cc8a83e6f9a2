"""Acts that the API does in parts: called again until nothing is left."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from dlr_cli.api import Api, Item, as_item
from dlr_cli.errors import CommandError
from dlr_cli.output import Output

R = TypeVar("R")
COUNTS = ("settled", "reverted", "repeated")


def within(*, required: bool) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Adds --since and --until, of when reports were received.

    `required`: a call without --since is a mistake, as it takes something away for good.
    """
    since = click.option(
        "--since",
        metavar="TIME",
        required=required,
        help="Only what was received from then on, in ISO with a zone.",
    )
    until = click.option(
        "--until", metavar="TIME", help="Only what was received until then. Default: now."
    )
    return lambda command: since(until(command))


def settle(api: Api, output: Output, path: str, since: str | None, until: str | None) -> None:
    """Call a route that takes a time as its body until nothing is left of it; print the sum."""

    def part(query: Mapping[str, str | None]) -> Item:
        window = {"since": since, "until": query.get("until") or until}
        body = {name: time for name, time in window.items() if time}
        return api.call("POST", path, as_item, body, query={"after": query.get("after")})

    repeated(output, part)


def repeated(output: Output, part: Callable[[Mapping[str, str | None]], Item]) -> None:
    """Call `part` with `after` and `until` of its answer until there is no next; print the sum."""
    query: dict[str, str | None] = {}
    sums: dict[str, int] = {}
    while True:
        answer = part(query)
        for name in COUNTS:
            if name in answer:
                sums[name] = sums.get(name, 0) + int(answer[name])
        following: Any = answer.get("next")
        if following is None:
            break
        if following == query.get("after"):
            raise CommandError("The API answers the same part again and again.")
        query = {"after": str(following), "until": answer.get("until")}
        output.note(_words(sums) + " so far")
    output.item(sums, _words(sums))


def _words(sums: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sums.items())
