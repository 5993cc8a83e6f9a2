"""The schemes of single vendors: their own vectors, and how their documents say that one signs.

What the vendors' SDKs say of Twilio, Vonage and Telnyx is in test_signatures.py. What is signed
here is put together from the documents, without our `sign`.
"""

import json
import subprocess
import sys
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import md5, sha256
from hmac import digest
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlr.providers.base import load_provider
from dlr.wire.request import Request
from dlr.wire.schemes.jws import JwtHoldsBody, signed_payload, token_of
from dlr.wire.schemes.messagebird import MessageBirdJwt
from dlr.wire.schemes.plivo import PlivoV3
from dlr.wire.schemes.seven import SevenHmac
from dlr.wire.schemes.signalwire import SignalWire
from dlr.wire.schemes.sinch import SinchHmac
from dlr.wire.schemes.standard import StandardWebhooks
from dlr.wire.schemes.telesign import Tsa
from dlr.wire.verify import Credentials, Scheme
from local.recordings import NOW, Recording, recordings
from tests.support.cases import ROOT, each_of
from tests.support.reading import is_read_alike

KEY = "a key of at least sixty-four bytes, for the longest of all the digests"
URL = "https://dlr.example.com/webhooks/acme/token"
REPORT = b'{"id": "1", "to": "447700900123"}'


def lets_in(scheme: Scheme, request: Request, *keys: str) -> bool:
    return scheme.verify(request, Credentials((), NOW, keys or (KEY,)))


# ---------------------------------------------------------------- any byte


def bound() -> list[Recording]:
    """The recordings whose signature binds the body, or the query without one."""
    signed = [each for each in recordings() if each.credentials.signing_keys]
    providers = {each.provider: load_provider(each.provider).signing for each in signed}
    return [each for each in signed if (scheme := providers[each.provider]) and scheme.covers_body]


@each_of(bound())
def test_any_changed_byte_of_the_report_is_refused_or_read_alike(case: Recording) -> None:
    request, verify = case.request, load_provider(case.provider).verify
    text = request.body or request.query.encode()
    for place in range(0, len(text), 3):
        other = text[:place] + bytes([text[place] ^ 1]) + text[place + 1 :]
        altered = replace(request, body=other)
        if not request.body:
            altered = replace(request, query=other.decode(errors="replace"))
        is_in = verify(altered, case.credentials)
        assert not is_in or is_read_alike(case.provider, request, altered), (place, other)


@each_of(bound())
def test_a_changed_byte_of_a_header_that_signs_is_refused(case: Recording) -> None:
    """Of the signature, and of what it covers: a nonce, a time."""
    provider = load_provider(case.provider)
    assert provider.signing
    for name in set(provider.signing.headers) & case.request.headers.keys():
        others = {n: value for n, value in case.request.headers.items() if n != name}
        if provider.verify(replace(case.request, headers=others), case.credentials):
            continue  # an algorithm that is the usual one, or another subaccount's signature
        value = case.request.headers[name].rpartition(",")[2]
        for place in range(0, len(value), 5):
            other = value[:place] + ("a" if value[place] != "a" else "b") + value[place + 1 :]
            altered = case.request.with_headers({name: other})
            assert not provider.verify(altered, case.credentials), (name, place)


@pytest.mark.parametrize("name", ["messagebird", "plivo", "signalwire", "twilio"])
@pytest.mark.parametrize(
    ("old", "new"),
    [("dlr.example.com", "evil.example.com"), ("https:", "http:"), ("/token", "/token?to=1")],
)
def test_a_changed_address_is_refused_where_it_is_signed(name: str, old: str, new: str) -> None:
    cases = [each for each in bound() if each.provider == name]
    assert cases
    for case in cases:
        url = case.request.url.replace(old, new)
        query = case.request.query + "&to=1" * ("to=1" in new)
        altered = replace(case.request, url=url, query=query.lstrip("&"))
        assert not load_provider(name).verify(altered, case.credentials)


# ---------------------------------------------------------------- Plivo


