"""Speaks HTTP to the deployed system as a provider and as the team would."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import quote, urlencode

import urllib3

from dlr.wire.request import Request
from local.sign import signed
from local.stack import Deployment

MAX_CONNECTIONS = 50
AGAIN = urllib3.Retry(
    total=60,
    status_forcelist=(429, 502, 503, 504),
    allowed_methods=None,
    backoff_factor=0.1,
    backoff_max=2,
    raise_on_status=False,
    respect_retry_after_header=False,
)
"""Sends again for two minutes, as providers do, what a busy machine does not take at once."""


class Client:
    """Webhooks and API of one deployment."""

    def __init__(
        self,
        deployment: Deployment,
        timeout_s: float = 60,
        retries: urllib3.Retry | Literal[False] = False,
    ) -> None:
        self._deployment = deployment
        self._http = urllib3.PoolManager(
            maxsize=MAX_CONNECTIONS, retries=retries, timeout=timeout_s
        )

    def deliver(self, provider: str, request: Request) -> int:
        """Send a recorded or made-up request to the provider's webhook; answers the status.

        It is signed anew: a recorded signature is of another address and too old.
        """
        sent = signed(provider, request_to(self._deployment.webhooks[provider], request))
        return self._http.request(
            sent.method, sent.url, body=sent.body, headers=sent.headers
        ).status

    def post(self, url: str, body: bytes, content_type: str = "application/json") -> int:
        """Send anything anywhere; answers the status."""
        return self._http.request(
            "POST", url, body=body, headers={"content-type": content_type}
        ).status

    def suppression(self, number: str) -> dict[str, Any]:
        """What the list says of a number."""
        return self._api("GET", f"/suppressions/{quote(number)}")

    def check(self, numbers: Iterable[str]) -> dict[str, Any]:
        """Which of these numbers may not be sent to."""
        return self._api("POST", "/suppressions/check", {"numbers": list(numbers)})

    def message(self, provider: str, message_id: str) -> dict[str, Any]:
        """State and history of a message."""
        return self._api("GET", f"/messages/{provider}/{quote(message_id, safe='')}")

    def messages(self, **asked: str) -> dict[str, Any]:
        """A page of a search; `from_` for `from`."""
        return self._api("GET", f"/messages?{_query(asked)}")

    def stats(self, kind: str = "", **asked: str) -> dict[str, Any]:
        """Counts and rates; `kind` is empty, `compare` or `unfinished`."""
        return self._api("GET", f"/stats{kind and f'/{kind}'}?{_query(asked)}")

    def person(self, number: str) -> dict[str, Any]:
        """Everything stored about a person."""
        return self._api("GET", f"/recipients/{quote(number)}")

    def api(self, method: str, path: str, body: str | None = None) -> tuple[int, Any]:
        """Any call of the API with the admin token: the status, and the answer read as JSON."""
        url = self._deployment.base_url + path
        headers = {"authorization": f"Bearer {self._deployment.admin_token}"}
        answer = self._http.request(method, url, body=body, headers=headers)
        if answer.status >= 500:
            raise RuntimeError(f"{method} {path}: HTTP {answer.status} {answer.data.decode()}")
        return answer.status, answer.json() if answer.data else None

    def _api(self, method: str, path: str, content: Any = None) -> dict[str, Any]:
        body = None if content is None else json.dumps(content)
        result: dict[str, Any] = self.api(method, path, body)[1]
        return result


def _query(asked: Mapping[str, str]) -> str:
    return urlencode({name.rstrip("_"): value for name, value in asked.items()})


def request_to(webhook: str, request: Request) -> Request:
    """The request as it would come to this webhook, its query string to the letter."""
    headers = {name: value for name, value in request.headers.items() if name != "host"}
    url = f"{webhook}?{request.query}" if request.query else webhook
    return replace(request, headers=headers, url=url)
