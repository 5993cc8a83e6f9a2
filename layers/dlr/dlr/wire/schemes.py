"""The signature schemes. A provider's declaration picks one and names its headers.

Where a time is signed it may lie `WINDOW_S` before or after ours. Libraries are imported where they
are needed: only an ingest function whose provider signs that way carries them.
"""

import binascii
import hmac
import json
import math
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from hashlib import md5, sha256
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

from dlr.wire.decode import MAX_FORM_CHARACTERS, MAX_FORM_FIELDS, UnreadableError, read_items
from dlr.wire.request import Request
from dlr.wire.verify import Credentials, Scheme, encode, matches_any

WINDOW_S = 300
_URL = re.compile(r"(https?)://([^/?#:]*)(?::(\d+))?(.*)", re.DOTALL)
_PORTS = {"http": "80", "https": "443"}
_SEPARATORS = str.maketrans("&=", "__")
_NOT_BY_ITS_CLOCK: Any = {"verify_iat": False, "verify_nbf": False, "verify_exp": False}


class AnyOf(Scheme):
    """One of several schemes, for a provider that signs in several ways with one key."""

    def __init__(self, *schemes: Scheme) -> None:
        self._schemes = schemes
        self.covers = " or ".join(scheme.covers for scheme in schemes)
        self.key_name = schemes[0].key_name
        self.headers = tuple(name for scheme in schemes for name in scheme.headers)
        self.is_timed = all(scheme.is_timed for scheme in schemes)

    def verify(self, request: Request, credentials: Credentials) -> bool:
        return any(scheme.verify(request, credentials) for scheme in self._schemes)

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        """With the last scheme, which has to be able to sign a request without a body."""
        return self._schemes[-1].sign(request, key, now)

    def verifying_key(self, key: str) -> str:
        return self._schemes[0].verifying_key(key)


class Basic(Scheme):
    """HTTP basic authentication; a signing key is `user:password`."""

    covers = "nothing: the password travels with the request"
    key_name = "`user:password`"
    headers = ("authorization",)

    def verify(self, request: Request, credentials: Credentials) -> bool:
        given = _base64(_authorization(request, "basic"))
        return matches_any(given.decode(errors="replace"), credentials.signing_keys)

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        return _with(request, authorization=f"Basic {b64encode(encode(key)).decode()}")


class HmacBody(Scheme):
    """HMAC of the raw body in a header, with or without a prefix.

    It does not cover the query: a request without a body is refused.
    """

    covers = "the body"

    def __init__(
        self,
        header: str,
        digest: str = "sha256",
        encoding: Literal["hex", "base64"] = "hex",
        prefix: str = "",
    ) -> None:
        self.key_name = f"the secret behind `{header}`"
        self.headers = (header.lower(),)
        self._digest = digest
        self._encoding = encoding
        self._prefix = prefix

    def verify(self, request: Request, credentials: Credentials) -> bool:
        given = request.headers.get(self.headers[0], "").removeprefix(self._prefix)
        given = given.lower() if self._encoding == "hex" else given
        macs = (self._mac(key, request) for key in _live(credentials))
        return matches_any(given, macs) and bool(request.body)

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        return _with(request, **{self.headers[0]: self._prefix + self._mac(encode(key), request)})

    def _mac(self, key: bytes, request: Request) -> str:
        mac = hmac.digest(key, request.body, self._digest)
        return mac.hex() if self._encoding == "hex" else b64encode(mac).decode()


class TwilioUrl(Scheme):
    """`X-Twilio-Signature`: base64 HMAC of the public URL and the form's sorted parameters.

    Twilio signs the URL with or without its port. A body that is no form is bound by its hash,
    `bodySHA256`, in the query. The key is the auth token (SHA-1) or a shared key (SHA-256).
    https://www.twilio.com/docs/usage/security
    """

    covers = "the public URL and the form"
    key_name = "the account's auth token, or a shared key"
    headers = ("x-twilio-signature",)

    def verify(self, request: Request, credentials: Credentials) -> bool:
        form, query = _pairs(request.body.decode(errors="replace")), _pairs(request.query)
        if form is None or query is None:
            return False
        ends = [_joined(form)]
        if ("bodySHA256", sha256(request.body).hexdigest()) in query:
            ends.append("")
        texts = [encode(url + end) for url in _without_and_with_port(request.url) for end in ends]
        expected = (
            b64encode(hmac.digest(key, text, digest)).decode()
            for key in _live(credentials)
            for text in texts
            for digest in ("sha1", "sha256")
        )
        return matches_any(request.headers.get("x-twilio-signature", ""), expected)

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        """A form, with an auth token."""
        text = request.url + _joined(_pairs(request.body.decode()) or [])
        mac = hmac.digest(encode(key), encode(text), "sha1")
        return _with(request, **{"x-twilio-signature": b64encode(mac).decode()})


