"""What the words and codes of all providers mean together, and the quirks in how they are sent."""

import json
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from dlr.causes import CAN_STRIKE, Action, Bounce, Cause, Policy, action_for
from dlr.ingest.meaning import resolve_meaning
from dlr.ingest.normalize import Normalized, Normalizer
from dlr.providers.base import Provider, load_provider, provider_names
from dlr.providers.catalogue import Row, rows_of
from dlr.providers.codes import Meaning
from dlr.report import FAILED, DeliveryReport
from dlr.wire.request import Request
from tests.support.cases import NOW

COUNTS = (Action.KEEP, Action.STRIKE, Action.SUPPRESS_NUMBER, Action.SUPPRESS_OPT_OUT)
"""What a failure does to the number, by how much."""

ALIKE = {
    "artificially inflated traffic": (
        Cause.RATE_LIMITED,
        ("twilio 30450", "twilio 30453", "vonage 1473", "telnyx 40020"),
    ),
    "a spam filter": (
        Cause.SPAM,
        (
            *("bulksmsrates 099", "smsmode 3524", "smsmode SPAM", "telnyx 40002", "telnyx 40015"),
            *("telnyx 40017", "twilio 30007", "vonage 6", "vonage 1210"),
        ),
    ),
    "a line that refuses SMS": (
        Cause.BARRED,
        (
            *("bulksmsrates 032", "smpp 013", "vonage 4", "messagebird 12", "mmg 2/11"),
            *("mmg 4/13", "africastalking UserAccountSuspended"),
        ),
    ),
    "a plan without SMS, without money, or for the young": (
        Cause.PLAN_RESTRICTED,
        ("vonage 13", "vonage 14", "vonage 15", "vonage 1270", "vonage 1280", "vonage 1290"),
    ),
    "a blacklist, by whom is not said": (
        Cause.BLACKLISTED,
        (
            *("messente 008", "vonage 1050", "mmg 2/2052", "mmg 5/14", "bandwidth 4482"),
            *("africastalking UserInBlackList", "gatewayapi 0x0215"),
            *("infobip EC_BLACKLISTED_DESTINATIONADDRESS", "awssms Phone is on a blocked list"),
            *("awssms Destination is on a blocked list", "awssms Destination is blacklisted"),
            "awssms Phone is blacklisted",
        ),
    ),
    "a country that the account may not send to": (
        Cause.COUNTRY_BLOCKED,
        ("telnyx 40309", "telnyx 40331", "twilio 21408", "vonage 1474"),
    ),
    "an account that may not send": (
        Cause.ACCOUNT_SUSPENDED,
        ("telnyx 40312", "telnyx 40314", "twilio 30002", "twilio 30037", "vonage 1060"),
    ),
    "a number that is wrong, or wrongly written": (
        Cause.INVALID_REQUEST,
        ("telnyx 40310", "twilio 21211", "vonage 1170"),
    ),
}
"""What several documents say in other words: one cause each."""


REFUSALS = ("esme_", "nack/")
"""How an SMSC's refusal begins. It comes at once, not in a receipt, and so without an `err`."""

WITHOUT_CODE = {"awssms text_invalid", "awssms media_invalid"}
"""Words beside which the module reads no code."""


def tables() -> Iterator[Provider]:
    """Every provider, once with each of its code tables."""
    for name in provider_names():
        yield from (load_provider(name, each) for each in ("default", *_others(name)))


def _others(name: str) -> list[str]:
    return sorted(load_provider(name).code_tables)


def combinations() -> Iterator[tuple[str, Meaning, Meaning, Meaning]]:
    """Each failing word with each code beside it: where, the bare word, the code, and both."""
    for provider in tables():
        words = {w: m for w, m in provider.tables.statuses.items() if m.status in FAILED}
        for word, bare in words.items():
            if word.startswith(REFUSALS) or f"{provider.name} {word}" in WITHOUT_CODE:
                continue
            for code, why in (provider.tables.codes or {}).items():
                both = resolve_meaning(provider.tables, (word,), code)
                yield f"{provider.name} {word} {code}", bare, why, both


def count(meaning: Meaning, policy: Policy) -> int:
    return COUNTS.index(action_for(meaning.cause, meaning.permanent, policy))


