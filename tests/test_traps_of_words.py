"""What is easily misread in the reports of providers with words of their own and few codes."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from dlr.causes import Action, Policy
from dlr.ingest.normalize import Normalized
from dlr.messages.item import key_of, state_of
from dlr.providers.base import load_provider
from dlr.wire.decode import UnreadableError
from dlr.wire.request import Request
from local.cloud import Cloud
from tests.support.ingest import HASHER, IngestHarness
from tests.support.reports_of import read, report

NUMBER = "447700900123"


# ---------------------------------------------------------------- MessageBird


def messagebird(**fields: str) -> dict[str, str]:
    return {"id": "m", "recipient": NUMBER, "status": "delivery_failed", **fields}


@pytest.mark.parametrize("status", ["expired", "delivery_failed"])
@pytest.mark.parametrize("reason", ["DLR not received", "dlr not received"])
@pytest.mark.parametrize("code", ["", "0", "1"])
@pytest.mark.parametrize("policy", Policy)
def test_without_a_receipt_messagebirds_word_says_nothing(
    status: str, reason: str, code: str, policy: Policy
) -> None:
    content = messagebird(status=status, statusReason=reason, statusErrorCode=code)
    (made,) = read("messagebird", content, policy=policy, form=True).reports
    assert (made.status, made.final, made.action) == ("unknown", False, Action.KEEP)


@pytest.mark.parametrize("code", ["2", "3", "5", "9", "10", "12"])
def test_of_messagebirds_unknown_subscribers_only_the_first_is_proof(code: str) -> None:
    content = messagebird(statusReason="unknown subscriber", statusErrorCode=code)
    assert report("messagebird", content, form=True).action is Action.STRIKE
    content["statusErrorCode"] = "1"
    assert report("messagebird", content, form=True).action is Action.SUPPRESS_NUMBER


def test_a_number_that_nobody_has_seen_hides_messagebirds_reason() -> None:
    content = messagebird(statusReason="unknown subscriber", statusErrorCode="13")
    made = report("messagebird", content, form=True)
    assert (made.cause, made.action, made.provider_text) == (
        "unknown",
        "keep",
        "unknown subscriber",
    )


# ---------------------------------------------------------------- Clickatell


def clickatell(status: str, code: int) -> dict[str, Any]:
    return {"messageId": "m", "to": NUMBER, "status": status, "statusCode": code}


@pytest.mark.parametrize(
    ("code", "old", "new", "means"),
    [
        (4, "RECEIVED_BY_RECIPIENT", "SENT_TO_SUPPLIER", ("delivered", "enroute")),
        (5, None, "DEVICE_ACK", ("rejected", "delivered")),
    ],
)
def test_clickatells_numbers_mean_two_things_and_the_word_decides(
    code: int, old: str | None, new: str, means: tuple[str, str]
) -> None:
    assert report("clickatell", clickatell(new, code)).status == means[1]
    if old:
        assert report("clickatell", clickatell(old, code)).status == means[0]
    of_old = {"apiMsgId": "m", "to": NUMBER, "status": f"00{code}"}
    assert report("clickatell", of_old, form=True).status == means[0]


@pytest.mark.parametrize("code", [*range(7), *range(15, 200)])
def test_a_number_of_clickatells_alone_decides_nothing(code: int) -> None:
    made = report("clickatell", clickatell("never seen", code))
    assert (made.status, made.cause, made.action) == ("unknown", "unknown", "keep")


def test_stopped_by_user_is_nobodys_opt_out() -> None:
    for policy in Policy:
        (made,) = read("clickatell", clickatell("STOPPED_BY_USER", 21), policy=policy).reports
        assert made.action is Action.KEEP


@pytest.mark.parametrize("channel", ["whatsapp", "WHATSAPP", "viber"])
def test_who_is_not_on_another_channel_may_well_have_a_phone(channel: str) -> None:
    update = {**clickatell("RECIPIENT_DOES_NOT_EXIST", 29), "channel": channel}
    events = {"event": {"messageStatusUpdate": [update]}}
    assert read("clickatell", events) == Normalized(ignored=1)
    update["channel"] = "sms"
    assert report("clickatell", events).action is Action.SUPPRESS_NUMBER


# ---------------------------------------------------------------- Africa's Talking


def africastalking(status: str, reason: str = "") -> dict[str, str]:
    content = {"id": "m", "status": status, "phoneNumber": f"+{NUMBER}"}
    return {**content, "failureReason": reason} if reason else content


@pytest.mark.parametrize("spelling", ["UserInBlackList", "UserInBlacklist", "userinblacklist"])
def test_a_blacklist_is_nobodys_opt_out_however_it_is_spelled(spelling: str) -> None:
    made = report("africastalking", africastalking("Rejected", spelling), form=True)
    assert (made.cause, made.bounce) == ("blacklisted", "hard")


@pytest.mark.parametrize(
    ("status", "reason", "cause"),
    [
        ("Rejected", "DoNotDisturbRejection", "sender_rejected"),
        ("Expired", "", "spam"),
        ("AbsentSubscriber", "", "absent"),
        ("Failed", "UserNotSubscribedToProduct", "invalid_request"),
        ("Failed", "InvalidLinkId", "invalid_request"),
        ("Failed", "NotNetworkSubscriber", "unroutable"),
        ("Failed", "NotNetworkSubcriber", "unroutable"),
    ],
)
@pytest.mark.parametrize("policy", Policy)
def test_a_name_of_africas_talking_that_sounds_like_the_person_is_not_one(
    status: str, reason: str, cause: str, policy: Policy
) -> None:
    content = africastalking(status, reason)
    (made,) = read("africastalking", content, policy=policy, form=True).reports
    assert (made.cause, made.action) == (cause, Action.KEEP)


# ---------------------------------------------------------------- no number, no reason

WITHOUT_NUMBER = {
    "elks46": {"id": "m", "status": "failed"},
    "seven": {"data": {"msg_id": "m", "status": "FAILED"}, "webhook_event": "dlr"},
    "clickatell": {"event": {"messageStatusUpdate": [{"messageId": "m", "status": "EXPIRED"}]}},
}


@pytest.mark.parametrize("name", WITHOUT_NUMBER)
def test_the_number_comes_from_the_teams_own_address(name: str) -> None:
    is_form = name == "elks46"
    assert report(name, WITHOUT_NUMBER[name], form=is_form).recipient is None
    made = report(name, WITHOUT_NUMBER[name], f"to=%2B{NUMBER}", form=is_form)
    assert made.recipient == f"+{NUMBER}"


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("name", ["elks46", "seven"])
def test_a_failure_without_a_reason_is_final_and_suppresses_nobody(
    name: str, policy: Policy
) -> None:
    content, is_form = WITHOUT_NUMBER[name], name == "elks46"
    (made,) = read(name, content, f"to=%2B{NUMBER}", policy, form=is_form).reports
    assert (made.final, made.cause, made.action) == (True, "unspecified", Action.KEEP)


# ---------------------------------------------------------------- Brevo


def brevo(status: str) -> dict[str, Any]:
    return {"id": 26570, "messageId": 9007199254740993, "to": NUMBER, "msg_status": status}


def test_brevos_id_is_the_webhooks_and_the_messages_stays_exact() -> None:
    """The message's is larger than a double can hold exactly."""
    assert report("brevo", brevo("delivered")).message_id == "9007199254740993"


