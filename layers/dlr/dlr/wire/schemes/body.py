"""A MAC of the body in a header."""

import hmac
from base64 import b64encode
from datetime import datetime
from typing import Literal

from dlr.wire.request import Request
from dlr.wire.verify import Credentials, Scheme, encode, matches_any


class HmacBody(Scheme):
    """HMAC of the raw body in a header, with or without a prefix.

    It does not cover the query: a request without a body is refused.
    """

    covers = "the body"

    def __init__(
        self,
        header: str,
        digest: str = "sha256",
        encoding: Literal["hex", "base64"] = "hex",
        prefix: str = "",
    ) -> None:
        self.key_name = f"the secret behind `{header}`"
        self.headers = (header.lower(),)
        self._digest = digest
        self._encoding = encoding
        self._prefix = prefix
        begin = f"`{prefix}` and " if prefix else ""
        self.recipe = f"`{header}`: {begin}the {encoding} HMAC-{digest.upper()} of the body"

    def verify(self, request: Request, credentials: Credentials) -> bool:
        given = request.headers.get(self.headers[0], "").removeprefix(self._prefix)
        given = given.lower() if self._encoding == "hex" else given
        macs = (self._mac(key, request) for key in credentials.live_keys)
        return matches_any(given, macs) and bool(request.body)

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        return request.with_headers(
            {self.headers[0]: self._prefix + self._mac(encode(key), request)}
        )

    def _mac(self, key: bytes, request: Request) -> str:
        mac = hmac.digest(key, request.body, self._digest)
        return mac.hex() if self._encoding == "hex" else b64encode(mac).decode()
