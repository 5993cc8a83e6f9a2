"""Vonage's two ways: `sig` among the parameters, and a JWT with the body's hash."""

import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from hashlib import md5, sha256
from typing import Any
from urllib.parse import urlencode

from dlr.wire.request import Request
from dlr.wire.schemes.parts import WINDOW_S, authorization_of, is_recent, only_item, seconds
from dlr.wire.verify import Credentials, Scheme, encode, matches_any

VONAGE_METHODS = ("md5hash", "md5", "sha1", "sha256", "sha512")
"""The settings of an account: a hash, which is Vonage's default, or one of four HMACs."""
_SEPARATORS = str.maketrans("&=", "__")
_NOT_BY_ITS_CLOCK: Any = {"verify_iat": False, "verify_nbf": False, "verify_exp": False}


class VonageSig(Scheme):
    """`sig` of the SMS API: a digest of the other parameters, by the account's method.

    Signed are the parameters that the parser reads: the body's or, without a body, the query's.
    A name with `&` or `=` could swallow its neighbours and is refused. The request does not name
    the method: a signing key that begins with one (`sha256:…`) accepts no other.
    https://developer.vonage.com/en/getting-started/concepts/signing-messages
    """

    covers = "the parameters (SMS API)"
    recipe = (
        "`sig` among the parameters: the hex HMAC, by the key's method, of `&name=value` of every "
        "other parameter, sorted by name, `&` and `=` in values replaced by `_`; `timestamp` (Unix "
        "seconds) must be one of them"
    )
    window_s = WINDOW_S
    key_name = "the account's signature secret"

    def verify(self, request: Request, credentials: Credentials) -> bool:
        parameters = only_item(request)
        if not all(isinstance(value, str) for value in parameters.values()):
            return False
        if any("&" in name or "=" in name for name in parameters):
            return False
        if not is_recent(parameters.get("timestamp"), credentials.now):
            return False
        given = parameters.pop("sig", "").lower()
        text = _vonage_text(parameters)
        digests = (
            _vonage_digest(method, secret, text)
            for pin, secret in _live_pinned(credentials)
            for method in ([pin] if pin else VONAGE_METHODS)
        )
        return matches_any(given, digests)

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        """Of the query, a form or a JSON object, by the key's method or HMAC-SHA256."""
        parameters = only_item(request) | {"timestamp": str(int(now.timestamp()))}
        pin, secret = _pinned(encode(key))
        digest = _vonage_digest(pin or "sha256", secret, _vonage_text(parameters))
        signed = parameters | {"sig": digest}
        if not request.body:
            query = urlencode(signed)
            url = f"{request.url.partition('?')[0]}?{query}"
            return replace(request, query=query, url=url)
        is_json = request.body.lstrip().startswith(b"{")
        body = json.dumps(signed) if is_json else urlencode(signed)
        return replace(request, body=body.encode())


class JwtWithBodyHash(Scheme):
    """`Authorization: Bearer` a JWT (HS256, no other) whose `payload_hash` is the body's SHA-256.

    It does not cover the query: a request without a body is refused.
    https://developer.vonage.com/en/getting-started/concepts/webhooks, signed webhooks
    """

    covers = "the body (Messages API)"
    recipe = (
        "`Authorization`: `Bearer ` and a JWT by HS256 with `iat` (Unix seconds) and "
        "`payload_hash`, the hex SHA-256 of the body"
    )
    window_s = WINDOW_S
    key_name = "the account's signature secret"
    headers = ("authorization",)

    def verify(self, request: Request, credentials: Credentials) -> bool:
        import jwt

        if not request.body:
            return False
        token, now = encode(authorization_of(request, "bearer")), credentials.now
        for _, key in _live_pinned(credentials):
            try:
                claims = jwt.decode(token, key, algorithms=["HS256"], options=_NOT_BY_ITS_CLOCK)
            except jwt.PyJWTError:
                continue
            body_hash = sha256(request.body).hexdigest()
            is_bound = matches_any(str(claims.get("payload_hash")).lower(), [body_hash])
            is_over = "exp" in claims and not seconds(claims["exp"]) > now.timestamp()
            return is_bound and is_recent(claims.get("iat"), now) and not is_over
        return False

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        import jwt

        _, secret = _pinned(encode(key))
        claims = {"iat": int(now.timestamp()), "payload_hash": sha256(request.body).hexdigest()}
        return request.with_headers(
            {"authorization": f"Bearer {jwt.encode(claims, secret, 'HS256')}"}
        )


def _vonage_text(parameters: dict[str, Any]) -> bytes:
    """`&name=value` of each parameter, sorted by name, separators in values replaced."""
    lines = (f"&{name}={parameters[name].translate(_SEPARATORS)}" for name in sorted(parameters))
    return encode("".join(lines))


def _pinned(key: bytes) -> tuple[str, bytes]:
    """The method that a signing key of Vonage's is bound to, if it names one, and its secret."""
    name, _, secret = key.partition(b":")
    method = name.decode(errors="replace")
    return (method, secret) if method in VONAGE_METHODS else ("", key)


def _live_pinned(credentials: Credentials) -> Iterator[tuple[str, bytes]]:
    return (pinned for pinned in map(_pinned, credentials.live_keys) if pinned[1])


def _vonage_digest(method: str, secret: bytes, text: bytes) -> str:
    if method == "md5hash":
        return md5(text + secret).hexdigest()  # noqa: S324
    return hmac.digest(secret, text, method).hex()
