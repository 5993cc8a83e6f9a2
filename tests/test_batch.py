"""A batch: every report is tried, whatever becomes of the others, and they are written together."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from dlr.ingest.receive import MAX_WRITERS, NOT_STORABLE
from dlr.messages.store import ReportReader
from dlr.wire.decode import MAX_ITEMS
from dlr.wire.request import Request
from local import template
from local.cloud import Cloud
from local.recordings import NOW
from tests.support.cases import ROOT
from tests.support.ingest import IngestHarness, detail_of

TIMEOUT_S = template.load(ROOT / "template.yaml", {})["Globals"]["Function"]["Timeout"]


@pytest.fixture(scope="module")
def shared(cloud: Cloud) -> IngestHarness:
    return IngestHarness(cloud)


@pytest.fixture
def ingest(shared: IngestHarness) -> IngestHarness:
    for item in shared.quarantined():
        shared.client.delete_item(TableName=shared.quarantine, Key={"id": item["id"]})
    return shared


def batch(*message_ids: str) -> Request:
    items = [{"message_id": each, "status": "DELIVRD"} for each in message_ids]
    return Request("POST", body=json.dumps(items).encode(), token="token")


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "+447700900123"}}, "UpdateItem")


class Client:
    """A DynamoDB client whose `update_item` does something first."""

    def __init__(self, real: Any, before: Callable[[str], None]) -> None:
        self._real, self._before = real, before

    def update_item(self, **arguments: Any) -> Any:
        self._before(arguments["Key"]["pk"]["S"].partition("#")[2])
        return self._real.update_item(**arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class Fake:
    """Takes every write, and a while for each."""

    def __init__(self, seconds: float = 0) -> None:
        self._seconds = seconds
        self.threads: set[int] = set()
        self.keys: list[str] = []
        """Of every write."""

    def update_item(self, Key: dict[str, Any], **_: Any) -> dict[str, Any]:
        self.keys.append(Key["pk"]["S"])
        time.sleep(self._seconds)
        self.threads.add(threading.get_ident())
        return {}


def refusing(ingest: IngestHarness, bad: str, reason: Exception) -> Client:
    def before(message_id: str) -> None:
        if message_id == bad:
            raise reason

    return Client(ingest.client, before)


def is_stored(ingest: IngestHarness, message_id: str) -> bool:
    item = ReportReader(ingest.client, ingest.reports).get("bulksmsrates", message_id, NOW)
    return item is not None


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("code", ["ThrottlingException", "ResourceNotFoundException"])
def test_a_report_that_cannot_be_written_now_keeps_no_other_from_the_table_and_comes_again(
    ingest: IngestHarness, place: int, code: str
) -> None:
    ids = [f"{code}-{place}-{number}" for number in range(3)]
    receive = ingest.receiver(client=refusing(ingest, ids[place], error(code)))
    response, counts = receive(batch(*ids))
    assert response.status == 503
    assert counts == Counter({"New": 2, "NotStored": 1, f"NotStored{code}": 1, "NoRecipient": 3})
    assert [is_stored(ingest, each) for each in ids] == [each != ids[place] for each in ids]
    assert "447700900123" not in json.dumps(response.to_api_gateway("r"))
    assert ingest.quarantined() == []


NEVER = [
    error("ValidationException"),
    error("SerializationException"),
    ParamValidationError(report="+447700900123"),
]


@pytest.mark.parametrize("reason", NEVER, ids=lambda reason: type(reason).__name__)
def test_a_report_that_can_never_be_written_is_quarantined_and_does_not_come_again(
    ingest: IngestHarness, reason: Exception
) -> None:
    ids = [f"never-{id(reason)}-{number}" for number in range(3)]
    receive = ingest.receiver(client=refusing(ingest, ids[1], reason))
    response, counts = receive(batch(*ids))
    assert (response.status, response.body["new"], response.body["unreadable"]) == (200, 2, 1)
    assert counts == Counter({"New": 2, "Unreadable": 1, "NoRecipient": 3})
    assert [is_stored(ingest, each) for each in ids] == [True, False, True]
    (kept,) = ingest.quarantined()
    assert kept["error"]["S"] == NOT_STORABLE


def test_one_report_alone_that_can_never_be_written_is_400_and_quarantined(
    ingest: IngestHarness,
) -> None:
    receive = ingest.receiver(client=refusing(ingest, "alone", NEVER[0]))
    response, counts = receive(batch("alone"))
    assert (response.status, detail_of(response)) == (400, NOT_STORABLE)
    assert counts == Counter({"Unreadable": 1, "NoRecipient": 1})
    assert len(ingest.quarantined()) == 1


def test_a_quarantine_that_fails_keeps_no_report_from_the_table(ingest: IngestHarness) -> None:
    class Failing(Client):
        def batch_write_item(self, **_: Any) -> None:
            raise error("ThrottlingException")

    receive = ingest.receiver(client=Failing(ingest.client, lambda _: None))
    body = b'[{"message_id": "beside", "status": "DELIVRD"}, {"x": 1}]'
    assert receive(Request("POST", body=body, token="token"))[0].status == 503
    assert is_stored(ingest, "beside")


def test_a_defect_of_our_own_in_one_report_keeps_no_other_message_from_the_table(
    ingest: IngestHarness,
) -> None:
    receive = ingest.receiver(client=refusing(ingest, "defect-0", KeyError("ours")))
    with pytest.raises(KeyError):
        receive(batch(*(f"defect-{number}" for number in range(4))))
    assert [is_stored(ingest, f"defect-{number}") for number in range(4)] == [False] + [True] * 3


def test_the_reports_of_a_batch_are_written_side_by_side(ingest: IngestHarness) -> None:
    """In less than a quarter of the time that they take one after the other; a tenth is ideal."""
    slow, count = 0.02, 100
    receive = ingest.receiver(client=Fake(slow))
    started = time.monotonic()
    response, _ = receive(batch(*map(str, range(count))))
    assert response.body["new"] == count
    assert time.monotonic() - started < count * slow / 4


def test_the_recipients_of_one_id_are_written_side_by_side_and_at_once(
    ingest: IngestHarness,
) -> None:
    slow, count = 0.02, 100
    recipients = [f"3363998{place:04}" for place in range(count)]
    fate = {"status": "Delivered", "code": 0, "recipients": recipients}
    content = {"type": "delivery_report_sms", "batch_id": "one", "statuses": [fate]}
    client = Fake(slow)
    request = Request("POST", body=json.dumps(content).encode(), token="token")
    started = time.monotonic()
    response, counts = ingest.receiver("sinch", client=client)(request)
    assert (response.body["new"], counts["Apart"]) == (count, 0)
    assert len(client.keys) == len(set(client.keys)) == count
    assert time.monotonic() - started < count * slow / 4


def test_the_largest_batch_fits_the_functions_timeout_at_50_ms_a_write() -> None:
    """By the ratio that the test before this one measures; twice, for a stale report takes two."""
    assert MAX_ITEMS / MAX_WRITERS * 0.05 * 2 <= TIMEOUT_S


def test_a_single_report_is_written_without_a_thread(ingest: IngestHarness) -> None:
    client = Fake()
    assert ingest.receiver(client=client)(batch("single"))[0].status == 200
    assert client.threads == {threading.get_ident()}


def test_the_reports_of_one_message_are_written_in_their_order(ingest: IngestHarness) -> None:
    """Also where the first is slow: in another order it would be stale."""
    seen: set[str] = set()

    def delay_the_first(message_id: str) -> None:
        is_first = message_id not in seen
        seen.add(message_id)
        time.sleep(0.1 * is_first)

    words = ["ACCEPTD", "ENROUTE", "DELIVRD"]
    items = [{"message_id": f"in-order-{n}", "status": word} for word in words for n in range(3)]
    request = Request("POST", body=json.dumps(items).encode(), token="token")
    response, _ = ingest.receiver(client=Client(ingest.client, delay_the_first))(request)
    assert response.body["new"] == len(items)