class VonageSig(Scheme):
    """`sig` of the SMS API: a digest of the other parameters, by the account's method.

    Signed are the parameters that the parser reads: the body's or, without a body, the query's.
    A name with `&` or `=` could swallow its neighbours and is refused.
    https://developer.vonage.com/en/getting-started/concepts/signing-messages
    """

    covers = "the parameters (SMS API)"
    is_timed = True
    key_name = "the account's signature secret"

    def verify(self, request: Request, credentials: Credentials) -> bool:
        parameters = _only_item(request)
        if not all(isinstance(value, str) for value in parameters.values()):
            return False
        if any("&" in name or "=" in name for name in parameters):
            return False
        if not _is_recent(parameters.get("timestamp"), credentials.now):
            return False
        given = parameters.pop("sig", "").lower()
        text = _vonage_text(parameters)
        digests = (digest for key in _live(credentials) for digest in _vonage_digests(key, text))
        return matches_any(given, digests)

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        """Of the query, a form or a JSON object, by HMAC-SHA256."""
        parameters = _only_item(request) | {"timestamp": str(int(now.timestamp()))}
        mac = hmac.digest(encode(key), _vonage_text(parameters), "sha256").hex()
        signed = parameters | {"sig": mac}
        if not request.body:
            query = urlencode(signed)
            url = f"{request.url.partition('?')[0]}?{query}"
            return replace(request, query=query, url=url)
        is_json = request.body.lstrip().startswith(b"{")
        body = json.dumps(signed) if is_json else urlencode(signed)
        return replace(request, body=body.encode())


class JwtWithBodyHash(Scheme):
    """`Authorization: Bearer` a JWT (HS256, no other) whose `payload_hash` is the body's SHA-256.

    https://developer.vonage.com/en/getting-started/concepts/webhooks, signed webhooks
    """

    covers = "the body (Messages API)"
    is_timed = True
    key_name = "the account's signature secret"
    headers = ("authorization",)

    def verify(self, request: Request, credentials: Credentials) -> bool:
        import jwt

        token, now = encode(_authorization(request, "bearer")), credentials.now
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

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        import jwt

        claims = {"iat": int(now.timestamp()), "payload_hash": sha256(request.body).hexdigest()}
        return _with(request, authorization=f"Bearer {jwt.encode(claims, key, 'HS256')}")


class Ed25519Body(Scheme):
    """Ed25519 over `timestamp|body`. Both are headers; signature and keys are base64.

    The signing key of the secret is the provider's public key.
    """

    covers = "the time and the body"
    is_timed = True
    key_name = "the account's public key, base64"

    def __init__(self, signature: str, timestamp: str) -> None:
        self._signature, self._timestamp = signature.lower(), timestamp.lower()
        self.headers = (self._signature, self._timestamp)

    def verify(self, request: Request, credentials: Credentials) -> bool:
        from nacl.exceptions import BadSignatureError
        from nacl.signing import VerifyKey

        time = request.headers.get(self._timestamp, "")
        if not _is_recent(time, credentials.now):
            return False
        given = _base64(request.headers.get(self._signature, ""))
        for key in _live(credentials):
            try:
                VerifyKey(_base64(key)).verify(encode(time) + b"|" + request.body, given)
            except (BadSignatureError, ValueError):
                continue
            return True
        return False

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        """`key` may be any text: the private key is made of it."""
        stamp = str(int(now.timestamp()))
        proof = _private_key(key).sign(stamp.encode() + b"|" + request.body).signature
        signed = {self._timestamp: stamp, self._signature: b64encode(proof).decode()}
        return _with(request, **signed)

    def verifying_key(self, key: str) -> str:
        return b64encode(bytes(_private_key(key).verify_key)).decode()


def _private_key(text: str) -> Any:
    from nacl.signing import SigningKey

    return SigningKey(sha256(encode(text)).digest())


def _with(request: Request, **headers: str) -> Request:
    return replace(request, headers={**request.headers, **headers})


def _live(credentials: Credentials) -> Iterator[bytes]:
    return (encode(key) for key in credentials.signing_keys if key)


def _base64(text: str | bytes) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""


def _authorization(request: Request, scheme: str) -> str:
    given, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if given.lower() == scheme else ""


def _is_recent(timestamp: Any, now: datetime) -> bool:
    return abs(now.timestamp() - _seconds(timestamp)) <= WINDOW_S


def _seconds(timestamp: Any) -> float:
    """Unix seconds; NaN, which lies in no window, for anything else."""
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


def _joined(form: list[tuple[str, str]]) -> str:
    """Twilio's text of a form: names and values, sorted, each pair once."""
    return "".join(name + value for name, value in sorted(set(form)))


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


def _vonage_text(parameters: dict[str, Any]) -> bytes:
    """`&name=value` of each parameter, sorted by name, separators in values replaced."""
    lines = (f"&{name}={parameters[name].translate(_SEPARATORS)}" for name in sorted(parameters))
    return encode("".join(lines))


def _vonage_digests(key: bytes, text: bytes) -> Iterator[str]:
    """The account's setting is not in the request: MD5 hash (the default) or one of four HMACs."""
    yield md5(text + key).hexdigest()  # noqa: S324
    for digest in ("md5", "sha1", "sha256", "sha512"):
        yield hmac.digest(key, text, digest).hex()
