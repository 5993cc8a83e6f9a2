"""JWTs of an identity provider: real keys, a real server of keys, and what attackers send."""

import base64
import hmac
import json
import time
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dlr.access.issuer import MAX_BYTES, is_safe
from dlr.access.oidc import (
    HARD_MAX_AGE_S,
    MAX_AGE_S,
    MAX_SIGN_IN_S,
    MIN_INTERVAL_S,
    IssuerKeys,
    KeysUnreadableError,
    Verifier,
)
from dlr.access.scopes import Caller, Scope

AUDIENCE, CLIENT = "dlr-api", "dlr-console"
RSA = rsa.generate_private_key(65537, 2048)
OTHER_RSA = rsa.generate_private_key(65537, 2048)
KEYS: dict[str, Any] = {
    "RS256": RSA,
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


def listed(algorithm: str, key: Any, **fields: Any) -> dict[str, Any]:
    """The public key as an issuer lists it."""
    made = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    return {"kid": algorithm, "use": "sig", **made, **fields}


ALL = [listed(algorithm, key) for algorithm, key in KEYS.items()]


class Issuer:
    """What the server answers, and how often it was asked for keys."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.keys: list[Any] = ALL
        self.about: dict[str, Any] = {"issuer": url, "jwks_uri": f"{url}/keys"}
        self.asked = 0
        self.is_down = False

    def answer(self, path: str) -> tuple[int, bytes]:
        if self.is_down:
            return 500, b""
        if path == "/.well-known/openid-configuration":
            return 200, json.dumps(self.about).encode()
        if path == "/long":
            return 200, b" " * (MAX_BYTES + 1)
        if path == "/elsewhere":
            return 302, b""
        self.asked += 1
        return 200, json.dumps({"keys": self.keys}).encode()


@pytest.fixture(scope="module")
def server() -> Iterator[ThreadingHTTPServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = self.server.issuer.answer(self.path)  # type: ignore[attr-defined]
            self.send_response(status)
            self.send_header("location", "/keys")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def issuer(server: ThreadingHTTPServer) -> Issuer:
    issuer = Issuer(f"http://127.0.0.1:{server.server_address[1]}")
    server.issuer = issuer  # type: ignore[attr-defined]
    return issuer


@pytest.fixture
def clock() -> SimpleNamespace:
    return SimpleNamespace(now=1000.0)


@pytest.fixture
def verify(issuer: Issuer, clock: SimpleNamespace) -> Verifier:
    keys = IssuerKeys(issuer.url, lambda: clock.now)
    return Verifier(issuer.url, AUDIENCE, "roles", CLIENT, keys=keys)


def claims(issuer: Issuer, **changes: Any) -> dict[str, Any]:
    """Of a good token; None takes a claim away."""
    now = int(time.time())
    made = {
        "iss": issuer.url,
        "aud": AUDIENCE,
        "sub": "carol",
        "exp": now + 300,
        "nbf": now - 5,
        "roles": ["dlr:read", "dlr:check", "other", "admin"],
        **changes,
    }
    return {name: value for name, value in made.items() if value is not None}


def token(
    issuer: Issuer, algorithm: str = "RS256", key: Any = None, kid: Any = None, **changes: Any
) -> str:
    headers = {"kid": kid or algorithm}
    return jwt.encode(claims(issuer, **changes), key or KEYS[algorithm], algorithm, headers)


def part(content: Any) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_token_of_each_algorithm_says_who_calls_and_what_they_may(
    issuer: Issuer, verify: Verifier, algorithm: str
) -> None:
    sent = token(issuer, algorithm)
    assert verify(sent) == Caller(
        name="oidc:carol",
        scopes=frozenset({Scope.READ, Scope.CHECK}),
        token_id=f"oidc:{sha256(b'carol').hexdigest()[:16]}",
        expires_at=jwt.decode(sent, options={"verify_signature": False})["exp"],
    )


@pytest.mark.parametrize("roles", ["dlr:admin openid", ["dlr:admin"], "openid dlr:admin dlr:x"])
def test_scopes_come_as_a_list_or_as_words(issuer: Issuer, verify: Verifier, roles: Any) -> None:
    caller = verify(token(issuer, roles=roles))
    assert caller is not None
    assert caller.scopes == {Scope.ADMIN}


@pytest.mark.parametrize("roles", [None, "", [], "admin", ["admin", "read"], {"dlr:admin": 1}, 7])
def test_who_has_no_scope_of_ours_is_nobody_here(
    issuer: Issuer, verify: Verifier, roles: Any
) -> None:
    assert verify(token(issuer, roles=roles)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another-api"},
        {"aud": None},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": int(time.time()) + 3600},
        {"sub": None},
        {"sub": 7},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_token_for_others_or_for_another_time_is_refused(
    issuer: Issuer, verify: Verifier, changes: dict[str, Any]
) -> None:
    good = claims(issuer)
    sent = {name: v for name, v in {**good, **changes}.items() if v is not None}
    text = f"{part({'alg': 'EdDSA', 'kid': 'EdDSA'})}.{part(sent)}"
    signature = KEYS["EdDSA"].sign(text.encode())
    assert verify(f"{text}.{part(signature)}") is None
    text = f"{part({'alg': 'EdDSA', 'kid': 'EdDSA'})}.{part(good)}"
    assert verify(f"{text}.{part(KEYS['EdDSA'].sign(text.encode()))}") is not None


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "", None])
@pytest.mark.parametrize("signature", ["", "AAAA"])
def test_a_token_without_a_signature_is_refused(
    issuer: Issuer, verify: Verifier, alg: Any, signature: str
) -> None:
    head = {"alg": alg, "kid": "RS256", "typ": "JWT"}
    assert verify(f"{part(head)}.{part(claims(issuer))}.{signature}") is None


@pytest.mark.parametrize("kid", KEYS)
@pytest.mark.parametrize("form", ["pem", "jwk"])
def test_the_public_key_is_no_secret_to_sign_with(
    issuer: Issuer, verify: Verifier, kid: str, form: str
) -> None:
    public = KEYS[kid].public_key()
    secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    if form == "jwk":
        secret = json.dumps(listed(kid, KEYS[kid])).encode()
    text = f"{part({'alg': 'HS256', 'kid': kid})}.{part(claims(issuer))}"
    signature = part(hmac.digest(secret, text.encode(), "sha256"))
    assert verify(f"{text}.{signature}") is None


def test_a_key_is_for_its_own_algorithm_only(issuer: Issuer, verify: Verifier) -> None:
    for algorithm in ("RS384", "RS512", "PS256"):
        sent = jwt.encode(claims(issuer), RSA, algorithm, {"kid": "RS256"})
        assert verify(sent) is None
    assert verify(token(issuer, "RS256", kid="ES256")) is None


def test_a_token_that_brings_its_own_key_is_refused(issuer: Issuer, verify: Verifier) -> None:
    own = listed("RS256", OTHER_RSA)
    for extra in ({"jwk": own}, {"jku": f"{issuer.url}/keys"}, {"x5u": f"{issuer.url}/keys"}):
        sent = jwt.encode(claims(issuer), OTHER_RSA, "RS256", {"kid": "RS256", **extra})
        assert verify(sent) is None
    assert verify(token(issuer, key=OTHER_RSA)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"use": "enc"},
        {"alg": "PS256"},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": ["RSA"]},
        {"n": "AQAB"},
        {"n": 5},
    ],
    ids=str,
)
def test_a_key_that_is_for_something_else_verifies_nothing(
    issuer: Issuer, verify: Verifier, changes: dict[str, Any]
) -> None:
    issuer.keys = [listed("RS256", RSA, **changes), *ALL[1:]]
    assert verify(token(issuer, "ES256")) is not None
    assert verify(token(issuer, "RS256")) is None


@pytest.mark.parametrize(
    "sent", ["..", "a.b.c", "x" * 9000, "é.é.é", "e30.e30.e30", "[].[].[]", "\ud800.."]
)
def test_what_is_no_token_is_refused(verify: Verifier, sent: str) -> None:
    assert verify(sent) is None


def test_a_flood_of_unknown_keys_asks_the_issuer_once_in_an_interval(
    issuer: Issuer, verify: Verifier, clock: SimpleNamespace
) -> None:
    assert verify(token(issuer)) is not None
    clock.now += MIN_INTERVAL_S
    for n in range(200):
        assert verify(token(issuer, "EdDSA", kid=f"unknown-{n}")) is None
    assert issuer.asked == 2
    assert verify(token(issuer)) is not None


def test_a_new_key_of_the_issuer_is_found_and_one_taken_away_is_refused(
    issuer: Issuer, verify: Verifier, clock: SimpleNamespace
) -> None:
    assert verify(token(issuer)) is not None
    issuer.keys = [listed("RS256", OTHER_RSA, kid="new")]
    clock.now += MIN_INTERVAL_S
    assert verify(token(issuer, key=OTHER_RSA, kid="new")) is not None
    assert verify(token(issuer)) is None


def test_a_key_that_the_issuer_took_away_serves_no_longer_than_the_age_of_what_is_known(
    issuer: Issuer, verify: Verifier, clock: SimpleNamespace
) -> None:
    assert verify(token(issuer)) is not None
    issuer.keys = ALL[1:]
    clock.now += MAX_AGE_S + 1
    assert verify(token(issuer)) is None


def test_an_issuer_that_is_down_is_bridged_for_a_time_and_then_nobody_is_let_in(
    issuer: Issuer, verify: Verifier, clock: SimpleNamespace
) -> None:
    assert verify(token(issuer)) is not None
    issuer.is_down = True
    clock.now += HARD_MAX_AGE_S
    assert verify(token(issuer)) is not None
    clock.now += 1
    with pytest.raises(KeysUnreadableError):
        verify(token(issuer))
    issuer.is_down = False
    clock.now += MIN_INTERVAL_S
    assert verify(token(issuer)) is not None


@pytest.mark.parametrize(
    "about",
    [
        {"issuer": "https://evil.example"},
        {"jwks_uri": "http://evil.example/keys"},
        {"jwks_uri": "file:///etc/hostname"},
        {"jwks_uri": None},
        {"long": True},
        {"elsewhere": True},
    ],
    ids=str,
)
def test_keys_come_from_the_issuer_over_tls_without_detours(
    issuer: Issuer, verify: Verifier, about: dict[str, Any]
) -> None:
    issuer.about |= about
    for place in ("long", "elsewhere"):
        if place in about:
            issuer.about["jwks_uri"] = f"{issuer.url}/{place}"
    with pytest.raises(KeysUnreadableError):
        verify(token(issuer))


@pytest.mark.parametrize("keys", [None, {"kid": "RS256"}, "RS256", ["RS256", None]], ids=str)
def test_a_list_of_keys_that_is_none_lets_nobody_in(
    issuer: Issuer, verify: Verifier, keys: Any
) -> None:
    issuer.keys = keys
    with pytest.raises(KeysUnreadableError):
        verify(token(issuer))


def test_a_name_that_could_be_a_number_is_a_digest(issuer: Issuer, verify: Verifier) -> None:
    caller = verify(token(issuer, sub="447700900123"))
    assert caller is not None
    assert caller.name == f"oidc:{sha256(b'447700900123').hexdigest()[:16]}"


def test_an_audience_is_needed() -> None:
    with pytest.raises(ValueError, match="audience"):
        Verifier("https://id.example", "", "scope")
    Verifier("https://id.example", "", "scope", CLIENT)


def id_token(issuer: Issuer, **changes: Any) -> str:
    """What the issuer says of somebody who has just signed in to the console."""
    return token(issuer, **{"aud": CLIENT, "nonce": "n", "iat": int(time.time()), **changes})


def test_an_id_token_opens_a_session_and_does_nothing_else(
    issuer: Issuer, verify: Verifier
) -> None:
    found = verify(id_token(issuer))
    assert found is not None
    assert found.is_signing_in
    assert not any(map(found.has, Scope))
    assert found.may_grant({Scope.READ, Scope.CHECK})
    assert not found.may_grant({Scope.READ, Scope.PII})
    assert Caller.from_context(found.to_context()) == found


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": None},
        {"nonce": 7},
        {"iat": None},
        {"iat": int(time.time()) - MAX_SIGN_IN_S - 1},
        {"iat": int(time.time()) + 3600},
        {"aud": "another-client"},
        {"aud": [CLIENT, "another-client"]},
        {"aud": [CLIENT, "another-client"], "azp": "another-client"},
        {"sub": None},
    ],
    ids=lambda changes: "+".join(changes),
)
def test_a_token_of_no_sign_in_of_now_opens_nothing(
    issuer: Issuer, verify: Verifier, changes: dict[str, Any]
) -> None:
    assert verify(id_token(issuer, **changes)) is None


def test_an_id_token_for_several_names_the_one_that_asked(issuer: Issuer, verify: Verifier) -> None:
    found = verify(id_token(issuer, aud=[CLIENT, "another"], azp=CLIENT))
    assert found is not None
    assert found.is_signing_in


def test_a_token_for_the_api_is_no_sign_in_though_the_client_is_named_too(
    issuer: Issuer, verify: Verifier
) -> None:
    found = verify(id_token(issuer, aud=[AUDIENCE, CLIENT]))
    assert found is not None
    assert not found.is_signing_in


def test_who_signs_in_without_a_scope_of_ours_is_known_all_the_same(
    issuer: Issuer, verify: Verifier
) -> None:
    found = verify(id_token(issuer, roles=["admin"]))
    assert found is not None
    assert (found.is_signing_in, found.scopes) == (True, frozenset())


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"email": "carol@example.com", "email_verified": True}, "oidc:carol@example.com"),
        ({"email": "carol@example.com"}, "oidc:carol@example.com"),
        ({"email": "boss@example.com", "email_verified": False}, None),
        ({"email": "+447700900123@example.com", "email_verified": True}, None),
        ({"email": ["carol@example.com"]}, None),
        ({}, None),
    ],
    ids=str,
)
def test_the_audit_has_the_claim_that_names_a_person(
    issuer: Issuer, said: dict[str, Any], name: str | None
) -> None:
    verify = Verifier(issuer.url, AUDIENCE, "roles", CLIENT, "email")
    subject = sha256(b"carol").hexdigest()[:16]
    for made in (token(issuer, **said), id_token(issuer, **said)):
        found = verify(made)
        assert found is not None
        assert found.name == (name or f"oidc:{subject}")
        assert found.token_id == f"oidc:{subject}"


@pytest.mark.parametrize(
    ("issuer_url", "url", "may"),
    [
        ("https://id.example", "https://login.example/token", True),
        ("https://id.example", "http://login.example/token", False),
        ("https://id.example", "http://127.0.0.1:9001/2018-06-01/runtime/invocation/next", False),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/token", True),
        ("http://127.0.0.1:8080", "http://169.254.169.254/latest/meta-data", False),
        ("http://id.example", "http://id.example/token", False),
        ("http://id.example", "http://127.0.0.1/token", False),
        ("https://id.example", "file://localhost/etc/hostname", False),
        ("https://id.example", "javascript:alert(1)", False),
        ("https://id.example", "https://", False),
        ("https://id.example", "https://[", False),
        ("https://id.example", "None", False),
    ],
)
def test_the_issuer_leads_nowhere_but_over_tls(issuer_url: str, url: str, may: bool) -> None:
    assert is_safe(issuer_url, url) is may
