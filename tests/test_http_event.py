"""The events that stand for API Gateway's have its shape, and every byte of the request."""

import pytest

from dlr.wire.request import Request
from local.http_event import http_event

JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("content_type", "body", "is_base64"),
    [
        (JSON, b'{"a": 1}', False),
        ("Text/Plain; charset=utf-8", "é".encode(), False),
        (FORM, b"a=1", True),
        ("", b"a=1", True),
        (JSON, b"\xff\xfe", True),
    ],
)
def test_text_comes_as_text_and_every_other_body_as_base64(
    content_type: str, body: bytes, is_base64: bool
) -> None:
    event = http_event(
        "POST", "/webhooks/acme/t", headers={"Content-Type": content_type}, body=body
    )
    assert event["isBase64Encoded"] is is_base64
    assert Request.from_api_gateway(event).body == body
    assert event["headers"] == {"content-type": content_type}


def test_a_request_without_body_and_query_has_neither() -> None:
    event = http_event("GET", "/suppressions/+447700900123", route="GET /suppressions/{number}")
    assert not {"body", "queryStringParameters"} & event.keys()
    assert event["routeKey"] == "GET /suppressions/{number}"


def test_the_query_is_kept_to_the_letter_and_decoded_beside_it() -> None:
    event = http_event("GET", "/webhooks/acme/t", query="to=%2B1&x=&to=b+c")
    assert event["rawQueryString"] == "to=%2B1&x=&to=b+c"
    assert event["queryStringParameters"] == {"to": "+1,b c", "x": ""}
