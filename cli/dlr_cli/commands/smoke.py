"""`dlr smoke`: one made-up message through every hop of a deployed stack."""

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from dlr_cli import aws
from dlr_cli.api import Api
from dlr_cli.connection import OUTPUTS, checked
from dlr_cli.errors import CommandError
from dlr_cli.options import prints_data
from dlr_cli.output import Output
from dlr_cli.text import printable

if TYPE_CHECKING:
    from dlr_cli.smoke.run import SmokeTest, StepResult

UNKNOWN = f"""\
It is not known which stack to test. Either
  give --stack, for a stack in the account of your shell's AWS settings;
  give --endpoint-url, or set AWS_ENDPOINT_URL;
  or start `make run`, and call this in the folder where it writes {OUTPUTS}."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the stack is. An address that is not given comes from AWS's settings or the stack."""

    stack: str
    endpoint_url: str | None
    url: str | None


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

    It works in the AWS account of your shell's settings (AWS_PROFILE, AWS_REGION and so on) and
    needs the extra [aws].
    """
    if "" in (stack, url, endpoint_url):
        raise click.UsageError("An option is empty. Is a variable of the shell not set?")
    place = find_place(stack, endpoint_url, url, os.environ)
    with aws.explained():
        test = _prepared(place, provider, timeout, lambda result: _show(output, result))
        is_ok = test()
    if not is_ok:
        raise click.exceptions.Exit(1)


def find_place(
    stack: str | None, endpoint_url: str | None, url: str | None, environment: Mapping[str, str]
) -> Place:
    """The stack that is named, or the one on an embedded AWS; nobody's account by accident."""
    if stack or endpoint_url or environment.get("AWS_ENDPOINT_URL"):
        return Place(stack or aws.STACK, endpoint_url, url)
    if not OUTPUTS.exists():
        raise click.UsageError(UNKNOWN)
    try:
        base_url = json.loads(OUTPUTS.read_text())["base_url"]
        parts = urlsplit(base_url)
    except (OSError, ValueError, TypeError, LookupError):
        raise CommandError(f"{OUTPUTS} cannot be read. Start `make run` again.") from None
    return Place(aws.STACK, f"{parts.scheme}://{parts.netloc}", url or base_url)


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
