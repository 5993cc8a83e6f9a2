"""Calls to the identity provider (OpenID Connect): where it may be, how long and how much.

Every address but the issuer's own comes from its discovery document, which must name the issuer.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3

DISCOVERY = "/.well-known/openid-configuration"
LOOPBACK = ("127.0.0.1", "localhost")
MAX_BYTES = 256 * 1024
"""Of an answer. What is longer is cut off, and so is no JSON."""
TIMEOUT = urllib3.Timeout(connect=1, read=2)
"""For each part of an answer; the function's own timeout bounds the whole."""


class IssuerError(RuntimeError):
    """The issuer does not answer, or nothing that can be taken from it. The text is our own."""


def discover(issuer: str, *names: str) -> dict[str, str]:
    """The addresses that the issuer's document has under these names. Raises IssuerError."""
    status, about = ask(issuer, issuer.rstrip("/") + DISCOVERY)
    if status != 200 or about.get("issuer") != issuer:
        raise IssuerError("What the identity provider says of itself is another issuer's.")
    found = {name: str(about.get(name)) for name in names}
    if not all(is_safe(issuer, each) for each in found.values()):
        raise IssuerError("The identity provider's addresses do not begin with https://.")
    return found


def ask(issuer: str, url: str, form: Mapping[str, str] | None = None) -> tuple[int, dict[str, Any]]:
    """GET, or POST of a form: status and JSON object, `{}` for other JSON. Follows no redirect.

    Raises IssuerError.
    """
    if not is_safe(issuer, url):
        raise IssuerError("The identity provider's addresses do not begin with https://.")
    try:
        status, body = _send(url, form)
        found = json.loads(body)
    except (urllib3.exceptions.HTTPError, OSError, ValueError, RecursionError):
        raise IssuerError("The identity provider does not answer, or nothing readable.") from None
    return status, found if isinstance(found, dict) else {}


def _send(url: str, form: Mapping[str, str] | None) -> tuple[int, bytes]:
    http = urllib3.PoolManager(retries=False, timeout=TIMEOUT)
    headers = {"accept": "application/json"}
    if form is not None:
        headers["content-type"] = "application/x-www-form-urlencoded"
    answer = http.request(
        "GET" if form is None else "POST",
        url,
        body=None if form is None else urlencode(form),
        headers=headers,
        preload_content=False,
        redirect=False,
    )
    try:
        return answer.status, answer.read(MAX_BYTES)
    finally:
        answer.release_conn()


def is_safe(issuer: str, url: str) -> bool:
    """Over TLS. Without it only for an issuer on this machine, and only to this machine: in Lambda
    the runtime's own interface is there."""
    scheme, is_here = _place(url)
    return scheme == "https" or _place(issuer) == (scheme, is_here) == ("http", True)


def _place(url: str) -> tuple[str, bool]:
    """The scheme, and whether it is this machine; no scheme for what is no address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", False
    return (parts.scheme if parts.hostname else ""), parts.hostname in LOOPBACK
