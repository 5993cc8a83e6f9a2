"""Who is let in. What the providers' own SDKs say is in test_signatures.py."""

import json
import re
import subprocess
import sys
from base64 import b64encode
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import digest
from typing import Any, get_args

import jwt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dlr.providers.base import Provider, load_provider, provider_names
from dlr.wire.decode import MAX_FORM_CHARACTERS
from dlr.wire.request import Request
from dlr.wire.schemes.any_of import AnyOf
from dlr.wire.schemes.body import HmacBody
from dlr.wire.schemes.ed25519 import Ed25519Body
from dlr.wire.schemes.form import TwilioUrl
from dlr.wire.schemes.jws import JwtHoldsBody
from dlr.wire.schemes.messagebird import MessageBirdJwt
from dlr.wire.schemes.password import Basic, Bearer
from dlr.wire.schemes.plivo import PlivoV3
from dlr.wire.schemes.seven import SevenHmac
from dlr.wire.schemes.signalwire import SignalWire
from dlr.wire.schemes.sinch import SinchHmac
from dlr.wire.schemes.standard import StandardWebhooks
from dlr.wire.schemes.vonage import VONAGE_METHODS, JwtWithBodyHash, VonageSig
from dlr.wire.verify import Credentials, Scheme, matches_any, token_in_path
from local.http_event import http_event
from local.recordings import NOW, Recording, recordings
from local.sample import Stage, Step, sample
from tests.support.cases import ROOT, each_of
from tests.support.reading import is_read_alike
from tests.support.sns import MadeUpTopic, provider_that_signs

SCHEMES: list[Scheme] = [
    Basic(),
    HmacBody("X-Sig"),
    TwilioUrl(),
    VonageSig(),
    JwtWithBodyHash(),
    Ed25519Body("telnyx-signature-ed25519", "telnyx-timestamp"),
    AnyOf(JwtWithBodyHash(), VonageSig()),
    PlivoV3(),
    SignalWire(),
    SinchHmac(),
    JwtHoldsBody("X-Sig", "the token"),
    StandardWebhooks(),
    MessageBirdJwt(),
    SevenHmac(),
    Bearer(),
    MadeUpTopic(),
]
BY_BODY = HmacBody | JwtWithBodyHash | Ed25519Body | SinchHmac | JwtHoldsBody | StandardWebhooks
EVERY_SCHEME = pytest.mark.parametrize("scheme", SCHEMES, ids=lambda each: type(each).__name__)
KEY = "a key of at least thirty-two bytes, please"

SIGNED = [case for case in recordings() if case.credentials.signing_keys]
PROVIDERS = [provider_that_signs(name) for name in provider_names()]
SIGNING = {provider.name: provider.signing for provider in PROVIDERS if provider.signing}
ALWAYS_SIGNED = {provider.name for provider in PROVIDERS if provider.needs_signature}
WINDOWS = {name: scheme.window_s for name, scheme in SIGNING.items()}
BINDING = {name for name, scheme in SIGNING.items() if scheme.covers_body}
EVERY_SIGNED = each_of(SIGNED)
BOUND = [case for case in SIGNED if case.provider in BINDING]
EVERY_BOUND = each_of(BOUND)
SIGNATURES = {name for scheme in SIGNING.values() for name in scheme.headers}


def let_in(case: Recording, request: Request | None = None, **credentials: Any) -> bool:
    verify = load_provider(case.provider).verify
    return verify(request or case.request, replace(case.credentials, **credentials))


def unsigned(request: Request) -> Request:
    """The request without whatever signs it."""
    kept = {name: value for name, value in request.headers.items() if name not in SIGNATURES}
    query = re.sub(r"&sig=\w+", "", request.query)
    body = re.sub(rb'&sig=\w+|,\s*"(?:sig|Signature)"\s*:\s*"[^"]+"', b"", request.body)
    return replace(request, headers=kept, query=query, body=body)


