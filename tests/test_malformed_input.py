"""Every trap of Python's parsers, end to end: what is answered, what is stored, what is kept.

One test a trap, through the real receiver onto real tables. `test_decode.py` holds the reader's
own words for each.
"""

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import EndpointConnectionError

from dlr.messages.item import state_of
from dlr.messages.store import ReportReader
from dlr.report import DeliveryReport
from dlr.wire.decode import MAX_FORM_CHARACTERS, MAX_ITEMS
from dlr.wire.request import Request
from local.cloud import Cloud
from local.http_event import http_event
from tests.support.cases import NOW
from tests.support.ingest import IngestHarness, detail_of

NUMBER = "+447700900145"


@pytest.fixture(scope="module")
def ingest(cloud: Cloud) -> IngestHarness:
    return IngestHarness(cloud)


def send(
    ingest: IngestHarness,
    provider: str,
    body: str | bytes = b"",
    method: str = "POST",
    query: str = "",
    event: Mapping[str, Any] | None = None,
) -> tuple[int, str]:
    """An API Gateway event's answer: the status, and why."""
    content = body if isinstance(body, bytes) else body.encode()
    path = f"/webhooks/{provider}/token"
    whole = http_event(method, path, query=query, body=content) | dict(event or {})
    response, _ = ingest.receiver(provider)(Request.from_api_gateway(whole))
    return response.status, str(response.body.get("detail"))


def stored(ingest: IngestHarness, provider: str, message_id: str) -> DeliveryReport | None:
    item = ReportReader(ingest.client, ingest.reports).get(provider, message_id, NOW)
    return item and state_of(item)


def kept(ingest: IngestHarness, content: bytes) -> bool:
    """Whether these bytes are in quarantine."""
    return any(bytes(item["body"]["B"]) == content for item in ingest.quarantined())


def refused(ingest: IngestHarness, provider: str, body: str | bytes, reason: str) -> None:
    """400 with the reason, and in quarantine to the last byte."""
    content = body if isinstance(body, bytes) else body.encode()
    status, detail = send(ingest, provider, content)
    assert (status, reason in detail) == (400, True), detail
    assert kept(ingest, content)


def sms(**fields: Any) -> str:
    """As BulkSMSRates sends it."""
    return json.dumps({"message_id": uuid4().hex, "status": "DELIVRD", **fields})


def test_nan_is_refused(ingest: IngestHarness) -> None:
    refused(ingest, "bulksmsrates", sms(cost=float("nan")), "NaN")


def test_infinity_is_refused(ingest: IngestHarness) -> None:
    refused(ingest, "bulksmsrates", sms(cost=float("-inf")), "NaN or Infinity")


def test_a_json_key_that_comes_twice_is_refused(ingest: IngestHarness) -> None:
    body = '{"message_id":"twice","status":"DELIVRD","status":"UNDELIV"}'
    refused(ingest, "bulksmsrates", body, "a JSON key comes twice")
    assert stored(ingest, "bulksmsrates", "twice") is None


@pytest.mark.parametrize(
    ("provider", "query"),
    [
        ("messente", "sms_unique_id=q1&sms_unique_id=q2&stat=DELIVRD"),
        ("messente", "sms_unique_id=q1&stat=DELIVRD&stat=UNDELIV"),
        ("messente", f"sms_unique_id=q1&stat=DELIVRD&to=%2B{NUMBER[1:]}&to=%2B447700900146"),
        ("smsmode", "smsID=q1&smsID=q2&statut=11"),
        ("smsmode", "smsID=q1&statut=11&statut=3501"),
        ("smsmode", "smsID=q1&statut=11&numero=447700900145&numero=447700900146"),
    ],
)
def test_an_id_a_status_or_a_recipient_that_comes_twice_in_a_query_is_refused(
    ingest: IngestHarness, provider: str, query: str
) -> None:
    status, detail = send(ingest, provider, method="GET", query=query)
    assert (status, detail) == (400, "a parameter comes twice")
    assert stored(ingest, provider, "q1") is None


