"""The system on this machine: no other machine, no web page and no other user gets in."""

import asyncio
import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from stat import S_IMODE

import pytest
import urllib3

from local.client import Client
from local.cloud import Cloud
from local.door import Message, Receive, Scope, Send, guarded
from local.private import private_folder
from local.stack import Deployment

PROC = Path("/proc")
LISTENING = "0A"
LOOPBACK = {"127.0.0.1", "::1"}
EVIL = "https://evil.example"
OWN = "http://127.0.0.1:4566"
REFUSED = b"Refused: the header "


def descendants(process_id: int) -> Iterator[int]:
    """The process and all that it has started."""
    yield process_id
    for path in (PROC / str(process_id) / "task").glob("*/children"):
        for child in path.read_text().split():
            yield from descendants(int(child))


def sockets_of(process_id: int) -> Iterator[str]:
    """The inode of each open socket."""
    for path in (PROC / str(process_id) / "fd").iterdir():
        try:
            target = str(path.readlink())
        except FileNotFoundError:
            continue  # closed since
        if target.startswith("socket:["):
            yield target[len("socket:[") : -1]


def address(text: str) -> str:
    """The kernel prints an address as words of 32 bits, each in the machine's byte order."""
    words = [int(text[at : at + 8], 16) for at in range(0, len(text), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, packed)


def listening(process_ids: set[int]) -> set[tuple[str, int]]:
    """Every address and port on which one of these processes takes connections."""
    ours = {inode for process_id in process_ids for inode in sockets_of(process_id)}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in (PROC / "net" / table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and fields[9] in ours:
                host, port = fields[1].split(":")
                found.add((address(host), int(port, 16)))
    return found


@pytest.fixture(scope="module")
def call(cloud: Cloud, deployment: Deployment) -> str:
    """The URL of a call that runs a function, with all that proves it in its query string."""
    url: str = cloud.client("lambda").generate_presigned_url(
        "invoke", Params={"FunctionName": deployment.resources["Authorizer"]}, HttpMethod="POST"
    )
    return url


def send(method: str, url: str, **headers: str) -> urllib3.BaseHTTPResponse:
    """As a page sends it without asking first: text that happens to be JSON."""
    sent = {"content-type": "text/plain"} | {k.replace("_", "-"): v for k, v in headers.items()}
    return urllib3.request(method, url, body=b"{}", headers=sent, retries=False, timeout=60)


@pytest.mark.skipif(not (PROC / "net" / "tcp").exists(), reason="Linux says who listens in /proc")
def test_nothing_listens_but_on_this_machines_own_address(
    cloud: Cloud, deployment: Deployment, client: Client
) -> None:
    assert client.post(deployment.webhooks["bulksmsrates"], b"garbage") == 400  # functions run
    found = listening(set(descendants(cloud.process_id)))
    assert ("127.0.0.1", cloud.port) in found
    assert {each for each in found if each[0] not in LOOPBACK} == set()


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ({"origin": EVIL}, "Origin"),
        ({"origin": "null"}, "Origin"),
        ({"origin": "http://localhost:{port}"}, "Origin"),  # not what `Host` says
        ({"origin": "https://127.0.0.1:{port}"}, "Origin"),
        ({"origin": "http://127.0.0.1:1"}, "Origin"),
        ({"host": "evil.example"}, "Host"),
        ({"host": "evil.example:{port}"}, "Host"),
        ({"host": "evil.example:{port}", "origin": "http://evil.example:{port}"}, "Host"),
        ({"host": "127.0.0.1.evil.example:{port}"}, "Host"),
        ({"host": "127.0.0.1:1"}, "Host"),
        ({"sec_fetch_site": "cross-site"}, "Sec-Fetch-Site"),
        ({"sec_fetch_site": "same-site"}, "Sec-Fetch-Site"),
    ],
)
def test_a_web_page_cannot_run_a_function(
    cloud: Cloud, call: str, headers: dict[str, str], named: str
) -> None:
    sent = {name: value.format(port=cloud.port) for name, value in headers.items()}
    for method in ("POST", "GET", "OPTIONS"):
        answer = send(method, call, **sent)
        assert answer.status == 403
        assert answer.data == REFUSED + f"{named} names another site.\n".encode()
        assert "access-control-allow-origin" not in answer.headers


