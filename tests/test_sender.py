"""Who sent a message and when, where the provider says so."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from dlr.ingest.normalize import Normalizer
from dlr.messages.item import entry_of, state_of
from dlr.providers.base import load_provider
from dlr.report import DeliveryReport
from dlr.wire.request import Request
from local.recordings import NOW
from tests.support.reports import make_report

OWN = "+447700900999"
SENT = datetime(2026, 11, 22, 11, 30, tzinfo=UTC)


def in_json(**fields: Any) -> Request:
    return Request("POST", body=json.dumps(fields).encode())


def in_form(**fields: str) -> Request:
    return Request("POST", body=urlencode(fields).encode())


def in_query(**fields: str) -> Request:
    return Request("GET", query=urlencode(fields))


def telnyx(sender: Any, sent_at: Any) -> Request:
    to = [{"phone_number": "+12025550151", "status": "delivered"}]
    message = {"id": "m", "to": to, "from": sender, "sent_at": sent_at}
    return in_json(data={"event_type": "message.finalized", "payload": message})


RECEIPT = "id:m sub:001 dlvrd:001 submit date:2611221130 done date:2611221131 stat:DELIVRD err:000"
MESSAGES = {"message_uuid": "m", "status": "delivered", "to": "447700900123"}
SMSMODE = {"messageId": "m", "status": {"value": "DELIVERED"}}

CASES: list[tuple[str, Request, str | None, datetime | None]] = [
    ("bulksmsrates", Request("POST", body=RECEIPT.encode()), None, SENT),
    (
        "bulksmsrates",
        in_json(message_id="m", status="DELIVRD", submitted_at="2026-11-22T11:30:00Z"),
        None,
        SENT,
    ),
    ("messente", in_json(message_id="m", status="DELIVRD", sender="ACME"), "ACME", None),
    ("messente", in_query(sms_unique_id="m", stat="DELIVRD"), None, None),
    (
        "smpp",
        in_json(source_addr="447700900123", destination_addr=OWN, short_message=RECEIPT),
        OWN,
        SENT,
    ),
    (
        "smpp",
        in_json(source_addr="ACME", destination_addr="447700900123", short_message=RECEIPT),
        "ACME",
        SENT,
    ),
    (
        "smsmode",
        in_json(**SMSMODE, **{"from": "36034", "sentDate": "2026-11-22T12:30:00"}),
        "36034",
        SENT,
    ),
    ("smsmode", in_query(smsID="m", statut="11", numero="33639980012"), None, None),
    ("telnyx", telnyx({"phone_number": OWN}, "2026-11-22T12:30:00+01:00"), OWN, SENT),
    (
        "thesmsworks",
        in_json(messageid="m", status="SENT", sender="ACME", created="2026-11-22T11:30:00.000Z"),
        "ACME",
        SENT,
    ),
    (
        "thesmsworks",
        in_json(
            messageid="m",
            status="SENT",
            created="Sun Nov 22 2026 12:30:00 GMT+0100 (CET)",
        ),
        None,
        SENT,
    ),
    (
        "twilio",
        in_form(MessageSid="m", MessageStatus="sent", To="+12025550151", From=OWN),
        OWN,
        None,
    ),
    (
        "vonage",
        in_query(messageId="m", status="delivered", msisdn="447700900123", to="ACME"),
        "ACME",
        None,
    ),
    ("vonage", in_json(**MESSAGES, **{"from": "447700900999"}), "447700900999", None),
]


def read(provider: str, request: Request) -> DeliveryReport:
    (report,) = Normalizer(load_provider(provider))(request, NOW).reports
    return report


@pytest.mark.parametrize(("provider", "request_", "sender", "sent_at"), CASES)
def test_sender_and_time_of_sending_are_the_providers_or_null(
    provider: str, request_: Request, sender: str | None, sent_at: datetime | None
) -> None:
    report = read(provider, request_)
    assert (report.sender, report.sent_at) == (sender, sent_at)


@pytest.mark.parametrize("odd", [{"id": "x"}, ["x"], True, {}, None])
def test_a_sender_of_another_type_does_not_make_a_report_unreadable(odd: Any) -> None:
    for provider, request in (
        ("bulksmsrates", in_json(message_id="m", status="DELIVRD", submitted_at=odd)),
        ("messente", in_json(message_id="m", status="DELIVRD", sender=odd)),
        ("smsmode", in_json(**SMSMODE, **{"from": odd, "sentDate": odd})),
        ("telnyx", telnyx(odd, odd)),
        ("telnyx", telnyx({"phone_number": odd}, odd)),
        ("thesmsworks", in_json(messageid="m", status="SENT", sender=odd, created=odd)),
        ("twilio", in_json(MessageSid="m", MessageStatus="sent", From=odd)),
        ("vonage", in_json(**MESSAGES, **{"from": odd})),
    ):
        report = read(provider, request)
        assert (report.sender, report.sent_at) == (None, None)


def test_a_sender_is_stored_and_shown_in_no_representation() -> None:
    report = make_report(sender=OWN, sent_at=SENT)
    item = {
        "pk": {"S": "acme#m1"},
        "state": entry_of(report),
        "recipient": {"S": report.recipient},
        "recipient_hash": {"S": report.recipient_hash},
    }
    assert state_of(item) == report
    provider = load_provider("twilio")
    payload = provider.adapter.validate_python(
        {"MessageSid": "m", "MessageStatus": "sent", "From": OWN, "To": "+447700900123"}
    )
    (parsed,) = provider.parse(payload)
    for each in (report, payload, parsed):
        assert "7700900" not in repr(each)


def test_a_sender_and_a_time_of_sending_do_not_make_another_event() -> None:
    one = in_json(messageid="m", status="SENT", sender="ACME", created="2026-11-22T11:30:00Z")
    other = in_json(messageid="m", status="SENT", sender="OTHER")
    assert read("thesmsworks", one).event_id == read("thesmsworks", other).event_id