def test_a_field_that_comes_twice_in_a_form_is_refused(ingest: IngestHarness) -> None:
    refused(ingest, "smsmode", "smsID=f1&statut=11&statut=3501", "a parameter comes twice")


def test_the_same_recipient_in_url_and_body_is_not_twice(ingest: IngestHarness) -> None:
    body, query = sms(message_id="both", to=NUMBER), "to=%2B447700900146"
    assert send(ingest, "bulksmsrates", body, query=query)[0] == 200
    report = stored(ingest, "bulksmsrates", "both")
    assert report is not None
    assert report.recipient == NUMBER


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_ten_thousand_levels_are_refused(ingest: IngestHarness, opening: str) -> None:
    body = opening * 10_000
    refused(ingest, "bulksmsrates", body, "nested too deeply")


def test_depth_in_an_unknown_field_costs_nothing(ingest: IngestHarness) -> None:
    body = sms(message_id="deep")[:-1] + ', "x": ' + "[" * 100 + "]" * 100 + "}"
    assert send(ingest, "bulksmsrates", body)[0] == 200


def test_a_number_of_5000_digits_is_no_segment_count_but_no_crash(ingest: IngestHarness) -> None:
    body = sms(message_id="digits", segments=0).replace(": 0", ": " + "9" * 5000)
    assert send(ingest, "bulksmsrates", body)[0] == 200
    report = stored(ingest, "bulksmsrates", "digits")
    assert report is not None
    assert report.segments is None


def test_a_segment_count_that_dynamodb_could_not_hold_is_left_out(ingest: IngestHarness) -> None:
    body = sms(message_id="segments", segments=10**40)
    assert send(ingest, "bulksmsrates", body)[0] == 200
    report = stored(ingest, "bulksmsrates", "segments")
    assert report is not None
    assert report.segments is None


def test_an_id_of_5000_digits_is_refused(ingest: IngestHarness) -> None:
    body = sms(message_id=0).replace(": 0", ": " + "9" * 5000)
    refused(ingest, "bulksmsrates", body, "message id")


@pytest.mark.parametrize("escape", [r"\ud800", r"\udc00", r"\udc00\ud800"])
def test_half_a_surrogate_pair_is_refused(ingest: IngestHarness, escape: str) -> None:
    refused(ingest, "bulksmsrates", sms(network="@").replace("@", escape), "surrogate")


def test_a_whole_surrogate_pair_is_a_character(ingest: IngestHarness) -> None:
    body = sms(message_id="pair", network="@").replace("@", r"\ud83d\ude00")
    assert send(ingest, "bulksmsrates", body)[0] == 200
    report = stored(ingest, "bulksmsrates", "pair")
    assert report is not None
    assert report.network == "\U0001f600"


def test_a_body_that_is_no_utf8_is_refused(ingest: IngestHarness) -> None:
    refused(ingest, "bulksmsrates", sms(network="@").encode().replace(b"@", b"\xff"), "UTF-8")


@pytest.mark.parametrize("bad", ["%ff", "%ed%a0%80"])
def test_a_parameter_that_is_no_utf8_is_refused(ingest: IngestHarness, bad: str) -> None:
    query = f"sms_unique_id=u{bad}&stat=DELIVRD"
    assert send(ingest, "messente", method="GET", query=query)[0] == 400
    refused(ingest, "smsmode", f"smsID=u{bad}&statut=11", "UTF-8")


@pytest.mark.parametrize("written", ["+", "%2B", "", "00", "%20"])
def test_a_plus_that_a_get_query_turned_into_a_space_is_still_the_number(
    ingest: IngestHarness, written: str
) -> None:
    message_id = uuid4().hex
    query = f"sms_unique_id={message_id}&stat=DELIVRD&to={written}{NUMBER[1:]}"
    assert send(ingest, "messente", method="GET", query=query)[0] == 200
    report = stored(ingest, "messente", message_id)
    assert report is not None
    assert report.recipient == NUMBER