def test_a_refused_page_gets_its_answer_however_slowly_it_sends(cloud: Cloud) -> None:
    """A connection that is closed before the body was read may lose the answer."""
    with closing(HTTPConnection("127.0.0.1", cloud.port, timeout=60)) as connection:
        connection.putrequest("POST", "/")
        connection.putheader("Origin", EVIL)
        connection.putheader("Content-Length", "4")
        connection.endheaders()
        for piece in (b"ab", b"cd"):
            time.sleep(0.1)
            connection.send(piece)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (403, REFUSED + b"Origin names another site.\n")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://127.0.0.1:{port}", "sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
    ],
)
def test_a_program_and_its_own_pages_can_run_a_function(
    cloud: Cloud, call: str, headers: dict[str, str]
) -> None:
    sent = {name: value.format(port=cloud.port) for name, value in headers.items()}
    assert send("POST", call, **sent).status == 200


def test_it_can_be_called_localhost(cloud: Cloud, deployment: Deployment) -> None:
    url = deployment.base_url.replace("127.0.0.1", "LocalHost") + "/suppressions/+447700900123"
    token = f"Bearer {deployment.admin_token}"
    assert send("GET", url, authorization=token).status == 200


VISIT = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}


@pytest.mark.parametrize(
    ("method", "end", "changes", "status"),
    [
        ("GET", "/console/?code=x&state=y", {}, 200),
        ("GET", "/console/", {"sec_fetch_dest": "iframe"}, 403),
        ("GET", "/console/", {"sec_fetch_mode": "no-cors"}, 403),
        ("GET", "/console/", {"origin": EVIL}, 403),
        ("GET", "/console/", {"host": "evil.example"}, 403),
        ("POST", "/console/", {}, 403),
        ("GET", "/console/main.js", {}, 403),
        ("GET", "/suppressions/+447700900123", {}, 403),
    ],
)
def test_a_link_leads_to_the_console_and_to_nothing_else(
    deployment: Deployment, method: str, end: str, changes: dict[str, str], status: int
) -> None:
    answer = send(method, deployment.base_url + end, **{**VISIT, **changes})
    assert answer.status == status
    assert (status == 200) == answer.data.startswith(b"<!doctype html>")


@pytest.mark.parametrize(("origin", "sent"), [(EVIL, "websocket.close"), (OWN, "accepted")])
def test_a_page_cannot_open_a_web_socket(origin: str, sent: str) -> None:
    async def application(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "accepted"})

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def keep(message: Message) -> None:
        messages.append(message)

    messages: list[Message] = []
    headers = [(b"host", b"127.0.0.1:4566"), (b"origin", origin.encode())]
    scope = {"type": "websocket", "headers": headers}
    asyncio.run(guarded(application, ["127.0.0.1:4566"])(scope, receive, keep))
    assert [message["type"] for message in messages] == [sent]


def test_only_the_owner_can_read_the_tokens(tmp_path: Path, deployment: Deployment) -> None:
    folder = tmp_path / ".local"
    folder.mkdir(mode=0o755)
    outputs = folder / "outputs.json"
    outputs.write_text("of before")
    outputs.chmod(0o644)
    mask = os.umask(0)
    try:
        with outputs.open() as open_before:
            private_folder(folder)
            deployment.write(outputs)
            assert open_before.read() == "of before"  # who has the old file open sees no token
    finally:
        os.umask(mask)
    assert deployment.admin_token in outputs.read_text()
    assert S_IMODE(outputs.stat().st_mode) == 0o600
    assert S_IMODE(folder.stat().st_mode) == 0o700
    assert list(folder.iterdir()) == [outputs]


def test_the_data_are_in_a_folder_of_the_owner(
    new_cloud: Callable[..., Cloud], tmp_path: Path
) -> None:
    old = tmp_path / "old"
    old.mkdir(mode=0o755)
    for folder in (old, tmp_path / "new"):
        with new_cloud(folder=folder):
            assert S_IMODE(folder.stat().st_mode) == 0o700
