"""One request from the URL to the table: every answer, and what is kept of it."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from dlr.messages.item import state_of
from dlr.messages.store import ReportReader
from dlr.wire.request import Request
from local.cloud import Cloud
from local.recordings import NOW
from tests.support.ingest import IngestHarness

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def shared(cloud: Cloud) -> IngestHarness:
    return IngestHarness(cloud)


@pytest.fixture
def ingest(shared: IngestHarness) -> IngestHarness:
    for item in shared.quarantined():
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


def test_an_unknown_code_and_a_missing_recipient_are_counted(ingest: IngestHarness) -> None:
    _, counts = ingest.receiver()(post(report("m2", error_code="777", to="?")))
    assert counts == Counter({"New": 1, "UnknownCode": 1, "NoRecipient": 1})
