"""API Gateway's event in, its answer out."""

import json
from base64 import b64encode

import pytest

from dlr.wire.request import Request, Response, problem
from local.http_event import http_event


def event(**fields: object) -> dict[str, object]:
    event = http_event("POST", "/webhooks/acme/to%2Bken", query="a=1&b=%2B")
    return {**event, "headers": {"Content-Type": "text/plain"}, **fields}


def test_a_request_keeps_bytes_and_query_as_they_came() -> None:
    body = b"\x00\xffbytes"
    request = Request.from_api_gateway(event(body=b64encode(body).decode(), isBase64Encoded=True))
    assert (request.method, request.body, request.query) == ("POST", body, "a=1&b=%2B")
    assert request.headers == {"content-type": "text/plain"}
    assert request.token == "to+ken"


def test_a_text_body_is_its_utf8_and_no_body_is_empty() -> None:
    assert Request.from_api_gateway(event(body="é")).body == "é".encode()
    assert Request.from_api_gateway(event()).body == b""


def test_a_body_that_only_claims_to_be_base64_is_kept_for_the_reader_to_refuse() -> None:
    request = Request.from_api_gateway(event(body="not base64!", isBase64Encoded=True))
    assert request.body == b"not base64!"


@pytest.mark.parametrize(
    ("base_url", "query", "url"),
    [
        ("", "a=1&b=%2B", "https://api.example.com/webhooks/acme/to%2Bken?a=1&b=%2B"),
        ("", "", "https://api.example.com/webhooks/acme/to%2Bken"),
        ("https://dlr.example.com/", "b+", "https://dlr.example.com/webhooks/acme/to%2Bken?b+"),
        ("http://127.0.0.1:1/x", "", "http://127.0.0.1:1/x/webhooks/acme/to%2Bken"),
    ],
)
def test_the_url_is_the_one_that_the_provider_called(base_url: str, query: str, url: str) -> None:
    context = {"http": {"method": "POST"}, "domainName": "api.example.com"}
    came = event(rawQueryString=query, requestContext=context)
    assert Request.from_api_gateway(came, base_url).url == url


@pytest.mark.parametrize("path", ["/dlr", "/a/b", "/webhooks", "/webhooks/acme"])
@pytest.mark.parametrize("is_left_in_the_event", [True, False])
def test_a_path_that_is_mapped_to_the_api_stands_once_in_the_url(
    path: str, is_left_in_the_event: bool
) -> None:
    """API Gateway leaves the path of a mapping in the event, a proxy may take it away."""
    own = "/webhooks/acme/token"
    came = event(rawPath=path + own if is_left_in_the_event else own, rawQueryString="")
    request = Request.from_api_gateway(came, f"https://api.example.com{path}")
    assert (request.url, request.token) == (f"https://api.example.com{path}{own}", "token")


@pytest.mark.parametrize(
    ("request_", "is_probe"),
    [
        (Request("HEAD", query="a=1"), True),
        (Request("GET"), True),
        (Request("GET", query="a=1"), False),
        (Request("GET", body=b"a=1"), False),
        (Request("POST"), False),
    ],
)
def test_a_probe_carries_nothing(request_: Request, is_probe: bool) -> None:
    assert request_.is_probe is is_probe


def test_an_error_is_a_problem_document() -> None:
    answer = problem(405, "No", "Use POST.", {"allow": "POST"}).to_api_gateway("r-1")
    assert answer["statusCode"] == 405
    assert answer["headers"] == {"content-type": "application/problem+json", "allow": "POST"}
    assert json.loads(answer["body"]) == {
        "type": "urn:dlr:problem:no",
        "title": "No",
        "status": 405,
        "detail": "Use POST.",
        "request_id": "r-1",
    }


def test_a_success_is_json() -> None:
    answer = Response(200, {"new": 1}).to_api_gateway("r-1")
    assert (answer["headers"], answer["body"]) == (
        {"content-type": "application/json"},
        '{"new": 1}',
    )
