"""API Gateway's event for an HTTP request, payload format 2.0: what a function is called with.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

Event = dict[str, Any]
TEXTS = ("text/", "application/json", "application/xml", "application/javascript")
"""The content types whose body comes as text; every other body, forms included, as base64."""


def http_event(
    method: str,
    path: str,
    *,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    route: str = "$default",
    caller: Mapping[str, str] | None = None,
) -> Event:
    """The event. `query` is the raw query string; a body that is not UTF-8 is always base64.

    `caller` is what the authorizer said of who calls.
    """
    names = {name.lower(): value for name, value in (headers or {}).items()}
    event: Event = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": query,
        "headers": names,
        "requestContext": {
            "domainName": "dlr.invalid",
            "http": {"method": method, "path": path, "sourceIp": "192.0.2.1"},
            "routeKey": route,
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }
    if caller is not None:
        event["requestContext"]["authorizer"] = {"lambda": dict(caller)}
    if query:
        event["queryStringParameters"] = _joined(query)
    if body:
        event["body"], event["isBase64Encoded"] = _encoded(body, names.get("content-type", ""))
    return event


def _joined(query: str) -> dict[str, str]:
    """Each parameter decoded; the values of one that comes again are joined with a comma."""
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    return parameters


def _encoded(body: bytes, content_type: str) -> tuple[str, bool]:
    """The body as the event holds it, and whether that is base64."""
    if content_type.lower().startswith(TEXTS):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return b64encode(body).decode(), True
