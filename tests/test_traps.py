"""What sounds like a dead number and is none, and batches of opposite fates."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from dlr.causes import Action, Bounce, Policy
from dlr.ingest.normalize import Normalized, Normalizer
from dlr.messages.item import key_of, state_of
from dlr.providers.base import load_provider, provider_names
from dlr.providers.catalogue import Row, rows_of
from dlr.report import DeliveryReport
from dlr.wire.request import Request
from local.cloud import Cloud
from local.recordings import NOW
from tests.support.ingest import HASHER, IngestHarness

NUMBERS = [f"+1202555010{last}" for last in range(5)]
SUPPRESSING = {Action.SUPPRESS_NUMBER, Action.SUPPRESS_OPT_OUT}


def read(name: str, content: Any, policy: Policy = Policy.CAUSE) -> Normalized:
    """A form for a dictionary of texts, JSON for anything else."""
    is_form = name in {"plivo", "twilio"} or (name == "signalwire" and "MessageSid" in content)
    body = urlencode(content) if is_form else json.dumps(content)
    return Normalizer(load_provider(name), policy)(Request("POST", body=body.encode()), NOW)


def report(name: str, content: Any) -> DeliveryReport:
    (made,) = read(name, content).reports
    return made


def infobip(status: str, error: str = "NO_ERROR", permanent: bool = False) -> dict[str, Any]:
    return {
        "messageId": "m",
        "to": NUMBERS[0],
        "status": {"name": status},
        "error": {"name": error, "permanent": permanent},
    }


def bandwidth(code: int, type_: str = "message-failed") -> dict[str, Any]:
    return {"type": type_, "to": NUMBERS[0], "errorCode": code, "message": {"id": "m"}}


def sinch(status: str, code: int) -> dict[str, Any]:
    return {"batch_id": "m", "recipient": NUMBERS[0][1:], "status": status, "code": code}


def plivo(code: str) -> dict[str, str]:
    return {"MessageUUID": "m", "Status": "undelivered", "To": NUMBERS[0], "ErrorCode": code}


def signalwire(code: str) -> dict[str, str]:
    return {"MessageSid": "m", "MessageStatus": "failed", "To": NUMBERS[0], "ErrorCode": code}


def azure(code: int, status: str = "Failed") -> list[dict[str, Any]]:
    details = f"ErrorCode: {code}. ErrorMessage: words"
    data = {"messageId": "m", "to": NUMBERS[0], "deliveryStatus": status}
    data["deliveryStatusDetails"] = details
    return [{"eventType": "Microsoft.Communication.SMSDeliveryReportReceived", "data": data}]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("azure", azure(4002)),
        ("azure", azure(4009)),
        ("azure", azure(4010)),
        ("infobip", infobip("REJECTED_DESTINATION_NOT_REGISTERED")),
        (
            "infobip",
            infobip("UNDELIVERABLE_NOT_DELIVERED", "EC_DEST_ADDRESS_NOT_IN_SMS_DEMO", True),
        ),
        ("infobip", infobip("UNDELIVERABLE_NOT_DELIVERED", "EC_CANNOT_RECEIVE_SC", True)),
        ("bandwidth", bandwidth(4405)),
        ("bandwidth", bandwidth(4772)),
        ("plivo", plivo("40")),
        ("signalwire", signalwire("30006")),
        ("signalwire", signalwire("21603")),
        ("sinch", sinch("Rejected", 413)),
        ("gatewayapi", {"id": 1, "status": "REJECTED", "code": "0x1065", "msisdn": 12025550100}),
    ],
)
def test_a_fault_of_the_sender_or_the_account_leaves_the_number_alone(
    name: str, content: Any
) -> None:
    made = report(name, content)
    assert (made.action, made.bounce in {Bounce.BLOCK, Bounce.ADMIN, Bounce.SOFT}) == ("keep", True)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("azure", azure(5002)),
        ("infobip", infobip("EXPIRED_DLR_UNKNOWN")),
        ("bandwidth", bandwidth(9902)),
        ("sinch", sinch("Unknown", 0)),
        ("gatewayapi", {"id": 1, "status": "UNKNOWN", "msisdn": 12025550100}),
    ],
)
@pytest.mark.parametrize("policy", Policy)
def test_no_receipt_is_no_failure(name: str, content: Any, policy: Policy) -> None:
    (made,) = read(name, content, policy).reports
    assert (made.status, made.final, made.cause) == ("unknown", False, "unspecified")
    assert made.action is Action.KEEP


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("infobip", infobip("DELIVERED_TO_OPERATOR")),
        ("bandwidth", bandwidth(0, "message-sent")),
        ("sinch", sinch("Dispatched", 401)),
    ],
)
def test_what_the_operator_has_is_not_delivered_yet(name: str, content: Any) -> None:
    made = report(name, content)
    assert (made.status, made.final) == ("enroute", False)


def codes(name: str) -> dict[str, Row]:
    return {row.key: row for row in rows_of(load_provider(name)) if row.table == "code"}


TWILIOS = ("21606", "21612", "30001", "30002", "30006", "30009", "21408")


@pytest.mark.parametrize("code", TWILIOS)
def test_signalwire_means_something_else_by_twilios_number(code: str) -> None:
    ours, twilios = codes("signalwire")[code], codes("twilio").get(code)
    assert twilios is None or ours.cause != twilios.cause


def test_a_code_of_signalwire_suppresses_by_its_own_table_and_not_by_twilios() -> None:
    """30006 from a long code is a landline at Twilio; 21606 is the sender's there."""
    form = {"From": "+12025550199", "To": NUMBERS[0], "MessageSid": "m"}
    actions = {
        (name, code): report(name, {**form, "MessageStatus": "failed", "ErrorCode": code}).action
        for name in ("signalwire", "twilio")
        for code in ("30006", "21606")
    }
    assert actions == {
        ("signalwire", "30006"): Action.KEEP,
        ("twilio", "30006"): Action.SUPPRESS_NUMBER,
        ("signalwire", "21606"): Action.SUPPRESS_NUMBER,
        ("twilio", "21606"): Action.KEEP,
    }


