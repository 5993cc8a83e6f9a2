"""Whom to let in: the admin token, a stored token, or a user of the identity provider.

How long a token works after it was revoked, in seconds at most:

| what | in memory | API Gateway's | the call itself | together |
|---|---|---|---|---|
| a stored token | 0 | 30 | 10 | 40 |
| a session of it | 0 | 30 | 10 | 40 |
| a value taken out of the admin secret, and its sessions | 20 | 30 | 10 | 60 |

API Gateway remembers an answer for `AuthorizerResultTtlInSeconds`; the call that made it ends
within the function's timeout. Nothing is bridged: what cannot be read lets nobody in.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from dlr.access.scopes import Caller, Scope
from dlr.access.token import digest, id_of, is_well_formed
from dlr.access.tokens import Token, TokenStore
from dlr.runtime.secret import Secret
from dlr.wire.verify import matches_any

ADMIN = "admin"
ADMIN_PREFIX, OIDC_PREFIX = "admin:", "oidc:"
"""Of the ids of callers without a stored token."""
ADMIN_MAX_AGE_S = 20.0
"""The admin secret is read again when it is older, and never served for longer."""


Verify = Callable[[str], Caller | None]
"""Reads a JWT; None where it is not valid. Raises where the issuer's keys cannot be read."""


class Authorizer:
    """Looks at every token anew. `oidc` is None where there is no identity provider."""

    def __init__(self, tokens: TokenStore, admin: Secret, oidc: Verify | None = None) -> None:
        self._tokens = tokens
        self._admin = admin
        self._oidc = oidc

    def __call__(self, authorization: str, now: datetime) -> Caller | None:
        """Who calls with this header; None for nobody known. Raises what a read raised."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        if is_well_formed(token):
            return self._stored(token, now)
        if self._oidc is not None and token.count(".") == 2:
            return self._oidc(token)
        return self._administrator(token)

    def _stored(self, token: str, now: datetime) -> Caller | None:
        found = self._tokens.find(token)
        if found is None or not found.is_live(now) or not self._has_live_parent(found, now):
            return None
        self._tokens.touch(found, now.astimezone(UTC).date())
        return found.caller()

    def _has_live_parent(self, token: Token, now: datetime) -> bool:
        """A session ends with the token that made it."""
        if not token.parent:
            return True
        if token.parent.startswith(ADMIN_PREFIX):
            return token.parent in map(_admin_id, self._admin.values())
        if token.parent.startswith(OIDC_PREFIX):
            return self._oidc is not None
        parent = self._tokens.get(token.parent)
        return parent is not None and parent.is_live(now)

    def _administrator(self, token: str) -> Caller | None:
        for read in (self._admin.values, self._admin.fresh):
            if matches_any(token, read()):
                return Caller(ADMIN, frozenset({Scope.ADMIN}), _admin_id(token))
        return None


def _admin_id(value: str) -> str:
    return ADMIN_PREFIX + id_of(digest(value))
