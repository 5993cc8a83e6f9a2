"""Sinch's way: a MAC of the body, a nonce and the time."""

import hmac
from base64 import b64encode
from datetime import datetime

from dlr.wire.request import Request
from dlr.wire.schemes.parts import is_recent
from dlr.wire.verify import Credentials, Scheme, encode, matches_any

_SIGNATURE = "x-sinch-webhook-signature"
_NONCE, _TIME, _ALGORITHM = (f"{_SIGNATURE}-{part}" for part in ("nonce", "timestamp", "algorithm"))
_DIGESTS = {"hmacsha256": "sha256", "hmacsha384": "sha384", "hmacsha512": "sha512"}
_RETRIES_S = 2 * 24 * 3600


class SinchHmac(Scheme):
    """`x-sinch-webhook-signature`: base64 HMAC of `body.nonce.timestamp`, all three as they came.

    Sinch tries again for 46 hours and does not say whether it signs anew, and it gives up after a
    401: the signed time may be two days old. It does not cover the query: a request without a body
    is refused.
    https://github.com/sinch/sinch-sdk-python, authentication_validation.py
    """

    covers = "the body, a nonce and the time"
    window_s = _RETRIES_S
    recipe = (
        "`x-sinch-webhook-signature`: the base64 HMAC-SHA256 of the body, `.`, the nonce, `.` and "
        "the time in Unix seconds, which are the headers `…-nonce` and `…-timestamp`"
    )
    key_name = "the secret of the service plan's webhooks"
    headers = (_SIGNATURE, _NONCE, _TIME, _ALGORITHM)

    def verify(self, request: Request, credentials: Credentials) -> bool:
        digest = _DIGESTS.get(request.headers.get(_ALGORITHM, "HmacSHA256").lower())
        time = request.headers.get(_TIME, "")
        if not (request.body and digest and is_recent(time, credentials.now, self.window_s)):
            return False
        macs = [_mac(key, request, digest) for key in credentials.live_keys]
        return matches_any(request.headers.get(_SIGNATURE, ""), macs)

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        stamp = str(int(now.timestamp()))
        stamped = request.with_headers({_NONCE: f"nonce{stamp}", _TIME: stamp})
        signature = _mac(encode(key), stamped, "sha256")
        return stamped.with_headers({_SIGNATURE: signature, _ALGORITHM: "HmacSHA256"})


def _mac(key: bytes, request: Request, digest: str) -> str:
    nonce, time = request.headers.get(_NONCE, ""), request.headers.get(_TIME, "")
    text = request.body + encode(f".{nonce}.{time}")
    return b64encode(hmac.digest(key, text, digest)).decode()
