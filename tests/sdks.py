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

import jwt
from bird._exceptions import WebhookVerificationError
from bird.resources.webhooks import _verify_and_parse
from messagebird.error import ValidationError
from messagebird.request_validator import RequestValidator
from plivo.utils.signature_v3 import validate_v3_signature
from signalwire.core.security.webhook_validator import validate_webhook_signature

from dlr.wire.request import Request
from dlr.wire.schemes.messagebird import MessageBirdJwt
from dlr.wire.schemes.parts import form_of
from dlr.wire.schemes.plivo import PlivoV3
from dlr.wire.schemes.signalwire import SignalWire
from dlr.wire.schemes.standard import StandardWebhooks
from dlr.wire.verify import Credentials, Scheme

URL = "https://dlr.example.com/webhooks/acme/token"
KEY = "whsec_YSBrZXkgb2YgdGhpcnR5LXR3byBieXRlcywgcGxlYXNlLi4="
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


Judge = Callable[[Request, str], bool]
VENDORS: list[tuple[str, Scheme, Judge, Request]] = [
    ("Plivo V3", PlivoV3(), plivo, FORM),
    ("MessageBird JWT", MessageBirdJwt(), messagebird, JSON),
    ("Bird", StandardWebhooks(), bird, JSON),
    ("SignalWire form", SignalWire(), signalwire, FORM),
]
CASES: dict[str, tuple[Callable[[Request], Request], str, int]] = {
    "unaltered": (lambda r: r, KEY, 0),
    "altered body": (lambda r: replace(r, body=r.body.replace(b"m-1", b"m-2")), KEY, 0),
    "altered URL": (lambda r: replace(r, url=r.url.replace("acme", "other")), KEY, 0),
    "no signature": (lambda r: replace(r, headers={}), KEY, 0),
    "other key": (lambda r: r, OTHER, 0),
    "empty key": (lambda r: r, "", 0),
    "stale": (lambda r: r, KEY, 3600),
    "from the future": (lambda r: r, KEY, -3600),
}


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
    sys.stdout.write(f"{'ours / the SDK':<18}" + "".join(f"{v[0]:<18}" for v in VENDORS) + "\n")
    for name, (change, key, late_s) in CASES.items():
        verdicts = []
        for _, scheme, judge, request in VENDORS:
            sent = change(scheme.sign(request, KEY, now - timedelta(seconds=late_s)))
            ours = scheme.verify(sent, Credentials((), now, (key,)))
            sdk = asked(judge, sent, key)
            wrong += ours != sdk
            wrong += (name == "unaltered") and not ours
            verdicts.append(f"{'yes' if ours else 'no'} / {'yes' if sdk else 'no'}")
        sys.stdout.write(f"{name:<18}" + "".join(f"{each:<18}" for each in verdicts) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
