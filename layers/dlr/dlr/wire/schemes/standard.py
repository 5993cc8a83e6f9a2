"""Standard Webhooks: a MAC of an id, the time and the body. https://www.standardwebhooks.com"""

import hmac
from base64 import b64encode
from datetime import datetime

from dlr.wire.request import Request
from dlr.wire.schemes.parts import WINDOW_S, from_base64, is_recent
from dlr.wire.verify import Credentials, Scheme, encode, matches_any

_ID, _TIME, _SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
_MARK = "whsec_"
_MAX_SIGNATURES = 20


class StandardWebhooks(Scheme):
    """`webhook-signature`: base64 HMAC-SHA256 of `id.timestamp.body` behind `v1,`.

    Several stand in the header during a rotation, separated by spaces; other versions do not count.
    The key is base64, behind `whsec_` or without it. It does not cover the query: a request without
    a body is refused.
    """

    covers = "an id, the time and the body"
    window_s = WINDOW_S
    recipe = (
        "`webhook-signature`: `v1,` and the base64 HMAC-SHA256 of `webhook-id`, `.`, "
        "`webhook-timestamp` (Unix seconds), `.` and the body; the HMAC's key is the secret behind "
        "`whsec_`, decoded from base64"
    )
    key_name = "the secret of the webhook, `whsec_…`"
    headers = (_ID, _TIME, _SIGNATURE)

    def verify(self, request: Request, credentials: Credentials) -> bool:
        if not request.body or not is_recent(request.headers.get(_TIME), credentials.now):
            return False
        secrets = filter(None, map(_secret_of, credentials.live_keys))
        macs = [_mac(secret, request) for secret in secrets]
        given = request.headers.get(_SIGNATURE, "").split(" ")[:_MAX_SIGNATURES]
        return any(matches_any(each, macs) for each in given)

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        stamp = str(int(now.timestamp()))
        stamped = request.with_headers({_ID: f"msg_{stamp}", _TIME: stamp})
        return stamped.with_headers({_SIGNATURE: _mac(_secret_of(encode(key)), stamped)})


def _secret_of(key: bytes) -> bytes:
    """The secret itself: decoded, or as it stands if it is neither marked as base64 nor base64."""
    mark = _MARK.encode()
    return from_base64(key.removeprefix(mark)) if key.startswith(mark) else from_base64(key) or key


def _mac(secret: bytes, request: Request) -> str:
    head = f"{request.headers.get(_ID, '')}.{request.headers.get(_TIME, '')}."
    mac = hmac.digest(secret, encode(head) + request.body, "sha256")
    return f"v1,{b64encode(mac).decode()}"
