"""API Gateway's event in, its answer out."""

import json
from base64 import b64encode

from dlr.request import Request, Response, problem


def event(**fields: object) -> dict[str, object]:
    return {
        "rawPath": "/webhooks/acme/to%2Bken",
        "rawQueryString": "a=1&b=%2B",
        "headers": {"Content-Type": "text/plain"},
        "requestContext": {"http": {"method": "POST"}},
        **fields,
    }


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


def test_an_error_is_a_problem_document() -> None:
    answer = problem(405, "No", "Use POST.", {"allow": "POST"}).to_api_gateway()
    assert answer["statusCode"] == 405
    assert answer["headers"] == {"content-type": "application/problem+json", "allow": "POST"}
    assert json.loads(answer["body"]) == {"title": "No", "status": 405, "detail": "Use POST."}


def test_a_success_is_json() -> None:
    answer = Response(200, {"new": 1}).to_api_gateway()
    assert (answer["headers"], answer["body"]) == (
        {"content-type": "application/json"},
        '{"new": 1}',
    )
