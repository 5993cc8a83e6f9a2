"""`dlr smoke`: one made-up message through every hop of a deployed stack."""

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from dlr_cli import aws
from dlr_cli.api import Api
from dlr_cli.connection import checked
from dlr_cli.options import prints_data
from dlr_cli.output import Output
from dlr_cli.place import Place, find_place
from dlr_cli.text import printable

if TYPE_CHECKING:
    from dlr_cli.smoke.run import SmokeTest, StepResult


@click.command(name="smoke")
@click.option("--stack", metavar="NAME", help="The CloudFormation stack, in your account.")
@click.option("--provider", metavar="NAME", help="Whose webhook to call. Default: any.")
@click.option(
    "--url", metavar="URL", help="Address of the API, where it is not the one of the stack."
)
@click.option(
    "--endpoint-url",
    metavar="URL",
    help="An embedded AWS instead of your account, called with test credentials. "
    "Default: that of `make run`, unless --stack is given.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    default=120,
    show_default=True,
    help="How long to wait for what a step leads to.",
)
@prints_data
def command(
    output: Output,
    stack: str | None,
    provider: str | None,
    url: str | None,
    endpoint_url: str | None,
    timeout: float,
) -> None:
    """Send one made-up message through every hop of a deployed stack.

    A failure of a number that is reserved for fiction comes to a webhook, is stored, published and
    suppressed; a delivery releases the number; an unreadable request is kept and discarded; an
    alarm goes off. Then everything is removed. The first step that fails ends the test, with exit
    status 1 and the log groups to look at; what is there is removed all the same.

    CrmUrl, the topic and your own rules on the bus hear the events of this number.

    It works on AWS too and not only over the API, so DLR_URL and profiles do not say where: give
    --stack, for the AWS account of your shell's settings (AWS_PROFILE, AWS_REGION and so on).
    Without it, it is what `make run` runs. It needs the extra [aws].
    """
    place = find_place(stack, endpoint_url, url, os.environ)
    with aws.explained():
        test = _prepared(place, provider, timeout, lambda result: _show(output, result))
        is_ok = test()
    if not is_ok:
        raise click.exceptions.Exit(1)


def _prepared(
    place: Place, provider: str | None, timeout: float, show: Callable[["StepResult"], None]
) -> "SmokeTest":
    """The test, with everything that it needs to know of the stack."""
    from dlr_cli.smoke.run import OPERATOR, Outcome, SmokeTest, StepResult
    from dlr_cli.smoke.webhook import Sender, choose

    start = time.monotonic()
    client = aws.client_maker(place.endpoint_url)
    stack = aws.read_stack(client, place.stack)
    found, token = aws.api_of(client, stack.name, stack.outputs)
    address = checked(place.url or found, token)
    webhook = choose(client, stack, address.url, provider)
    api = Api(address, OPERATOR)
    note = f"reports come from {webhook.provider.title}"
    show(StepResult("read the stack", Outcome.OK, round(time.monotonic() - start, 1), note))
    return SmokeTest(client, stack, api, webhook, Sender(), show, timeout_s=timeout)


def _show(output: Output, result: "StepResult") -> None:
    note = f"  {printable(result.note)}" if result.note else ""
    output.item(result, f"{result.outcome:<8} {result.step:<22} {result.seconds:>6.1f} s{note}")
    if result.log_groups:
        output.note(f"Look at the log groups {', '.join(map(printable, result.log_groups))}.")
