"""The embedded AWS: one ministack process that only this machine can reach."""

import json
import os
import re
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Any, NoReturn, Self

import boto3
import urllib3

from local.private import private_folder
from local.process import CannotStart, running

DOOR = Path(__file__).parent / "door.py"
REGION = "us-east-1"
LOCALHOST = "127.0.0.1"
QUEUE_PORT = re.compile(r"://localhost:\d+/")
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


def isolate_from_aws() -> None:
    """Take the user's own AWS settings out of this process: nothing here may reach an account."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(ENVIRONMENT)


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((LOCALHOST, 0))
        port: int = probe.getsockname()[1]
        return port


def in_use(port: int, host: str = LOCALHOST) -> bool:
    """Whether somebody answers on this port."""
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


class Cloud:
    """A connection to the embedded AWS on a port; as a context manager it also runs it.

    When it is stopped it saves its data in `folder`, which only its owner can read; they are there
    again at the next start. `host` is the address that it listens on: another than this one only
    for containers, which cannot reach it here. It answers to that address and to `alias`, and to no
    other name (`local/door.py`).
    """

    def __init__(
        self, port: int, folder: Path, host: str = LOCALHOST, alias: str = "localhost"
    ) -> None:
        self.port = port
        self.host = host
        self.url = f"http://{host}:{port}"
        self._addresses = [f"{name}:{port}" for name in (host, alias)]
        self.folder = folder
        self._log = folder / "ministack.log"
        self._scratch = folder / "tmp"

    def client(self, service: str) -> Any:
        """A boto3 client that talks to this AWS and to no other."""
        return boto3.client(service, endpoint_url=self.url)

    def __enter__(self) -> Self:
        if in_use(self.port, self.host):
            raise CannotStart(
                f"Port {self.port} is in use. If it is a stack of this folder, stop that one. If "
                f"not, choose another port: make run PORT={self.port + 1}"
            )
        private_folder(self.folder)
        with ExitStack() as stack:
            self._lock(stack)
            self._scratch.mkdir(exist_ok=True)
            self._reset_stream_positions()
            self._move_queues()
            stack.callback(shutil.rmtree, self._scratch, ignore_errors=True)
            self._process = stack.enter_context(
                running(
                    "The embedded AWS",
                    [sys.executable, "-P", str(DOOR), *self._addresses],
                    ready=self._is_healthy,
                    log=self._log,
                    env=self._environment(),
                )
            )
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _lock(self, stack: ExitStack) -> None:
        """Two at once would overwrite each other's data when they stop."""
        lock = stack.enter_context((self.folder / "lock").open("w"))
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise CannotStart(f"A stack runs on the data in {self.folder} already.") from None

    @property
    def process_id(self) -> int:
        """Of the embedded AWS itself; the functions' processes are its children."""
        return self._process.pid

    def wait(self) -> NoReturn:
        """Stay until it stops by itself, which is a failure."""
        self._process.wait()
        raise CannotStart(f"The embedded AWS stopped by itself. Its log: {self._log}")

    def _environment(self) -> dict[str, str]:
        """Only what it needs: the functions inherit all of it, and a stray AWS_… breaks them."""
        return ENVIRONMENT | {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": os.environ.get("HOME", "/"),
            "TMPDIR": str(self._scratch),
            "BIND_HOST": self.host,  # it runs uploaded code, and by default for everybody
            "IOT_MTLS_ENABLED": "0",  # its listener would not keep to that address
            "GATEWAY_PORT": str(self.port),
            "AUTH": "true",  # what a function's role does not allow fails here as it would there
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.folder / "state"),
            "S3_PERSIST": "1",  # objects are not part of that state
            "S3_DATA_DIR": str(self.folder / "s3"),
            "LOG_LEVEL": "WARNING",
            "LAMBDA_WARM_TTL_SECONDS": "60",  # a burst of reports leaves a process for each
        }

    def _reset_stream_positions(self) -> None:
        """Let the functions read a table's stream from its start again.

        The embedded AWS keeps across a restart how far a stream was read, but not the stream
        itself: without this it would skip as many new records as there were old ones.
        """
        with self._state_of("lambda") as payload:
            payload.pop("dynamodb_stream_positions", None)

    def _move_queues(self) -> None:
        """Take the queues along to this port.

        The embedded AWS knows a queue by an address with the port in it: on another port no
        function would get what is sent to the queues of before.
        """
        with self._state_of("sqs") as payload:
            queues = payload.get("queues", {}).get("data", {})
            for key in list(queues):
                queue = queues.pop(key)
                url = QUEUE_PORT.sub(f"://localhost:{self.port}/", queue["url"])
                queues[key.replace(queue["url"], url)] = queue | {"url": url}

    @contextmanager
    def _state_of(self, service: str) -> Iterator[dict[str, Any]]:
        """What a service has saved at the last stop, to be changed before it is read."""
        path = self.folder / "state" / f"{service}.json"
        if not path.exists():
            yield {}
            return
        state = json.loads(path.read_text())
        yield state["payload"]
        path.write_text(json.dumps(state))

    def _is_healthy(self) -> bool:
        try:
            answer = urllib3.request(
                "GET", f"{self.url}/_ministack/health", retries=False, timeout=1
            )
        except urllib3.exceptions.HTTPError:
            return False
        return answer.status == 200