def plivo(form: str, query: str = "", nonce: str = "12345", header: str = "v3") -> Request:
    """By the document: the sorted query as it stands in a URL, a point, the form without one."""
    pairs, values = sorted(parse_qsl(query, True)), sorted(parse_qsl(form, True))
    text = URL + "?" * bool(pairs or values) + "&".join("=".join(pair) for pair in pairs)
    text += "." * bool(pairs and values) + "".join(map("".join, values)) + "." + nonce
    mac = b64encode(digest(KEY.encode(), text.encode(), "sha256")).decode()
    headers = {f"x-plivo-signature-{header}": mac, "x-plivo-signature-v3-nonce": nonce}
    url = f"{URL}?{query}" if query else URL
    method = "POST" if form else "GET"
    return Request(method, query=query, headers=headers, body=form.encode(), url=url)


@pytest.mark.parametrize(
    "request_",
    [
        plivo("b=2&a=1"),
        plivo("b=2&a=1", "shop=42&a=7"),
        plivo("", "b=2&a=1"),
        plivo("", ""),
        plivo("a=2&a=1&A=%2B44"),
        plivo("a=1", header="ma-v3"),
    ],
)
def test_plivo_signs_url_query_form_and_nonce(request_: Request) -> None:
    assert lets_in(PlivoV3(), request_)
    name = next(n for n in request_.headers if n != "x-plivo-signature-v3-nonce")
    several = request_.with_headers({name: f"bm8=, {request_.headers[name]}"})
    assert lets_in(PlivoV3(), several)
    nonce = request_.with_headers({"x-plivo-signature-v3-nonce": "12346"})
    assert not lets_in(PlivoV3(), nonce)


def test_plivos_second_version_which_leaves_the_form_out_is_refused() -> None:
    """Plivo sends both; accepting it would let anybody who saw one request change the report."""
    mac = b64encode(digest(KEY.encode(), f"{URL}12345".encode(), "sha256")).decode()
    second = {"x-plivo-signature-v2": mac, "x-plivo-signature-v2-nonce": "12345"}
    request = Request("POST", body=b"MessageUUID=1&Status=failed", url=URL, headers=second)
    assert not lets_in(PlivoV3(), request)
    third = {f"x-plivo-signature-v3{end}": each for end, each in (("", mac), ("-nonce", "12345"))}
    assert not lets_in(PlivoV3(), request.with_headers(third))


# ---------------------------------------------------------------- SignalWire

VECTOR = b'{"event":"call.state","params":{"call_id":"abc-123","state":"answered"}}'
HASH = sha256(b'{"event":"call.state"}').hexdigest()


@pytest.mark.parametrize(
    ("url", "body", "signature"),
    [
        ("https://example.ngrok.io/webhook", VECTOR, "c3c08c1fefaf9ee198a100d5906765a6f394bf0f"),
        (
            f"https://example.ngrok.io/webhook?bodySHA256={HASH}",
            b'{"event":"call.state"}',
            "dfO9ek8mxyFtn2nMz24plPmPfIY=",
        ),
    ],
    ids=["JSON", "JSON by its hash in the URL"],
)
@pytest.mark.parametrize("header", ["x-signalwire-signature", "x-twilio-signature"])
def test_signalwires_own_vectors_are_accepted(
    url: str, body: bytes, signature: str, header: str
) -> None:
    """https://github.com/signalwire/porting-sdk, webhooks.md"""
    query = url.partition("?")[2]
    request = Request("POST", query=query, headers={header: signature}, body=body, url=url)
    assert lets_in(SignalWire(), request, "PSKtest1234567890abcdef")
    assert not lets_in(SignalWire(), replace(request, body=body + b" "), "PSKtest1234567890abcdef")
    assert not lets_in(SignalWire(), request, "PSKtest1234567890abcdeg")


def signalwire(text: str, body: bytes, algorithm: str = "sha1") -> Request:
    mac = b64encode(digest(KEY.encode(), text.encode(), algorithm)).decode()
    return Request("POST", headers={"x-signalwire-signature": mac}, body=body, url=URL)


def test_signalwire_keeps_the_order_of_repeated_parameters() -> None:
    assert lets_in(SignalWire(), signalwire(f"{URL}A1ToaTob", b"To=a&A=1&To=b"))
    assert not lets_in(SignalWire(), signalwire(f"{URL}A1ToaTob", b"To=b&A=1&To=a"))
    assert lets_in(SignalWire(), signalwire(f"{URL}ToaToa", b"To=a&To=a"))


def test_signalwire_signs_with_the_usual_port_or_without_it() -> None:
    with_port = URL.replace(".com/", ".com:443/")
    assert lets_in(SignalWire(), signalwire(f"{with_port}To1", b"To=1"))
    request = signalwire(f"{URL}To1", b"To=1")
    assert lets_in(SignalWire(), replace(request, url=with_port))


