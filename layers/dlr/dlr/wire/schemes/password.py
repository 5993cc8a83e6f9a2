"""A password, or a token, that travels with the request."""

from base64 import b64encode
from datetime import datetime

from dlr.wire.request import Request
from dlr.wire.schemes.parts import authorization_of, from_base64
from dlr.wire.verify import Credentials, Scheme, encode, matches_any


class Basic(Scheme):
    """HTTP basic authentication; a signing key is `user:password`."""

    covers = "nothing: the password travels with the request"
    covers_body = False
    covers_query = True  # as much as anything: who knows the password wrote the whole request
    recipe = "`Authorization`: `Basic ` and the key in base64 (`curl -u`)"
    key_name = "`user:password`"
    headers = ("authorization",)

    def verify(self, request: Request, credentials: Credentials) -> bool:
        given = from_base64(authorization_of(request, "basic"))
        return matches_any(given.decode(errors="replace"), credentials.signing_keys)

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        return request.with_headers({"authorization": f"Basic {b64encode(encode(key)).decode()}"})


class Bearer(Scheme):
    """A token in `Authorization: Bearer`."""

    covers = Basic.covers
    covers_body = False
    covers_query = True  # as with Basic
    recipe = "`Authorization`: `Bearer ` and the key"
    key_name = "the bearer token"
    headers = ("authorization",)

    def verify(self, request: Request, credentials: Credentials) -> bool:
        return matches_any(authorization_of(request, "bearer"), credentials.signing_keys)

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        return request.with_headers({"authorization": f"Bearer {key}"})
