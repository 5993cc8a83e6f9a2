"""A server with the console and a made-up API, on a port of its own.

The API answers each route with its example in `openapi.json`, or with what a test puts into
`answers`. Nothing here knows any page.
"""

import json
import mimetypes
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from local.stack import ROOT

ASSETS = ROOT / "functions/console/assets"
OPENAPI = ROOT / "functions/api/openapi.json"
PREFIX = "/stage"
CONSOLE = f"{PREFIX}/console/"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)


class Call(NamedTuple):
    """One call of the API."""

    route: str
    path: str
    query: dict[str, str]
    body: Any


class Answer(NamedTuple):
    """What a route answers when it is no plain 200."""

    status: int
    content: Any
    breaks_off: bool = False
    """After half of its bytes."""


Answers = dict[str, Any]
"""By route: what it answers, or a function of the call."""


def problem(status: int, detail: str, kind: str = "unavailable") -> Answer:
    """A problem document."""
    return Answer(
        status,
        {
            "type": f"urn:dlr:problem:{kind}",
            "title": "Made up",
            "status": status,
            "detail": detail,
            "request_id": "52fdfc07-2182-454f-963f-5f0f9a621d72",
        },
    )


@cache
def description() -> Mapping[str, Any]:
    """The API's, in OpenAPI."""
    found: dict[str, Any] = json.loads(OPENAPI.read_text())
    return found


@cache
def examples() -> Mapping[str, Any]:
    """By route: the example of its success in the description of the API."""
    found: dict[str, Any] = {}
    for path, methods in description()["paths"].items():
        for method, operation in methods.items():
            route = f"{method.upper()} {path}"
            for status, answer in operation["responses"].items():
                content = next(iter(answer.get("content", {}).values()), {})
                if status.startswith("2") and "example" in content:
                    found[route] = content["example"]
    return found


@dataclass
class Site:
    """The address, what it answers, and what it was asked."""

    url: str
    answers: Answers = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    """The paths that were answered by 304."""

    def asked(self, route: str) -> list[Call]:
        """The calls of a route, in order."""
        return [call for call in self.calls if call.route == route]

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        """What the API says."""
        route = self._route(method, path)
        call = Call(route or f"{method} {path}", path, query, body)
        self.calls.append(call)
        if route is None:
            return problem(404, "There is no such route.", "no-such-route")
        found = self.answers.get(route, examples().get(route))
        found = found(call) if callable(found) else found
        return found if isinstance(found, Answer) else Answer(200, found)

    def _route(self, method: str, path: str) -> str | None:
        known = sorted({*examples(), *self.answers}, key=lambda each: each.count("{"))
        for route in known:
            pattern = re.sub(r"\{[^}]+\}", "[^/]+", route.split(" ", 1)[1])
            if route.startswith(f"{method} ") and re.fullmatch(pattern, path):
                return route
        return None


class Handler(BaseHTTPRequestHandler):
    """The console's files, with the policy of the real function, and beside them the API."""

    protocol_version = "HTTP/1.1"
    site: Site

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""

    def _serve(self) -> None:
        url = urlsplit(self.path)
        path = unquote(url.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        if path.startswith(CONSOLE):
            self._send_asset(path.removeprefix(CONSOLE) or "index.html")
        else:
            self._send_answer(path.removeprefix(PREFIX), dict(parse_qsl(url.query)), body)

    do_GET = do_POST = do_PUT = do_DELETE = _serve

    def _send_asset(self, name: str) -> None:
        file = (ASSETS / name).resolve()
        if not file.is_relative_to(ASSETS) or not file.is_file():
            self._send(404, "text/plain", b"")
            return
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        self._send(200, kind, file.read_bytes(), {"content-security-policy": POLICY})

    def _send_answer(self, path: str, query: dict[str, str], body: str) -> None:
        try:
            sent = json.loads(body) if body else None
        except ValueError:
            sent = body
        status, content, breaks_off = self.site.answer(self.command, path, query, sent)
        said, headers = json.dumps(content).encode(), {"cache-control": "no-store"}
        if status == 200 and path.startswith("/stats"):
            headers["etag"] = f'"{sha256(said).hexdigest()[:16]}"'
            if headers["etag"] == self.headers.get("if-none-match"):
                self.site.unchanged.append(path)
                status, said = 304, b""
        self._send(status, "application/json", said, headers, breaks_off)

    def _send(
        self,
        status: int,
        kind: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        breaks_off: bool = False,
    ) -> None:
        self.send_response(status)
        for name, value in {"content-type": kind, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if breaks_off else body)
        self.close_connection = self.close_connection or breaks_off


@contextmanager
def running_site() -> Iterator[Site]:
    """Serves until the end of the block."""
    handler = type("OneSite", (Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    site = handler.site = Site(f"http://127.0.0.1:{server.server_address[1]}{CONSOLE}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
