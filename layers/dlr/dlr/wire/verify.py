"""Proof that a request comes from the provider. Each scheme stands here once.

Every scheme sees the exact bytes, compares in constant time, tries every live key, lets an empty
one match nothing, and refuses where none is configured. Where a time is signed it may lie
`WINDOW_S` before or after ours. Libraries are imported where they are needed: only an ingest
function whose provider signs that way carries them.
"""

import hmac
import math
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import md5, sha256
from typing import Any, Literal
from urllib.parse import parse_qsl

from dlr.wire.decode import MAX_FORM_CHARACTERS, MAX_FORM_FIELDS, UnreadableError, read_items
from dlr.wire.request import Request

WINDOW_S = 300
_URL = re.compile(r"(https?)://([^/?#:]*)(?::(\d+))?(.*)", re.DOTALL)
_PORTS = {"http": "80", "https": "443"}
_SEPARATORS = str.maketrans("&=", "__")
_NOT_BY_ITS_CLOCK: Any = {"verify_iat": False, "verify_nbf": False, "verify_exp": False}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a provider's requests are checked against; several of each live during a rotation.

    `tokens` are ours, in the URL; `signing_keys` are the provider's: secrets or public keys.
    """

    tokens: tuple[str, ...] = field(repr=False)
    now: datetime
    signing_keys: tuple[str, ...] = field(default=(), repr=False)


Verifier = Callable[[Request, Credentials], bool]


def all_of(*verifiers: Verifier) -> Verifier:
    """Every one of them must agree."""
    return lambda request, credentials: all(v(request, credentials) for v in verifiers)


def any_of(*verifiers: Verifier) -> Verifier:
    """One of them must agree. For a provider that signs in several ways."""
    return lambda request, credentials: any(v(request, credentials) for v in verifiers)


def where_configured(verifier: Verifier) -> Verifier:
    """Required as soon as the provider has a signing key, even an empty one. Never alone."""
    return lambda request, credentials: (
        not credentials.signing_keys or verifier(request, credentials)
    )


def token_in_path(request: Request, credentials: Credentials) -> bool:
    """The secret is the last part of the URL."""
    return matches_any(request.token, credentials.tokens)


def basic(request: Request, credentials: Credentials) -> bool:
    """HTTP basic; a signing key is `user:password`."""
    given = _base64(_authorization(request, "basic"))
    return matches_any(given.decode(errors="replace"), credentials.signing_keys)


def hmac_body(
    header: str,
    digest: str = "sha256",
    encoding: Literal["hex", "base64"] = "hex",
    prefix: str = "",
) -> Verifier:
    """HMAC of the raw body in a header, with or without a prefix.

    It does not cover the query: a request without a body is refused.
    """

    def verify(request: Request, credentials: Credentials) -> bool:
        given = request.headers.get(header.lower(), "").removeprefix(prefix)
        macs = (hmac.digest(key, request.body, digest) for key in _live(credentials))
        if encoding == "hex":
            signed = matches_any(given.lower(), (mac.hex() for mac in macs))
        else:
            signed = matches_any(given, (b64encode(mac).decode() for mac in macs))
        return signed and bool(request.body)

    return verify


def twilio_url(request: Request, credentials: Credentials) -> bool:
    """`X-Twilio-Signature`: base64 HMAC of the public URL and the form's sorted parameters.

    Twilio signs the URL with or without its port. A body that is no form is bound by its hash,
    `bodySHA256`, in the query. The key is the auth token (SHA-1) or a shared key (SHA-256).
    https://www.twilio.com/docs/usage/security
    """
    form, query = _pairs(request.body.decode(errors="replace")), _pairs(request.query)
    if form is None or query is None:
        return False
    ends = ["".join(name + value for name, value in sorted(set(form)))]
    if ("bodySHA256", sha256(request.body).hexdigest()) in query:
        ends.append("")
    texts = [_bytes(url + end) for url in _without_and_with_port(request.url) for end in ends]
    expected = (
        b64encode(hmac.digest(key, text, digest)).decode()
        for key in _live(credentials)
        for text in texts
        for digest in ("sha1", "sha256")
    )
    return matches_any(request.headers.get("x-twilio-signature", ""), expected)


def vonage_sig(request: Request, credentials: Credentials) -> bool:
    """`sig` of the SMS API: a digest of the other parameters, by the account's method.

    Signed are the parameters that the parser reads: the body's or, without a body, the query's.
    A name with `&` or `=` could swallow its neighbours and is refused.
    https://developer.vonage.com/en/getting-started/concepts/signing-messages
    """
    parameters = _only_item(request)
    if not all(isinstance(value, str) for value in parameters.values()):
        return False
    if any("&" in name or "=" in name for name in parameters):
        return False
    if not _is_recent(parameters.get("timestamp"), credentials.now):
        return False
    given = parameters.pop("sig", "").lower()
    lines = (f"&{name}={parameters[name].translate(_SEPARATORS)}" for name in sorted(parameters))
    text = _bytes("".join(lines))
    digests = (digest for key in _live(credentials) for digest in _vonage_digests(key, text))
    return matches_any(given, digests)


def jwt_with_body_hash(request: Request, credentials: Credentials) -> bool:
    """`Authorization: Bearer` a JWT (HS256, no other) whose `payload_hash` is the body's SHA-256.

    https://developer.vonage.com/en/getting-started/concepts/webhooks, signed webhooks
    """
    import jwt

    token, now = _bytes(_authorization(request, "bearer")), credentials.now
    for key in _live(credentials):
        try:
            claims = jwt.decode(token, key, algorithms=["HS256"], options=_NOT_BY_ITS_CLOCK)
        except jwt.PyJWTError:
            continue
        body_hash = sha256(request.body).hexdigest()
        is_bound = matches_any(str(claims.get("payload_hash")).lower(), [body_hash])
        is_over = "exp" in claims and not _seconds(claims["exp"]) > now.timestamp()
        return is_bound and _is_recent(claims.get("iat"), now) and not is_over
    return False


def ed25519_body(signature: str, timestamp: str) -> Verifier:
    """Ed25519 over `timestamp|body`. Both come in headers; signature and keys are base64."""

    def verify(request: Request, credentials: Credentials) -> bool:
        from nacl.exceptions import BadSignatureError
        from nacl.signing import VerifyKey

        time = request.headers.get(timestamp.lower(), "")
        if not _is_recent(time, credentials.now):
            return False
        given = _base64(request.headers.get(signature.lower(), ""))
        for key in _live(credentials):
            try:
                VerifyKey(_base64(key)).verify(_bytes(time) + b"|" + request.body, given)
            except (BadSignatureError, ValueError):
                continue
            return True
        return False

    return verify


def matches_any(given: str, secrets: Iterable[str]) -> bool:
    """Compared in constant time with every live secret; an empty secret matches nothing."""
    candidate = _bytes(given)
    found = [bool(secret) and hmac.compare_digest(candidate, _bytes(secret)) for secret in secrets]
    return any(found)


def _live(credentials: Credentials) -> Iterator[bytes]:
    return (_bytes(key) for key in credentials.signing_keys if key)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _base64(text: str | bytes) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""


def _authorization(request: Request, scheme: str) -> str:
    given, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if given.lower() == scheme else ""


def _is_recent(timestamp: Any, now: datetime) -> bool:
    return abs(now.timestamp() - _seconds(timestamp)) <= WINDOW_S


def _seconds(timestamp: Any) -> float:
    """Unix seconds; not a number, which is never in any window, for what is none."""
    try:
        return float(timestamp)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _pairs(text: str) -> list[tuple[str, str]] | None:
    """A form's parameters, repeated ones kept; None if there are too many."""
    if len(text) > MAX_FORM_CHARACTERS:
        return None
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)
    except ValueError:
        return None


class _EveryName(frozenset[str]):
    def __contains__(self, name: object) -> bool:
        return True


def _only_item(request: Request) -> dict[str, Any]:
    """What the parser will read, if that is a single object with no name twice; else nothing."""
    try:
        items, _ = read_items(request, _EveryName())
    except UnreadableError:
        return {}
    return dict(items[0]) if len(items) == 1 and isinstance(items[0], dict) else {}


def _without_and_with_port(url: str) -> list[str]:
    match = _URL.fullmatch(url)
    if match is None:
        return []
    scheme, host, port, rest = match.groups()
    return [f"{scheme}://{host}{rest}", f"{scheme}://{host}:{port or _PORTS[scheme]}{rest}"]


def _vonage_digests(key: bytes, text: bytes) -> Iterator[str]:
    """The account's setting is not in the request: MD5 hash (the default) or one of four HMACs."""
    yield md5(text + key).hexdigest()  # noqa: S324
    for digest in ("md5", "sha1", "sha256", "sha512"):
        yield hmac.digest(key, text, digest).hex()
