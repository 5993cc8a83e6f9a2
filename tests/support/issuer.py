"""An identity provider on this machine: discovery, RSA keys, codes with PKCE, ID tokens.

It is as strict as a real one: a code is good once, for one client, redirect address and verifier.
"""

import base64
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT = "dlr-console"
PUBLIC_CLIENT = {"grant_type", "client_id", "code", "code_verifier", "redirect_uri"}
"""All that a token request of ours has: no secret."""


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


FIRST = _key()


@dataclass
class Issuer:
    """What it says, and what it was asked."""

    url: str = ""
    redirect_uri: str = ""
    """The only one that is registered."""
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "carol", "roles": ["dlr:read"]})
    """Of the ID tokens; they go over its own."""
    about: dict[str, Any] = field(default_factory=dict)
    """Of the discovery document; it goes over its own."""
    refuses: str = ""
    """The error that the browser is sent back with."""
    code_life_s: float = 60
    echo: dict[str, str] = field(default_factory=dict)
    """What the browser is sent back with instead of what it brought: `state`."""
    key: rsa.RSAPrivateKey = FIRST
    kid: str = "first"
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Path and parameters of each call, in order."""
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def rotate(self) -> None:
        """Signs with another key from now on, and lists that alone."""
        self.key, self.kid = _key(), "second"

    def asks(self, path: str) -> list[dict[str, str]]:
        """The parameters of each call of a path."""
        return [sent for asked, sent in self.asked if asked == path]

    def answer(self, path: str, sent: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        """Status, headers and JSON."""
        self.asked.append((path, sent))
        if path == "/.well-known/openid-configuration":
            return 200, {}, self._document()
        if path == "/keys":
            listed = jwt.get_algorithm_by_name("RS256").to_jwk(self.key.public_key(), as_dict=True)
            return 200, {}, {"keys": [{"kid": self.kid, "use": "sig", **listed}]}
        if path == "/authorize":
            return self._authorize(sent)
        if path == "/token":
            return self._token(sent)
        return 404, {}, None

    def _document(self) -> dict[str, Any]:
        places = {
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }
        return {"issuer": self.url, **places, **self.about}

    def _authorize(self, sent: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        known = {"response_type": "code", "client_id": CLIENT, "redirect_uri": self.redirect_uri}
        known |= {"code_challenge_method": "S256"}
        if {name: sent.get(name) for name in known} != known or not sent.get("state"):
            return 400, {}, "a wrong request"
        if self.refuses:
            back = {"error": self.refuses, "error_description": "Carol said no."}
        else:
            back = {"code": secrets.token_urlsafe(16)}
            self.codes[back["code"]] = {**sent, "until": time.monotonic() + self.code_life_s}
        query = urlencode({**back, "state": sent["state"], **self.echo})
        return 302, {"location": f"{self.redirect_uri}?{query}"}, None

    def _token(self, sent: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        if sent.keys() != PUBLIC_CLIENT or sent["client_id"] != CLIENT:
            return 401, {}, {"error": "invalid_client"}
        begun = self.codes.pop(sent["code"], None)
        digest = sha256(sent["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        is_good = (
            begun is not None
            and time.monotonic() < begun["until"]
            and begun["redirect_uri"] == sent["redirect_uri"]
            and begun["code_challenge"] == challenge
        )
        if not is_good or begun is None:
            return 400, {}, {"error": "invalid_grant", "error_description": "not good"}
        answer = {"access_token": "hush-access-token", "token_type": "Bearer"}
        return 200, {}, {**answer, "id_token": self.id_token(begun.get("nonce"))}

    def id_token(self, nonce: str | None, **changes: Any) -> str:
        """Signed with the key of now."""
        now = int(time.time())
        own = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce}
        claims = {**own, **self.claims, **changes}
        return jwt.encode(claims, self.key, "RS256", {"kid": self.kid})


class _Handler(BaseHTTPRequestHandler):
    issuer: Issuer

    def _serve(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        sent = dict(parse_qsl(url.query or body))
        status, headers, content = self.issuer.answer(url.path, sent)
        text = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(text))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    """Serves on 127.0.0.1 until the end of the block."""
    issuer = Issuer()
    handler = type("OneIssuer", (_Handler,), {"issuer": issuer})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    issuer.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