@pytest.mark.parametrize("digits", ["9223372036854775809", "1234567890123456789"])
def test_an_id_of_19_digits_sent_as_a_json_number_keeps_each(
    ingest: IngestHarness, digits: str
) -> None:
    body = sms(message_id=0).replace(": 0", f": {digits}")
    assert send(ingest, "bulksmsrates", body)[0] == 200
    assert stored(ingest, "bulksmsrates", digits) is not None


def test_an_id_with_leading_zeros_keeps_them(ingest: IngestHarness) -> None:
    assert send(ingest, "bulksmsrates", sms(message_id="007"))[0] == 200
    assert stored(ingest, "bulksmsrates", "007") is not None
    assert stored(ingest, "bulksmsrates", "7") is None


def test_a_base64_body_is_the_body_and_a_plain_one_too(ingest: IngestHarness) -> None:
    plain, encoded = sms(message_id="plain"), sms(message_id="encoded")
    assert send(ingest, "bulksmsrates", encoded)[0] == 200
    flag = {"body": plain, "isBase64Encoded": False}
    assert send(ingest, "bulksmsrates", event=flag)[0] == 200
    assert stored(ingest, "bulksmsrates", "encoded") is not None
    assert stored(ingest, "bulksmsrates", "plain") is not None


def test_a_body_that_only_claims_to_be_base64_is_refused_as_it_came(ingest: IngestHarness) -> None:
    flag = {"body": "*" + sms(), "isBase64Encoded": True}
    assert send(ingest, "bulksmsrates", event=flag)[0] == 400
    assert kept(ingest, str(flag["body"]).encode())


@pytest.mark.parametrize("control", [r"\r\n", r"\n", r"\u0000", r"\u001b", r"\u007f"])
def test_a_control_character_in_an_id_is_refused(ingest: IngestHarness, control: str) -> None:
    body = sms(message_id="@").replace("@", f"a{control}b")
    refused(ingest, "bulksmsrates", body, "control characters")


@pytest.mark.parametrize("control", ["%0d%0a", "%0a", "%00"])
def test_a_line_break_in_an_id_of_a_query_is_refused(ingest: IngestHarness, control: str) -> None:
    query = f"sms_unique_id=a{control}b&stat=DELIVRD"
    status, detail = send(ingest, "messente", method="GET", query=query)
    assert (status, "control characters" in detail) == (400, True)


def test_a_parameter_without_a_name_is_left_out(ingest: IngestHarness) -> None:
    query = "=x&shop=42"
    body = sms(message_id="nameless")
    assert send(ingest, "bulksmsrates", body, query=query)[0] == 200
    report = stored(ingest, "bulksmsrates", "nameless")
    assert report is not None
    assert report.metadata == {"shop": "42"}


def test_more_reports_than_can_be_written_in_time_are_refused_whole(ingest: IngestHarness) -> None:
    one = '{"message_id":"many","status":"DELIVRD"}'
    refused(ingest, "bulksmsrates", f"[{','.join([one] * (MAX_ITEMS + 1))}]", "at once")
    assert stored(ingest, "bulksmsrates", "many") is None


def test_a_form_larger_than_any_report_is_refused(ingest: IngestHarness) -> None:
    body = "smsID=large&statut=11&x=" + "%41" * (MAX_FORM_CHARACTERS // 3)
    refused(ingest, "smsmode", body, "characters of parameters")


def test_a_secret_that_cannot_be_read_is_503_not_a_crash(ingest: IngestHarness) -> None:
    receive = ingest.receiver(secrets=Unreachable())
    response, counts = receive(Request("POST", body=sms().encode(), token="token"))
    assert (response.status, counts["NotStored"]) == (503, 1)
    assert detail_of(response) == "Please send the report again."


class Unreachable:
    """Stands for Secrets Manager on a bad day."""

    def get_secret_value(self, SecretId: str) -> dict[str, str]:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1")
