"""One request from the URL to the table: every answer, and what is kept of it."""

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from dlr.ingest.receive import MAX_BODY_BYTES
from dlr.messages.item import state_of
from dlr.messages.store import ReportReader
from dlr.providers.base import Answer, load_provider
from dlr.wire.request import Request
from local.cloud import Cloud
from local.recordings import NOW, recordings
from tests.support.ingest import IngestHarness, detail_of
from tests.support.secrets import value

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def shared(cloud: Cloud) -> IngestHarness:
    return IngestHarness(cloud)


@pytest.fixture
def ingest(shared: IngestHarness) -> IngestHarness:
    for item in shared.quarantine_items():
        shared.client.delete_item(TableName=shared.quarantine, Key={"id": item["id"]})
    return shared


def report(message_id: str = "m1", **fields: Any) -> bytes:
    content = {"message_id": message_id, "to": "+447700900123", "status": "UNDELIV", **fields}
    return json.dumps(content).encode()


def post(body: bytes, token: str = "token", method: str = "POST") -> Request:
    return Request(method, body=body, token=token)


def test_a_report_is_stored_and_answered(ingest: IngestHarness) -> None:
    response, counts = ingest.receiver()(post(report(error_code="001")))
    assert (response.status, response.body["new"]) == (200, 1)
    assert counts == Counter({"New": 1})
    item = ReportReader(ingest.client, ingest.reports).get("bulksmsrates", "m1", NOW)
    assert item is not None
    assert state_of(item).cause == "unknown_subscriber"


@pytest.mark.parametrize(
    ("answer", "status", "content_type", "body"),
    [
        (Answer(204, ""), 204, "text/plain", ""),
        (Answer(200, "ACK/Jasmin"), 200, "text/plain", "ACK/Jasmin"),
        (Answer(202), 202, "application/json", None),
    ],
)
def test_a_provider_that_waits_for_an_exact_answer_gets_it_once_its_reports_are_stored(
    ingest: IngestHarness, answer: Answer, status: int, content_type: str, body: str | None
) -> None:
    provider = replace(load_provider("bulksmsrates"), answer=answer)
    receive = ingest.receiver(provider=provider)
    given = receive(post(report(f"m-{status}-{body}")))[0].to_api_gateway("r")
    assert (given["statusCode"], given["headers"]["content-type"]) == (status, content_type)
    assert json.loads(given["body"])["new"] == 1 if body is None else given["body"] == body
    unreadable = receive(post(b"{}"))[0].to_api_gateway("r")
    assert (unreadable["statusCode"], json.loads(unreadable["body"])["status"]) == (400, 400)


def test_an_item_of_a_list_in_an_object_is_kept_alone_and_replayed_alone(
    ingest: IngestHarness,
) -> None:
    provider = replace(load_provider("bulksmsrates"), batch="results")
    good, bad = report("in-a-member").decode(), '{"message_id": "spoilt"}'
    response, _ = ingest.receiver(provider=provider)(
        post(f'{{"count": 2, "results": [{good}, {bad}]}}'.encode())
    )
    assert (response.status, response.body["new"], response.body["unreadable"]) == (200, 1, 1)
    (kept,) = ingest.quarantined()
    assert kept["body"]["B"] == bad.encode()


def test_an_unknown_code_and_a_missing_recipient_are_counted(ingest: IngestHarness) -> None:
    _, counts = ingest.receiver()(post(report("m2", error_code="777", to="?")))
    assert counts == Counter({"New": 1, "UnknownCode": 1, "NoRecipient": 1})


def test_a_wrong_token_is_401_and_leaves_nothing(ingest: IngestHarness) -> None:
    response, counts = ingest.receiver()(post(report("m3"), token="wrong"))
    assert (response.status, counts) == (401, Counter({"Unauthorized": 1}))
    assert ReportReader(ingest.client, ingest.reports).get("bulksmsrates", "m3", NOW) is None


def test_a_token_rotated_in_is_accepted_at_once_and_the_old_one_until_taken_out(
    ingest: IngestHarness,
) -> None:
    receive = ingest.receiver(min_age_s=-1)
    for live, expected in (
        (value("token"), {"token": 200, "new": 401}),
        (value("new", "token"), {"token": 200, "new": 200}),
        (value("new"), {"new": 200}),
    ):
        ingest.secrets.text = live
        for token, status in expected.items():
            assert receive(post(report("m4"), token=token))[0].status == status
    ingest.secrets.text = value("token")


def signed(ingest: IngestHarness, name: str) -> Request:
    """A recorded request with its signature; the receiver holds the key and sees its time."""
    (case,) = (each for each in recordings() if each.id == name)
    keys = list(case.credentials.signing_keys)
    ingest.secrets.text = json.dumps({"current": "token", "signing_keys": keys})
    return case.request


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("twilio/sent", 401),
        ("vonage/sms-barred", 503),
        ("plivo/stop", 401),
        ("sinch/delivered", 503),
    ],
)
def test_a_bad_signature_under_a_good_token_is_answered_as_the_provider_needs_it(
    ingest: IngestHarness, name: str, status: int
) -> None:
    provider = name.partition("/")[0]
    request = signed(ingest, name)
    assert ingest.receiver(provider)(request)[0].status == 200
    altered = replace(request, body=request.body + b"&price=0")
    response, counts = ingest.receiver(provider)(altered)
    assert (response.status, counts) == (status, Counter({"Unauthorized": 1}))
    assert "signature" in detail_of(response)
    assert ingest.receiver(provider)(replace(request, token="wrong"))[0].status == 401
    ingest.secrets.text = value("token")


