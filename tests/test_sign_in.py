"""The server's part of a sign-in with an identity provider of this machine's own.

What the browser does, `tests/browser/test_sign_in.py` tries.
"""

import base64
import json
from collections.abc import Iterator
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest

from dlr.access.scopes import Caller
from dlr.access.sign_in import MAX_AGE_S, MAX_SENT, MIN_INTERVAL_S, Client, answer
from local.cloud import Cloud
from local.http_event import http_event
from tests.support.issuer import CLIENT, Issuer, running_issuer
from tests.support.system import SystemHarness

VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
REDIRECT = "https://dlr.example.com/console/"
DISCOVERY = "/.well-known/openid-configuration"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running_issuer() as issuer:
        issuer.redirect_uri = REDIRECT
        yield issuer


@pytest.fixture
def clock() -> SimpleNamespace:
    return SimpleNamespace(now=1000.0)


@pytest.fixture
def client(issuer: Issuer, clock: SimpleNamespace) -> Client:
    return Client(issuer.url, CLIENT, "openid email", lambda: clock.now)


def ask(client: Client, body: Any = None) -> tuple[int, dict[str, Any]]:
    """GET, or POST of a body."""
    text = body if isinstance(body, str) else json.dumps(body)
    method = "GET" if body is None else "POST"
    context = {"http": {"method": method}, "requestId": "r-1"}
    return answer(client, {"requestContext": context, "body": text})


def code(issuer: Issuer, **changes: str) -> str:
    """As the browser gets it there."""
    asked = {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": REDIRECT,
        "state": "s",
        "nonce": "n",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    assert issuer.answer("/authorize", asked)[0] == 302
    return list(issuer.codes)[-1]


def sent(found: str, **changes: Any) -> dict[str, Any]:
    return {"code": found, "code_verifier": VERIFIER, "redirect_uri": REDIRECT, **changes}


def test_it_begins_where_the_issuer_says(client: Client, issuer: Issuer) -> None:
    assert ask(client) == (
        200,
        {
            "authorization_endpoint": f"{issuer.url}/authorize",
            "client_id": CLIENT,
            "scope": "openid email",
        },
    )


def test_a_code_is_worth_an_id_token_and_the_access_token_stays_here(
    client: Client, issuer: Issuer
) -> None:
    status, found = ask(client, sent(code(issuer)))
    assert (status, found.keys()) == (200, {"id_token"})
    (asked,) = issuer.asks("/token")
    assert asked == {**sent(asked["code"]), "grant_type": "authorization_code", "client_id": CLIENT}


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "w" * 43},
        {"redirect_uri": "https://dlr.example.com/console/index.html"},
        {"code": "another"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_code_of_another_sign_in_is_worth_nothing(
    client: Client, issuer: Issuer, changes: dict[str, str]
) -> None:
    status, problem = ask(client, sent(code(issuer), **changes))
    assert (status, problem["type"]) == (403, "urn:dlr:problem:refused")
    assert "expired or was used before" in problem["detail"]
    assert problem["request_id"] == "r-1"


def test_a_code_is_good_once(client: Client, issuer: Issuer) -> None:
    found = code(issuer)
    assert ask(client, sent(found))[0] == 200
    assert ask(client, sent(found))[0] == 403


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "null",
        "{",
        "[" * 9000,
        {},
        sent("x", code_verifier="v" * 42),
        sent("x", code_verifier="v" * 42 + " "),
        sent("x", redirect_uri="javascript:alert(1)"),
        sent("x", code=7),
        sent(""),
        sent("x\n"),
        sent("x" * MAX_SENT),
    ],
    ids=lambda body: str(body)[:40],
)
def test_what_no_page_of_ours_sends_goes_nowhere(client: Client, issuer: Issuer, body: Any) -> None:
    status, problem = ask(client, body)
    assert (status, problem["type"]) == (422, "urn:dlr:problem:invalid")
    assert issuer.asked == []


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        ((401, {"error": "invalid_client"}), 403, "(invalid_client)"),
        ((400, {"error": "<b>"}), 403, "(status 400)"),
        ((400, ["x"]), 403, "(status 400)"),
        ((302, {}), 403, "(status 302)"),
        ((200, {"access_token": "x"}), 403, "no ID token"),
        ((200, {"id_token": 7}), 403, "no ID token"),
        ((429, {}), 503, "cannot answer now"),
        ((500, {}), 503, "cannot answer now"),
    ],
    ids=str,
)
def test_what_the_issuer_says_instead_is_told_in_words(
    client: Client,
    issuer: Issuer,
    monkeypatch: pytest.MonkeyPatch,
    said: Any,
    status: int,
    words: str,
) -> None:
    found = code(issuer)
    elsewhere = {"location": f"{issuer.url}/keys"}
    monkeypatch.setattr(issuer, "_token", lambda _: (said[0], elsewhere, said[1]))
    got, problem = ask(client, sent(found))
    assert got == status
    assert words in problem["detail"]
    assert issuer.asks("/keys") == []