@pytest.mark.parametrize("status", ["hard_bounce", "hardBounce", "blacklisted"])
def test_a_hard_bounce_of_brevos_may_be_the_senders_fault(status: str) -> None:
    assert report("brevo", brevo(status)).action is Action.STRIKE


@pytest.mark.parametrize("status", ["soft_bounce", "softBounce", "rejected"])
@pytest.mark.parametrize("policy", Policy)
def test_a_soft_bounce_of_brevos_leaves_the_number_alone(status: str, policy: Policy) -> None:
    (made,) = read("brevo", brevo(status), policy=policy).reports
    assert made.action is Action.KEEP


@pytest.mark.parametrize("status", ["replied", "unsubscribe", "subscribe", "skip"])
def test_an_event_of_a_contact_is_no_report(status: str) -> None:
    assert read("brevo", brevo(status)) == Normalized(ignored=1)


# ---------------------------------------------------------------- SMSAPI


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("status", ["405", "407"])
def test_a_number_that_may_be_a_traveller_only_counts(status: str, policy: Policy) -> None:
    content = {"MsgId": "m", "status": status, "to": NUMBER}
    (made,) = read("smsapi", content, policy=policy, form=True).reports
    assert (made.cause, made.action) == ("doubtful_number", Action.STRIKE)


