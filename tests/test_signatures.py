"""Our verifiers beside the vendors' own SDKs: what they sign we accept, what they refuse we refuse.

`pytest tests/test_signatures.py -s` prints the table. The SDKs are in the test environment only.
"""

import base64
import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import jwt
import pytest
from nacl.signing import SigningKey
from twilio.request_validator import RequestValidator
from vonage_http_client.auth import Auth
from vonage_jwt import VonageVerifyJwtError, verify_signature

from dlr.wire.request import Request
from dlr.wire.schemes.ed25519 import Ed25519Body
from dlr.wire.schemes.form import TwilioUrl
from dlr.wire.schemes.vonage import JwtWithBodyHash, VonageSig
from dlr.wire.verify import Credentials, Scheme

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)  # long ago: the SDKs know no later time
URL = "https://dlr.example.com/webhooks/acme/token"
KEY, OLD_KEY = (
    "the key that is live, of forty characters",
    "the key before it, also of forty letters",
)
FORM = [("MessageSid", "SM1"), ("To", "+12025550123"), ("Media", "b"), ("Media", "a"), ("Body", "")]
REPORT = {"msisdn": "447700900123", "messageId": "0A1", "status": "failed", "err-code": "3"}
BODY = json.dumps({"data": {"event_type": "message.sent", "payload": {"id": "1"}}}).encode()

Sign = Callable[[str], Request]
"""From a key to a request that the vendor could have sent."""


@dataclass(frozen=True)
class Vendor:
    """One vendor's way to sign: how its SDK judges a request with a key, and how we do."""

    name: str
    sign: Sign
    sdk: Callable[[Request, str], bool]
    ours: Scheme
    public: Callable[[str], str] = str
    """From a key to what the receiver holds: public keys differ."""


def twilio_form(algorithm: str | None = None) -> Sign:
    def sign(key: str) -> Request:
        form = urlencode(FORM).encode()
        headers = {"x-twilio-webhooks-signature-settings": f"algorithm={algorithm}"}
        request = Request("POST", headers=headers if algorithm else {}, body=form, url=URL)
        mac = RequestValidator(key).compute_signature(URL, Fields(request.body), algorithm)
        return with_header(request, "x-twilio-signature", mac)

    return sign


def twilio_json(key: str) -> Request:
    query = "bodySHA256=" + RequestValidator(key).compute_hash(BODY.decode())
    request = Request("POST", query=query, body=BODY, url=f"{URL}?{query}")
    mac = RequestValidator(key).compute_signature(request.url, {})
    return with_header(request, "x-twilio-signature", mac)


def judge_twilio(request: Request, key: str) -> bool:
    settings = request.headers.get("x-twilio-webhooks-signature-settings", "")
    is_json = request.body.startswith(b"{")
    return RequestValidator(key).validate(
        request.url,
        request.body.decode() if is_json else Fields(request.body),
        request.headers.get("x-twilio-signature", ""),
        settings.rpartition("=")[2] or None,
    )


class Fields(dict[str, list[str]]):
    """A form as the web frameworks give it to Twilio's SDK."""

    def __init__(self, body: bytes) -> None:
        super().__init__(parse_qs(body.decode(), keep_blank_values=True))

    def getall(self, name: str) -> list[str]:
        return self[name]


def vonage_sms(method: str) -> Sign:
    def sign(key: str) -> Request:
        fields: dict[str, Any] = {**REPORT, "timestamp": str(int(NOW.timestamp())), "nonce": "n&=1"}
        fields["sig"] = vonage_auth(key, method).sign_params(dict(fields))
        return Request("POST", body=urlencode(fields).encode(), url=URL)

    return sign


def judge_vonage_sms(method: str) -> Callable[[Request, str], bool]:
    def judge(request: Request, key: str) -> bool:
        fields = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        return vonage_auth(key, method).check_signature(fields)

    return judge


