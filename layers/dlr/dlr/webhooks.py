"""The webhooks as the team's API sees them: their addresses, their keys, and a report to try them.

Only admins are shown a token. A signing key is never shown again.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import urllib3

from dlr.providers.base import Provider
from dlr.providers.sample import Step, fill
from dlr.wire.request import Request

KNOWN_S = 10.0
"""How long a secret that was read is known: a page asks for all of them at once."""
WORKERS = 8
NUMBER = "447700900123"
"""Of nobody: it is reserved for fiction. The report says that it was delivered to."""
TIMEOUT = urllib3.Timeout(connect=3, read=12)
SAID = {
    200: "The report was taken.",
    400: "The webhook could not read the report; it is in quarantine.",
    401: "The webhook refused the report: the token or the signature is not the one that it knows.",
    404: "There is no webhook at this address. Is PublicUrl the address of this stack?",
    429: "Too many requests come at the moment. Try again.",
    503: "The webhook refused the report, or could not store it. Try again; then see IngestLogs.",
}


class UnknownWebhookError(LookupError):
    """The provider is not deployed."""


class CannotSignError(ValueError):
    """No made-up report can be signed; the text says why."""


@dataclass(frozen=True, slots=True)
class WebhookSecret:
    """What the secret of a provider holds."""

    token: str = field(repr=False)
    keys: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a made-up report."""

    message_id: str
    status: int | None
    """Of HTTP; None where nobody answered."""
    detail: str


class WebhookSecrets:
    """The secrets of the deployed providers. Clients are boto3's; `stack` is the stack's id."""

    def __init__(
        self, secrets_client: Any, cloudformation: Any, stack: str, clock: Callable[[], float]
    ) -> None:
        self._secrets = secrets_client
        self._cloudformation = cloudformation
        self._stack = stack
        self._clock = clock
        self._ids: dict[str, str] = {}
        self._known: dict[str, tuple[float, WebhookSecret]] = {}

    def read(self, provider: str) -> WebhookSecret:
        """Token and keys. Raises botocore's errors, ValueError for a secret of another shape."""
        read_at, known = self._known.get(provider, (-KNOWN_S, None))
        if known is not None and self._clock() - read_at < KNOWN_S:
            return known
        content = self._content(provider)
        found = WebhookSecret(content["current"], tuple(content.get("signing_keys", ())))
        self._known[provider] = self._clock(), found
        return found

    def read_all(self, providers: list[str]) -> dict[str, WebhookSecret]:
        """Those of several providers, side by side."""
        with ThreadPoolExecutor(WORKERS) as pool:
            return dict(zip(providers, pool.map(self.read, providers), strict=True))

    def set_key(self, provider: str, key: str) -> None:
        """From now on this key alone counts. The webhook reads it within five minutes, and at once
        where a request does not fit what it knows."""
        content = self._content(provider) | {"signing_keys": [key]}
        self._secrets.put_secret_value(
            SecretId=self._id(provider), SecretString=json.dumps(content)
        )
        self._known.pop(provider, None)

    def _content(self, provider: str) -> dict[str, Any]:
        answer = self._secrets.get_secret_value(SecretId=self._id(provider))
        content: dict[str, Any] = json.loads(answer["SecretString"])
        return content

    def _id(self, provider: str) -> str:
        """By its logical id: 40 ids do not fit into a function's environment."""
        if provider not in self._ids:
            found = self._cloudformation.describe_stack_resource(
                StackName=self._stack, LogicalResourceId=f"TokenSecret{provider}"
            )
            self._ids[provider] = found["StackResourceDetail"]["PhysicalResourceId"]
        return self._ids[provider]


def address(base_url: str, provider: str, token: str) -> str:
    """What is registered at the provider."""
    return f"{base_url}/webhooks/{provider}/{token}"


class Tester:
    """Sends a made-up report as the provider would: through the real address of its webhook."""

    def __init__(self, samples: Mapping[str, str]) -> None:
        self._samples = samples
        self._http = urllib3.PoolManager(retries=False, timeout=TIMEOUT)

    def __call__(self, provider: Provider, url: str, keys: tuple[str, ...], now: datetime) -> Tried:
        """Raises CannotSignError."""
        message_id = f"test-{secrets.token_hex(6)}"
        step = Step(message_id, NUMBER, "delivered", now)
        request = fill(self._samples[provider.name], step)
        full = f"{url}?{request.query}" if request.query else url
        request = _signed(provider, replace(request, url=full), keys, now)
        try:
            answer = self._http.request(
                request.method, request.url, body=request.body or None, headers=request.headers
            )
        except urllib3.exceptions.HTTPError as error:  # its text has the address, and the token
            kind = type(error).__name__
            return Tried(message_id, None, f"The webhook could not be reached ({kind}).")
        status = answer.status
        said = SAID.get(status // 100 * 100 if status < 300 else status)
        return Tried(message_id, status, said or f"The webhook answered HTTP {status}.")


def _signed(provider: Provider, request: Request, keys: tuple[str, ...], now: datetime) -> Request:
    scheme = provider.signing
    live = [key for key in keys if key]
    if scheme is None or (not live and not provider.needs_signature):
        return request
    if not live:
        raise CannotSignError("This provider signs every request. Set its signing key first.")
    try:
        if scheme.verifying_key(live[0]) == live[0]:
            return scheme.sign(request, live[0], now)
    except (ImportError, NotImplementedError, ValueError):
        pass  # a library that only its webhook carries, a scheme that cannot, a key of another kind
    raise CannotSignError(
        "Only the provider can sign its reports: what is set here is a public key or a name, or "
        "needs what only the webhook carries. Send a test from the provider's own pages."
    )