def test_every_provider_that_signs_is_held_to_the_laws() -> None:
    assert {case.provider for case in SIGNED} == SIGNING.keys()


@EVERY_BOUND
def test_an_altered_report_is_refused(case: Recording) -> None:
    """One digit, anywhere in what is read: the body or, without one, the query."""
    request = case.request
    text = request.body.decode() or request.query
    places = [match.start() for match in re.finditer(r"\d", text)][::7]
    assert places
    for place in places:
        other = f"{text[:place]}{(int(text[place]) + 1) % 10}{text[place + 1 :]}"
        altered = replace(
            request, **({"body": other.encode()} if request.body else {"query": other})
        )
        if let_in(case, altered):  # SNS leaves out how to unsubscribe
            assert is_read_alike(case.provider, request, altered), place


@EVERY_SIGNED
def test_a_report_without_a_signature_is_refused(case: Recording) -> None:
    assert not let_in(case, unsigned(case.request))


@EVERY_SIGNED
@pytest.mark.parametrize("keys", [("",), ("another key, long enough for every scheme",)])
def test_a_wrong_or_empty_key_refuses(case: Recording, keys: tuple[str, ...]) -> None:
    assert not let_in(case, signing_keys=keys)


@EVERY_SIGNED
def test_no_key_refuses_unless_the_provider_leaves_signing_to_the_team(case: Recording) -> None:
    assert let_in(case, signing_keys=()) is (case.provider not in ALWAYS_SIGNED)


@EVERY_SIGNED
def test_the_token_counts_all_the_same(case: Recording) -> None:
    assert not let_in(case, tokens=("another",))
    assert not let_in(case, tokens=())


@EVERY_SIGNED
def test_old_and_new_key_are_both_live_during_a_rotation(case: Recording) -> None:
    (key,) = case.credentials.signing_keys
    assert let_in(case, signing_keys=("another key, long enough for every scheme", key))
    assert let_in(case, signing_keys=(key, "another key, long enough for every scheme"))


@EVERY_SIGNED
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_stale_report_and_one_from_the_future_are_refused(case: Recording, sign: int) -> None:
    window_s = WINDOWS[case.provider]
    now = case.credentials.now + sign * timedelta(seconds=(window_s or 0) + 60)
    assert let_in(case, now=now) is (window_s is None)


@pytest.mark.parametrize("case", [c for c in SIGNED if c.provider == "twilio"], ids=lambda c: c.id)
@pytest.mark.parametrize(
    ("old", "new"),
    [("dlr.example.com", "evil.example.com"), ("https:", "http:"), ("/token", "/token?to=1")],
)
def test_twilio_signs_the_address(case: Recording, old: str, new: str) -> None:
    assert not let_in(case, replace(case.request, url=case.request.url.replace(old, new)))


@pytest.mark.parametrize(
    ("given", "live", "is_in"),
    [
        ("right", ("right",), True),
        ("old", ("new", "old"), True),
        ("wrong", ("right",), False),
        ("righ", ("right",), False),
        ("", ("right",), False),
        ("", ("",), False),
        ("", (), False),
        ("é", ("right", "é"), True),
        ("\ud800", ("right",), False),
    ],
)
def test_only_a_live_token_opens(given: str, live: tuple[str, ...], is_in: bool) -> None:
    assert matches_any(given, live) is is_in
    assert token_in_path(Request("POST", token=given), Credentials(live, NOW)) is is_in


def test_credentials_and_requests_do_not_show_their_secrets() -> None:
    assert "hush" not in repr(Credentials(("hush",), NOW, ("hush",)))
    headers = {"authorization": "hush"}
    event = http_event("POST", "/webhooks/hush", query="hush", headers=headers, body=b"hush")
    assert "hush" not in repr(Request.from_api_gateway(event))


