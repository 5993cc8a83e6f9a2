"""Signs for the local system what a recorded request had signed for another address and time.

Only for the providers whose signature is always required; the others need the token alone.
"""

from datetime import UTC, datetime

from dlr.providers.base import load_provider, provider_names
from dlr.wire.request import Request


def key_of(provider: str) -> str:
    """The key that the provider signs with on the local system."""
    return f"public test key of {provider}"


def signing_keys() -> dict[str, str]:
    """What the receiving side holds, by provider."""
    providers = [load_provider(name) for name in provider_names()]
    return {
        each.name: each.signing.verifying_key(key_of(each.name))
        for each in providers
        if each.signing and each.needs_signature
    }


def signed(provider: str, request: Request) -> Request:
    """The request with the signature that the provider would add to it now."""
    declared = load_provider(provider)
    if declared.signing is None or not declared.needs_signature:
        return request
    return declared.signing.sign(request, key_of(provider), datetime.now(UTC))
