"""Twilio's way: a MAC of the public URL and of a form's parameters."""

import hmac
import re
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from dlr.wire.request import Request
from dlr.wire.schemes.parts import form_of
from dlr.wire.verify import Credentials, Scheme, encode, matches_any

Form = list[tuple[str, str]]
_URL = re.compile(r"(https?)://([^/?#:]*)(?::(\d+))?(.*)", re.DOTALL)
_PORTS = {"http": "80", "https": "443"}


def each_pair_once(form: Form) -> str:
    """Names and values, sorted, each pair once."""
    return "".join(name + value for name, value in sorted(set(form)))


class TwilioUrl(Scheme):
    """`X-Twilio-Signature`: base64 HMAC of the public URL and the form's sorted parameters.

    Twilio signs the URL with or without its port. A body that is no form is bound by its hash,
    `bodySHA256`, in the query. The key is the auth token (SHA-1) or a shared key (SHA-256).
    https://www.twilio.com/docs/usage/security
    """

    covers = "the public URL and the form"
    covers_query = True
    recipe = (
        "`X-Twilio-Signature`: the base64 HMAC-SHA1 of the whole address with its query and, right "
        "behind it, of each parameter of the form, sorted: its name and its value, decoded"
    )
    key_name = "the account's auth token, or a shared key"

    def __init__(
        self,
        headers: tuple[str, ...] = ("x-twilio-signature",),
        digests: tuple[str, ...] = ("sha1", "sha256"),
        joined: Callable[[Form], str] = each_pair_once,
    ) -> None:
        """`joined` makes the text that is signed of a form."""
        self.headers = headers
        self._digests = digests
        self._joined = joined

    def verify(self, request: Request, credentials: Credentials) -> bool:
        form, query = form_of(request.body.decode(errors="replace")), form_of(request.query)
        if form is None or query is None:
            return False
        ends = [self._joined(form)]
        if ("bodySHA256", sha256(request.body).hexdigest()) in query:
            ends.append("")
        texts = [encode(url + end) for url in _without_and_with_port(request.url) for end in ends]
        expected = [
            b64encode(hmac.digest(key, text, digest)).decode()
            for key in credentials.live_keys
            for text in texts
            for digest in self._digests
        ]
        return any(matches_any(request.headers.get(name, ""), expected) for name in self.headers)

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        """A form, with an auth token."""
        text = request.url + self._joined(form_of(request.body.decode()) or [])
        mac = hmac.digest(encode(key), encode(text), self._digests[0])
        return request.with_headers({self.headers[0]: b64encode(mac).decode()})


def _without_and_with_port(url: str) -> list[str]:
    match = _URL.fullmatch(url)
    if match is None:
        return []
    scheme, host, port, rest = match.groups()
    return [f"{scheme}://{host}{rest}", f"{scheme}://{host}:{port or _PORTS[scheme]}{rest}"]