class Fixed(Scheme):
    """A scheme with one answer."""

    covers = key_name = recipe = ""

    def __init__(self, answer: bool) -> None:
        self._answer = answer

    def verify(self, request: Request, credentials: Credentials) -> bool:
        return self._answer


YES, NO = Fixed(True), Fixed(False)


@pytest.mark.parametrize(
    ("signing", "needs_signature", "keys", "is_in"),
    [
        (None, False, (), True),
        (None, False, ("key",), True),
        (NO, False, (), True),
        (NO, False, ("key",), False),
        (NO, False, ("",), False),
        (NO, True, (), False),
        (YES, False, ("key",), True),
        (YES, True, ("key",), True),
        (AnyOf(NO, YES), True, ("key",), True),
        (AnyOf(NO, NO), True, ("key",), False),
    ],
)
def test_a_signature_counts_once_it_is_needed_or_a_key_is_configured(
    signing: Scheme | None, needs_signature: bool, keys: tuple[str, ...], is_in: bool
) -> None:
    provider = replace(PROVIDERS[0], signing=signing, needs_signature=needs_signature)
    right, wrong = Request("POST", token="token"), Request("POST", token="other")
    assert provider.verify(right, Credentials(("token",), NOW, keys)) is is_in
    assert not provider.verify(wrong, Credentials(("token",), NOW, keys))


def signed_sample(provider: Provider, stage: Stage) -> Request:
    """A request as the provider would send and sign it."""
    assert provider.signing
    made = sample(provider.name, Step("m-1", "447700900123", stage, NOW))
    url = f"https://dlr.example.com/webhooks/{provider.name}/token"
    url += f"?{made.query}" if made.query else ""
    return provider.signing.sign(replace(made, url=url, token="token"), KEY, NOW)


@pytest.mark.parametrize("stage", get_args(Stage))
@pytest.mark.parametrize(
    "provider", [each for each in PROVIDERS if each.signing], ids=lambda each: each.name
)
def test_a_signed_sample_is_let_in_and_an_altered_one_refused(
    provider: Provider, stage: Stage
) -> None:
    assert provider.signing
    request = signed_sample(provider, stage)
    keys = (provider.signing.verifying_key(KEY),)
    assert provider.verify(request, Credentials(("token",), NOW, keys))
    assert not provider.verify(unsigned(request), Credentials(("token",), NOW, keys))
    query = request.query.replace("447700900123", "447700900124")
    body = request.body.replace(b"447700900123", b"447700900124")
    altered = replace(request, query=query, body=body)
    assert altered != request
    lets_in = provider.verify(altered, Credentials(("token",), NOW, keys))
    assert lets_in is not provider.signing.covers_body


SHAPES = {
    "query": Request("GET", query="id=1&to=447700900123", url="https://dlr.example.com/x?id=1"),
    "form": Request("POST", body=b"id=1&to=447700900123", url="https://dlr.example.com/x"),
    "JSON": Request(
        "POST", body=b'{"id": "1", "to": "447700900123"}', url="https://dlr.example.com/x"
    ),
}


@EVERY_SCHEME
@pytest.mark.parametrize("shape", SHAPES)
def test_a_scheme_lets_in_what_it_signs_and_with_its_key_only(scheme: Scheme, shape: str) -> None:
    signed = scheme.sign(SHAPES[shape], KEY, NOW)
    is_in = shape != "query" or not isinstance(scheme, BY_BODY)
    assert signed != SHAPES[shape]
    assert scheme.verify(signed, Credentials((), NOW, (scheme.verifying_key(KEY),))) is is_in
    other = scheme.verifying_key("another key, long enough for every scheme")
    assert not scheme.verify(signed, Credentials((), NOW, (other,)))


