"""Sign-in with an identity provider, in a browser: the console's own function, and an issuer that
checks all that a real one checks."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from importlib.util import module_from_spec, spec_from_file_location
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from dlr.access.oidc import MIN_INTERVAL_S, IssuerKeys, Verifier
from local.http_event import http_event
from local.stack import ROOT
from tests.browser.answers import ANSWERS
from tests.browser.conftest import SESSION, Watched, watched
from tests.browser.site import CONSOLE, PREFIX, Handler, Site, problem
from tests.support.issuer import CLIENT, Issuer, running_issuer

pytestmark = pytest.mark.browser
NAME = "Made-up ID"
BUTTON = f"Sign in with {NAME}"
GATEWAY = {"message": "Forbidden"}


class StackHandler(Handler):
    """Beside the made-up API: the console's function, and sessions for what the verifier takes."""

    console: Any
    verify: Verifier

    def _serve(self) -> None:
        url = urlsplit(self.path)
        if url.path.startswith(CONSOLE):
            self._call_console(url.path, url.query)
        elif (self.command, url.path) == ("POST", f"{PREFIX}/sessions"):
            self._open_session()
        else:
            super()._serve()

    do_GET = do_POST = do_DELETE = _serve

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def _call_console(self, path: str, query: str) -> None:
        headers = {name: value for name, value in self.headers.items() if name != "If-None-Match"}
        is_post = self.command == "POST"
        route = "POST /console/sign-in" if is_post else "GET /console/{proxy+}"
        event = http_event(
            self.command, path, query=query, headers=headers, body=self._body(), route=route
        )
        event["pathParameters"] = {} if is_post else {"proxy": path.removeprefix(CONSOLE)}
        answer = self.console.handler(event, None)
        body = answer["body"].encode()
        body = base64.b64decode(body) if answer["isBase64Encoded"] else body
        kind = answer["headers"].pop("content-type")
        self._send(answer["statusCode"], kind, body, answer["headers"])

    def _open_session(self) -> None:
        self._body()
        caller = self.verify(self.headers["authorization"].removeprefix("Bearer "))
        status, content = 201, {}
        if caller is None:
            status, content = 403, GATEWAY
        elif not caller.scopes:
            status, content, _ = problem(403, "It names nothing that you may do here.", "refused")
        else:
            assert caller.is_signing_in
            content = {**SESSION, "name": caller.name, "scopes": sorted(caller.scopes)}
        self._send(status, "application/json", json.dumps(content).encode())


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running_issuer() as issuer:
        yield issuer


@pytest.fixture
def clock() -> SimpleNamespace:
    return SimpleNamespace(now=1000.0)


@pytest.fixture
def stack(
    issuer: Issuer, clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    monkeypatch.setenv("OIDC_ISSUER", issuer.url)
    monkeypatch.setenv("OIDC_CLIENT_ID", CLIENT)
    monkeypatch.setenv("OIDC_PROVIDER_NAME", NAME)
    monkeypatch.setenv("OIDC_SIGN_IN_SCOPES", "openid email")
    spec = spec_from_file_location("console_app", ROOT / "functions/console/app.py")
    assert spec is not None
    assert spec.loader is not None
    console = module_from_spec(spec)
    spec.loader.exec_module(console)
    keys = IssuerKeys(issuer.url, lambda: clock.now)
    verify = Verifier(issuer.url, "", "roles", CLIENT, "email", keys)
    own = {"console": console, "verify": staticmethod(verify)}
    handler = type("OneStack", (StackHandler,), own)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    url = f"http://127.0.0.1:{server.server_address[1]}{CONSOLE}"
    site = handler.site = Site(url, dict(ANSWERS))
    issuer.redirect_uri = url
    issuer.claims |= {"email": "carol@example.com", "email_verified": True}
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def window(chromium: Any, stack: Site, issuer: Issuer) -> Iterator[Watched]:
    """Nobody is signed in. Of the issuer the browser sees only where one signs in."""
    with watched(chromium, stack, session=None) as window:
        yield window
        there = f"foreign: {issuer.url}/authorize?"
        window.wrong = [each for each in window.wrong if not each.startswith(there)]


def press(window: Watched, address: str = "compare") -> Any:
    page = window.open(address)
    page.get_by_role("button", name=BUTTON).click()
    return page


def kept(page: Any) -> dict[str, str]:
    """All that the tab keeps."""
    return dict(page.evaluate("Object.entries(sessionStorage)"))


def refused(window: Watched, stack: Site, words: str, address: str = "compare") -> None:
    """The sign-in ends in these words and in nothing else."""
    page = press(window, address)
    page.get_by_role("alert").filter(has_text=words).wait_for()
    assert page.get_by_role("button", name=BUTTON).is_enabled()
    assert page.url == f"{stack.url}#/sign-in"
    assert kept(page) == {}
    assert window.violations() == []


def test_who_signs_in_there_comes_back_to_the_page_that_was_wanted(
    window: Watched, stack: Site, issuer: Issuer
) -> None:
    page = press(window, "compare?by=network")
    page.get_by_role("heading", name="Compare", exact=True).wait_for()
    window.settle()
    assert page.url.startswith(f"{stack.url}#/compare?by=network")
    assert kept(page).keys() == {"dlr.session"}
    session = json.loads(kept(page)["dlr.session"])
    assert (session["name"], session["scopes"]) == ("oidc:carol@example.com", ["read"])
    (asked,) = issuer.asks("/authorize")
    assert asked.pop("state") != asked.pop("nonce")
    assert len(asked.pop("code_challenge")) == 43
    assert asked == {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": stack.url,
        "scope": "openid email",
        "code_challenge_method": "S256",
    }
    assert len(issuer.asks("/token")) == 1
    page.go_back(wait_until="commit")
    assert "code=" not in page.url


def test_each_sign_in_has_a_state_a_nonce_and_a_verifier_of_its_own(
    window: Watched, stack: Site, issuer: Issuer
) -> None:
    for _ in range(2):
        press(window).get_by_role("button", name="Sign out").click()
        window.page.get_by_text("You are signed out. Your identity provider").wait_for()
    first, second = issuer.asks("/authorize")
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]


