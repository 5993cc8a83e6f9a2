"""Our verifiers beside the SDKs of Plivo, MessageBird, Bird and SignalWire; prints the table.

`make sdks` runs it, in an environment of its own. Twilio, Vonage and Telnyx are in
test_signatures.py. These SDKs verify only, so our `sign` signs: they must take it, and refuse what
we refuse, unless we are known to be stricter.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import jwt
from bird._exceptions import WebhookVerificationError
from bird.resources.webhooks import _verify_and_parse
from messagebird.error import ValidationError
from messagebird.request_validator import RequestValidator
from plivo.utils.signature_v3 import validate_v3_signature
from signalwire.core.security.webhook_validator import (
    validate_webhook_signature,
    validate_webhook_signature_sha256,
)

from dlr.wire.request import Request
from dlr.wire.schemes.messagebird import MessageBirdJwt
from dlr.wire.schemes.parts import form_of
from dlr.wire.schemes.plivo import PlivoV3
from dlr.wire.schemes.signalwire import SignalWire
from dlr.wire.schemes.standard import StandardWebhooks
from dlr.wire.schemes.url_body import HmacUrlBody
from dlr.wire.verify import Credentials, Scheme

URL = "https://dlr.example.com/webhooks/acme/token"
BARE = "YSBrZXkgb2YgdGhpcnR5LXR3byBieXRlcywgcGxlYXNlLi4="
KEY = f"whsec_{BARE}"
OTHER = "whsec_YW5vdGhlciBrZXkgb2YgdGhpcnR5LXR3byBieXRlcywgdG8="
FORM = Request("POST", body=b"MessageUUID=m-1&Status=failed&To=447700900123", url=URL)
EVENT = b'{"type": "sms.later", "timestamp": "2026-11-22T12:00:00Z", "data": {"sms_id": "m-1"}}'
JSON = Request("POST", body=EVENT, url=URL)


def plivo(request: Request, key: str) -> bool:
    given = request.headers.get("x-plivo-signature-v3", "")
    nonce = request.headers.get("x-plivo-signature-v3-nonce", "")
    form = dict(form_of(request.body.decode()) or ())
    judge = validate_v3_signature
    return bool(judge(request.method, request.url, nonce, key, given, form))


def messagebird(request: Request, key: str) -> bool:
    token = request.headers.get("messagebird-signature-jwt", "")
    return bool(RequestValidator(key).validate_signature(token, request.url, request.body))


def bird(request: Request, key: str) -> bool:
    return bool(_verify_and_parse(request.body, request.headers, key, 300))


def signalwire(request: Request, key: str) -> bool:
    given = request.headers.get("x-signalwire-signature", "")
    return bool(validate_webhook_signature(key, given, request.url, request.body.decode()))


def signalwire_sha256(request: Request, key: str) -> bool:
    given = request.headers.get(_SHA256, "")
    body = request.body.decode()
    return bool(validate_webhook_signature_sha256(key, given, request.url, body))


_SHA256 = "x-signalwire-sha256-signature"
Judge = Callable[[Request, str], bool]


class Vendor(NamedTuple):
    """One way of a vendor to sign: what signs, what verifies, and how its SDK judges."""

    name: str
    signs: Scheme
    ours: Scheme
    sdk: Judge
    request: Request
    key: str = KEY


_JSON_SHA1 = HmacUrlBody({"x-signalwire-signature": "sha1"}, "")
_JSON_SHA256 = HmacUrlBody({_SHA256: "sha256"}, "")
VENDORS = [
    Vendor("Plivo V3", PlivoV3(), PlivoV3(), plivo, FORM),
    Vendor("MessageBird", MessageBirdJwt(), MessageBirdJwt(), messagebird, JSON),
    Vendor("Bird whsec_", StandardWebhooks(), StandardWebhooks(), bird, JSON),
    Vendor("Bird bare key", StandardWebhooks(), StandardWebhooks(), bird, JSON, BARE),
    Vendor("SignalWire form", SignalWire(), SignalWire(), signalwire, FORM),
    Vendor("SignalWire JSON", _JSON_SHA1, SignalWire(), signalwire, JSON),
    Vendor("its SHA-256", _JSON_SHA256, SignalWire(), signalwire_sha256, JSON),
]
CASES: dict[str, tuple[Callable[[Request], Request], str | None, int]] = {
    "unaltered": (lambda r: r, None, 0),
    "altered body": (lambda r: replace(r, body=r.body.replace(b"m-1", b"m-2")), None, 0),
    "altered URL": (lambda r: replace(r, url=r.url.replace("acme", "other")), None, 0),
    "no signature": (lambda r: replace(r, headers={}), None, 0),
    "other key": (lambda r: r, OTHER, 0),
    "empty key": (lambda r: r, "", 0),
    "stale": (lambda r: r, None, 3600),
    "from the future": (lambda r: r, None, -3600),
}
"""By name: what is done to the signed request, another key to judge it with, and how old it is in
seconds."""


def asked(judge: Judge, request: Request, key: str) -> bool:
    """The SDK's verdict; what it raises is a refusal."""
    try:
        return judge(request, key)
    except (ValidationError, WebhookVerificationError, jwt.PyJWTError, ValueError):
        return False


def main() -> int:
    """0 where we agree with every SDK."""
    now = datetime.fromtimestamp(int(time.time()), UTC)
    wrong = 0
    sys.stdout.write(f"{'ours / the SDK':<17}" + "".join(f"{v.name:<17}" for v in VENDORS) + "\n")
    for name, (change, other, late_s) in CASES.items():
        verdicts = []
        for vendor in VENDORS:
            key = vendor.key if other is None else other
            signed = vendor.signs.sign(vendor.request, vendor.key, now - timedelta(seconds=late_s))
            sent = change(signed)
            ours = vendor.ours.verify(sent, Credentials((), now, (key,)))
            sdk = asked(vendor.sdk, sent, key)
            wrong += ours != sdk or (name == "unaltered" and not ours)
            verdicts.append(f"{'yes' if ours else 'no'} / {'yes' if sdk else 'no'}")
        sys.stdout.write(f"{name:<17}" + "".join(f"{each:<17}" for each in verdicts) + "\n")
    cells = len(CASES) * len(VENDORS)
    sys.stdout.write(f"{cells - wrong} of {cells} verdicts are the same\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
