"""Proof that a request comes from the provider. Each scheme stands here once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hmac import compare_digest

from dlr.request import Request


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a provider's requests are checked against; several of each live during a rotation."""

    tokens: tuple[str, ...] = field(repr=False)


Verifier = Callable[[Request, Credentials], bool]


def token_in_path(request: Request, credentials: Credentials) -> bool:
    """The secret is the last part of the URL. For providers that sign nothing."""
    return matches_any(request.token, credentials.tokens)


def matches_any(given: str, secrets: Iterable[str]) -> bool:
    """Compared in constant time with every live secret; an empty secret matches nothing."""
    candidate = given.encode()
    found = [bool(secret) and compare_digest(candidate, secret.encode()) for secret in secrets]
    return any(found)