@pytest.mark.parametrize(
    ("authorization", "is_in"),
    [
        (b"Basic " + b64encode(b"user:pass:word"), True),
        (b"basic " + b64encode(b"user:old"), True),
        (b"Basic " + b64encode(b"user:"), False),
        (b"Basic user:old", False),
        (b"Basic", False),
        (b"Bearer " + b64encode(b"user:old"), False),
    ],
)
def test_basic_takes_any_live_pair(authorization: bytes, is_in: bool) -> None:
    request = Request("POST", headers={"authorization": authorization.decode()})
    assert Basic().verify(request, Credentials((), NOW, ("user:pass:word", "user:old"))) is is_in


@pytest.mark.parametrize(
    ("authorization", "is_in"),
    [
        ("Bearer user:old", True),
        ("bearer new", True),
        ("Bearer", False),
        ("Bearer ", False),
        ("Bearer other", False),
        ("Basic new", False),
        ("Tokens new", False),
        ("new", False),
        ("", False),
    ],
)
def test_bearer_takes_any_live_token(authorization: str, is_in: bool) -> None:
    request = Request("POST", headers={"authorization": authorization})
    assert Bearer().verify(request, Credentials((), NOW, ("new", "user:old", ""))) is is_in


@pytest.mark.parametrize("given", ["hex", "HEX", "sha256=hex"])
def test_a_hex_mac_may_be_in_capitals_and_have_its_prefix(given: str) -> None:
    mac = digest(KEY.encode(), b"body", "sha256").hex()
    value = given.replace("hex", mac).replace("HEX", mac.upper())
    request = Request("POST", body=b"body", headers={"x-sig": value})
    assert HmacBody("X-Sig", prefix="sha256=").verify(request, Credentials((), NOW, (KEY,)))


def test_a_mac_may_be_base64_and_of_another_digest() -> None:
    mac = b64encode(digest(KEY.encode(), b"body", "sha512")).decode()
    request = Request("POST", body=b"body", headers={"x-sig": mac})
    verify = HmacBody("X-Sig", digest="sha512", encoding="base64").verify
    assert verify(request, Credentials((), NOW, (KEY,)))
    assert not verify(replace(request, body=b"bodY"), Credentials((), NOW, (KEY,)))


def test_a_mac_of_nothing_does_not_cover_the_query() -> None:
    mac = digest(KEY.encode(), b"", "sha256").hex()
    request = Request("GET", query="status=DELIVRD", headers={"x-sig": mac})
    assert not HmacBody("X-Sig").verify(request, Credentials((), NOW, (KEY,)))


def bearer(body: bytes, key: str = KEY, algorithm: str = "HS256", **claims: Any) -> Request:
    content = {"iat": NOW.timestamp(), "payload_hash": sha256(body).hexdigest(), **claims}
    content = {name: value for name, value in content.items() if value is not None}
    token = jwt.encode(content, key, algorithm=algorithm)
    return Request("POST", body=body, headers={"authorization": f"Bearer {token}"})


@pytest.mark.parametrize(
    ("claims", "is_in"),
    [
        ({}, True),
        ({"exp": NOW.timestamp() + 1}, True),
        ({"exp": NOW.timestamp()}, False),
        ({"exp": "soon"}, False),
        ({"iat": NOW.timestamp() - 300}, True),
        ({"iat": NOW.timestamp() - 301}, False),
        ({"iat": NOW.timestamp() + 301}, False),
        ({"iat": None}, False),
        ({"iat": float("nan")}, False),
        ({"iat": float("inf")}, False),
        ({"iat": 10**400}, False),
        ({"iat": [1]}, False),
        ({"payload_hash": None}, False),
        ({"payload_hash": ""}, False),
        ({"payload_hash": sha256(b"other").hexdigest()}, False),
        ({"payload_hash": sha256(b"body").hexdigest().upper()}, True),
        ({"aud": "somebody else"}, False),
    ],
)
def test_a_jwt_is_bound_to_the_body_and_to_now(claims: dict[str, Any], is_in: bool) -> None:
    request = bearer(b"body", **claims)
    assert JwtWithBodyHash().verify(request, Credentials((), NOW, (KEY,))) is is_in


