"""Scopes, and the one table of what each route of the team's API asks for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What the holder of a token may do."""

    READ = "read"
    """Look at messages and figures, without the numbers of people."""
    CHECK = "check"
    """Ask whether a number may be sent to."""
    PII = "pii"
    """See numbers, and everything stored about a person."""
    WRITE = "write"
    """Change the suppression list and the quarantine."""
    ERASE = "erase"
    """Erase a person."""
    ADMIN = "admin"
    """All of these, tokens and the audit."""


class Audit(StrEnum):
    """Which calls of a route are put into the audit."""

    NEVER = "never"
    ALWAYS = "always"
    WITH_NUMBERS = "with numbers"
    """Those of callers with scope `pii`: they see numbers, and the others do not."""
    WITH_LINKS = "with links"
    """Those whose answer has links to files, so that nobody who waits for them fills it."""


class Subject(StrEnum):
    """Where in a request the number of the person stands that it is about."""

    NOBODY = "nobody"
    PATH = "path"
    """The last part of the path."""
    BODY = "body"
    """Field `number` of the JSON body."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route asks for. Without a scope it takes every known caller."""

    scope: Scope | None
    audit: Audit = Audit.NEVER
    subject: Subject = Subject.NOBODY


READING = Rule(Scope.READ)
SHOWING = Rule(Scope.READ, Audit.WITH_NUMBERS)
EXPORTING = Rule(Scope.READ, Audit.ALWAYS)
FETCHING = Rule(Scope.READ, Audit.WITH_LINKS)
SEEING = Rule(Scope.PII, Audit.ALWAYS)
CHANGING = Rule(Scope.WRITE, Audit.ALWAYS)
ERASING = Rule(Scope.ERASE, Audit.ALWAYS)
ADMINISTERING = Rule(Scope.ADMIN, Audit.ALWAYS)

ROUTES: Mapping[str, Rule] = {
    "GET /openapi.json": Rule(None),
    "GET /messages": SHOWING,
    "GET /messages/{provider}": SHOWING,
    "GET /messages/{provider}/{message_id}": SHOWING,
    "GET /stats": READING,
    "GET /stats/compare": READING,
    "GET /stats/unfinished": READING,
    "GET /stats/findings": READING,
    "POST /exports": EXPORTING,
    "GET /exports": READING,
    "GET /exports/{id}": FETCHING,
    "POST /backtests": EXPORTING,
    "GET /suppressions/held/{provider}": READING,
    "POST /suppressions/held/{provider}/release": CHANGING,
    "POST /suppressions/held/{provider}/discard": CHANGING,
    "POST /suppressions/revert/{provider}": CHANGING,
    "GET /suppressions/export": SEEING,
    "POST /suppressions/import": CHANGING,
    "POST /suppressions/check": Rule(Scope.CHECK),
    "POST /suppressions/lookup": Rule(Scope.CHECK),
    "POST /suppressions/add": Rule(Scope.WRITE, Audit.ALWAYS, Subject.BODY),
    "POST /suppressions/lift": Rule(Scope.WRITE, Audit.ALWAYS, Subject.BODY),
    "GET /suppressions/{number}": Rule(Scope.CHECK),
    "PUT /suppressions/{number}": Rule(Scope.WRITE, Audit.ALWAYS, Subject.PATH),
    "DELETE /suppressions/{number}": Rule(Scope.WRITE, Audit.ALWAYS, Subject.PATH),
    "POST /people/lookup": Rule(Scope.PII, Audit.ALWAYS, Subject.BODY),
    "POST /people/erase": Rule(Scope.ERASE, Audit.ALWAYS, Subject.BODY),
    "GET /recipients/{number}": Rule(Scope.PII, Audit.ALWAYS, Subject.PATH),
    "DELETE /recipients/{number}": Rule(Scope.ERASE, Audit.ALWAYS, Subject.PATH),
    "POST /erasures/repeat": ERASING,
    "GET /quarantine": SEEING,
    "POST /quarantine/{id}/replay": CHANGING,
    "DELETE /quarantine/{id}": CHANGING,
    "POST /sessions": Rule(None, Audit.ALWAYS),
    "GET /sessions/current": Rule(None),
    "DELETE /sessions/current": Rule(None, Audit.ALWAYS),
    "GET /tokens": Rule(Scope.ADMIN),
    "POST /tokens": ADMINISTERING,
    "DELETE /tokens/{id}": ADMINISTERING,
    "GET /audit": Rule(Scope.ADMIN),
    "GET /codes": READING,
    "GET /providers": READING,
    "POST /providers/{provider}/test": ADMINISTERING,
    "PUT /providers/{provider}/key": ADMINISTERING,
    "GET /status": READING,
    "GET /tail": READING,
}
"""Every route of the team's API, whichever function serves it. What is not in here is refused."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom the authorizer let in."""

    name: str
    scopes: frozenset[Scope]
    token_id: str = ""
    expires_at: int | None = None
    """Epoch seconds; None for a token without an end."""
    parent: str = ""
    """Of a session: the id of the token that made it."""
    is_signing_in: bool = False
    """With an ID token: it opens a session with these scopes, and does nothing else with them."""

    def has(self, scope: Scope | None) -> bool:
        """Whether it may do what asks for the scope."""
        return scope is None or (not self.is_signing_in and self._holds(scope))

    def may_grant(self, scopes: Iterable[Scope]) -> bool:
        """Nobody hands out more than they have."""
        return all(map(self._holds, scopes))

    def _holds(self, scope: Scope) -> bool:
        """The scope, or all."""
        return bool(self.scopes & {scope, Scope.ADMIN})

    def is_expired(self, now_s: float) -> bool:
        """Between the authorizer's answer and now."""
        return self.expires_at is not None and now_s >= self.expires_at

    def to_context(self) -> dict[str, str]:
        """For the authorizer's answer, which API Gateway hands on with the call."""
        return {
            "name": self.name,
            "scopes": " ".join(sorted(self.scopes)),
            "token_id": self.token_id,
            "expires_at": "" if self.expires_at is None else str(self.expires_at),
            "parent": self.parent,
            "is_signing_in": "yes" if self.is_signing_in else "",
        }

    @classmethod
    def from_context(cls, context: Mapping[str, str]) -> "Caller":
        """Back from `to_context`. Raises KeyError or ValueError where it is something else."""
        expires_at = context["expires_at"]
        return cls(
            name=context["name"],
            scopes=frozenset(map(Scope, context["scopes"].split())),
            token_id=context["token_id"],
            expires_at=int(expires_at) if expires_at else None,
            parent=context["parent"],
            is_signing_in=bool(context.get("is_signing_in")),
        )


def read_scopes(words: Iterable[str]) -> frozenset[Scope]:
    """The scopes among these words; other words mean nothing here."""
    known = set(Scope)
    return frozenset(Scope(word) for word in words if word in known)