@pytest.mark.parametrize("body", [REPORT, b"To=1"])
def test_a_signature_over_the_address_alone_lets_no_report_in(body: bytes) -> None:
    """SignalWire's SDK takes it, for want of a form; then any body would go with it."""
    assert not lets_in(SignalWire(), signalwire(URL, body))


def test_signalwires_newer_header_is_of_sha256() -> None:
    mac = digest(KEY.encode(), URL.encode() + REPORT, "sha256").hex()
    request = Request("POST", body=REPORT, url=URL)
    assert lets_in(SignalWire(), request.with_headers({"x-signalwire-sha256-signature": mac}))
    assert not lets_in(SignalWire(), request.with_headers({"x-signalwire-signature": mac}))


# ---------------------------------------------------------------- GatewayAPI

GATEWAY = JwtHoldsBody("X-Gwapi-Signature", "the token")


def gateway(token: str, body: bytes = REPORT) -> Request:
    return Request("POST", headers={"x-gwapi-signature": token}, body=body, url=URL)


def test_a_jwt_that_another_library_makes_is_accepted_and_ours_by_it() -> None:
    content = json.loads(REPORT)
    assert lets_in(GATEWAY, gateway(jwt.encode(content, KEY, "HS256")))
    assert jwt.decode(token_of(REPORT, KEY.encode()), KEY, algorithms=["HS256"]) == content


@pytest.mark.parametrize(
    ("body", "is_in"),
    [
        (b'{"to":"447700900123","id":"1"}', True),
        (b'{"id": "1", "to": "447700900123", "code": null}', True),
        (b'{"id": 1, "to": "447700900123"}', True),
        (b'{"id": 1.0, "to": "447700900123"}', False),
        (b'{"id": true, "to": "447700900123"}', False),
        (b'{"id": "1", "to": "447700900124"}', False),
        (b'{"id": "1"}', False),
        (b'{"id": "1", "to": "447700900123", "status": "DELIVERED"}', False),
        (b'{"id": "1", "to": "447700900123", "to": "447700900123"}', False),
        (b'[{"id": "1", "to": "447700900123"}]', True),
        (b'[{"id": "1", "to": "447700900123"}, {"id": "2"}]', False),
        (b"id=1&to=447700900123", True),
        (b"", False),
        (b"hello", False),
    ],
)
def test_a_body_must_be_read_as_what_its_jwt_holds(body: bytes, is_in: bool) -> None:
    """Names, values and how a number is written count; how the whole is written does not."""
    assert lets_in(GATEWAY, gateway(jwt.encode(json.loads(REPORT), KEY, "HS256"), body)) is is_in


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize(
    "token",
    [
        jwt.encode(json.loads(REPORT), KEY, "HS384"),
        jwt.encode(json.loads(REPORT), KEY, "HS512"),
        jwt.encode(json.loads(REPORT), None, "none"),
        jwt.encode(json.loads(REPORT), KEY, "HS256", {"crit": ["x"], "x": 1}),
        jwt.encode(
            json.loads(REPORT),
            "another key of sixty-four bytes, for the longest of all the digests, too",
            "HS256",
        ),
        jwt.encode(json.loads(REPORT), KEY, "HS256") + ".",
        jwt.encode(json.loads(REPORT), KEY, "HS256").rpartition(".")[0] + ".",
        jwt.encode(json.loads(REPORT), KEY, "HS256").rpartition(".")[0],
        "",
        ".",
        "..",
        "a.b.c",
        f"{'[' * 5000}.e30.",
    ],
)
def test_a_jwt_of_another_kind_lets_nothing_in(token: str) -> None:
    assert not lets_in(GATEWAY, gateway(token))
    assert not lets_in(GATEWAY, gateway(token), "")


@given(token=st.text(max_size=60) | st.lists(st.text("aZ09-_=", max_size=9)).map(".".join))
def test_whatever_comes_in_a_tokens_place_is_no_payload(token: str) -> None:
    assert signed_payload(token, [KEY.encode()], ("HS256", "HS384", "HS512")) is None


# ---------------------------------------------------------------- Sinch


