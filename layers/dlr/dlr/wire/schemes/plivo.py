"""Plivo's way: a MAC of the public URL, of the parameters and of a nonce."""

import hmac
from base64 import b64encode
from datetime import datetime

from dlr.wire.request import Request
from dlr.wire.schemes.parts import form_of
from dlr.wire.verify import Credentials, Scheme, encode, matches_any

_SIGNATURES = ("x-plivo-signature-v3", "x-plivo-signature-ma-v3")
_NONCE = "x-plivo-signature-v3-nonce"


class PlivoV3(Scheme):
    """`X-Plivo-Signature-V3`: base64 HMAC-SHA256 of URL, sorted parameters and nonce.

    The header with `Ma` is signed with the main account's token. Each may hold several signatures,
    separated by commas. Version 2, which Plivo's messaging pages describe, leaves the body out and
    is refused.
    https://github.com/plivo/plivo-python, plivo/utils/signature_v3.py
    """

    covers = "the public URL, the form and a nonce"
    covers_query = True
    recipe = (
        "`X-Plivo-Signature-V3`: the base64 HMAC-SHA256 of the address, `?`, the query's parameters"
        " (sorted, `name=value` with `&` between them, and `.` behind the last if there is a form),"
        " the form's parameters (sorted, name and value, nothing between them), `.` and the nonce, "
        "which is `X-Plivo-Signature-V3-Nonce`; all decoded"
    )
    key_name = "the auth token of the account, or of the subaccount that sends"
    headers = (*_SIGNATURES, _NONCE)

    def verify(self, request: Request, credentials: Credentials) -> bool:
        text = _text_of(request, request.headers.get(_NONCE, ""))
        if text is None:
            return False
        expected = [_mac(key, text) for key in credentials.live_keys]
        given = ",".join(request.headers.get(name, "") for name in _SIGNATURES)
        return any(matches_any(each.strip(), expected) for each in given.split(",")[:20])

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        nonce = f"{now.timestamp() * 1e6:020.0f}"
        mac = _mac(encode(key), _text_of(request, nonce) or b"")
        return request.with_headers({_SIGNATURES[0]: mac, _NONCE: nonce})


def _text_of(request: Request, nonce: str) -> bytes | None:
    """What is signed; None if it is too much, or without a nonce."""
    query, form = form_of(request.query), form_of(request.body.decode(errors="replace"))
    if query is None or form is None or not nonce:
        return None
    url = request.url.partition("#")[0].partition("?")[0]
    parameters = "&".join(f"{name}={value}" for name, value in sorted(query))
    if query or form:
        url += f"?{parameters}"
    if query and form:
        url += "."
    return encode(url + "".join(name + value for name, value in sorted(form)) + f".{nonce}")


def _mac(key: bytes, text: bytes) -> str:
    return b64encode(hmac.digest(key, text, "sha256")).decode()
