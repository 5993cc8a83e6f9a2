"""seven's way: a MAC of the time, a nonce, the method, the address and a hash of the body."""

import hmac
from datetime import datetime
from hashlib import md5

from dlr.wire.request import Request
from dlr.wire.schemes.parts import WINDOW_S, is_recent
from dlr.wire.verify import Credentials, Scheme, encode, matches_any

_SIGNATURE, _TIME, _NONCE = "x-signature", "x-timestamp", "x-nonce"


class SevenHmac(Scheme):
    """`X-Signature`: hex HMAC-SHA256 of five lines: time, nonce, method, address, MD5 of the body.

    The vendor's code takes the whole address in one place and its path with the query in another:
    either is accepted, and each binds the query.
    https://github.com/seven-io/js-client, src/lib/WebhookVerifier.ts, tests/webhookVerifier.spec.ts
    """

    covers = "the time, a nonce, the public URL and the body"
    covers_query = True
    window_s = WINDOW_S
    recipe = (
        "`X-Signature`: the hex HMAC-SHA256 of five lines with a line feed between them: "
        "`X-Timestamp` (Unix seconds), `X-Nonce` (any text), the method, the whole address with "
        "its query, and the hex MD5 of the body"
    )
    key_name = "the signing key of the API key"
    headers = (_SIGNATURE, _TIME, _NONCE)

    def verify(self, request: Request, credentials: Credentials) -> bool:
        time, nonce = (request.headers.get(name, "") for name in (_TIME, _NONCE))
        if not (nonce and is_recent(time, credentials.now)):
            return False
        texts = [_text_of(request, url) for url in _addresses_of(request)]
        macs = [_mac(key, text) for key in credentials.live_keys for text in texts]
        return matches_any(request.headers.get(_SIGNATURE, "").lower(), macs)

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        stamp = str(int(now.timestamp()))
        stamped = request.with_headers({_TIME: stamp, _NONCE: f"{stamp:0>32}"})
        url, _ = _addresses_of(request)
        return stamped.with_headers({_SIGNATURE: _mac(encode(key), _text_of(stamped, url))})


def _addresses_of(request: Request) -> tuple[str, str]:
    """The whole one, and its path with the query."""
    query = f"?{request.query}" if request.query else ""
    url = request.url.partition("?")[0]
    path = url.partition("://")[2].partition("/")[2]
    return url + query, f"/{path}{query}"


def _text_of(request: Request, url: str) -> bytes:
    time, nonce = (request.headers.get(name, "") for name in (_TIME, _NONCE))
    body = md5(request.body).hexdigest()  # noqa: S324
    return encode("\n".join((time, nonce, request.method, url, body)))


def _mac(key: bytes, text: bytes) -> str:
    return hmac.digest(key, text, "sha256").hex()
