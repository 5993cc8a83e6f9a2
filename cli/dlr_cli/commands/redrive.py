"""`dlr redrive`: what waits in the failure queues is sent on its way again."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from dlr_cli import aws
from dlr_cli.options import prints_data
from dlr_cli.output import Output
from dlr_cli.place import find_place
from dlr_cli.text import printable

if TYPE_CHECKING:
    from dlr_cli.redrive import Moved, Redrive


@dataclass(frozen=True, slots=True)
class QueueResult:
    """How much went on its way for a failure queue, and how much had to stay."""

    queue: str
    sent_on: int
    left: int


@click.command(name="redrive")
@click.option("--stack", metavar="NAME", help="The CloudFormation stack, in your account.")
@click.option(
    "--endpoint-url",
    metavar="URL",
    help="An embedded AWS instead of your account, called with test credentials. "
    "Default: that of `make run`, unless --stack is given.",
)
@click.option(
    "--whole-lake",
    is_flag=True,
    help="Also write every message of the table into the lake: after an update from a version "
    "without it, or after a restore of the table.",
)
@prints_data
def command(output: Output, stack: str | None, endpoint_url: str | None, whole_lake: bool) -> None:
    """Send what waits in the failure queues on its way again.

    Repair the cause first. A message leaves its queue when it has arrived; what fails again stays,
    is back in the queue after a quarter of an hour, and makes the exit status 1.

    \b
    SuppressFailures  events go to the queue of the suppression list
    RuleFailures      events go to the event bus, and to all of its rules
    PublishFailures   messages of which a report came at the time go to the
                      event bus, as they now stand in the table
    LakeFailures      the same, into the lake

    It works on AWS and not over the API, so DLR_URL and profiles do not say where: give --stack,
    for the AWS account of your shell's settings (AWS_PROFILE, AWS_REGION and so on). Without it,
    it is what `make run` runs. It needs the extra [aws].
    """
    place = find_place(stack, endpoint_url, None, os.environ)
    if not (stack or endpoint_url) and place.endpoint_url:
        output.note(f"Stack {place.stack} of `make run`, at {printable(place.endpoint_url)}")
    is_left = False
    with aws.explained():
        from dlr_cli.redrive import Redrive

        redrive = Redrive(aws.client_maker(place.endpoint_url), place.stack)
        for result in _results(redrive, whole_lake):
            output.item(result, f"{result.queue:<18} {result.sent_on} sent on, {result.left} stay")
            is_left |= result.left > 0
    if is_left:
        raise click.exceptions.Exit(1)


def _results(redrive: "Redrive", whole_lake: bool) -> Iterator[QueueResult]:
    ways: dict[str, Callable[[], Moved]] = {
        "SuppressFailures": redrive.suppress_failures,
        "RuleFailures": redrive.rule_failures,
        "PublishFailures": redrive.publish_failures,
        "LakeFailures": redrive.lake_failures,
    }
    if whole_lake:
        ways["ReportsTable"] = redrive.whole_lake
    for queue, move in ways.items():
        moved = move()
        yield QueueResult(queue, moved.done, moved.left)
