"""A MAC of the public URL and the raw body, one after the other."""

import hmac
from collections.abc import Mapping
from datetime import datetime

from dlr.wire.request import Request
from dlr.wire.verify import Credentials, Scheme, encode, matches_any


class HmacUrlBody(Scheme):
    """Hex HMAC of the public URL and the body. `digests` names the digest of each header.

    A request without a body has its report in the query, which is a part of the URL.
    """

    covers = "the public URL and the body"
    covers_query = True

    def __init__(self, digests: Mapping[str, str], key_name: str) -> None:
        self.headers = tuple(digests)
        self.recipe = " or ".join(
            f"`{header}`: the hex HMAC-{digest.upper()} of the whole address with its query and, "
            "right behind it, of the body"
            for header, digest in digests.items()
        )
        self.key_name = key_name
        self._digests = digests

    def verify(self, request: Request, credentials: Credentials) -> bool:
        keys = list(credentials.live_keys)
        return any(
            matches_any(
                request.headers.get(header, ""), [_mac(key, request, digest) for key in keys]
            )
            for header, digest in self._digests.items()
        )

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        header = self.headers[0]
        return request.with_headers({header: _mac(encode(key), request, self._digests[header])})


def _mac(key: bytes, request: Request, digest: str) -> str:
    return hmac.digest(key, encode(request.url) + request.body, digest).hex()