def read(name: str, body: dict[str, object]) -> Normalized:
    request = Request("POST", body=json.dumps(body).encode())
    return Normalizer(load_provider(name))(request, NOW)


def report(name: str, body: dict[str, object]) -> DeliveryReport:
    (made,) = read(name, body).reports
    return made


@pytest.mark.parametrize("policy", Policy)
def test_a_code_that_leaves_the_number_open_counts_no_less_than_the_bare_word(
    policy: Policy,
) -> None:
    """BulkSMSRates: UNDELIV with 032 ("SMS barred") at least as much as UNDELIV."""
    seen = 0
    for place, bare, why, both in combinations():
        if why.cause in CAN_STRIKE and why.permanent is None:
            seen += 1
            assert count(both, policy) >= count(bare, policy), place
    assert seen


def test_a_code_with_another_reason_takes_the_words_verdict_away() -> None:
    """BulkSMSRates: UNDELIV is "permanent", with 027 (phone off) it is not."""
    for place, bare, why, both in combinations():
        if why.cause not in CAN_STRIKE | {Cause.NONE}:
            assert both.permanent is why.permanent, place
        elif why.cause is Cause.NONE:
            assert (both.cause, both.permanent) == (bare.cause, bare.permanent), place


def row_of(name: str) -> Row:
    provider, _, key = name.partition(" ")
    (row,) = (row for row in rows_of(load_provider(provider)) if is_row(row, key))
    return row


def is_row(row: Row, key: str) -> bool:
    """A code; of an SMSC's table only for `smpp`, which has no codes of its own."""
    return row.key == key and row.table in {"code", "code (gsm)"}


@pytest.mark.parametrize("what", ALIKE)
def test_what_the_documents_say_alike_has_one_cause(what: str) -> None:
    cause, names = ALIKE[what]
    assert {name: row_of(name).cause for name in names} == dict.fromkeys(names, cause)


@pytest.mark.parametrize("cause", sorted(CAN_STRIKE))
def test_a_cause_that_can_strike_leaves_the_number_undetermined(cause: Cause) -> None:
    rows = [row for name in provider_names() for row in rows_of(load_provider(name))]
    of_cause = [row for row in rows if row.cause is cause]
    assert {row.bounce for row in of_cause} == {Bounce.UNDETERMINED}
    assert {row.action_cause for row in of_cause} <= {Action.STRIKE, Action.KEEP}


OTHER_CHANNELS: dict[str, dict[str, object]] = {
    "messente": {
        "message_id": "1",
        "status": "UNDELIV",
        "err": 3,
        "to": "+447700900123",
        "channel": "viber",
    },
    "smsmode": {
        "messageId": "1",
        "type": "RCS",
        "recipient": {"to": "447700900123"},
        "status": {"value": "UNDELIVERABLE", "detail": "INVALID_PHONE_NUMBER"},
    },
    "telnyx": {
        "data": {
            "event_type": "message.finalized",
            "payload": {
                "id": "1",
                "type": "RCS",
                "to": [{"phone_number": "+12025550123", "status": "delivery_failed"}],
                "errors": [{"code": "40001"}],
            },
        }
    },
    "twilio": {
        "MessageSid": "1",
        "MessageStatus": "undelivered",
        "ErrorCode": "21614",
        "To": "whatsapp:+12025550123",
    },
    "vonage": {
        "message_uuid": "1",
        "status": "rejected",
        "to": "447700900123",
        "channel": "rcs",
        "error": {"title": 1190},
    },
}
"""A dead recipient on another channel than SMS."""


@pytest.mark.parametrize("name", OTHER_CHANNELS)
def test_a_report_of_another_channel_says_nothing_about_sms_and_is_counted(name: str) -> None:
    normalized = read(name, OTHER_CHANNELS[name])
    assert normalized == Normalized(ignored=1)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("messente", {"message_id": "1", "status": "UNDELIV", "err": 3, "channel": "SMS"}),
        ("messente", {"message_id": "1", "status": "UNDELIV", "err": 3}),
        ("smsmode", {"messageId": "1", "type": "sms", "status": {"value": "DELIVERED"}}),
        ("smsmode", {"messageId": "1", "status": {"value": "DELIVERED"}}),
    ],
)
def test_a_report_of_sms_or_of_no_named_channel_is_read(name: str, body: dict[str, object]) -> None:
    assert len(read(name, body).reports) == 1


