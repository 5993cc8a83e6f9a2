"""Calls of the API, over HTTP, with the token."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import urllib3

from dlr_cli.errors import CommandError, FailedCallError, NotFoundError, RefusedError

T = TypeVar("T")
TIMEOUT = urllib3.Timeout(connect=10, read=60)
SUCCESSES = {200, 201, 202}
PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Address:
    """Where the API is, and the token that it asks for."""

    url: str
    token: str = field(repr=False)

    @property
    def host(self) -> str:
        """For messages: a URL may hold more than may be shown."""
        return urlsplit(self.url).hostname or ""


class Api:
    """The API of one system."""

    def __init__(self, address: Address, operator: str = "") -> None:
        """`operator` is who calls: the API keeps it with every change."""
        self.host = address.host
        self._url = address.url
        self._headers = {"authorization": f"Bearer {address.token}"}
        if operator:
            self._headers["x-operator"] = operator
        self._http = urllib3.PoolManager(retries=False, timeout=TIMEOUT)

    def call(self, method: str, path: str, read: Callable[[Any], T], content: Any = None) -> T:
        """What `read` makes of the answer's JSON; `content` is sent as JSON.

        Raises RefusedError for 401 and 403, NotFoundError for 404, FailedCallError for another
        status that is no success, CommandError when nothing answers as this API does.
        """
        body = None if content is None else json.dumps(content)
        try:
            answer = self._http.request(method, self._url + path, headers=self._headers, body=body)
        except urllib3.exceptions.HTTPError as error:
            kind = type(error).__name__
            raise CommandError(f"The API at {self.host} cannot be reached ({kind}).") from None
        if answer.status not in SUCCESSES:
            raise _error_of(answer.status, answer.headers.get("content-type", ""))
        try:
            return read(answer.json())
        except (ValueError, TypeError, LookupError, RecursionError):
            raise CommandError(
                f"What {self.host} answers is not what the API answers. Is the address right?"
            ) from None


def _error_of(status: int, content_type: str) -> CommandError:
    """The API's own 404 is a problem document. API Gateway's says that there is no such route."""
    if status in (401, 403):
        return RefusedError(f"The API refuses the token (HTTP {status}).")
    if status == 404 and content_type.startswith(PROBLEM):
        return NotFoundError("The API has no such thing (HTTP 404).")
    if status == 404:
        return CommandError("There is no such route (HTTP 404). Is the address that of the API?")
    return FailedCallError(f"The API answered HTTP {status}.")