def sinch(algorithm: str = "HmacSHA256", digest_: str = "sha256", stamp: str = "") -> Request:
    stamp = stamp or str(int(NOW.timestamp()))
    mac = b64encode(digest(KEY.encode(), REPORT + f".n-1.{stamp}".encode(), digest_)).decode()
    name = "x-sinch-webhook-signature"
    headers = {name: mac, f"{name}-nonce": "n-1", f"{name}-timestamp": stamp}
    if algorithm:
        headers[f"{name}-algorithm"] = algorithm
    return Request("POST", headers=headers, body=REPORT, url=URL)


@pytest.mark.parametrize(
    ("algorithm", "digest_", "is_in"),
    [
        ("HmacSHA256", "sha256", True),
        ("HmacSHA384", "sha384", True),
        ("HmacSHA512", "sha512", True),
        ("", "sha256", True),
        ("HmacSHA256", "sha512", False),
        ("HmacSHA1", "sha1", False),
        ("none", "sha256", False),
    ],
)
def test_sinch_names_the_digest_of_its_signature(algorithm: str, digest_: str, is_in: bool) -> None:
    assert lets_in(SinchHmac(), sinch(algorithm, digest_)) is is_in


@pytest.mark.parametrize(
    ("hours", "is_in"), [(0, True), (-47, True), (-49, False), (47, True), (49, False)]
)
def test_a_retry_of_sinchs_may_have_been_signed_two_days_ago(hours: int, is_in: bool) -> None:
    stamp = str(int((NOW + timedelta(hours=hours)).timestamp()))
    assert lets_in(SinchHmac(), sinch(stamp=stamp)) is is_in


def test_sinchs_signature_without_a_body_is_refused() -> None:
    request = SinchHmac().sign(Request("GET", query="batch_id=1", url=URL), KEY, NOW)
    assert not lets_in(SinchHmac(), request)


# ---------------------------------------------------------------- Standard Webhooks

SECRET = b"32 bytes that only they have too"
MARKED = "whsec_" + b64encode(SECRET).decode()


def standard(secret: bytes = SECRET, version: str = "v1", before: str = "") -> Request:
    stamp = str(int(NOW.timestamp()))
    mac = b64encode(digest(secret, f"msg_1.{stamp}.".encode() + REPORT, "sha256")).decode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": stamp}
    headers["webhook-signature"] = f"{before}{version},{mac}"
    return Request("POST", headers=headers, body=REPORT, url=URL)


@pytest.mark.parametrize(
    ("request_", "key", "is_in"),
    [
        (standard(), MARKED, True),
        (standard(), MARKED.removeprefix("whsec_"), True),
        (standard(b"no base64, no mark"), "no base64, no mark", True),
        (standard(before="v2,abc v1,def "), MARKED, True),
        (standard(version="v2"), MARKED, False),
        (standard(before="v1,abc,"), MARKED, False),
        (standard(b"another"), MARKED, False),
        (standard(b""), "whsec_", False),
        (standard(b""), "whsec_?", False),
        (standard(), "", False),
    ],
)
def test_standard_webhooks_take_the_first_version_of_a_live_secret(
    request_: Request, key: str, is_in: bool
) -> None:
    assert lets_in(StandardWebhooks(), request_, key) is is_in


# ---------------------------------------------------------------- MessageBird

MESSAGEBIRDS = "36efdd1aace2e26cd490f0d951138253bef2f7c6d34d18981da781555cc4cebb"
THEN = datetime(2021, 7, 5, 10, tzinfo=UTC)
HS256 = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
LIVES = "eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOi"
ROOT_HASH = (
    "LCJ1cmxfaGFzaCI6IjBmMTE1ZGIwNjJiN2MwZGQwMzBiMTY4NzhjOTlkZWE1YzM1NGI0OWRjMzdiMzhlYjg4NDYxNzlj"
    "Nzc4M2U5ZDcifQ."
)
PATH_HASH = (
    "LCJ1cmxfaGFzaCI6IjQxZjA1ZjBkZGQwYTIyYWIyMDlhYzQ2ZjQ3YzQ1NzJkOWNlZmEyNTdlZDc0YjI0MDA0YmFlNzUz"
    "ZWNlNmMyNjAi"
)
BARE = f"{HS256}{LIVES}I1OWEyNDRkYy1lOWFkLTRlMjMtOTc3OC0zNzFmYWEyMzhmNzIi{ROOT_HASH}"
BARE += "6Fp0rVOsRr1fj9S2GidXAfkmPVofKr8_RTffC6G6r2E"
QUERY = f"{HS256}{LIVES}JjOTQ2YWY3Ny1lMTgyLTRlYWEtYjJmZi0xYTU0NWI1ZTk5MWEi{PATH_HASH}fQ."
QUERY += "huo2ou6JDoDc7sV25d75UMWeYhBeavQlLsqIibSZuac"
HELLO = f"{HS256}{LIVES}I5M2U1NTAwNi1hMGU4LTQ1MjYtYTE5MC1mYTVmZjAwZWExMTYi{PATH_HASH}"
HELLO += (
    "LCJwYXlsb2FkX2hhc2giOiJkZmZkNjAyMWJiMmJkNWIwYWY2NzYyOTA4MDllYzNhNTMxOTFkZDgxYzdmNzBhNGIyODY4"
    "OGEzNjIxODI5ODZmIn0._H--TOuYFLpeEH39-rg5E3IHVkjHozBcaKVWPRC5m9I"
)
HS384 = "eyJhbGciOiJIUzM4NCIsInR5cCI6IkpXVCJ9."
BARE_384 = f"{HS384}{LIVES}I1OWEyNDRkYy1lOWFkLTRlMjMtOTc3OC0zNzFmYWEyMzhmNzIi{ROOT_HASH}"
BARE_384 += "KNMW-29X77lZeuPmThmHWc_RUAvTkaDkpxIZK6mqE08v8mWKiU9Edh4QXwAJO2nv"


