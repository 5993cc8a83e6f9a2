"""JSON Web Tokens that a shared secret signs: an HMAC of two base64 texts, which needs no library.

RFC 7515, compact serialization; RFC 7518 §3.2. The algorithm is the scheme's choice: what the token
says must be the same.
"""

import hmac
import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from dlr.wire.request import Request
from dlr.wire.schemes.parts import only_item
from dlr.wire.verify import Credentials, Scheme, encode, matches_any

_DIGESTS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


class JwtHoldsBody(Scheme):
    """A JWT (HS256, no other) in a header, whose payload is the report.

    The body must say the same: the same names with the same values, whatever its spaces. It does
    not cover the query: a request without a body is refused.
    """

    covers = "the body"

    def __init__(self, header: str, key_name: str) -> None:
        self.headers = (header.lower(),)
        self.recipe = f"`{header}`: a JWT by HS256 whose payload is the body"
        self.key_name = key_name

    def verify(self, request: Request, credentials: Credentials) -> bool:
        token = request.headers.get(self.headers[0], "")
        payload = signed_payload(token, credentials.live_keys, ("HS256",))
        if not (payload and request.body):
            return False
        item = only_item(request)
        return bool(item) and item == only_item(replace(request, body=payload))

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        return request.with_headers({self.headers[0]: token_of(request.body, encode(key))})


def signed_payload(token: str, keys: Iterable[bytes], algorithms: tuple[str, ...]) -> bytes | None:
    """The payload of a token that one of the keys signed, by one of the algorithms."""
    head, _, signature = token.rpartition(".")
    protected, dot, payload = head.partition(".")
    algorithm = _algorithm_of(protected)
    if algorithm not in algorithms or not dot:
        return None
    if not matches_any(signature, [_mac(head, key, algorithm) for key in keys]):
        return None
    return _bytes_of(payload)


def token_of(payload: bytes, key: bytes, algorithm: str = "HS256") -> str:
    """A token with this payload."""
    header = json.dumps({"typ": "JWT", "alg": algorithm}, separators=(",", ":")).encode()
    head = f"{_text_of(header)}.{_text_of(payload)}"
    return f"{head}.{_mac(head, key, algorithm)}"


def _algorithm_of(protected: str) -> str:
    """That of a token's header; nothing if it is no header, or asks for what we do not know."""
    try:
        header = json.loads(_bytes_of(protected) or b"")
    except (ValueError, RecursionError):
        return ""
    is_known = isinstance(header, dict) and not header.keys() & {"crit", "b64"}
    return str(header.get("alg")) if is_known else ""


def _mac(head: str, key: bytes, algorithm: str) -> str:
    return _text_of(hmac.digest(key, encode(head), _DIGESTS[algorithm]))


def _text_of(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _bytes_of(text: str) -> bytes | None:
    try:
        return b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