@pytest.mark.parametrize("query", ["", "messageId=m&status=failed&msisdn=447700900123"])
def test_a_jwt_over_an_empty_body_is_refused(query: str) -> None:
    request = replace(bearer(b""), method="GET" if query else "POST", query=query)
    assert not JwtWithBodyHash().verify(request, Credentials((), NOW, (KEY,)))


def test_an_ed25519_signature_over_an_empty_body_is_refused() -> None:
    scheme = Ed25519Body("x-sig", "x-time")
    request = scheme.sign(Request("POST", query="id=1"), KEY, NOW)
    assert not scheme.verify(request, Credentials((), NOW, (scheme.verifying_key(KEY),)))


@pytest.mark.parametrize("signed_by", VONAGE_METHODS)
@pytest.mark.parametrize("pinned", VONAGE_METHODS)
def test_a_vonage_key_that_names_a_method_accepts_no_other(signed_by: str, pinned: str) -> None:
    request = VonageSig().sign(SHAPES["form"], f"{signed_by}:{KEY}", NOW)
    live = Credentials((), NOW, (f"{pinned}:{KEY}",))
    assert VonageSig().verify(request, live) is (signed_by == pinned)
    assert VonageSig().verify(request, Credentials((), NOW, (KEY,)))


def test_a_vonage_key_that_names_a_method_still_verifies_jwts() -> None:
    live = Credentials((), NOW, (f"sha512:{KEY}",))
    assert JwtWithBodyHash().verify(bearer(b"body"), live)


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("secret", ["", "sha256:"])
def test_a_vonage_method_without_a_secret_lets_nothing_in(secret: str) -> None:
    live = Credentials((), NOW, ("sha256:",))
    request = VonageSig().sign(SHAPES["form"], f"sha256:{secret}", NOW)
    assert not VonageSig().verify(request, live)
    assert not JwtWithBodyHash().verify(bearer(b"body", secret or "sha256:"), live)


def test_a_vonage_secret_may_hold_a_colon() -> None:
    request = VonageSig().sign(SHAPES["form"], "sha256:other:key", NOW)
    assert VonageSig().verify(request, Credentials((), NOW, ("sha256:other:key",)))
    assert not VonageSig().verify(request, Credentials((), NOW, ("sha256:key",)))


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize(("key", "algorithm"), [(KEY, "HS512"), ("", "none")])
def test_a_jwt_of_another_algorithm_is_refused(key: str, algorithm: str) -> None:
    request = bearer(b"body", key, algorithm)
    assert not JwtWithBodyHash().verify(request, Credentials((), NOW, (KEY,)))


def test_a_vonage_parameter_name_cannot_swallow_its_neighbours() -> None:
    """Both requests have the same text to sign."""
    case = next(case for case in SIGNED if case.id == "vonage/sms-form-absent-permanent")
    hidden = case.request.body.replace(b"err-code=3&", b"").replace(
        b"client-ref=order-102", b"client-ref%3Dorder-102%26err-code=3"
    )
    assert not let_in(case, replace(case.request, body=hidden))


def test_a_signed_vonage_receipt_lets_in_no_neighbour() -> None:
    """Neither a second item nor a second value of any name."""
    case = next(case for case in SIGNED if case.id == "vonage/sms-json-stop")
    item = case.request.body.decode()
    for body in (f"[{item}, {item}]", f'[{item}, {{"status": "delivered"}}]', "[]"):
        assert not let_in(case, replace(case.request, body=body.encode()))
    form = next(case for case in SIGNED if case.id == "vonage/sms-barred")
    assert not let_in(form, replace(form.request, body=form.request.body + b"&price=0"))


