"""What providers send in a day, made up: life cycles, duplicates, disorder, bursts.

The same seed makes the same traffic. Numbers and ids are fictitious; every message ends in one
final status, so what must be stored and suppressed in the end does not depend on the order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from dlr.providers.base import provider_names
from dlr.wire.request import Request
from local.sample import Stage, Step, sample

START = datetime(2026, 11, 20, 8, tzinfo=UTC)
SHARES: dict[Stage, int] = {"delivered": 89, "absent": 6, "dead": 4, "stop": 1}
"""Of a hundred messages. Only the last two kinds suppress."""
DUPLICATES = 0.03
LATE = 0.05
BURST_S, PAUSE_S = 20, 10


@dataclass(frozen=True)
class Arrival:
    """One request and when it comes, counted in seconds from the start."""

    at_s: float
    provider: str
    message_id: str
    request: Request


WAYS: dict[int, tuple[Stage, ...]] = {1: (), 2: ("sent",), 3: ("queued", "sent")}


def traffic(
    reports: int, seed: int, per_second: float, providers: Sequence[str] = ()
) -> list[Arrival]:
    """About as many requests, in the order in which they come. No providers named: all."""
    random = Random(seed)  # noqa: S311
    arrivals: list[Arrival] = []
    message = 0
    while len(arrivals) < reports:
        message += 1
        sent_s = _in_bursts(len(arrivals) / per_second)
        arrivals += _message(random, seed, message, sent_s, providers or provider_names())
    return sorted(arrivals, key=lambda each: each.at_s)


def id_of(message: int, seed: int) -> str:
    """The provider's id of a message."""
    return f"{seed:04x}{message:012x}"


def life(
    provider: str, message: int, stages: tuple[Stage, ...], seed: int = 0
) -> Iterator[Request]:
    """The requests of one message, in order."""
    message_id = id_of(message, seed)
    number = f"1{200 + message // 100 % 800}5550{100 + message % 100}"  # 555-01xx are for fiction
    for place, stage in enumerate(stages):
        step = Step(message_id, number, stage, START + timedelta(seconds=message + 9 * place))
        yield sample(provider, step)


def _message(
    random: Random, seed: int, message: int, sent_s: float, providers: Sequence[str]
) -> Iterator[Arrival]:
    provider = random.choice(providers)
    end = random.choices(list(SHARES), list(SHARES.values()))[0]
    before = WAYS[random.choices(list(WAYS), [3, 5, 2])[0]]
    for place, request in enumerate(life(provider, message, (*before, end), seed)):
        late_s = random.uniform(0, 10) if random.random() < LATE else 0
        yield Arrival(sent_s + place * 2 + late_s, provider, id_of(message, seed), request)
        if random.random() < DUPLICATES:
            again_s = sent_s + place * 2 + random.uniform(0, 5)
            yield Arrival(again_s, provider, id_of(message, seed), request)


def _in_bursts(at_s: float) -> float:
    """Campaigns: what comes in a minute at an even pace comes faster, with pauses between."""
    rounds, rest = divmod(at_s, BURST_S + PAUSE_S)
    return rounds * (BURST_S + PAUSE_S) + rest * BURST_S / (BURST_S + PAUSE_S)
