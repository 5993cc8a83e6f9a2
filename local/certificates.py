"""The certificate of the recorded requests of SNS, which nobody can read from its address."""

from dlr.providers.base import load_provider
from dlr.wire.schemes.sns import SnsTopic
from local.recordings import EVENTS

CERTIFICATE = (EVENTS / "awssms" / "certificate.pem").read_bytes()
CERTIFICATE_URL = (
    "https://sns.eu-west-2.amazonaws.com/"
    "SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
)
TOPIC = "arn:aws:sns:eu-west-2:123456789012:sms-reports"


def read(url: str) -> bytes:
    """What SNS would answer. Raises ValueError where it has no such certificate."""
    if url != CERTIFICATE_URL:
        raise ValueError("the answer is 403, of 0 bytes")
    return CERTIFICATE


def read_certificates_from_the_recordings() -> None:
    """From now on nobody asks SNS for one."""
    scheme = load_provider("awssms").signing
    if not isinstance(scheme, SnsTopic):
        raise TypeError("awssms is not signed by SNS any more")
    scheme.get = read