@pytest.mark.parametrize(
    "about",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"token_endpoint": "http://169.254.169.254/latest"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
        {"filler": "x" * 300_000},
    ],
    ids=lambda about: str(about)[:50],
)
def test_a_document_that_leads_elsewhere_is_not_followed(
    client: Client, issuer: Issuer, about: dict[str, Any]
) -> None:
    issuer.about = about
    status, problem = ask(client)
    assert (status, problem["type"]) == (503, "urn:dlr:problem:unavailable")
    assert ask(client, sent("x"))[0] == 503
    assert issuer.asks("/token") == []


def test_what_the_issuer_says_of_itself_is_asked_seldom(
    client: Client, issuer: Issuer, clock: SimpleNamespace
) -> None:
    for _ in range(3):
        assert ask(client)[0] == 200
    assert len(issuer.asks(DISCOVERY)) == 1
    clock.now += MAX_AGE_S
    issuer.about = {"issuer": "https://evil.example"}
    for _ in range(3):
        assert ask(client)[0] == 503
    assert len(issuer.asks(DISCOVERY)) == 2
    issuer.about = {}
    clock.now += MIN_INTERVAL_S
    assert ask(client)[0] == 200


def test_an_issuer_that_does_not_answer_is_told_in_words(clock: SimpleNamespace) -> None:
    nowhere = Client("http://127.0.0.1:9", CLIENT, "openid", lambda: clock.now)
    status, problem = ask(nowhere)
    assert status == 503
    assert "does not answer" in problem["detail"]
    elsewhere = Client("http://id.example", CLIENT, "openid", lambda: clock.now)
    assert "https://" in ask(elsewhere)[1]["detail"]


def test_a_sign_in_goes_the_whole_way_and_the_audit_names_the_person(
    cloud: Cloud, issuer: Issuer
) -> None:
    """Code, ID token, session, and a call with it: the template's functions and parameters."""
    oidc = {"Issuer": issuer.url, "ClientId": CLIENT, "ScopesClaim": "roles", "NameClaim": "email"}
    system = SystemHarness(cloud, **{f"Oidc{name}": value for name, value in oidc.items()})
    issuer.claims |= {"email": "carol@example.com", "roles": ["dlr:admin"]}

    def call(route: str, token: str) -> Any:
        told = {"headers": {"authorization": f"Bearer {token}"}}
        let_in = system.functions.call("Authorizer", told)
        if not let_in["isAuthorized"]:
            return None
        return system.ask(route, route.split()[1], caller=Caller.from_context(let_in["context"]))

    event = http_event(
        "POST",
        "/console/sign-in",
        route="POST /console/sign-in",
        headers={"content-type": "application/json"},
        body=json.dumps(sent(code(issuer))).encode(),
    )
    told = system.functions.call("Console", event)
    assert (told["statusCode"], told["headers"]["cache-control"]) == (200, "no-store")
    id_token = json.loads(told["body"])["id_token"]
    assert call("GET /audit", id_token)[0] == 403
    status, opened = call("POST /sessions", id_token)
    assert (status, opened["name"], opened["scopes"]) == (201, "oidc:carol@example.com", ["admin"])
    status, page = call("GET /audit", opened["token"])
    assert status == 200
    found = [(each["name"], each["route"], each["outcome"]) for each in page["items"]]
    assert ("oidc:carol@example.com", "POST /sessions", "done") in found
    assert call("GET /audit", issuer.id_token("n", aud="another")) is None
