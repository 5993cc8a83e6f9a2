"""Sign-in with an identity provider (OpenID Connect): where it begins, and what its code is worth.

The authorization code with PKCE, of a public client: there is no secret. The exchange of the code
goes through here, so that the page calls no other site and never sees the access token. What it
gets, the ID token, is checked by the API's authorizer; nothing here trusts it, or lets anybody in.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dlr.access.issuer import IssuerError, ask, discover
from dlr.wire.request import PROBLEM, body_of

MAX_SENT = 16 * 1024
MAX_AGE_S = 300.0
"""What the issuer says of itself is read again when it is older."""
MIN_INTERVAL_S = 10.0
"""Between two reads, however many ask while the issuer does not answer."""
SENT = {
    "code": re.compile(r"[ -~]{1,8192}", re.ASCII),
    "code_verifier": re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII),
    "redirect_uri": re.compile(r"https?://[!-~]{1,2000}", re.ASCII),
}
"""What the page sends for the ID token."""
ERROR = re.compile(r"[a-z_]{1,40}", re.ASCII)
TITLES = {403: "Refused", 422: "Invalid request", 503: "Unavailable"}
TYPES = {403: "refused", 422: "invalid", 503: "unavailable"}
"""Those of the API."""


@dataclass
class SignInError(Exception):
    """Why it does not go on, for a person. 403: the provider says no; 503: it does not answer."""

    status: int
    detail: str


class Client:
    """This stack as the issuer knows it. `scopes` are those of OpenID Connect: `openid email`."""

    def __init__(
        self,
        issuer: str,
        client_id: str,
        scopes: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._scopes = scopes
        self._clock = clock
        self._endpoints: dict[str, str] = {}
        self._read_at = self._tried_at = -MAX_AGE_S

    def begin(self) -> dict[str, str]:
        """Where the browser goes, and what it asks for there. Raises SignInError."""
        return {
            "authorization_endpoint": self._endpoint("authorization_endpoint"),
            "client_id": self._client_id,
            "scope": self._scopes,
        }

    def exchange(self, sent: Mapping[str, str]) -> dict[str, str]:
        """The ID token for what `SENT` names. Raises SignInError."""
        form = {**sent, "grant_type": "authorization_code", "client_id": self._client_id}
        endpoint = self._endpoint("token_endpoint")
        try:
            status, answer = ask(self._issuer, endpoint, form)
        except IssuerError as error:
            raise SignInError(503, f"{error} Sign in again.") from None
        if status == 200 and isinstance(answer.get("id_token"), str):
            return {"id_token": answer["id_token"]}
        raise _refusal(status, str(answer.get("error")))

    def _endpoint(self, name: str) -> str:
        now = self._clock()
        if now - self._read_at >= MAX_AGE_S:
            if now - self._tried_at < MIN_INTERVAL_S:
                raise SignInError(503, "The identity provider did not answer. Wait ten seconds.")
            self._tried_at = now
            try:
                found = discover(self._issuer, "authorization_endpoint", "token_endpoint")
            except IssuerError as error:
                raise SignInError(503, f"{error} Try again.") from None
            self._endpoints, self._read_at = found, now
        return self._endpoints[name]


def _refusal(status: int, error: str) -> SignInError:
    """Of an answer without an ID token."""
    if status == 200:
        return SignInError(403, "It sent no ID token. `OidcSignInScopes` needs the word openid.")
    if status >= 500 or status == 429:
        return SignInError(503, "The identity provider cannot answer now. Sign in again.")
    if error == "invalid_grant":
        return SignInError(
            403,
            "The identity provider does not take the code of this sign-in: it has expired or was "
            "used before. Sign in again.",
        )
    said = error if ERROR.fullmatch(error) else f"status {status}"
    return SignInError(
        403,
        f"The identity provider does not take this console as its client ({said}). It must be "
        "registered there as a public client, with the console's address.",
    )


def answer(client: Client, event: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Status and JSON: GET says where the sign-in begins, POST exchanges its code."""
    try:
        if event["requestContext"]["http"]["method"] == "POST":
            return 200, client.exchange(_sent(event))
        return 200, client.begin()
    except SignInError as error:
        return error.status, {
            "type": PROBLEM + TYPES[error.status],
            "title": TITLES[error.status],
            "status": error.status,
            "detail": error.detail,
            "request_id": event["requestContext"].get("requestId", ""),
        }


def _sent(event: Mapping[str, Any]) -> dict[str, str]:
    body = body_of(event)
    try:
        found = json.loads(body if len(body) <= MAX_SENT else b"")
        sent = {name: found[name] for name in SENT}
    except (ValueError, LookupError, TypeError, RecursionError):
        raise SignInError(422, f"It takes JSON with {', '.join(SENT)}.") from None
    for name, form in SENT.items():
        if not isinstance(sent[name], str) or form.fullmatch(sent[name]) is None:
            raise SignInError(422, f"{name}: no such thing")
    return sent
