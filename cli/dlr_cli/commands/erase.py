"""`dlr erase`: erase a person."""

import functools
from collections.abc import Callable, Mapping

import click

from dlr_cli.api import Api, Item, as_item
from dlr_cli.options import destroys, notes, prints_data, typed_numbers, uses_api
from dlr_cli.output import Output
from dlr_cli.settling import repeated
from dlr_cli.text import counted


@click.command(name="erase")
@click.argument("numbers", nargs=-1, metavar="[NUMBER]...")
@click.option(
    "--repeat", is_flag=True, help="After a restore of a table: do the noted erasures again."
)
@notes
@destroys
@prints_data
@uses_api
def command(
    api: Api,
    output: Output,
    numbers: tuple[str, ...],
    repeat: bool,
    confirm: Callable[[str], None],
) -> None:
    """Erase a person, for good.

    \b
    dlr erase --note "request 4711"      asks for the number

    Messages and quarantined requests of the person go. Who is suppressed stays so, under a keyed
    hash instead of the number. Without NUMBER you are asked for one, or they are read from standard
    input, one a line. A number has + and its country's code. This needs a token with scope erase.
    """
    if repeat:
        if numbers:
            raise click.UsageError("Give numbers or --repeat, not both.")
        confirm(f"Do all noted erasures at {api.host} again?")
        repeated(output, functools.partial(_repeat, api))
        return
    numbers = numbers or typed_numbers()
    people = "1 person" if len(numbers) == 1 else f"{len(numbers):,} people"
    confirm(f"Erase {people} at {api.host}, for good?")
    for number in numbers:
        erased = api.call("POST", "/people/erase", as_item, {"number": number})
        output.item(erased, api.understood(functools.partial(_text_of, erased)))


def _repeat(api: Api, query: Mapping[str, str | None]) -> Item:
    after = {"after": query.get("after")}
    return api.call("POST", "/erasures/repeat", as_item, query=after, is_repeatable=True)


def _text_of(erased: Item) -> str:
    stays = "; stays suppressed" if erased["suppressed"] else ""
    messages = counted(int(erased["messages"]), "message")
    return f"{messages}, {counted(int(erased['quarantine']), 'request')} erased{stays}"