PERMANENT_OF_THE_MESSAGE = [
    ("infobip", infobip("REJECTED_FLOODING_FILTER", "EC_DESTINATION_TXT_FLOODING", True)),
    ("infobip", infobip("EXPIRED_EXPIRED", "EC_VALIDITY_EXPIRED", True)),
    ("infobip", infobip("UNDELIVERABLE_NOT_DELIVERED", "EC_TEMPORARY_HANDSET_FAILURE", True)),
    ("infobip", infobip("UNDELIVERABLE_NOT_DELIVERED", "EC_DEST_OVERLOADED", True)),
    ("sinch", sinch("Failed", 110)),
    ("sinch", sinch("Failed", 154)),
    ("sinch", sinch("Rejected", 64)),
]


@pytest.mark.parametrize(("name", "content"), PERMANENT_OF_THE_MESSAGE)
def test_permanent_can_mean_the_message(name: str, content: Any) -> None:
    """The verdict is kept to the letter, and suppresses only under the policy that follows it."""
    made = report(name, content)
    assert (made.permanent, made.action) == (True, Action.KEEP)
    (followed,) = read(name, content, Policy.PROVIDER).reports
    assert followed.action is Action.SUPPRESS_NUMBER


def test_sinchs_unidentified_subscriber_is_permanent_at_one_switch_and_not_at_the_other() -> None:
    smsc, msc = (report("sinch", sinch("Failed", code)) for code in (100, 200))
    assert (smsc.cause, smsc.permanent, smsc.action) == ("doubtful_number", True, "strike")
    assert (msc.cause, msc.permanent, msc.action) == ("doubtful_number", False, "keep")


def test_a_code_beside_delivered_changes_nothing() -> None:
    for code in (1, 150, 404, 999):
        made = report("sinch", sinch("Delivered", code))
        assert (made.status, made.cause, made.action) == ("delivered", "none", "keep")


