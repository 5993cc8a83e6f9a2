"""Runs the embedded AWS behind a check of who calls: programs of this machine, and no web page.

Anyone may open a page that sends requests to this machine, and the keys of the embedded AWS are
public. A browser says in three headers for whom it asks; programs send `Host` alone.

Called as `python -P local/door.py HOST:PORT ...`, with every address that a request may go to.
"""

import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

Scope = Mapping[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
"""These five are ASGI's."""
Headers = Iterable[tuple[bytes, bytes]]

CONSOLE, INDEX = "/$default/console/", "/index.html"
OWN_SITES = {b"same-origin", b"none"}
"""Values of `Sec-Fetch-Site`: a page of the embedded AWS itself, or the user's own typing."""


def foreign_header(headers: Headers, addresses: frozenset[bytes]) -> str | None:
    """The header that shows that a web page asks: a foreign name for this machine, or its site.

    Browsers leave `Origin` out of a simple GET, and send `Sec-Fetch-Site` then too.
    """
    found: dict[bytes, set[bytes]] = {}
    for name, value in headers:
        found.setdefault(name, set()).add(value.lower())
    hosts = found.get(b"host", set())
    if len(hosts) != 1 or not hosts <= addresses:
        return "Host"
    if not found.get(b"origin", set()) <= {b"http://" + host for host in hosts}:
        return "Origin"
    return None if found.get(b"sec-fetch-site", set()) <= OWN_SITES else "Sec-Fetch-Site"


def is_visit(scope: Scope) -> bool:
    """Whether a person goes to the console's page from another site, by a link or back from an
    identity provider. That page is everybody's, and no function of the team's runs for it."""
    sent = dict(scope["headers"])
    return bool(
        scope["type"] == "http"
        and scope["method"] == "GET"
        and scope["path"].endswith(CONSOLE)
        and sent.get(b"sec-fetch-mode") == b"navigate"
        and sent.get(b"sec-fetch-dest") == b"document"
    )


def guarded(application: Application, addresses: Iterable[str]) -> Application:
    """The application, for requests to these addresses that no foreign page has sent."""
    known = frozenset(address.lower().encode() for address in addresses)

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        foreign = None
        if scope["type"] != "lifespan":
            foreign = foreign_header(scope["headers"], known)
            foreign = None if foreign == "Sec-Fetch-Site" and is_visit(scope) else foreign
        if foreign is None:
            await application(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})  # before it is accepted: HTTP 403
        else:
            while (await receive()).get("more_body"):
                pass  # a connection that is closed with some of it unread loses the answer
            body = f"Refused: the header {foreign} names another site.\n".encode()
            kind = (b"content-type", b"text/plain")
            await send({"type": "http.response.start", "status": 403, "headers": [kind]})
            await send({"type": "http.response.body", "body": body})

    return guard


def with_console(application: Application) -> Application:
    """The application, to which `/console/` is `/console/index.html`.

    API Gateway matches it with `/console/{proxy+}`; the embedded AWS asks for a part after it.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith(CONSOLE):
            raw = scope["raw_path"].rstrip(b"/") + INDEX.encode()
            scope = {**scope, "path": scope["path"].rstrip("/") + INDEX, "raw_path": raw}
        await application(scope, receive, send)

    return serve


def main() -> None:
    """Serve the embedded AWS until SIGTERM, in the environment that `local/cloud.py` gives it."""
    import ministack.app

    program, *addresses = sys.argv
    sys.argv = [program]  # it reads them too
    ministack.app.app = guarded(with_console(ministack.app.app), addresses)
    ministack.app.main()


if __name__ == "__main__":
    main()
