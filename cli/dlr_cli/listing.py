"""Acts on single numbers of the suppression list."""

from collections.abc import Mapping

import click

from dlr_cli.api import Api, as_item
from dlr_cli.errors import FailedCallError
from dlr_cli.output import Output, word_of

LISTS = ("number", "opt_out")


def act_on_each(
    api: Api, output: Output, path: str, numbers: tuple[str, ...], wanted: Mapping[str, str]
) -> None:
    """One call a number, each number in the body; prints how each stands then.

    One that fails leaves the others to be done. The exit status is then its error's, or 1 where
    several failed in different ways.
    """
    statuses = set()
    for number in output.progress(numbers, "Numbers"):
        try:
            answer = api.call("POST", path, as_item, {"number": number, **wanted})
        except FailedCallError as error:
            output.item(
                {"number": number, "error": error.message}, f"{word_of(number)}  {error.message}"
            )
            statuses.add(error.exit_code)
            continue
        output.item({"number": number, **answer}, f"{word_of(number)}  {_standing(answer)}")
    if statuses:
        raise click.exceptions.Exit(statuses.pop() if len(statuses) == 1 else 1)


def _standing(answer: Mapping[str, object]) -> str:
    if not answer.get("suppressed"):
        return "may be sent to"
    return f"suppressed: list {word_of(answer.get('list'))}, cause {word_of(answer.get('cause'))}"