@pytest.mark.parametrize(
    ("token", "url", "body", "later", "is_in"),
    [
        (BARE, "/", b"", 0, True),
        (BARE_384, "/", b"", 0, True),
        (QUERY, "/path?bar=1&foo=2", b"", 0, True),
        (HELLO, "/path?bar=1&foo=2", b"Hello, World!", 0, True),
        (BARE, "/", b"", 60.9, True),
        (BARE, "/", b"", -1, True),
        (BARE, "/", b"", 61.1, False),
        (BARE, "/", b"", -1.1, False),
        (QUERY, "/path?foo=2&bar=1", b"", 0, False),
        (QUERY, "/other?bar=1&foo=2", b"", 0, False),
        (BARE, "/", b"Hello, World!", 0, False),
        (HELLO, "/path?bar=1&foo=2", b"", 0, False),
        (HELLO, "/path?bar=1&foo=2", b"Hello, world!", 0, False),
        (BARE.replace("IUzI1", "IUzM4"), "/", b"", 0, False),
    ],
)
def test_messagebirds_own_vectors_are_accepted_and_nothing_like_them(
    token: str, url: str, body: bytes, later: float, is_in: bool
) -> None:
    """https://github.com/messagebird/python-rest-api, webhook_signature_test_data.json"""
    request = Request(
        "POST" if body else "GET",
        query=url.partition("?")[2],
        headers={"messagebird-signature-jwt": token},
        body=body,
        url=f"https://example.com{url}",
    )
    held = Credentials((), THEN + timedelta(seconds=later), (MESSAGEBIRDS,))
    assert MessageBirdJwt().verify(request, held) is is_in


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "MessageBir"},
        {"iss": None},
        {"exp": None},
        {"nbf": None},
        {"exp": "tomorrow"},
        {"url_hash": None},
        {"url_hash": ""},
        {"payload_hash": None},
        {"payload_hash": ""},
    ],
)
def test_a_claim_that_messagebird_always_makes_is_required(claims: dict[str, Any]) -> None:
    start = int(NOW.timestamp())
    usual = {"iss": "MessageBird", "nbf": start, "exp": start + 60}
    usual["url_hash"], usual["payload_hash"] = (
        sha256(each).hexdigest() for each in (URL.encode(), REPORT)
    )

    def is_in(content: dict[str, Any]) -> bool:
        said = {name: value for name, value in content.items() if value is not None}
        headers = {"messagebird-signature-jwt": jwt.encode(said, KEY, "HS256")}
        return lets_in(MessageBirdJwt(), Request("POST", headers=headers, body=REPORT, url=URL))

    assert is_in(usual)
    assert not is_in({**usual, **claims})


# ---------------------------------------------------------------- seven


def seven(address: str, method: str = "POST", key: str = KEY, **headers: str) -> Request:
    """By the vendor's own verifier: five lines, the body by its MD5."""
    stamp = str(int(NOW.timestamp()))
    lines = (stamp, "nonce", method, address, md5(REPORT).hexdigest())  # noqa: S324
    mac = digest(key.encode(), "\n".join(lines).encode(), "sha256").hex()
    sent = {"x-signature": mac, "x-timestamp": stamp, "x-nonce": "nonce", **headers}
    query = "to=1" if "?" in address else ""
    url = f"{URL}?{query}" if query else URL
    return Request("POST", query=query, headers=sent, body=REPORT, url=url)


