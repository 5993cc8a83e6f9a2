"""Telesign's signature of its callbacks."""

import hmac
from base64 import b64encode
from datetime import datetime

from dlr.wire.request import Request
from dlr.wire.schemes.parts import from_base64
from dlr.wire.verify import Credentials, Scheme, encode, matches_any

_OWN, _USUAL = "x-ts-authorization", "authorization"
_MARK = "TSA "


class Tsa(Scheme):
    """`TSA <customer id>:<base64 HMAC-SHA256 of the body>`; the key is base64.

    It stands in two headers: what a proxy did to `Authorization` does not matter. It does not cover
    the query: a request without a body is refused.
    """

    covers = "the body"
    key_name = "the API key"
    recipe = (
        "`X-TS-Authorization`: `TSA `, any customer id, `:` and the base64 HMAC-SHA256 of the body;"
        " the HMAC's key is the API key decoded from base64, or as it stands if it is no base64"
    )
    headers = (_OWN, _USUAL)

    def verify(self, request: Request, credentials: Credentials) -> bool:
        given = request.headers.get(_OWN) or request.headers.get(_USUAL, "")
        _, colon, mac = given.partition(":")
        macs = [_mac(key, request) for key in credentials.live_keys]
        return given.startswith(_MARK) and matches_any(mac, macs) and bool(colon and request.body)

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        signature = f"{_MARK}FFFFFFFF-EEEE-DDDD-1234-AB1234567890:{_mac(encode(key), request)}"
        return request.with_headers({_OWN: signature, _USUAL: signature})


def _mac(key: bytes, request: Request) -> str:
    """With the key decoded, or as it stands if it is no base64."""
    mac = hmac.digest(from_base64(key) or key, request.body, "sha256")
    return b64encode(mac).decode()
