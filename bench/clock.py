"""CPU time of alternatives, taken in turns so that a busy machine is busy for all of them."""

import time
from collections.abc import Callable, Mapping
from statistics import median

ROUNDS = 31
CALLS = 100


def microseconds(
    alternatives: Mapping[str, Callable[[], object]],
) -> dict[str, tuple[float, float]]:
    """The median and the least CPU time of one call of each.

    The least is what it takes when no neighbour shares the core's caches; ratios are of medians.
    """
    taken: dict[str, list[float]] = {name: [] for name in alternatives}
    for _ in range(ROUNDS):
        for name, call in alternatives.items():
            started = time.process_time()
            for _ in range(CALLS):
                call()
            taken[name].append((time.process_time() - started) / CALLS * 1e6)
    return {name: (median(each), min(each)) for name, each in taken.items()}