def test_seven_signs_the_method_too() -> None:
    assert lets_in(SevenHmac(), replace(seven(URL, method="GET"), method="GET"))
    assert not lets_in(SevenHmac(), replace(seven(URL), method="GET"))


@pytest.mark.parametrize(
    ("request_", "is_in"),
    [
        (seven(URL), True),
        (seven(f"{URL}?to=1"), True),
        (seven("/webhooks/acme/token"), True),
        (seven("/webhooks/acme/token?to=1"), True),
        (seven("/webhooks/acme/token?to=2"), False),
        (seven("/webhooks/acme"), False),
        (seven(""), False),
        (seven("https://evil.example.com/webhooks/acme/token"), False),
        (seven(URL, method="GET"), False),
        (seven(URL, key="another"), False),
        (seven(URL, **{"x-nonce": "other"}), False),
        (seven(URL, **{"x-nonce": ""}), False),
        (seven(URL, **{"x-timestamp": ""}), False),
        (seven(URL, **{"x-timestamp": str(int(NOW.timestamp()) - 1)}), False),
    ],
)
def test_seven_signs_five_lines_with_the_whole_address_or_its_path(
    request_: Request, is_in: bool
) -> None:
    assert lets_in(SevenHmac(), request_) is is_in
    other = replace(request_, body=REPORT + b" ")
    assert not lets_in(SevenHmac(), other)


# ---------------------------------------------------------------- what ingest imports


@pytest.mark.parametrize(
    ("name", "modules"),
    [
        ("thesmsworks", set()),
        ("smsmode", {"body"}),
        ("twilio", {"form", "parts"}),
        ("bandwidth", {"parts", "password"}),
        ("sinch", {"parts", "sinch"}),
    ],
)
def test_an_ingest_function_imports_the_schemes_of_its_provider_alone(
    name: str, modules: set[str]
) -> None:
    script = (
        "import sys; from dlr.providers.base import load_provider; load_provider(sys.argv[1]); "
        "print(*(n.rpartition('.')[2] for n in sys.modules if 'dlr.wire.schemes.' in n))"
    )
    path = {"PYTHONPATH": str(ROOT / "layers/dlr")}
    command = [sys.executable, "-c", script, name]
    ended = subprocess.run(command, env=path, check=True, capture_output=True, text=True)
    assert set(ended.stdout.split()) == modules


def test_urlencoded_forms_are_signed_by_their_values() -> None:
    form = urlencode({"To": "+447700900123", "Text": "é &=%"})
    assert lets_in(SignalWire(), signalwire(f"{URL}Texté &=%To+447700900123", form.encode()))
    assert lets_in(PlivoV3(), plivo(form))


# ---------------------------------------------------------------- Telesign


def telesign(key: bytes = b"a public key of nobody, 32 bytes", body: bytes = b"{}") -> str:
    return "TSA 1234:" + b64encode(digest(key, body, "sha256")).decode()


TELESIGNS = b64encode(b"a public key of nobody, 32 bytes").decode()


@pytest.mark.parametrize(
    ("headers", "is_let_in"),
    [
        ({"x-ts-authorization": telesign()}, True),
        ({"authorization": telesign()}, True),
        ({"x-ts-authorization": telesign(), "authorization": "Bearer a proxy's"}, True),
        ({"x-ts-authorization": "TSA 1234:AAAA", "authorization": telesign()}, False),
        ({"x-ts-authorization": telesign(TELESIGNS.encode())}, False),
        ({"x-ts-authorization": telesign(body=b"{} ")}, False),
        ({"x-ts-authorization": telesign().removeprefix("TSA ")}, False),
        ({"x-ts-authorization": telesign().partition(":")[2]}, False),
        ({}, False),
    ],
)
def test_telesigns_key_is_decoded_and_its_own_header_counts_first(
    headers: dict[str, str], is_let_in: bool
) -> None:
    request = Request("POST", headers=headers, body=b"{}")
    assert lets_in(Tsa(), request, TELESIGNS) is is_let_in
    assert not lets_in(Tsa(), replace(request, body=b""), TELESIGNS)
