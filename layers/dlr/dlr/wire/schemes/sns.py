"""Amazon SNS over HTTPS: a signature with the key of a certificate that SNS publishes.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from dlr.wire.fetch import fetch
from dlr.wire.request import Request
from dlr.wire.schemes.parts import from_base64, only_item
from dlr.wire.verify import Credentials, Scheme, matches_any

_HOST = r"sns\.[a-z0-9-]{1,32}\.amazonaws\.com(?:\.cn)?"
"""Of the certificate and of the address that confirms a subscription."""
_CERTIFICATE = re.compile(rf"https://{_HOST}/SimpleNotificationService-[0-9a-f]{{32}}\.pem")
_CONFIRM = re.compile(rf"https://{_HOST}/\?Action=ConfirmSubscription&[\x21-\x7e]+")
_NOTICE = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED = {
    "Notification": _NOTICE,
    "SubscriptionConfirmation": _CONFIRMATION,
    "UnsubscribeConfirmation": _CONFIRMATION,
}
"""The members that a signature covers, by type, in its order."""
_DIGESTS = {"1": "SHA1", "2": "SHA256"}
_MAX_CERTIFICATES = 8


class _Certificate(NamedTuple):
    key: Any
    begins: datetime
    ends: datetime


def confirmation_of(request: Request) -> str:
    """The address that confirms a subscription, if that is asked; it is always one of SNS."""
    message = only_item(request) if b"SubscriptionConfirmation" in request.body else {}
    if _text(message, "Type") != "SubscriptionConfirmation":
        return ""
    url = _text(message, "SubscribeURL")
    return url if _CONFIRM.fullmatch(url) else ""


class SnsTopic(Scheme):
    """RSA over the members of an SNS message, in it. The signing key is the topic's ARN.

    SNS signs for every topic of every account, so the signature alone proves little. Both versions
    are taken. The certificate is read from SNS, from nowhere else, and kept. Raises
    UnreachableError where it cannot be read now. Nobody but SNS can sign.
    """

    covers = "the message and its topic"
    recipe = "`Signature` and `SigningCertURL` in the message: nobody but SNS can make them"
    key_name = "the ARN of the topic"

    def __init__(self, get: Callable[[str], bytes] = fetch) -> None:
        self.get = get
        self._certificates: dict[str, _Certificate] = {}

    def verify(self, request: Request, credentials: Credentials) -> bool:
        message = only_item(request)
        if not matches_any(_text(message, "TopicArn"), credentials.signing_keys):
            return False
        certificate = self._certificate(_text(message, "SigningCertURL"))
        if certificate is None or not certificate.begins <= credentials.now <= certificate.ends:
            return False
        return _is_signed(message, certificate.key)

    def _certificate(self, url: str) -> _Certificate | None:
        known = self._certificates.get(url)
        if known or not _CERTIFICATE.fullmatch(url):
            return known
        try:
            read = _read(self.get(url))
        except ValueError:
            return None
        while len(self._certificates) >= _MAX_CERTIFICATES:
            del self._certificates[next(iter(self._certificates))]
        self._certificates[url] = read
        return read


def _read(text: bytes) -> _Certificate:
    """Of PEM. Raises ValueError for what is no certificate."""
    from cryptography.x509 import load_pem_x509_certificate

    read = load_pem_x509_certificate(text)
    return _Certificate(read.public_key(), read.not_valid_before_utc, read.not_valid_after_utc)


def _is_signed(message: Mapping[str, Any], key: Any) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    digest = _DIGESTS.get(_text(message, "SignatureVersion"))
    signature, signed = from_base64(_text(message, "Signature")), _signed_text(message)
    if not (digest and signature and signed and isinstance(key, RSAPublicKey)):
        return False
    try:
        key.verify(signature, signed, PKCS1v15(), getattr(hashes, digest)())
    except InvalidSignature:
        return False
    return True


def _signed_text(message: Mapping[str, Any]) -> bytes:
    """The name and the value of each signed member, each on lines of its own."""
    names = _SIGNED.get(_text(message, "Type"), ())
    lines = (f"{name}\n{_text(message, name)}\n" for name in names if name in message)
    return "".join(lines).encode("utf-8", "surrogatepass")


def _text(message: Mapping[str, Any], name: str) -> str:
    value = message.get(name)
    return value if isinstance(value, str) else ""
