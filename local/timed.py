"""Says what a long command is doing, and how long each part of it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def timed(name: str) -> Iterator[None]:
    """Print the name before, the seconds after."""
    print(f"{name} ...", flush=True)
    started = time.monotonic()
    yield
    print(f"{name}: {time.monotonic() - started:.1f} s", flush=True)
