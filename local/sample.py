"""The samples of `events/`: made-up requests of a provider, one for each step of a message.

The demo, the load test, the fuzzers and the signature tests send them.
"""

from functools import cache

from dlr.providers.sample import Stage, Step, fill
from dlr.wire.request import Request
from local.recordings import EVENTS

__all__ = ["ENDS", "Stage", "Step", "sample"]

ENDS: tuple[Stage, ...] = ("delivered", "absent", "dead", "stop")
"""The stages that a message ends in."""


def sample(provider: str, step: Step) -> Request:
    """A request as the provider would send it at this step, without a signature.

    Raises KeyError for a placeholder without a value.
    """
    return fill(_text_of(provider), step)


@cache
def _text_of(provider: str) -> str:
    return (EVENTS / provider / "sample.toml").read_text()