@pytest.mark.parametrize("to", ["", NUMBER, f"{NUMBER},{NUMBER},{NUMBER}", ","])
def test_a_list_of_another_length_is_nobodys(to: str) -> None:
    """A number must not stand beside another message's status."""
    content = {"MsgId": "m,n", "status": "404,405", "to": to}
    made = read("smsapi", content, form=True).reports
    assert [(r.message_id, r.status, r.recipient) for r in made] == [
        ("m", "delivered", None),
        ("n", "undelivered", None),
    ]


def test_reports_of_one_request_keep_their_own_numbers() -> None:
    content = {"MsgId": "m,n", "status": "404,405", "to": f"{NUMBER},447700900124"}
    made = read("smsapi", content, form=True).reports
    assert [(r.message_id, r.recipient) for r in made] == [
        ("m", f"+{NUMBER}"),
        ("n", "+447700900124"),
    ]


def test_one_bad_id_of_a_request_takes_no_other_report_with_it(cloud: Cloud) -> None:
    """SMSAPI would send all five again until it gets `OK`, and the dead number stay in use."""
    query = urlencode({"MsgId": "m1,,n1", "status": "404,405,402"})
    ingest = IngestHarness(cloud)
    response, counts = ingest.receiver("smsapi")(Request("GET", query=query, token="token"))
    assert (response.status, response.text) == (200, "OK")
    assert (counts["New"], counts["Unreadable"]) == (2, 1)
    [kept] = ingest.quarantined()
    assert "the message id" in kept["error"]["S"]


@pytest.mark.parametrize("ids", [",", "\n,\n"])
def test_without_any_good_id_a_request_is_unreadable(ids: str) -> None:
    with pytest.raises(UnreadableError, match="the message id"):
        read("smsapi", {"MsgId": ids, "status": "404,405"}, form=True)


# ---------------------------------------------------------------- Plivo, Telesign and AWS


@pytest.mark.parametrize(
    ("mcc", "mnc", "network"), [("234", "10", "23410"), ("234", "", None), ("", "10", None)]
)
def test_half_of_a_networks_code_is_no_network(mcc: str, mnc: str, network: str | None) -> None:
    plivo = {"MessageUUID": "m", "To": NUMBER, "Status": "delivered", "MCC": mcc, "MNC": mnc}
    assert report("plivo", plivo, form=True).network == network
    aws = {
        "eventType": "TEXT_DELIVERED",
        "messageId": "m",
        "destinationPhoneNumber": f"+{NUMBER}",
        "mcc": mcc,
        "mnc": mnc,
        "carrierName": "a carrier",
    }
    assert report("awssms", aws).network == (network or "a carrier")


# ---------------------------------------------------------------- Firetext and MMG


@pytest.mark.parametrize("code", ["", "000", "102", "103", "104", "302", "900", "401"])
@pytest.mark.parametrize("policy", Policy)
def test_declined_alone_suppresses_nobody(code: str, policy: Policy) -> None:
    content = {"reference": "m", "status": "1", "code": code, "mobile": NUMBER}
    (made,) = read("firetext", content, policy=policy, form=True).reports
    assert made.action is Action.KEEP


def test_sms_not_supported_is_no_dead_number_at_firetext() -> None:
    """By the phone, the line or the network: the same words stand for a temporary failure."""
    content = {"reference": "m", "status": "1", "code": "301", "mobile": NUMBER}
    (made,) = read("firetext", content, form=True).reports
    assert made.action is Action.STRIKE


def mmg(status: str, substatus: str) -> dict[str, str]:
    return {"CID": "m", "MSISDN": NUMBER, "status": status, "substatus": substatus}


