"""An API that answers as a test wants it, for the command `dlr`."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

JSON, PROBLEM = "application/json", "application/problem+json"

Answer = tuple[int, str, str]
"""Status, content type, body."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: str = field(repr=False)

    @property
    def name(self) -> str:
        """Method and path, with the query."""
        return f"{self.method} {self.path}"


def answered(content: Any) -> Answer:
    """A success with this JSON."""
    return 200, JSON, json.dumps(content)


class FakeApi:
    """Answers each call with what the test put there, and remembers the calls.

    A list of answers is used up one by one, its last one for ever. `headers` go with a status.
    """

    def __init__(self, url: str = "") -> None:
        self.url = url
        self.answers: dict[str, Answer | list[Answer] | Callable[[Call], Answer]] = {}
        self.headers: dict[int, dict[str, str]] = {}
        self.requests: list[Call] = []
        self._used: Counter[int] = Counter()
        self._lock = Lock()

    @property
    def calls(self) -> list[str]:
        """Method and path of each call."""
        return [each.name for each in self.requests]

    @property
    def tokens(self) -> set[str]:
        """The header of each call that has the token."""
        return {each.headers.get("authorization", "") for each in self.requests}

    def answer(self, call: Call) -> Answer:
        """By method and whole path, else by method and path without the query, else 404."""
        with self._lock:
            self.requests.append(call)
            found = self.answers.get(call.name) or self.answers.get(call.name.partition("?")[0])
            if isinstance(found, list):
                self._used[id(found)] += 1
                found = found[min(self._used[id(found)], len(found)) - 1]
        if callable(found):
            return found(call)
        return found or (404, JSON, '{"message": "x"}')


@contextmanager
def serving(fake: FakeApi) -> Iterator[FakeApi]:
    """On a port of its own, which is in `url`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def respond(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, content_type, text = fake.answer(Call(self.command, self.path, headers, body))
            self.send_response(status)
            for name, value in fake.headers.get(status, {}).items():
                self.send_header(name, value)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_PUT = do_DELETE = respond

        def log_message(self, *_: object) -> None:
            """Nothing on standard error."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        fake.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()
