"""One HTTP request and its answer, free of API Gateway's shapes."""

import binascii
import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, unquote, urlsplit

PROBLEM = "urn:dlr:problem:"
"""The beginning of a problem's `type`; its title is the end, with hyphens."""
WEBHOOKS = "/webhooks/"
"""What the path of every webhook begins with, behind the path that is mapped to the API."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the provider sent: exact bytes, the raw query string, header names in lower case."""

    method: str
    path: str = field(default="", repr=False)
    query: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    token: str = field(default="", repr=False)
    url: str = field(default="", repr=False)
    """The whole address as the provider called it: some providers sign it."""

    @classmethod
    def from_api_gateway(cls, event: Mapping[str, Any], base_url: str = "") -> "Request":
        """From an HTTP API event, payload format 2.0. The token is the last part of the path.

        `base_url` is the address that the provider calls, where it is not API Gateway's own. Its
        path stands in the event too if it is mapped to the API; a proxy may have taken it away.
        The path begins with the stage, if it is not the default one.
        """
        context = event["requestContext"]
        path, query = event.get("rawPath", ""), event.get("rawQueryString", "")
        base_url = base_url.rstrip("/") or f"https://{context.get('domainName', '')}"
        own_path = _behind(mapped_path(base_url), path)
        return cls(
            method=context["http"]["method"],
            path=path,
            query=query,
            headers={name.lower(): value for name, value in event.get("headers", {}).items()},
            body=body_of(event),
            token=unquote(path.rpartition("/")[2]),
            url=f"{base_url}{own_path}?{query}" if query else base_url + own_path,
        )

    @classmethod
    def from_wsgi(cls, environ: Mapping[str, Any], base_url: str) -> "Request":
        """From a WSGI server (PEP 3333); for teams whose webhooks do not end at API Gateway.

        `base_url` is the address that the provider calls, up to the path.
        """
        path = (environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")).encode("latin-1")
        own_path = quote(path, safe="/%:@!$&'()*+,;=~-._")
        query = environ.get("QUERY_STRING", "")
        url = base_url.rstrip("/") + own_path
        names = {name: name.removeprefix("HTTP_") for name in environ if name.startswith("HTTP_")}
        names |= {"CONTENT_TYPE": "CONTENT_TYPE"} if "CONTENT_TYPE" in environ else {}
        return cls(
            method=environ["REQUEST_METHOD"],
            path=own_path,
            query=query,
            headers={new.replace("_", "-").lower(): environ[old] for old, new in names.items()},
            body=environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)),
            token=unquote(own_path.rpartition("/")[2]),
            url=f"{url}?{query}" if query else url,
        )

    def with_headers(self, headers: Mapping[str, str]) -> "Request":
        """With these headers beside its own; names in lower case."""
        return replace(self, headers={**self.headers, **headers})

    @property
    def is_probe(self) -> bool:
        """Whether it only asks if somebody is there."""
        return self.method == "HEAD" or (self.method == "GET" and not self.query and not self.body)


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a provider or to a user of the API."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    """What is sent in place of `body`, where a provider waits for an exact text."""

    def to_api_gateway(self, request_id: str) -> dict[str, Any]:
        """For an HTTP API, payload format 2.0. Errors are RFC 9457 problem documents.

        `request_id` is that of the line in the log, where a problem has one.
        """
        content_type, body = "application/json", self.body
        if self.status >= 400:
            content_type, body = "application/problem+json", {**body, "request_id": request_id}
        if self.text is not None:
            content_type = "text/plain"
        return {
            "statusCode": self.status,
            "headers": {"content-type": content_type, **self.headers},
            "body": json.dumps(body) if self.text is None else self.text,
        }


def problem(
    status: int, title: str, detail: str, headers: Mapping[str, str] | None = None
) -> Response:
    """An RFC 9457 problem document. `detail` is for a person and never quotes the request."""
    kind = PROBLEM + title.lower().replace(" ", "-")
    body = {"type": kind, "title": title, "status": status, "detail": detail}
    return Response(status, body, headers or {})


def mapped_path(base_url: str) -> str:
    """The path that a custom domain maps to the API: API Gateway leaves it in the event's path."""
    return urlsplit(base_url).path.rstrip("/")


def _behind(mapped: str, path: str) -> str:
    return path.removeprefix(mapped) if path.startswith(mapped + WEBHOOKS) else path


def body_of(event: Mapping[str, Any]) -> bytes:
    """The body of an HTTP API event, to the byte."""
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return bytes(body.encode("utf-8", "surrogatepass"))
    try:
        return b64decode(body, validate=True)
    except binascii.Error:
        return bytes(body.encode())
