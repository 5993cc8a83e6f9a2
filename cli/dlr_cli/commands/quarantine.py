"""`dlr quarantine`: list, show, replay and discard requests that could not be read."""

import functools
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from dlr_cli import quarantine
from dlr_cli.api import Api
from dlr_cli.options import asks, destroys, notes, prints_data, uses_api
from dlr_cli.output import Output
from dlr_cli.quarantine import Discarded, Outcome, QuarantinedRequest, Replayed
from dlr_cli.text import counted, masked, printable

R = TypeVar("R")
COLUMNS = ("id", "received_at", "provider", "error")
MOST_REASONS = 10
EMPTY = "No such request is in quarantine."
TEXTS = {
    Outcome.DISCARDED: "discarded",
    Outcome.UNREADABLE: "still unreadable",
    Outcome.NOT_KEPT: "not in quarantine",
    Outcome.FAILED: "failed",
}


def of_ids_or_provider(command: Callable[..., R]) -> Callable[..., R]:
    """Adds ID... and --provider, of which one has to be given."""

    @click.argument("ids", nargs=-1, metavar="[ID]...")
    @click.option("--provider", metavar="NAME", help="Every request of this provider.")
    @functools.wraps(command)
    def check(ids: tuple[str, ...], provider: str | None, **others: Any) -> R:
        if bool(ids) == bool(provider):
            raise click.UsageError("Give the ids of the requests, or --provider.")
        return command(ids=tuple(dict.fromkeys(ids)), provider=provider, **others)

    return check


@click.group(name="quarantine")
def command() -> None:
    """Look at requests that could not be read; replay them, or discard them.

    Quarantine keeps what came to a webhook with the right token and could not be read. Most often
    the provider has changed its format. When a new version can read it, replay the requests.
    """


@command.command(name="list")
@click.option("--provider", metavar="NAME", help="Only the requests of this provider.")
@prints_data
@uses_api
def list_(api: Api, output: Output, provider: str | None) -> None:
    """List the requests, with the reason why each could not be read."""
    if not output.table(quarantine.kept(api, provider), COLUMNS):
        output.note(EMPTY)


@command.command
@of_ids_or_provider
@prints_data
@uses_api
def show(api: Api, output: Output, ids: tuple[str, ...], provider: str | None) -> None:
    """Show whole requests, with their bodies.

    A body is what the provider sent, and so holds phone numbers.
    """
    found = quarantine.kept_by_ids(api, ids) if ids else _of_provider(api, output, provider)
    for each in (found[wanted] for wanted in ids or found if wanted in found):
        output.item(each, _text_of(each))
    missing = [wanted for wanted in ids if wanted not in found]
    for each_id in missing:
        output.note(f"not in quarantine: {printable(each_id)}")
    _exit_for(Outcome.NOT_KEPT for _ in missing)


@command.command
@of_ids_or_provider
@notes
@asks
@prints_data
@uses_api
def replay(
    api: Api,
    output: Output,
    ids: tuple[str, ...],
    provider: str | None,
    confirm: Callable[[str], None],
) -> None:
    """Read requests again, and store their reports.

    \b
    dlr quarantine replay --provider smsmode
    dlr quarantine replay --provider smsmode --yes --json | jq .outcome

    With --provider it says what waits there and asks first. A request leaves quarantine when all of
    it could be read. What is still unreadable stays, and makes the exit status 1. Of a batch, each
    item that is still unreadable gets an id of its own.
    """
    chosen = ids
    if not ids:
        found = _of_provider(api, output, provider)
        if not found:
            return
        _estimate(output, found.values())
        confirm(f"Replay {counted(len(found), 'request')} from the quarantine of {api.host}?")
        chosen = tuple(found)
    outcomes = []
    for each in output.progress(chosen, "replay"):
        result = quarantine.replay(api, each)
        output.item(result, _line_of(result))
        outcomes.append(result.outcome)
    _exit_for(outcomes)


def _estimate(output: Output, found: Iterable[QuarantinedRequest]) -> None:
    """How many requests there are of each reason, and what a replay means for them."""
    reasons = Counter(masked(printable(each.error)) for each in found)
    for reason, n in reasons.most_common(MOST_REASONS):
        output.note(f"{n:>7,}  {reason}")
    if len(reasons) > MOST_REASONS:
        output.note(f"         and {counted(len(reasons) - MOST_REASONS, 'more reason')}")
    output.note("What can be read now is stored, may suppress numbers, and leaves quarantine.")


@command.command
@of_ids_or_provider
@notes
@destroys
@prints_data
@uses_api
def discard(
    api: Api,
    output: Output,
    ids: tuple[str, ...],
    provider: str | None,
    confirm: Callable[[str], None],
) -> None:
    """Delete requests from quarantine, for good.

    Reports that are in them are lost, unless the provider sends them again.
    """
    chosen = ids or tuple(_of_provider(api, output, provider))
    if not chosen:
        return
    confirm(
        f"Discard {counted(len(chosen), 'request')} from the quarantine of {api.host}, for good?"
    )
    outcomes = []
    for each in output.progress(chosen, "discard"):
        result = quarantine.discard(api, each)
        output.item(result, _line_of(result))
        outcomes.append(result.outcome)
    _exit_for(outcomes)


def _of_provider(api: Api, output: Output, provider: str | None) -> dict[str, QuarantinedRequest]:
    found = {each.id: each for each in quarantine.kept(api, provider)}
    if not found:
        output.note(EMPTY)
    return found


def _exit_for(outcomes: Iterable[Outcome]) -> None:
    """Failure weighs more than absence."""
    found = set(outcomes)
    if found & {Outcome.UNREADABLE, Outcome.FAILED}:
        raise click.exceptions.Exit(1)
    if Outcome.NOT_KEPT in found:
        raise click.exceptions.Exit(3)


def _line_of(result: Replayed | Discarded) -> str:
    if isinstance(result, Replayed) and result.outcome is Outcome.REPLAYED:
        counts = f"{result.new} new, {result.stale} stale, {result.duplicate} duplicate"
        return f"{printable(result.id)}  replayed: {counts}"
    error = f": {printable(result.error)}" if result.error else ""
    return f"{printable(result.id)}  {TEXTS[result.outcome]}{error}"


def _text_of(request: QuarantinedRequest) -> str:
    """Its fields line by line, then its body."""
    head = {
        "id": request.id,
        "received at": request.received_at,
        "provider": request.provider,
        "error": request.error,
        "method": request.method,
        "query": request.query,
        "content type": request.content_type,
    }
    lines = [f"{name:<14}{printable(value)}".rstrip() for name, value in head.items()]
    return "\n".join([*lines, "", printable(request.body, keep="\n\t"), ""])