def test_an_error_of_infobip_counts_by_its_name_and_not_by_its_number() -> None:
    content = infobip("UNDELIVERABLE_NOT_DELIVERED", "EC_ABSENT_SUBSCRIBER")
    content["error"]["id"] = 1
    assert report("infobip", content).cause == "absent"
    del content["error"]["name"]
    made = report("infobip", content)
    assert (made.cause, made.action) == ("unspecified", "keep")


NEW = ("plivo", "signalwire", "bandwidth", "gatewayapi", "infobip", "sinch")


@pytest.mark.parametrize("name", NEW)
def test_every_suppressing_row_has_a_source_and_speaks_of_the_number_or_the_person(
    name: str,
) -> None:
    rows = [row for row in rows_of(load_provider(name)) if row.action_cause in SUPPRESSING]
    assert rows
    assert all(row.source and row.bounce in {Bounce.HARD, Bounce.OPT_OUT} for row in rows)


def words(name: str) -> Iterator[str]:
    yield from (f"never seen {number}" for number in range(500))
    yield from (str(number) for number in range(1, 1000, 7))


@pytest.mark.parametrize("name", NEW)
@pytest.mark.parametrize("policy", Policy)
def test_a_word_or_code_of_nobody_suppresses_nobody(name: str, policy: Policy) -> None:
    known = codes(name)
    for word in words(name):
        content = {
            "plivo": plivo(word),
            "signalwire": signalwire(word),
            "bandwidth": {**bandwidth(0), "errorCode": word},
            "gatewayapi": {"id": 1, "status": "REJECTED", "code": word, "msisdn": 12025550100},
            "infobip": infobip("UNDELIVERABLE_NOT_DELIVERED", word, True),
            "sinch": {**sinch("Failed", 0), "code": word},
        }[name]
        if word in known or f"0x{word}" in known:
            continue
        (made,) = read(name, content).reports
        assert made.action is Action.KEEP, word


# ---------------------------------------------------------------- opposite fates


@pytest.fixture(scope="module")
def ingest(cloud: Cloud) -> IngestHarness:
    return IngestHarness(cloud)


def test_the_recipients_of_one_batch_id_are_messages_of_their_own(ingest: IngestHarness) -> None:
    """Also those who fare alike; and a report by recipient finds its own, whoever came first."""
    batch = {
        "type": "delivery_report_sms",
        "batch_id": "batch",
        "statuses": [
            {"status": "Delivered", "code": 0, "recipients": [n[1:] for n in NUMBERS[:2]]},
            {"status": "Failed", "code": 150, "recipients": [n[1:] for n in NUMBERS[2:4]]},
        ],
    }
    late = {**sinch("Delivered", 0), "batch_id": "batch", "recipient": NUMBERS[3][1:]}
    for content in (batch, late, batch):
        body = json.dumps(content).encode()
        response, _ = ingest.receiver("sinch")(Request("POST", body=body, token="token"))
        assert response.status == 200
    keys = [key_of("sinch", "batch", apart) for apart in map(HASHER.hash, NUMBERS[:4])]
    items = [
        ingest.client.get_item(TableName=ingest.reports, Key=key, ConsistentRead=True)["Item"]
        for key in keys
    ]
    states = [state_of(item) for item in items]
    assert [state.recipient for state in states] == NUMBERS[:4]
    statuses = [state.status for state in states]
    assert statuses == ["delivered", "delivered", "undelivered", "delivered"]
    assert len({state.event_id for state in states}) == 4


def test_the_results_of_one_request_fare_each_by_themselves() -> None:
    dead = infobip("UNDELIVERABLE_NOT_DELIVERED", "EC_UNKNOWN_SUBSCRIBER", True)
    spoilt = {"messageId": "spoilt"}
    made = read("infobip", {"results": [dead, spoilt, infobip("DELIVERED_TO_HANDSET")]})
    assert [r.action for r in made.reports] == ["suppress_number", "keep"]
    assert list(made.errors) == [1]


def test_a_batch_without_names_says_nothing_about_anybody() -> None:
    summary = {"batch_id": "b", "statuses": [{"status": "Failed", "code": 150, "count": 7}]}
    assert read("sinch", summary) == Normalized(ignored=1)


def test_every_new_provider_has_its_traps_here() -> None:
    assert set(NEW) <= set(provider_names())
