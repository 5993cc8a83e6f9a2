"""How a command starts and ends: away from any real AWS account, with an exit status."""

import signal
import sys
from collections.abc import Callable

from local.cloud import isolate_from_aws
from local.process import CannotStart
from local.sam import SamFailed
from local.stack import DeploymentFailed


def exit_status(command: Callable[[], bool], stopped: int = 1) -> int:
    """Run the command. 0 if it answers True; `stopped` if SIGINT or SIGTERM ends it.

    Stopping a check leaves it undecided, so that is a failure unless the caller says otherwise.
    """
    isolate_from_aws()
    for request_to_stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(request_to_stop, lambda *_: sys.exit(stopped))
    try:
        return 0 if command() else 1
    except (CannotStart, DeploymentFailed, SamFailed, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
