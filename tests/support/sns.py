"""A topic whose messages tests can sign: SNS's own certificates have keys that nobody else has."""

import json
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from dlr.providers.base import Provider, load_provider
from dlr.wire.request import Request
from dlr.wire.schemes.sns import SnsTopic

URL = f"https://sns.us-east-1.amazonaws.com/SimpleNotificationService-{'0' * 32}.pem"
SIGNED = ("Message", "MessageId", "Timestamp", "TopicArn", "Type")


class MadeUpTopic(SnsTopic):
    """Verifies as SNS's messages are verified, with a certificate of its own at SNS's address."""

    def __init__(self) -> None:
        super().__init__(lambda _: certificate())

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        """A notification around the body."""
        message = {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": key,
            "Message": request.body.decode(errors="replace"),
            "Timestamp": now.isoformat(),
            "SignatureVersion": "2",
            "SigningCertURL": URL,
        }
        text = "".join(f"{name}\n{message[name]}\n" for name in SIGNED)
        signature = private_key().sign(text.encode(), PKCS1v15(), SHA256())
        message["Signature"] = b64encode(signature).decode()
        return replace(request, method="POST", body=json.dumps(message).encode())


def provider_that_signs(name: str) -> Provider:
    """The provider, with a scheme whose `sign` a test can call."""
    provider = load_provider(name)
    is_topic = isinstance(provider.signing, SnsTopic)
    return replace(provider, signing=MadeUpTopic()) if is_topic else provider


@cache
def private_key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@cache
def certificate() -> bytes:
    """Valid in every year that tests take for now."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.example.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key().public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
        .sign(private_key(), SHA256())
    )
    return made.public_bytes(Encoding.PEM)
