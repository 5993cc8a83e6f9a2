"""Signs for the local system what a recorded request had signed for another address and time.

Only the providers whose signature is always required; the others get in by their token.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from urllib.parse import parse_qsl

from nacl.signing import SigningKey

TWILIO_KEY = "public test auth token of twilio"
TELNYX_KEY = SigningKey(hashlib.sha256(b"public test key of telnyx").digest())
SIGNING_KEYS = {
    "twilio": TWILIO_KEY,
    "telnyx": base64.b64encode(bytes(TELNYX_KEY.verify_key)).decode(),
}
"""What the receiving side holds, by provider."""


def signature(provider: str, url: str, body: bytes) -> Mapping[str, str]:
    """The headers that the provider would add to this request now."""
    if provider == "twilio":
        form = set(parse_qsl(body.decode(), keep_blank_values=True))
        signed = url + "".join(name + value for name, value in sorted(form))
        mac = hmac.digest(TWILIO_KEY.encode(), signed.encode(), "sha1")
        return {"x-twilio-signature": base64.b64encode(mac).decode()}
    if provider == "telnyx":
        stamp = str(int(time.time()))
        proof = TELNYX_KEY.sign(f"{stamp}|".encode() + body).signature
        return {
            "telnyx-timestamp": stamp,
            "telnyx-signature-ed25519": base64.b64encode(proof).decode(),
        }
    return {}
