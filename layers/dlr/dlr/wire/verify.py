"""Proof that a request comes from the provider: the token in the URL and, beside it, a signature.

The signature schemes are in `schemes/`. Every check sees the exact bytes, compares in constant
time, tries every live key, lets an empty key match nothing, and refuses where none is configured.
"""

import hmac
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from dlr.wire.request import Request


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a provider's requests are checked against; several of each live during a rotation.

    `tokens` are ours, in the URL; `signing_keys` are the provider's: secrets or public keys.
    """

    tokens: tuple[str, ...] = field(repr=False)
    now: datetime
    signing_keys: tuple[str, ...] = field(default=(), repr=False)

    @property
    def live_keys(self) -> Iterator[bytes]:
        """The signing keys that are not empty."""
        return (encode(key) for key in self.signing_keys if key)


Verifier = Callable[[Request, Credentials], bool]


class Scheme:
    """A way to sign requests. Each scheme stands once, with both its sides beside each other."""

    covers: str
    """What a signature binds, for the documentation: `the body`."""
    key_name: str
    """What the signing key is at the provider, for the documentation."""
    recipe: str
    """What is computed of what, exactly: all that somebody needs who signs by hand."""
    headers: tuple[str, ...] = ()
    """Names of the headers that it reads, in lower case."""
    covers_query: bool = False
    """Whether a signature of a request with a body also binds its query.

    Without a body the query is the report: a scheme that does not bind it then refuses the request.
    """
    covers_body: bool = True
    """Whether a signature binds the body."""
    window_s: float | None = None
    """How far a signed time may lie before or after ours. None where no time is signed."""

    def verify(self, request: Request, credentials: Credentials) -> bool:
        """Whether one of the signing keys signed the request."""
        raise NotImplementedError

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        """The request as the provider would sign it, for samples and tests.

        Raises NotImplementedError where only the provider can: nobody else has its key.
        """
        raise NotImplementedError

    def verifying_key(self, key: str) -> str:
        """The key that verifies what `key` signed: the same, unless the scheme has key pairs."""
        return key


def token_in_path(request: Request, credentials: Credentials) -> bool:
    """The secret is the last part of the URL."""
    return matches_any(request.token, credentials.tokens)


def matches_any(given: str, secrets: Iterable[str]) -> bool:
    """Compared in constant time with every live secret; an empty secret matches nothing."""
    candidate = encode(given)
    found = [bool(secret) and hmac.compare_digest(candidate, encode(secret)) for secret in secrets]
    return any(found)


def encode(text: str) -> bytes:
    """UTF-8; half a surrogate pair, which a JSON string may hold, is encoded too."""
    return text.encode("utf-8", "surrogatepass")
