"""Every recorded request becomes the reports beside it; every table row means one thing."""

import json
from typing import Any

import pytest

from dlr.catalogue import provider_names, rows_of
from dlr.causes import Bounce, Policy
from dlr.decode import UnreadableError
from dlr.normalize import Normalizer
from dlr.provider import load_provider
from dlr.report import DeliveryReport
from tests.cases import EVENTS, NOW, Case, all_cases

ANSWERED = [case for case in all_cases() if case.expected["status"] == 200]
REFUSED = [case for case in all_cases() if case.expected["status"] == 400]


def normalize(case: Case, policy: Policy = Policy.CAUSE) -> list[DeliveryReport]:
    return Normalizer(load_provider(case.provider), policy)(case.request, NOW).reports


def part_of(report: DeliveryReport, expected: dict[str, Any]) -> dict[str, Any]:
    content = json.loads(report.model_dump_json())
    return {name: content[name] for name in expected}


@pytest.mark.parametrize("case", ANSWERED, ids=lambda case: case.id)
def test_a_request_becomes_the_reports_beside_it(case: Case) -> None:
    expected = case.expected["reports"]
    reports = normalize(case)
    assert len(reports) == len(expected)
    for report, fields in zip(reports, expected, strict=True):
        assert part_of(report, fields) == fields


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)
def test_the_providers_own_signature_lets_it_in(case: Case) -> None:
    assert load_provider(case.provider).verify(case.request, case.credentials)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_an_unreadable_request_is_refused_with_a_reason(case: Case) -> None:
    with pytest.raises(UnreadableError, match=r"\w+ \w+"):
        normalize(case)


@pytest.mark.parametrize("case", ANSWERED, ids=lambda case: case.id)
def test_no_representation_shows_the_number(case: Case) -> None:
    for report in normalize(case):
        assert report.recipient is None or report.recipient[1:] not in repr(report)
        assert report.recipient is None or report.recipient[1:] not in repr(report.recipient)


@pytest.mark.parametrize("name", provider_names())
def test_each_provider_has_events_of_every_bounce_class_that_it_can_report(name: str) -> None:
    can = {row.bounce for row in rows_of(load_provider(name)) if row.table in {"status", "code"}}
    shown = {
        Bounce(report["bounce"])
        for path in EVENTS.glob(f"{name}/*.expected.json")
        for report in json.loads(path.read_text())["reports"]
    }
    assert can <= shown


# Written out by hand from the providers' documents: the table is checked against a second reading.
MEANINGS: dict[str, dict[str, str]] = {
    "smsmode": {
        "hard": "INVALID_PHONE_NUMBER 3521 3522 3523 3526",
        "opt_out": "BLACKLISTED 3999",
        "soft": "34 37 3501 3502 3503 3504 3527 3560",
        "block": "SPAM 36 38 3524 3525 3998",
        "admin": "2 31 32 33 61",
        "undetermined": "UNDELIVERABLE UNDELIVERED REJECTED 21 22 35 39 40 50 999 3599",
        "none": "SCHEDULED ENROUTE DELIVERED READ 0 1 10 11 12 13 14 15 16 100 101",
    },
    "bulksmsrates": {
        "hard": "001 011",
        "soft": "EXPIRED 007 021 027 028 029 031 033 040 999",
        "block": "099 160",
        "undetermined": "UNDELIV DELETED UNKNOWN REJECTD 032",
        "none": "DELIVRD ENROUTE ACCEPTD 000",
    },
    "messente": {
        "hard": "003",
        "opt_out": "008",
        "soft": "EXPIRED 002 005 009 999",
        "block": "006 007",
        "admin": "004",
        "undetermined": "UNDELIV FAILED UNKNOWN REJECTD DELETED NACK mask:2 mask:16 001",
        "none": "DELIVRD ACCEPTD ACK SEEN DELIVERED SENT mask:1 mask:4 mask:8 000 010",
    },
    "thesmsworks": {
        "hard": "5001 5011",
        "opt_out": "5010",
        "soft": "EXPIRED 5006 5008 5013 5015 5034",
        "block": "5020",
        "undetermined": "UNDELIVERABLE UNDELIVERED REJECTED 5004 5009",
        "none": "SCHEDULED SENT DELIVERED",
    },
    "smpp": {
        "opt_out": "DND_REJECTED",
        "soft": "EXPIRED message_state:3",
        "undetermined": "DELETED UNDELIV UNKNOWN REJECTD UNDELIVERABLE FAILED REJECTED "
        "message_state:4 message_state:5 message_state:7 message_state:8",
        "none": "ENROUTE DELIVRD ACCEPTD DELIVERED ACCEPTED "
        "message_state:1 message_state:2 message_state:6",
    },
    "twilio": {
        "hard": "21211 21614 21635 30005",
        "opt_out": "21610",
        "soft": "21612 30003 30006 30017 30036 30410",
        "block": "11751 12300 14107 21606 21611 21617 21618 21620 21623 30001 30007 30011 30018 "
        "30019 30022 30023 30024 30027 30032 30034 30035 30040 30042 30044 30450 30453 30640 63038",
        "admin": "21408 21602 21608 21703 21704 21705 30002 30010 30012 30013 30014 30015 30016 "
        "30020 30021 30037",
        "undetermined": "undelivered failed canceled 30004 30008 30009",
        "none": "accepted scheduled queued sending sent delivered partially_delivered read",
    },
    "vonage": {
        "hard": "3 4 1170 1190 1430",
        "opt_out": "9 1050 1240",
        "soft": "expired 2 5 7 8 11 12 14 15 1100 1180 1200 1220 1230 1250 1251 1260 1280 1290 "
        "1300 1310 1360",
        "block": "6 10 13 16 50 51 52 53 54 1000 1040 1090 1120 1210 1241 1270 1282 1340 1380 1381 "
        "1382 1420 1460 1461 1472 1473 1476 1480 1481 1482 1483 1484 2001",
        "admin": "1010 1020 1021 1022 1030 1060 1070 1080 1130 1140 1150 1160 1242 1320 1331 1350 "
        "1370 1400 1410 1431 1440 1450 1451 1470 1474 1475",
        "undetermined": "failed rejected unknown undeliverable 1 99 1330 1490",
        "none": "accepted buffered delivered submitted read 0",
    },
    "telnyx": {
        "hard": "40001 40310",
        "opt_out": "40300",
        "soft": "expired 40005 40006 40007 40014",
        "block": "40002 40003 40009 40010 40011 40013 40015 40016 40017 40018 40100 40150 40151 "
        "40301 40302 40305 40306 40308 40315 40317 40318 40319 40320 40321 40322 40328 40329",
        "admin": "20100 40304 40309 40311 40312 40313 40314 40316",
        "undetermined": "delivery_unconfirmed sending_failed delivery_failed cancelled "
        "40004 40008 40012",
        "none": "scheduled queued sending sent delivered read",
    },
}