def test_an_answer_with_another_state_is_refused_before_its_code_is_used(
    window: Watched, stack: Site, issuer: Issuer
) -> None:
    issuer.echo = {"state": "another"}
    refused(window, stack, "This tab did not ask")
    assert issuer.asks("/token") == []


def test_an_id_token_of_another_sign_in_is_refused(
    window: Watched, stack: Site, issuer: Issuer
) -> None:
    issuer.claims["nonce"] = "another"
    refused(window, stack, "Not this sign-in")
    assert len(issuer.asks("/token")) == 1


def test_a_code_that_has_expired_is_told_in_words(
    window: Watched, stack: Site, issuer: Issuer
) -> None:
    issuer.code_life_s = -1
    refused(window, stack, "it has expired or was used before")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            "access_denied",
            "The sign-in was refused: by you, or by the rules there. (Carol said no.)",
        ),
        ("made_up_error", "It says made_up_error. (Carol said no.)"),
    ],
)
def test_a_refusal_there_is_told_in_words(
    window: Watched, stack: Site, issuer: Issuer, error: str, words: str
) -> None:
    issuer.refuses = error
    refused(window, stack, words)
    assert issuer.asks("/token") == []


def test_who_may_do_nothing_here_is_told_so(window: Watched, stack: Site, issuer: Issuer) -> None:
    issuer.claims["roles"] = ["admin", "cook"]
    refused(window, stack, "nothing that you may do here")


def test_a_token_that_the_api_does_not_take_is_told_in_words(
    window: Watched, stack: Site, issuer: Issuer
) -> None:
    issuer.claims["aud"] = "another-client"
    refused(window, stack, "Not known here")


def test_a_link_to_a_code_of_somebody_else_signs_nobody_in(
    window: Watched, stack: Site, issuer: Issuer
) -> None:
    page = window.page
    page.goto(f"{stack.url}?code=of-an-attacker&state=guessed")
    page.get_by_role("alert").filter(has_text="This tab did not ask").wait_for()
    assert page.url == f"{stack.url}#/sign-in"
    assert issuer.asked == []


def test_an_issuer_that_cannot_be_asked_is_told_in_words_and_nobody_leaves(
    window: Watched, stack: Site, issuer: Issuer
) -> None:
    issuer.about = {"token_endpoint": "http://evil.example/token"}
    page = press(window)
    page.get_by_role("alert").filter(has_text="do not begin with https://").wait_for()
    assert page.url == f"{stack.url}#/compare"
    assert kept(page) == {}


def test_a_new_key_of_the_issuer_is_found(
    window: Watched, stack: Site, issuer: Issuer, clock: SimpleNamespace
) -> None:
    press(window).get_by_role("button", name="Sign out").click()
    issuer.rotate()
    clock.now += MIN_INTERVAL_S
    window.page.get_by_role("button", name=BUTTON).click()
    window.page.get_by_role("heading", name="Compare", exact=True).wait_for()
    window.settle()


def test_the_end_of_a_session_leads_to_a_new_sign_in_and_back(
    window: Watched, stack: Site, issuer: Issuer
) -> None:
    page = press(window)
    page.get_by_role("heading", name="Compare", exact=True).wait_for()
    window.settle()
    usual = dict(stack.answers)
    stack.answers["GET /messages"] = problem(401, "The token has expired.", "expired")
    page.get_by_role("link", name="Messages", exact=True).click()
    page.get_by_text("The session has ended. Sign in again.").wait_for()
    stack.answers = usual
    page.get_by_role("button", name=BUTTON).click()
    page.get_by_role("heading", name="Messages", exact=True).wait_for()
    window.settle()
    assert len(issuer.asks("/token")) == 2


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_sign_in_page_has_no_flaw(chromium: Any, stack: Site, width: int, dark: bool) -> None:
    with watched(chromium, stack, width=width, dark=dark, session=None) as window:
        page = window.open("overview")
        page.get_by_role("button", name=BUTTON).wait_for()
        window.shoot(f"sign-in-identity-{width}-{'dark' if dark else 'light'}")
        assert window.overflow() <= 0
        assert window.violations() == []
