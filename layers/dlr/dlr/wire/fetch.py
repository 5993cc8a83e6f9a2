"""Reads a document of a provider's: the certificate that it signs with, an address to confirm."""

from urllib.parse import urlsplit

MAX_BYTES = 64 * 1024
TIMEOUT_S = 3.0
_LATER = frozenset({408, 425, 429})


class UnreachableError(OSError):
    """The document cannot be had now. The provider should send its request again."""


def fetch(url: str) -> bytes:
    """The document, over TLS, without redirects.

    Raises UnreachableError, or ValueError where another try would not help.
    """
    from http.client import HTTPException, HTTPSConnection  # few functions ever need it

    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError("the address does not begin with https://")
    connection = HTTPSConnection(parts.hostname, parts.port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", f"{parts.path or '/'}?{parts.query}".removesuffix("?"))
        answer = connection.getresponse()
        body = answer.read(MAX_BYTES + 1)
    except (OSError, HTTPException) as error:
        raise UnreachableError(type(error).__name__) from None
    finally:
        connection.close()
    if answer.status >= 500 or answer.status in _LATER:
        raise UnreachableError(f"the answer is {answer.status}")
    if answer.status != 200 or len(body) > MAX_BYTES:
        raise ValueError(f"the answer is {answer.status}, of {len(body)} bytes")
    return body