PERMANENT = {
    "smsmode": {True: "3521 3522 3523 3524 3525 3526 3527", False: "3501 3502 3503 3504"},
    "bulksmsrates": {True: "UNDELIV", False: "007 040 999"},
    "messente": {True: "", False: "999"},
    "thesmsworks": {True: "5001 5004 5006 5008 5009 5010 5011 5020 5034", False: "5013 5015"},
    "smpp": {True: "", False: ""},
    "twilio": {True: "", False: "30450 30453"},
    "vonage": {True: "3 4 1190 1330", False: "2 7 8 1000 1180 1220 1230 1331"},
    "telnyx": {True: "40003", False: "40002 40011 40320"},
}


def keys(text: str) -> set[str]:
    return {key.replace(":", " ") for key in text.split()}


@pytest.mark.parametrize("name", provider_names())
def test_every_word_and_code_has_the_bounce_class_of_the_document(name: str) -> None:
    rows = [row for row in rows_of(load_provider(name)) if row.table in {"status", "code"}]
    for bounce in Bounce:
        found = {row.key for row in rows if row.bounce is bounce}
        assert found == keys(MEANINGS[name].get(bounce, "")), bounce


@pytest.mark.parametrize("name", provider_names())
def test_permanent_is_the_documented_verdict_and_nothing_else(name: str) -> None:
    rows = [row for row in rows_of(load_provider(name)) if row.table in {"status", "code"}]
    for verdict in (True, False):
        found = {row.key for row in rows if row.permanent is verdict}
        assert found == keys(PERMANENT[name][verdict])


@pytest.mark.parametrize("name", provider_names())
def test_the_policies_differ_only_where_the_provider_says_permanent(name: str) -> None:
    for row in rows_of(load_provider(name)):
        if row.action_cause != row.action_provider:
            assert row.permanent is True
            assert row.action_provider == "suppress_number"


@pytest.mark.parametrize("name", provider_names())
def test_no_row_suppresses_by_cause_unless_the_number_or_the_person_is_meant(name: str) -> None:
    for row in rows_of(load_provider(name)):
        suppresses = row.action_cause in {"suppress_number", "suppress_opt_out"}
        assert suppresses == (row.bounce in {Bounce.HARD, Bounce.OPT_OUT})


@pytest.mark.parametrize("name", provider_names())
def test_every_row_says_what_the_provider_says_and_where(name: str) -> None:
    for row in rows_of(load_provider(name)):
        assert row.says
        assert row.source
