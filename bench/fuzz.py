"""`make fuzz`: atheris on a provider's verifier and parser, for SECONDS each.

    python -m bench.fuzz SECONDS [PROVIDER…]

Every provider in a process of its own, one for each processor at a time, from the recorded
requests of `events/`. Fails on what is raised but `UnreadableError`, and on an input that takes
more than 100 ms of CPU time.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["dlr"]):
    from dlr.ingest.normalize import Normalizer
    from dlr.providers.base import load_provider, provider_names
    from dlr.wire.decode import UnreadableError
    from dlr.wire.request import Request
    from dlr.wire.verify import Credentials
    from local.recordings import NOW, TOKEN, recordings_of

ROOT = Path(__file__).parent.parent
KEYS = ("public test key", "A" * 43 + "=")
MAX_LENGTH, SLOW_S = 8192, 0.1
SEPARATOR = b"\n\n"
"""Between method and query, and the body: what atheris changes is one string of bytes."""


def seeds(name: str) -> Iterator[bytes]:
    """The recorded requests."""
    for request in (each.request for each in recordings_of(name)):
        yield f"{request.method} {request.query}".encode() + SEPARATOR + request.body


def request_of(data: bytes, headers: Iterable[str]) -> Request:
    """The inverse; anything is some request. It has the token, so that its signature is read.

    Each of the headers that the provider signs in has the first bytes of the body.
    """
    head, _, body = data.partition(SEPARATOR)
    method, _, query = head.decode("latin-1").partition(" ")
    header = body[:99].decode("latin-1")
    return Request(
        method="GET" if method == "GET" else "POST",
        query=query,
        url=f"https://dlr.example.com/webhooks/x/token?{query}",
        headers=dict.fromkeys(headers, header),
        body=body,
        token=TOKEN,
    )


def fuzz(name: str, seconds: int) -> None:
    """Never returns: libFuzzer ends the process."""
    provider = load_provider(name)
    normalize = Normalizer(provider)
    headers = provider.signing.headers if provider.signing else ()

    def try_one(data: bytes) -> None:
        started = time.thread_time()
        read(data)
        if time.thread_time() - started > SLOW_S:
            raise TimeoutError(f"more than {SLOW_S} s of CPU time")

    def read(data: bytes) -> None:
        request = request_of(data, headers)
        provider.verify(request, Credentials((TOKEN,), NOW, KEYS))
        try:
            for report in normalize(request, NOW).reports:
                report.model_dump_json()
        except UnreadableError:
            pass

    with tempfile.TemporaryDirectory() as folder:
        for place, seed in enumerate(seeds(name)):
            (Path(folder) / str(place)).write_bytes(seed)
        options = [f"-max_total_time={seconds}", f"-max_len={MAX_LENGTH}", "-timeout=60"]
        options += ["-verbosity=0", "-print_final_stats=1", f"-artifact_prefix={ROOT}/.local/fuzz-"]
        atheris.Setup([name, *options, folder], try_one)
        atheris.Fuzz()


def run_alone(seconds: str, name: str) -> tuple[str, subprocess.CompletedProcess[str]]:
    """What a process for one provider ended with."""
    command = [sys.executable, "-m", "bench.fuzz", seconds, name]
    return name, subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603


def main() -> int:
    """Exit status 0 if nothing was found."""
    seconds, *names = sys.argv[1:]
    if len(names) == 1:
        fuzz(names[0], int(seconds))
    (ROOT / ".local").mkdir(exist_ok=True)
    failed = False
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, run in pool.map(partial(run_alone, seconds), names or provider_names()):
            tried = [line for line in run.stderr.splitlines() if "number_of_executed" in line]
            print(f"{name:<14}{tried[0].split()[-1] if tried else '?':>10} inputs", flush=True)
            if run.returncode:
                failed = True
                print(f"exit status {run.returncode}\n{run.stderr[-3000:]}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