@pytest.mark.parametrize(
    ("substatus", "one", "other"),
    [
        ("5", ("3", "none"), ("2", "doubtful_number")),
        ("6", ("4", "absent"), ("5", "unroutable")),
        ("8", ("4", "roaming"), ("5", "doubtful_number")),
        ("11", ("2", "barred"), ("5", "not_registered")),
        ("13", ("4", "barred"), ("5", "sender_rejected")),
    ],
)
def test_a_number_of_mmgs_means_what_its_status_makes_of_it(
    substatus: str, one: tuple[str, str], other: tuple[str, str]
) -> None:
    for status, cause in (one, other):
        assert report("mmg", mmg(status, substatus)).cause == cause


@pytest.mark.parametrize("status", ["4", "5"])
@pytest.mark.parametrize("substatus", ["1", "2052", "2050"])
def test_a_substatus_under_another_status_decides_nothing(status: str, substatus: str) -> None:
    made = report("mmg", mmg(status, substatus))
    assert (made.cause, made.action) == ("unknown", Action.KEEP)


@pytest.mark.parametrize("policy", Policy)
def test_mmg_without_a_receipt_is_no_failure(policy: Policy) -> None:
    (made,) = read("mmg", mmg("4", "29"), policy=policy).reports
    assert (made.status, made.final, made.action) == ("unknown", False, Action.KEEP)


def test_what_mmgs_operator_has_is_not_delivered_yet() -> None:
    made = report("mmg", mmg("3", "2"))
    assert (made.status, made.final) == ("enroute", False)
    assert report("mmg", mmg("3", "")).status == "delivered"


# ---------------------------------------------------------------- what nobody has seen

FAILS_WITH: dict[str, Callable[[str], Any]] = {
    "messagebird": lambda word: messagebird(
        statusErrorCode=word, statusReason="unknown subscriber"
    ),
    "clickatell": lambda word: clickatell(word, 29),
    "africastalking": lambda word: africastalking("Failed", word),
    "elks46": lambda word: {"id": "m", "status": word},
    "seven": lambda word: {"data": {"msg_id": "m", "status": word}},
    "brevo": brevo,
    "smsapi": lambda word: {"MsgId": "m", "status": word, "to": NUMBER},
    "firetext": lambda word: {"reference": "m", "status": "1", "code": word, "mobile": NUMBER},
    "mmg": lambda word: mmg("2", word),
}
"""A failure with this word, or with this code where the provider has codes."""


@pytest.mark.parametrize("name", FAILS_WITH)
@pytest.mark.parametrize("policy", Policy)
def test_a_word_or_code_that_nobody_has_seen_suppresses_nobody(name: str, policy: Policy) -> None:
    tables = load_provider(name).tables
    known = {*tables.statuses, *(tables.codes or {})}
    words = [f"never seen {number}" for number in range(300)]
    words += [str(number) for number in range(1, 5000, 7)]
    for word in words:
        if known.isdisjoint({word, f"2/{word}"}):
            (made,) = read(name, FAILS_WITH[name](word), f"to=%2B{NUMBER}", policy).reports
            assert made.action is Action.KEEP, word


# ---------------------------------------------------------------- one id, several recipients


@pytest.mark.parametrize(
    ("name", "dead", "received"),
    [
        (
            "messagebird",
            {"id": "m", "status": "delivery_failed", "statusErrorCode": "1"},
            {"id": "m", "status": "delivered"},
        ),
        (
            "firetext",
            {"reference": "m", "status": "1", "code": "101"},
            {"reference": "m", "status": "0"},
        ),
    ],
)
def test_recipients_of_one_id_fare_each_by_themselves(
    cloud: Cloud, name: str, dead: dict[str, str], received: dict[str, str]
) -> None:
    """Also the first of them is found by id and recipient."""
    ingest = IngestHarness(cloud)
    field = "recipient" if name == "messagebird" else "mobile"
    numbers = [NUMBER, "447700900124"]
    for content, number in zip((dead, received), numbers, strict=True):
        body = urlencode({**content, field: number}).encode()
        response, _ = ingest.receiver(name)(Request("POST", body=body, token="token"))
        assert response.status == 200
    keys = [key_of(name, "m", HASHER.hash(f"+{number}")) for number in numbers]
    items = [
        ingest.client.get_item(TableName=ingest.reports, Key=key, ConsistentRead=True)["Item"]
        for key in keys
    ]
    assert [state_of(item).status for item in items] == ["undelivered", "delivered"]
