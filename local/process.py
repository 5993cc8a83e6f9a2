"""Runs another program beside this one: waits until it is ready, and stops it in good order."""

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

PAUSE_S = 0.05
MAX_LOG = 4000
"""So many characters of its log go into the error of a program that does not start."""


class CannotStart(Exception):
    """Something that is needed did not come up; the text says why and what to do."""


@contextmanager
def running(
    name: str,
    command: Sequence[str],
    *,
    ready: Callable[[], bool],
    log: Path,
    env: Mapping[str, str] | None = None,
    start_timeout_s: float = 30,
    stop_timeout_s: float = 30,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start the program and wait until it is ready. At the end send SIGTERM and wait; then kill it.

    It gets a session of its own: Ctrl-C reaches this process alone, which then stops the program.
    All that it prints goes to `log`. Raises CannotStart if it ends or is not ready in time.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + start_timeout_s
        while not ready():
            if process.poll() is not None or time.monotonic() > deadline:
                printed = log.read_text(errors="replace")[-MAX_LOG:]
                raise CannotStart(f"{name} did not start. The end of its log, {log}:\n{printed}")
            time.sleep(PAUSE_S)
        yield process
    finally:
        _stop(process, stop_timeout_s)


def _stop(process: subprocess.Popen[bytes], timeout_s: float) -> None:
    process.terminate()
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
