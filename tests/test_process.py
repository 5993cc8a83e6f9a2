"""A program that runs beside the tests: waited for, stopped in good order, killed if need be."""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from subprocess import Popen

import pytest

from local.process import CannotStart, running

WAITS = """
import pathlib, signal, sys, time
def stop(*_):
    pathlib.Path("stopped").touch()
    sys.exit()
signal.signal(signal.SIGTERM, stop)
print("started", flush=True)
time.sleep(600)
"""
DOES_NOT_STOP = WAITS.replace("signal.SIGTERM, stop", "signal.SIGTERM, signal.SIG_IGN")

Run = Callable[..., AbstractContextManager[Popen[bytes]]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def has_started(folder: Path) -> Callable[[], bool]:
    return lambda: (folder / "log").read_text() == "started\n"


@pytest.fixture
def run(folder: Path, has_started: Callable[[], bool]) -> Run:
    """Runs a Python source, ready once it says so."""

    def run(
        code: str, ready: Callable[[], bool] = has_started, **timeouts: float
    ) -> AbstractContextManager[Popen[bytes]]:
        command = [sys.executable, "-c", code]
        return running("It", command, ready=ready, log=folder / "log", **timeouts)

    return run


def test_it_is_ready_inside_and_stopped_in_good_order_afterwards(
    folder: Path, run: Run, has_started: Callable[[], bool]
) -> None:
    with run(WAITS) as process:
        assert has_started()
        assert os.getsid(process.pid) == process.pid  # Ctrl-C does not reach it
    assert process.returncode == 0
    assert (folder / "stopped").exists()


def test_it_is_stopped_after_an_error_too(folder: Path, run: Run) -> None:
    with pytest.raises(ZeroDivisionError), run(WAITS):
        raise ZeroDivisionError
    assert (folder / "stopped").exists()


def test_what_does_not_stop_is_killed(run: Run) -> None:
    with run(DOES_NOT_STOP, stop_timeout_s=0.1) as process:
        pass
    assert process.returncode == -signal.SIGKILL


def test_what_ends_before_it_is_ready_is_an_error_with_its_own_words(run: Run) -> None:
    code = "import sys; sys.exit('this is why')"
    with (
        pytest.raises(CannotStart, match=r"(?s)It did not start.*this is why"),
        run(code, lambda: False, start_timeout_s=600),
    ):
        pass


def test_what_is_not_ready_in_time_is_stopped(
    folder: Path, run: Run, has_started: Callable[[], bool]
) -> None:
    def not_ready() -> bool:
        while not has_started():
            time.sleep(0.01)
        return False

    with (
        pytest.raises(CannotStart, match=r"(?s)It did not start.*started"),
        run(WAITS, not_ready, start_timeout_s=0),
    ):
        pass
    assert (folder / "stopped").exists()
