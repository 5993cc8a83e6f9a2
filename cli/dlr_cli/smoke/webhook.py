"""The webhook of one provider of a stack, and made-up requests to it."""

import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import urllib3

from dlr.causes import Action
from dlr.ingest.normalize import Normalizer
from dlr.providers.base import Provider, load_provider
from dlr.providers.sample import Step, fill
from dlr.wire.request import Request
from dlr_cli.aws import ClientMaker, Stack
from dlr_cli.errors import CommandError
from dlr_cli.patience import TIMEOUT

PREFIX = "TokenSecret"
_HERE = Path(__file__).parent
SAMPLES = (_HERE / "samples", _HERE.parents[2] / "events")
"""In the installed package, and in a clone."""
ANY_NUMBER = "15550100000"


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where a provider reports to, and how it proves who it is."""

    provider: Provider
    url: str
    """Without the token."""
    token: str = field(repr=False)
    key: str | None = field(repr=False)
    """What the provider signs with; None where the token alone counts."""

    def report(self, step: Step) -> Request:
        """A delivery report of a made-up message."""
        return self._sent(fill(_sample_of(self.provider.name), step), self.token)

    def with_wrong_token(self, step: Step) -> Request:
        """The same report at an address that nobody was given."""
        wrong = secrets.token_urlsafe(32)
        return self._sent(fill(_sample_of(self.provider.name), step), wrong)

    def garbage(self, text: str) -> Request:
        """A request that no provider's module can read. The text finds it again."""
        body = json.dumps({"smoke": text}).encode()
        headers = {"content-type": "application/json"}
        return self._sent(Request("POST", headers=headers, body=body), self.token)

    def _sent(self, request: Request, token: str) -> Request:
        """The request as it goes to this address, signed last."""
        address = f"{self.url}{token}"
        url = f"{address}?{request.query}" if request.query else address
        request = replace(request, url=url)
        scheme = self.provider.signing
        if scheme is None or self.key is None:
            return request
        return scheme.sign(request, self.key, datetime.now(UTC))


class Sender:
    """Sends requests as a provider does; answers the status."""

    def __init__(self) -> None:
        self._http = urllib3.PoolManager(retries=False, timeout=TIMEOUT)

    def __call__(self, request: Request) -> int:
        try:
            return self._http.request(
                request.method, request.url, body=request.body or None, headers=request.headers
            ).status
        except urllib3.exceptions.HTTPError as error:  # its text has the address, and so the token
            kind = type(error).__name__
            raise CommandError(f"The webhook cannot be reached ({kind}).") from None


def choose(client: ClientMaker, stack: Stack, base_url: str, wanted: str | None) -> Webhook:
    """The webhook of the wanted provider, or of the first that a made-up report can come from.

    Raises CommandError where there is none.
    """
    deployed = sorted(n.removeprefix(PREFIX) for n in stack.resources if n.startswith(PREFIX))
    if wanted is not None and wanted not in deployed:
        raise CommandError(f"Stack {stack.name} has no such provider; it has: {_list(deployed)}.")
    signs_always = stack.parameters.get("RequireSignatures") == "yes"
    refused = []
    for name in deployed if wanted is None else [wanted]:
        provider, secret = load_provider(name), _secret(client, stack.resources[PREFIX + name])
        reason = _why_not(provider, secret.key, signs_always=signs_always)
        if reason is None:
            url = f"{base_url}/webhooks/{name}/"
            return Webhook(provider, url, secret.token, secret.key)
        refused.append(f"{name}: {reason}")
    raise CommandError("No made-up report can be sent. " + "; ".join(refused) + ".")


@dataclass(frozen=True, slots=True)
class _Secret:
    token: str = field(repr=False)
    key: str | None = field(repr=False)


def _secret(client: ClientMaker, secret_id: str) -> _Secret:
    value = client("secretsmanager").get_secret_value(SecretId=secret_id)["SecretString"]
    try:
        content: Mapping[str, object] = json.loads(value)
        token, keys = content["current"], content.get("signing_keys") or [None]
        if isinstance(token, str) and token and isinstance(keys, list):
            return _Secret(token, keys[0] and str(keys[0]))
    except (ValueError, TypeError, LookupError):
        pass
    raise CommandError("The secret of a webhook holds no token. See docs/deploy.md, Rotate.")


def _why_not(provider: Provider, key: str | None, *, signs_always: bool) -> str | None:
    """Why no made-up report of this provider can be sent; None where it can."""
    if not _has_sample(provider.name):
        return "there is no sample of its reports"
    if provider.signing is not None:
        if key is None and (provider.needs_signature or signs_always):
            return "it has no signing key yet"
        if key is not None and not _can_sign(provider, key):
            return "only the provider has the key that signs"
    return None if _suppresses(provider) else "its made-up failure suppresses nobody"


def _can_sign(provider: Provider, key: str) -> bool:
    """Not where the stack has a public key. Its library is not there where this is installed."""
    with suppress(ModuleNotFoundError):
        return provider.signing is not None and provider.signing.verifying_key(key) == key
    return False


def _suppresses(provider: Provider) -> bool:
    """Some codes mean nothing until a table of an SMSC is chosen."""
    now = datetime.now(UTC)
    request = fill(_sample_of(provider.name), Step("smoke", ANY_NUMBER, "dead", now))
    reports = Normalizer(provider)(request, now).reports
    return any(each.action is Action.SUPPRESS_NUMBER for each in reports)


def _sample_path(provider: str) -> Path | None:
    paths = (folder / provider / "sample.toml" for folder in SAMPLES)
    return next((path for path in paths if path.exists()), None)


def _has_sample(provider: str) -> bool:
    return _sample_path(provider) is not None


def _sample_of(provider: str) -> str:
    path = _sample_path(provider)
    if path is None:
        raise CommandError(f"There is no sample of {provider}.")
    return path.read_text()


def _list(names: list[str]) -> str:
    return ", ".join(names) or "none"
