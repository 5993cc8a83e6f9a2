"""MessageBird's way: a token that holds the hash of the public URL and the hash of the body."""

import json
from datetime import datetime
from hashlib import sha256
from typing import Any

from dlr.wire.request import Request
from dlr.wire.schemes.jws import signed_payload, token_of
from dlr.wire.schemes.parts import seconds
from dlr.wire.verify import Credentials, Scheme, encode, matches_any

_HEADER = "messagebird-signature-jwt"
_ISSUER = "MessageBird"
_LIFE_S, _LEEWAY_S = 60, 1


class MessageBirdJwt(Scheme):
    """`MessageBird-Signature-JWT` (HS256, HS384, HS512), which lives for a minute.

    `url_hash` is of the URL with its parameters in the order in which they came; `payload_hash` is
    there if there is a body, and only then.
    https://github.com/messagebird/python-rest-api, messagebird/request_validator.py
    """

    covers = "the time, the public URL and the body"
    covers_query = True
    window_s = _LIFE_S + _LEEWAY_S
    recipe = (
        "`MessageBird-Signature-JWT`: a JWT by HS256 with `iss` (`MessageBird`), `nbf` and `exp` "
        "(a minute apart), `url_hash` (hex SHA-256 of the whole address with its query) and, if "
        "there is a body, `payload_hash` (hex SHA-256 of it)"
    )
    key_name = "the signing key of the account"
    headers = (_HEADER,)

    def verify(self, request: Request, credentials: Credentials) -> bool:
        token = request.headers.get(_HEADER, "")
        payload = signed_payload(token, credentials.live_keys, ("HS256", "HS384", "HS512"))
        claims = _claims_of(payload or b"")
        now = credentials.now.timestamp()
        is_live = (
            seconds(claims.get("nbf")) - _LEEWAY_S <= now < seconds(claims.get("exp")) + _LEEWAY_S
        )
        hashes = [claims.get("url_hash"), claims.get("payload_hash")]
        is_bound = all(
            matches_any(str(claimed), [of]) if of else not claimed
            for claimed, of in zip(hashes, _hashes_of(request), strict=True)
        )
        return is_live and is_bound and claims.get("iss") == _ISSUER

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        start = int(now.timestamp())
        url_hash, payload_hash = _hashes_of(request)
        claims = {"iss": _ISSUER, "nbf": start, "exp": start + _LIFE_S, "url_hash": url_hash}
        claims |= {"payload_hash": payload_hash} if payload_hash else {}
        return request.with_headers({_HEADER: token_of(json.dumps(claims).encode(), encode(key))})


def _claims_of(payload: bytes) -> dict[str, Any]:
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _hashes_of(request: Request) -> tuple[str, str]:
    """Of the URL and of the body; nothing for no body."""
    url = request.url.partition("?")[0] + (f"?{request.query}" if request.query else "")
    body = sha256(request.body).hexdigest() if request.body else ""
    return sha256(encode(url)).hexdigest(), body