def test_a_form_of_too_many_parameters_is_refused_unread() -> None:
    case = next(case for case in SIGNED if case.id == "twilio/delivered")
    same = case.request.body + case.request.body.join([b"&"] * 30)
    assert not let_in(case, replace(case.request, body=same))
    large = case.request.body + b"&x=" + b"%" * MAX_FORM_CHARACTERS
    assert not let_in(case, replace(case.request, body=large))


@EVERY_SCHEME
@given(
    body=st.binary(max_size=60) | st.sampled_from([b"{", b"[1]", b'[{"sig":1}]', b"&" * 300]),
    query=st.text(st.characters(), max_size=40),
    url=st.text(st.characters(), max_size=40) | st.sampled_from(["https://[x", "http://a:b/"]),
    header=st.text(st.characters(), max_size=60),
    timestamp=st.sampled_from(["", "NaN", "inf", "9" * 400, "1e999", "१२", str(NOW.timestamp())])
    | st.text(max_size=20),
    keys=st.lists(st.text(st.characters(), max_size=50) | st.just("A" * 43 + "="), max_size=3),
    authorization=st.sampled_from(["Bearer ", "Basic ", "bearer a.b."]),
)
def test_whatever_comes_a_scheme_answers_no(
    scheme: Scheme,
    body: bytes,
    query: str,
    url: str,
    header: str,
    timestamp: str,
    keys: list[str],
    authorization: str,
) -> None:
    """Unless it is the key itself, which a bearer shows."""
    assume((authorization + header).partition(" ")[2].strip() not in keys)
    headers = {
        "authorization": authorization + header,
        "x-sig": header,
        "x-twilio-signature": header,
        "telnyx-signature-ed25519": header,
        "telnyx-timestamp": timestamp,
        **{name: header for name in scheme.headers if name not in {"authorization"}},
        **{name: timestamp for name in scheme.headers if name.endswith(("timestamp", "nonce"))},
    }
    request = Request("POST", query=query, headers=headers, body=body, url=url)
    assert scheme.verify(request, Credentials((), NOW, tuple(keys))) is False


@given(fields=st.dictionaries(st.text(max_size=8), st.text(max_size=8) | st.none(), max_size=5))
def test_whatever_is_among_them_unsigned_parameters_are_refused(
    fields: dict[str, str | None],
) -> None:
    fields |= {"timestamp": str(int(NOW.timestamp())), "sig": "0" * 32}
    request = Request("POST", body=json.dumps(fields).encode())
    assert not VonageSig().verify(request, Credentials((), NOW, (KEY,)))


@pytest.mark.parametrize(
    "segment", ["[" * 7000, '{"alg":["HS256"]}', '{"alg":"HS256","b64":false}']
)
def test_a_hostile_jwt_header_is_refused(segment: str) -> None:
    token = b64encode(segment.encode()).decode().rstrip("=") + ".e30."
    request = Request("POST", headers={"authorization": f"Bearer {token}"})
    assert not JwtWithBodyHash().verify(request, Credentials((), NOW, (KEY,)))


def test_the_window_is_five_minutes_on_either_side() -> None:
    case = next(case for case in SIGNED if case.id == "telnyx/delivered")
    signed_at = datetime.fromtimestamp(int(case.request.headers["telnyx-timestamp"]), NOW.tzinfo)
    for seconds, is_in in ((-301, False), (-300, True), (300, True), (301, False)):
        assert let_in(case, now=signed_at + timedelta(seconds=seconds)) is is_in


def test_no_library_is_imported_before_a_signature_needs_it() -> None:
    """The ingest functions of the other providers do not carry them."""
    script = (
        "import sys; from dlr.providers.base import provider_names as names; "
        "from dlr.providers.base import load_provider; list(map(load_provider, names())); "
        "sys.exit(not {'jwt', 'nacl'}.isdisjoint(sys.modules))"
    )
    path = {"PYTHONPATH": str(ROOT / "layers/dlr")}
    ended = subprocess.run([sys.executable, "-c", script], env=path, check=False)
    assert ended.returncode == 0