@pytest.mark.parametrize(
    ("sender", "cause", "action"),
    [
        ("+12025550100", "not_sms_capable", "suppress_number"),
        ("12025550100", "not_sms_capable", "suppress_number"),
        ("ACME", "not_sms_capable", "suppress_number"),
        ("290", "doubtful_number", "strike"),
        ("29012", "doubtful_number", "strike"),
        ("12345678", "doubtful_number", "strike"),
        ("", "doubtful_number", "strike"),
    ],
)
def test_a_landline_is_dead_unless_a_short_code_may_have_missed_its_carrier(
    sender: str, cause: str, action: str
) -> None:
    form = {
        "MessageSid": "SM1",
        "MessageStatus": "undelivered",
        "To": "+12025550123",
        "From": sender,
        "ErrorCode": "30006",
    }
    headers = {"content-type": "application/x-www-form-urlencoded"}
    request = Request("POST", headers=headers, body=urlencode(form).encode())
    (made,) = Normalizer(load_provider("twilio"))(request, NOW).reports
    assert (made.cause, made.action, made.provider_code) == (cause, action, "30006")


def test_our_own_key_of_a_landline_is_no_code_that_twilio_can_send() -> None:
    body: dict[str, object] = {"MessageSid": "1", "MessageStatus": "undelivered"}
    made = report("twilio", {**body, "ErrorCode": "30006 no short code"})
    assert (made.status, made.cause, made.action) == ("undelivered", "unknown", "keep")


@pytest.mark.parametrize(
    ("short", "full"),
    [("1", "5001"), ("01", "5001"), ("6", "5006"), ("10", "5010"), ("34", "5034")],
)
def test_a_code_of_the_sms_works_means_the_same_without_its_50(short: str, full: str) -> None:
    made = [
        report(
            "thesmsworks",
            {"messageid": "1", "status": "UNDELIVERABLE", "failurereason": {"code": code}},
        )
        for code in (short, full)
    ]
    assert made[0].cause == made[1].cause != "unknown"
    assert [each.provider_code for each in made] == [short, full]


@pytest.mark.parametrize("code", ["", "0", "00", "100", "034", "99", "50", "5099", "x"])
def test_a_code_that_the_sms_works_never_listed_suppresses_nobody(code: str) -> None:
    body = {"messageid": "1", "status": "UNDELIVERABLE", "failurereason": {"code": code}}
    assert report("thesmsworks", body).action == "keep"


TITLE: dict[str, object] = {"title": 1190, "detail": "gone"}


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (TITLE, "1190", "gone"),
        ({"error": TITLE}, "1190", "gone"),
        ({"error": TITLE, "title": "Failed"}, "1190", "gone"),
        ({**TITLE, "error": "a text"}, "1190", "gone"),
        ({**TITLE, "error": {"title": []}}, "1190", "gone"),
        ({**TITLE, "error": {}}, "1190", "gone"),
        ({**TITLE, "error": None}, "1190", "gone"),
    ],
)
def test_an_error_of_vonage_is_read_flat_and_nested(error: object, code: str, text: str) -> None:
    made = report("vonage", {"message_uuid": "1", "status": "rejected", "error": error})
    assert (made.provider_code, made.cause) == (code, "unknown_subscriber")
    assert made.provider_text == text


@pytest.mark.parametrize(
    ("capitals", "word"),
    [
        ("ACCEPTD", "accepted"),
        ("DELIVRD", "delivered"),
        ("UNDELIV", "failed"),
        ("EXPIRED", "expired"),
        ("FAILED", "failed"),
        ("REJECTD", "rejected"),
        ("UNKNOWN", "unknown"),
    ],
)
def test_a_word_of_vonage_means_the_same_in_capitals(capitals: str, word: str) -> None:
    made = [
        report("vonage", {"messageId": "1", "status": each, "err-code": "2"})
        for each in (capitals, word)
    ]
    assert (made[0].status, made[0].cause) == (made[1].status, made[1].cause)
    assert made[0].cause != "unknown"
