"""Calls of the API, over HTTP, with the token."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode, urlsplit

from dlr_cli.errors import (
    CommandError,
    FailedCallError,
    NotFoundError,
    RefusedError,
    UnansweredError,
    WrongCallError,
)
from dlr_cli.text import masked, printable

if TYPE_CHECKING:
    import urllib3

T = TypeVar("T")
Item = dict[str, Any]
"""An object of the API's JSON."""

SUCCESSES = {200, 201, 202, 204}
UNANSWERED = {502, 503, 504}
"""What API Gateway says of a function that failed, was too slow or too busy."""
PROBLEM = "application/problem+json"
IDEMPOTENT = {"GET", "PUT", "DELETE"}
PAGE = "200"
_REQUEST_ID = re.compile(r"[\w=-]{8,64}", re.ASCII)


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
        """`operator` is a note on who calls: the API keeps it with every change."""
        from urllib3.exceptions import HTTPError

        from dlr_cli.patience import pool  # here, because help needs no HTTP

        self.host = address.host
        self.url = address.url
        self._headers = {"authorization": f"Bearer {address.token}"}
        if operator:
            self._headers["x-operator"] = operator
        self._http, self._often, self._once = pool()
        self._http_error = HTTPError

    def call(
        self,
        method: str,
        path: str,
        read: Callable[[Any], T],
        content: Any = None,
        *,
        query: Mapping[str, str | None] | None = None,
        csv: str | None = None,
        key: str | None = None,
        is_repeatable: bool = False,
        attempts: int | None = None,
    ) -> T:
        """What `read` makes of the answer's JSON; `content` is sent as JSON, or `csv` as it is.

        A call that fails on its way is made again if that can do no harm: by its method, by its
        idempotency `key`, or because the caller says that it `is_repeatable`; so many `attempts` if
        they are given.

        Raises RefusedError for 401 and 403, NotFoundError for 404, WrongCallError for 400 and 422,
        UnansweredError for 502 to 504, FailedCallError for another status that is no success,
        CommandError when nothing answers as this API does.
        """
        headers, body = dict(self._headers), None
        if content is not None:
            headers["content-type"], body = "application/json", json.dumps(content)
        if csv is not None:
            headers["content-type"], body = "text/csv; charset=utf-8", csv
        if key is not None:
            headers["idempotency-key"] = key
        asked = urlencode({name: text for name, text in (query or {}).items() if text is not None})
        url = f"{self.url}{path}?{asked}" if asked else f"{self.url}{path}"
        often = self._often.new(total=attempts - 1) if attempts else self._often
        is_safe = is_repeatable or key is not None or method in IDEMPOTENT
        try:
            answer = self._http.request(
                method,
                url,
                headers=headers,
                body=None if body is None else body.encode(),
                retries=often if is_safe else self._once,
                redirect=False,
            )
        except self._http_error as error:
            kind = type(getattr(error, "reason", None) or error).__name__
            raise CommandError(f"The API at {self.host} cannot be reached ({kind}).") from None
        if answer.status not in SUCCESSES:
            token = self._headers["authorization"].removeprefix("Bearer ")
            raise _error_of(answer, token)
        return self.understood(lambda: read(answer.json() if answer.data else None))

    def understood(self, read: Callable[[], T]) -> T:
        """What `read` makes of an answer. Raises CommandError where it finds another shape."""
        try:
            return read()
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            raise CommandError(
                f"What {self.host} answers is not what the API answers. Is the address right?"
            ) from None

    def get(self, path: str, query: Mapping[str, str | None] | None = None) -> Item:
        """The object that the API answers."""
        return self.call("GET", path, as_item, query=query)

    def pages(self, path: str, query: Mapping[str, str | None] | None = None) -> Iterator[Item]:
        """Every item of a list `{items, next}`, asked for in parts as they are read."""
        cursor: str | None = None
        while True:
            asked = {"limit": PAGE, **(query or {}), "cursor": cursor}
            items, following = self.call("GET", path, _page_of, query=asked)
            yield from items
            if following is None:
                return
            if following == cursor:
                raise CommandError("The API answers the same page again and again.")
            cursor = following


def as_item(content: Any) -> Item:
    """The same. Raises TypeError where it is no object."""
    if not isinstance(content, dict):
        raise TypeError
    return content


def items_of(content: Any, name: str = "items") -> list[Item]:
    """The objects in this list of an answer. Raises TypeError or LookupError."""
    return [as_item(each) for each in as_item(content)[name]]


def _page_of(content: Any) -> tuple[list[Item], str | None]:
    following = as_item(content)["next"]
    return items_of(content), None if following is None else str(following)


def _error_of(answer: "urllib3.BaseHTTPResponse", token: str) -> CommandError:
    """The API's own 404 is a problem document. API Gateway's says that there is no such route."""
    status = answer.status
    is_problem = answer.headers.get("content-type", "").startswith(PROBLEM)
    why = _detail_of(answer, token) if is_problem else ""
    if status in (401, 403):
        why = why or " It is unknown, revoked or has expired."
        return RefusedError(f"The API refuses the token (HTTP {status}).{why}")
    if status == 404 and is_problem:
        return NotFoundError(f"The API has no such thing (HTTP 404).{why}")
    if status == 404:
        return CommandError("There is no such route (HTTP 404). Is the address that of the API?")
    if status in (400, 422):
        return WrongCallError(f"The API does not take this (HTTP {status}).{why}")
    kind = UnansweredError if status in UNANSWERED else FailedCallError
    return kind(f"The API answered HTTP {status}.{why}")


def _detail_of(answer: "urllib3.BaseHTTPResponse", token: str) -> str:
    """What the problem says, without anything that could be a number or the token."""
    try:
        problem = as_item(answer.json())
    except (ValueError, TypeError, RecursionError):
        return ""
    detail, request_id = str(problem.get("detail") or ""), str(problem.get("request_id") or "")
    detail = masked(printable(detail.replace(token, "…")))
    if detail and not detail.endswith("."):
        detail += "."
    if _REQUEST_ID.fullmatch(request_id) and token not in request_id:
        detail += f" Request {request_id}."
    return f" {detail.strip()}" if detail.strip() else ""
