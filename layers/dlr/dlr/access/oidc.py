"""JWTs of one identity provider (OpenID Connect): who it says calls, and what they may do.

Only asymmetric algorithms count, and each only with a key of its own kind: a token that names
`none`, or HS256 with the issuer's public key as its secret, fits no key. `exp`, `iss`, `aud` and
`sub` must be there; `nbf` counts where it is, because not every provider sends one.

Needs PyJWT and cryptography, which only the authorizer carries; nothing else imports this.
"""

import logging
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

import jwt

from dlr.access.authorize import OIDC_PREFIX
from dlr.access.issuer import IssuerError, ask, discover
from dlr.access.names import name_or_none
from dlr.access.scopes import Caller, read_scopes

ALGORITHMS: Mapping[Any, str] = {
    ("RSA", None): "RS256",
    ("EC", "P-256"): "ES256",
    ("OKP", "Ed25519"): "EdDSA",
}
"""The algorithm of each kind of key, by `kty` and `crv`: the key decides, not the token."""
SCOPE_PREFIX = "dlr:"
"""`admin` alone may be anybody's word for anything."""
NEEDED = ["exp", "iss", "aud", "sub"]
LEEWAY_S = 10
MAX_TOKEN = 8192
"""Characters; API Gateway takes no longer headers."""
MAX_AGE_S = 300.0
"""The issuer's keys are read again when they are older."""
HARD_MAX_AGE_S = 900.0
"""Where the issuer does not answer, the known keys serve until they are this old."""
MIN_INTERVAL_S = 10.0
"""Between two reads, however many tokens name keys that nobody knows."""
MAX_KEYS = 50
MAX_SIGN_IN_S = 300
"""An ID token that is older opens no session."""

logger = logging.getLogger(__name__)


class KeysUnreadableError(RuntimeError):
    """The issuer's keys are not known and cannot be read now."""


class Key(NamedTuple):
    """A public key and the one algorithm that it is for."""

    key: Any
    algorithm: str