def vonage_auth(key: str, method: str) -> Auth:
    return Auth(api_key="k", api_secret="s", signature_secret=key, signature_method=method)


def vonage_message(key: str) -> Request:
    claims = {"iat": int(NOW.timestamp()), "payload_hash": hashlib.sha256(BODY).hexdigest()}
    token = jwt.encode(claims, key or "no library signs with an empty key", algorithm="HS256")
    return Request("POST", headers={"authorization": f"Bearer {token}"}, body=BODY, url=URL)


def judge_vonage_message(request: Request, key: str) -> bool:
    try:
        return verify_signature(request.headers.get("authorization", "")[7:], key)
    except VonageVerifyJwtError:
        return False


def telnyx_verification() -> Any:
    """The SDK's module by its file: what is around it takes two seconds to import."""
    package = find_spec("telnyx")
    assert package is not None
    (folder,) = package.submodule_search_locations or ()
    spec = spec_from_file_location("verification", Path(folder) / "lib/webhook_verification.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TELNYX = telnyx_verification()


def telnyx_key(key: str) -> SigningKey:
    return SigningKey(hashlib.sha256(key.encode()).digest())


def telnyx_public(key: str) -> str:
    return base64.b64encode(bytes(telnyx_key(key).verify_key)).decode() if key else ""


def telnyx_event(key: str) -> Request:
    stamp = str(int(NOW.timestamp()))
    signature = telnyx_key(key).sign(f"{stamp}|".encode() + BODY).signature
    headers = {"telnyx-timestamp": stamp}
    headers["telnyx-signature-ed25519"] = base64.b64encode(signature).decode()
    return Request("POST", headers=headers, body=BODY, url=URL)


def judge_telnyx(request: Request, key: str) -> bool:
    try:
        TELNYX.verify_webhook_signature(request.body, request.headers, key)
    except TELNYX.WebhookVerificationError:
        return False
    return True


VENDORS = [
    Vendor("Twilio form", twilio_form(), judge_twilio, TwilioUrl()),
    Vendor("Twilio form, shared key", twilio_form("HMAC_SHA256"), judge_twilio, TwilioUrl()),
    Vendor("Twilio JSON", twilio_json, judge_twilio, TwilioUrl()),
    *(
        Vendor(f"Vonage SMS, {method}", vonage_sms(method), judge_vonage_sms(method), VonageSig())
        for method in ("md5", "sha1", "sha256", "sha512")
    ),
    Vendor("Vonage Messages", vonage_message, judge_vonage_message, JwtWithBodyHash()),
    Vendor(
        "Telnyx",
        telnyx_event,
        judge_telnyx,
        Ed25519Body("telnyx-signature-ed25519", "telnyx-timestamp"),
        telnyx_public,
    ),
]
SIGNATURES = ("x-twilio-signature", "telnyx-signature-ed25519", "authorization")


def with_header(request: Request, name: str, value: str) -> Request:
    return replace(request, headers={**request.headers, name: value})


def with_body(request: Request) -> Request:
    body = request.body.replace(b"+1202", b"+1203").replace(b"%2B1202", b"%2B1203")
    body = body.replace(b"4477009001", b"4477009002").replace(b'"id": "1"', b'"id": "2"')
    assert body != request.body
    return replace(request, body=body)


def with_signature(request: Request, value: str) -> Request:
    """Another signature in its place, in a header or among the parameters."""
    if b"&sig=" in request.body:
        return replace(
            request, body=request.body.partition(b"&sig=")[0] + b"&sig=" + value.encode()
        )
    name = next(name for name in SIGNATURES if name in request.headers)
    return with_header(request, name, "Bearer " + value if name == "authorization" else value)


@dataclass(frozen=True)
class Row:
    """What is done to a signed request, and the keys that the receiver holds."""

    name: str
    change: Callable[[Request], Request] = lambda request: request
    keys: tuple[str, ...] = (KEY,)
    signed_with: str = KEY
    seconds_later: int = 0


ROWS = [
    Row("unaltered"),
    Row("altered body", with_body),
    Row("altered URL", lambda r: replace(r, url=r.url.replace("/acme/", "/other/"))),
    Row("URL with port", lambda r: replace(r, url=r.url.replace(".com/", ".com:443/"))),
    Row("almost stale", seconds_later=300),
    Row("stale", seconds_later=301),
    Row("from the future", seconds_later=-301),
    Row("wrong key", keys=(OLD_KEY,)),
    Row("no key", keys=()),
    Row("empty key", keys=("",)),
    Row("empty key, signed with it", keys=("",), signed_with=""),
    Row("empty signature", lambda r: with_signature(r, "")),
    Row("signature of other letters", lambda r: with_signature(r, "é" * 28)),
    Row("truncated signature", lambda r: with_signature(r, "MDEyMzQ1Njc4OTAxMjM0NTY3ODk=")),
    Row("old key during rotation", keys=(KEY, OLD_KEY), signed_with=OLD_KEY),
    Row("new key during rotation", keys=(KEY, OLD_KEY)),
    Row("old key after rotation", signed_with=OLD_KEY),
]

STRICTER = {
    # no vendor's SDK but Telnyx's looks at the time
    *(
        (f"Vonage SMS, {m}", row)
        for m in ("md5", "sha1", "sha256", "sha512")
        for row in ("stale", "from the future")
    ),
    *(("Vonage Messages", row) for row in ("stale", "from the future")),
    # nor binds Vonage's the body to the token
    ("Vonage Messages", "altered body"),
    # an empty secret is a secret to those who sign with it
    *(
        (scheme, "empty key, signed with it")
        for scheme in ("Twilio form", "Twilio form, shared key", "Twilio JSON")
    ),
    *(
        (f"Vonage SMS, {m}", "empty key, signed with it")
        for m in ("md5", "sha1", "sha256", "sha512")
    ),
}
"""Where the SDK accepts and we do not. Nowhere is it the other way round."""

VERDICTS: dict[tuple[str, str], tuple[bool, bool]] = {}


@pytest.fixture(scope="module", autouse=True)
def table() -> Iterator[None]:
    """Prints, after the tests, every verdict: ours / the SDK's."""
    yield
    names = [vendor.name for vendor in VENDORS]
    lines = [["ours / SDK's", *names]]
    for row in ROWS:
        verdicts = (VERDICTS.get((name, row.name)) for name in names)
        lines.append(
            [row.name, *(" / ".join("yes" if v else "no" for v in each or ()) for each in verdicts)]
        )
    widths = [max(map(len, column)) + 2 for column in zip(*lines, strict=True)]
    text = (
        "".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )
    sys.stdout.write("\n" + "\n".join(text) + "\n")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_we_agree_with_the_vendors_sdk_or_are_stricter(
    vendor: Vendor, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = NOW.timestamp() + row.seconds_later
    request = row.change(vendor.sign(row.signed_with))
    keys = tuple(map(vendor.public, row.keys))
    ours = vendor.ours.verify(request, Credentials((), datetime.fromtimestamp(now, UTC), keys))
    monkeypatch.setattr(time, "time", lambda: now)
    sdk = any(asked(vendor, request, key) for key in keys)
    VERDICTS[vendor.name, row.name] = ours, sdk
    assert (ours, sdk) == ((False, True) if (vendor.name, row.name) in STRICTER else (sdk, sdk))


def asked(vendor: Vendor, request: Request, key: str) -> bool:
    """The SDK's verdict. Letters outside ASCII make some SDKs raise: no acceptance either."""
    try:
        return vendor.sdk(request, key)
    except (TypeError, ValueError):
        return False


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_what_the_sdk_signs_we_accept(vendor: Vendor) -> None:
    credentials = Credentials((), NOW, (vendor.public(KEY),))
    assert vendor.ours.verify(vendor.sign(KEY), credentials)
