"""A signature with the provider's private key."""

from base64 import b64encode
from datetime import datetime
from hashlib import sha256
from typing import Any

from dlr.wire.request import Request
from dlr.wire.schemes.parts import WINDOW_S, from_base64, is_recent
from dlr.wire.verify import Credentials, Scheme, encode


class Ed25519Body(Scheme):
    """Ed25519 over `timestamp|body`. Both are headers; signature and keys are base64.

    The signing key of the secret is the provider's public key. It does not cover the query: a
    request without a body is refused.
    """

    covers = "the time and the body"
    window_s = WINDOW_S
    key_name = "the account's public key, base64"

    def __init__(self, signature: str, timestamp: str) -> None:
        self._signature, self._timestamp = signature.lower(), timestamp.lower()
        self.headers = (self._signature, self._timestamp)
        self.recipe = (
            f"`{signature}`: the base64 Ed25519 signature of the time, `|` and the body, with the "
            f"private key that belongs to the signing key; `{timestamp}`: the time in Unix seconds"
        )

    def verify(self, request: Request, credentials: Credentials) -> bool:
        from nacl.exceptions import BadSignatureError
        from nacl.signing import VerifyKey

        time = request.headers.get(self._timestamp, "")
        if not request.body or not is_recent(time, credentials.now):
            return False
        given = from_base64(request.headers.get(self._signature, ""))
        for key in credentials.live_keys:
            try:
                VerifyKey(from_base64(key)).verify(encode(time) + b"|" + request.body, given)
            except (BadSignatureError, ValueError):
                continue
            return True
        return False

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        """`key` may be any text: the private key is made of it."""
        stamp = str(int(now.timestamp()))
        proof = _private_key(key).sign(stamp.encode() + b"|" + request.body).signature
        signed = {self._timestamp: stamp, self._signature: b64encode(proof).decode()}
        return request.with_headers(signed)

    def verifying_key(self, key: str) -> str:
        return b64encode(bytes(_private_key(key).verify_key)).decode()


def _private_key(text: str) -> Any:
    from nacl.signing import SigningKey

    return SigningKey(sha256(encode(text)).digest())