class IssuerKeys:
    """The issuer's keys by `kid`, read when they are needed and seldom."""

    def __init__(self, issuer: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer = issuer
        self._clock = clock
        self._keys: dict[str, Key] = {}
        self._read_at = -HARD_MAX_AGE_S
        self._tried_at = -MIN_INTERVAL_S - HARD_MAX_AGE_S

    def find(self, kid: str) -> Key | None:
        """None where the issuer has no such key. Raises KeysUnreadableError."""
        now = self._clock()
        is_due = kid not in self._keys or now - self._read_at > MAX_AGE_S
        if is_due and now - self._tried_at >= MIN_INTERVAL_S:
            self._tried_at = now
            self._try_to_read(now)
        if not self._keys or self._clock() - self._read_at > HARD_MAX_AGE_S:
            raise KeysUnreadableError("the issuer's keys are not known")
        return self._keys.get(kid)

    def _try_to_read(self, now: float) -> None:
        try:
            self._keys = self._read()
        except (IssuerError, ValueError) as error:
            logger.warning("the issuer's keys were not read: %s", type(error).__name__)
        else:
            self._read_at = now

    def _read(self) -> dict[str, Key]:
        place = discover(self._issuer, "jwks_uri")["jwks_uri"]
        status, found = ask(self._issuer, place)
        listed = found.get("keys")
        if status != 200 or not isinstance(listed, list):
            raise IssuerError("the issuer lists no keys")
        keys = (each for each in listed[:MAX_KEYS] if isinstance(each, dict))
        read = {str(each.get("kid")): _key_of(each) for each in keys}
        return {kid: key for kid, key in read.items() if key is not None}


def _key_of(listed: Mapping[str, Any]) -> Key | None:
    """None for a key that is for something else, or of a kind that is not taken here."""
    kind = (listed.get("kty"), listed.get("crv"))
    algorithm = ALGORITHMS.get(kind) if all(isinstance(each, str | None) for each in kind) else None
    is_for_signatures = listed.get("use", "sig") == "sig"
    if algorithm is None or not is_for_signatures or listed.get("alg", algorithm) != algorithm:
        return None
    try:
        return Key(jwt.PyJWK.from_dict(dict(listed), algorithm).key, algorithm)
    except jwt.PyJWTError:
        return None


class Verifier:
    """Reads a JWT of the issuer that is meant for the audience, or is an ID token for the client.

    The ID token says that somebody has just signed in to the console, and opens a session there.
    """

    def __init__(
        self,
        issuer: str,
        audience: str,
        scopes_claim: str,
        client_id: str = "",
        name_claim: str = "sub",
        keys: IssuerKeys | None = None,
    ) -> None:
        if not issuer or not (audience or client_id):
            raise ValueError("an issuer and an audience or a client id are needed")
        self._issuer = issuer
        self._audience = audience
        self._scopes_claim = scopes_claim
        self._client_id = client_id
        self._name_claim = name_claim
        self._keys = keys or IssuerKeys(issuer)

    def __call__(self, token: str) -> Caller | None:
        """Who it is; None where the token is not valid, or names no scope of ours.

        Who signs in is told so by the API: the caller then has no scope. Raises
        KeysUnreadableError.
        """
        claims = self._claims(token)
        if claims is None or not isinstance(claims["sub"], str):
            return None
        scopes = read_scopes(_words(claims.get(self._scopes_claim)))
        is_for_api = self._audience in _listed(claims["aud"])
        if not is_for_api and not self._is_sign_in(claims):
            return None
        if is_for_api and not scopes:
            return None
        subject = sha256(claims["sub"].encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return Caller(
            name=f"oidc:{self._name_in(claims) or subject}",
            scopes=scopes,
            token_id=OIDC_PREFIX + subject,
            expires_at=int(claims["exp"]),
            is_signing_in=not is_for_api,
        )

    def _is_sign_in(self, claims: Mapping[str, Any]) -> bool:
        """Whether it is the ID token of a sign-in of now, and not another's that names us too.

        `nonce` is what a logout token may not have.
        """
        made = claims.get("iat")
        is_new = isinstance(made, int | float) and time.time() - made < MAX_SIGN_IN_S
        is_ours = (
            _listed(claims["aud"]) == [self._client_id] or claims.get("azp") == self._client_id
        )
        return is_new and is_ours and isinstance(claims.get("nonce"), str)

    def _name_in(self, claims: Mapping[str, Any]) -> str | None:
        """An address that the issuer has not verified is anybody's word."""
        is_unsure = self._name_claim == "email" and claims.get("email_verified") is False
        found = claims.get(self._name_claim)
        return name_or_none(found) if isinstance(found, str) and not is_unsure else None

    def _claims(self, token: str) -> dict[str, Any] | None:
        try:
            if len(token) > MAX_TOKEN:
                return None
            kid = jwt.get_unverified_header(token).get("kid")
            key = self._keys.find(kid) if isinstance(kid, str) else None
            if key is None:
                return None
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=[key.algorithm],
                audience=[each for each in (self._audience, self._client_id) if each],
                issuer=self._issuer,
                leeway=LEEWAY_S,
                options={"require": NEEDED, "enforce_minimum_key_length": True},
            )
        except (jwt.PyJWTError, ValueError, OverflowError, RecursionError):
            return None
        return claims


def _listed(audience: Any) -> list[Any]:
    return audience if isinstance(audience, list) else [audience]


def _words(claim: Any) -> list[str]:
    """Ours of them, without the prefix."""
    words = claim.split() if isinstance(claim, str) else claim
    if not isinstance(words, list):
        return []
    texts = (each for each in words if isinstance(each, str))
    return [each.removeprefix(SCOPE_PREFIX) for each in texts if each.startswith(SCOPE_PREFIX)]