def test_a_signing_key_rotated_in_is_found_at_once(ingest: IngestHarness) -> None:
    receive = ingest.receiver("twilio", min_age_s=-1)
    request = signed(ingest, "twilio/delivered")
    live = ingest.secrets.text
    ingest.secrets.text = json.dumps({"current": "token", "signing_keys": ["another"]})
    assert receive(request)[0].status == 401
    ingest.secrets.text = live
    assert receive(request)[0].status == 200
    ingest.secrets.text = value("token")


@pytest.mark.parametrize("probe", [Request("HEAD", token="token"), Request("GET", token="token")])
def test_a_probe_need_not_be_signed_but_what_it_could_carry_must(
    ingest: IngestHarness, probe: Request
) -> None:
    request = signed(ingest, "vonage/sms-get-delivered")
    receive = ingest.receiver("vonage")
    assert receive(probe)[0].status == 200
    unsigned = request.query.partition("&sig=")[0]
    assert receive(replace(request, query=unsigned))[0].status == 503
    assert receive(replace(request, query="", body=unsigned.encode()))[0].status == 503
    ingest.secrets.text = value("token")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "GET", "PATCH"])
def test_a_method_that_the_provider_does_not_use_is_405(ingest: IngestHarness, method: str) -> None:
    response, _ = ingest.receiver()(post(b"", method=method))
    assert (response.status, response.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("provider", "request_"),
    [
        ("bulksmsrates", Request("HEAD", token="token")),
        ("messente", Request("GET", token="token")),
        ("bulksmsrates", Request("POST", body=b"[]", token="token")),
    ],
)
def test_a_probe_is_200_and_does_nothing(
    ingest: IngestHarness, provider: str, request_: Request
) -> None:
    assert ingest.receiver(provider)(request_)[0].status == 200
    assert ingest.quarantined() == []


@pytest.mark.parametrize("provider", ["messente", "smsmode", "vonage"])
@pytest.mark.parametrize("query", ["campaign=autumn", "sms_id=7&state=DELIVRD", "&", "=x"])
def test_a_get_whose_parameters_nobody_knows_is_400_and_quarantined(
    ingest: IngestHarness, provider: str, query: str
) -> None:
    request = Request("GET", query=query, token="token")
    response, counts = ingest.receiver(provider)(request)
    assert (response.status, counts) == (400, Counter({"Unreadable": 1}))
    assert detail_of(response) == "no parameter is a known field"
    assert [item["query"]["S"] for item in ingest.quarantined()] == [query]


def test_a_body_over_the_limit_is_413(ingest: IngestHarness) -> None:
    assert ingest.receiver()(post(b" " * (MAX_BODY_BYTES + 1)))[0].status == 413


def test_garbage_is_400_with_a_reason_and_quarantined_once(ingest: IngestHarness) -> None:
    for _ in range(3):
        response, counts = ingest.receiver()(post(b'{"status": "DELIVRD"}'))
        assert (response.status, counts) == (400, Counter({"Unreadable": 1}))
        assert detail_of(response) == "message_id: Field required"
    (item,) = ingest.quarantined()
    assert item["body"]["B"] == b'{"status": "DELIVRD"}'
    assert item["error"]["S"] == "message_id: Field required"


def test_a_batch_with_one_bad_item_stores_the_good_and_quarantines(ingest: IngestHarness) -> None:
    batch = b"[" + report("b1") + b',{"x":1},' + report("b2") + b"]"
    response, counts = ingest.receiver()(post(batch))
    assert response.status == 200
    assert response.body == {
        "new": 2,
        "stale": 0,
        "duplicate": 0,
        "apart": 0,
        "ignored": 0,
        "unreadable": 1,
    }
    assert counts == Counter({"New": 2, "Unreadable": 1})
    assert len(ingest.quarantined()) == 1


def test_an_inbound_message_is_ignored_and_counted(ingest: IngestHarness) -> None:
    body = b'{"messageId": "m", "direction": "MO", "body": {"text": "STOP"}}'
    response, counts = ingest.receiver("smsmode")(post(body))
    assert (response.status, counts) == (200, Counter({"Ignored": 1}))


class Failing:
    """A DynamoDB client whose every call raises."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def fail(**_: Any) -> None:
            raise self._error

        return fail


FAULTS = [
    ClientError({"Error": {"Code": "ThrottlingException", "Message": "+447700900123"}}, "Update"),
    EndpointConnectionError(endpoint_url="http://127.0.0.1"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize("body", [report("f1"), b"garbage"], ids=["report", "garbage"])
def test_a_failing_table_makes_the_provider_send_again(
    ingest: IngestHarness, fault: Exception, body: bytes
) -> None:
    response, counts = ingest.receiver(client=Failing(fault))(post(body))
    assert response.status == 503
    assert counts["NotStored"] == 1
    assert "447700900123" not in json.dumps(response.to_api_gateway("r"))


def test_an_answer_never_quotes_the_request(ingest: IngestHarness) -> None:
    marked = b'{"message_id": ["+447700900777"], "status": {"hush": 1}}'
    response, _ = ingest.receiver()(post(marked))
    assert response.status == 400
    assert "447700900777" not in detail_of(response)
    assert "hush" not in detail_of(response)
