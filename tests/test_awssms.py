"""AWS End User Messaging: what SNS signs, what AWS itself hands over, and what is no failure."""

import gzip
import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from dlr.causes import Policy
from dlr.ingest.handed import MAX_LOGS_BYTES, requests_of
from dlr.ingest.normalize import Normalizer
from dlr.providers.base import load_provider
from dlr.report import DeliveryReport
from dlr.wire.decode import UnreadableError
from dlr.wire.fetch import UnreachableError
from dlr.wire.request import Request
from dlr.wire.schemes.sns import SnsTopic
from dlr.wire.verify import Credentials
from local.certificates import CERTIFICATE_URL, TOPIC, read
from local.cloud import Cloud
from local.recordings import NOW, Recording, recordings_of
from tests.support.ingest import IngestHarness
from tests.support.sns import MadeUpTopic

RECORDED = {case.name: case for case in recordings_of("awssms")}
NOTICES = [case for case in RECORDED.values() if case.credentials.signing_keys]
ASKED = RECORDED["subscription"]
EVERY_NOTICE = pytest.mark.parametrize("case", NOTICES, ids=lambda case: case.name)


def lets_in(
    request: Request,
    *topics: str,
    now: datetime = NOW,
    get: Callable[[str], bytes] = read,
) -> bool:
    return SnsTopic(get).verify(request, Credentials((), now, topics or (TOPIC,)))


def changed(case: Recording, **members: Any) -> Request:
    content = {**json.loads(case.request.body), **members}
    return replace(case.request, body=json.dumps(content).encode())


# ---------------------------------------------------------------- the signature


@EVERY_NOTICE
def test_what_openssl_signed_as_the_document_says_is_let_in(case: Recording) -> None:
    assert lets_in(case.request)
    assert lets_in(case.request, "another", TOPIC)


def test_both_versions_are_recorded_and_neither_stands_for_the_other() -> None:
    versions = {json.loads(case.request.body)["SignatureVersion"] for case in NOTICES}
    assert versions == {"1", "2"}
    for case in NOTICES:
        for version in ("0", "1", "2", "3", "", 1, None):
            given = json.loads(case.request.body)["SignatureVersion"]
            assert lets_in(changed(case, SignatureVersion=version)) is (
                version in {given, int(given)}
            )


@EVERY_NOTICE
@pytest.mark.parametrize(
    "members",
    [
        {"Message": "{}"},
        {"MessageId": "1"},
        {"Subject": "another"},
        {"Timestamp": "2026-11-22T11:59:58.301Z"},
        {"TopicArn": TOPIC + "2"},
        {"Type": "SubscriptionConfirmation"},
        {"Type": "Other"},
        {"Type": None},
        {"Signature": ""},
        {"Signature": "é"},
        {"Signature": b64encode(b"0" * 256).decode()},
        {"Message": ["a list"]},
    ],
    ids=str,
)
def test_a_changed_member_is_refused(case: Recording, members: dict[str, Any]) -> None:
    assert not lets_in(changed(case, **members), TOPIC, TOPIC + "2")


@EVERY_NOTICE
def test_another_topic_of_sns_is_refused(case: Recording) -> None:
    assert not lets_in(case.request, TOPIC + "2")
    assert not lets_in(case.request, "")
    assert not lets_in(changed(case, TopicArn=""), "")


@pytest.mark.parametrize(
    "url",
    [
        CERTIFICATE_URL.replace("https", "http"),
        CERTIFICATE_URL.replace("amazonaws.com", "amazonaws.com.evil.example"),
        CERTIFICATE_URL.replace("sns.eu-west-2.", "sns.eu-west-2.evil."),
        CERTIFICATE_URL.replace("sns.", "s3."),
        CERTIFICATE_URL.replace("sns.eu-west-2", "evil.example/sns.eu-west-2"),
        CERTIFICATE_URL.replace("https://", "https://evil.example@"),
        CERTIFICATE_URL.replace(".com/", ".com:444/"),
        CERTIFICATE_URL.replace(".com/", ".com/x/"),
        CERTIFICATE_URL + "?x",
        CERTIFICATE_URL + "\n",
        CERTIFICATE_URL.replace(".pem", ".cer"),
        "file:///etc/passwd",
        "",
        None,
    ],
)
def test_a_certificate_from_elsewhere_is_not_even_read(url: str | None) -> None:
    asked: list[str] = []

    def get(address: str) -> bytes:
        asked.append(address)
        return read(CERTIFICATE_URL)

    assert not lets_in(changed(NOTICES[0], SigningCertURL=url), get=get)
    assert asked == []


@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1"])
def test_other_partitions_have_addresses_of_their_own(region: str) -> None:
    url = CERTIFICATE_URL.replace("eu-west-2", region)
    url = url.replace(".com/", ".com.cn/") if region.startswith("cn") else url
    request = changed(NOTICES[0], SigningCertURL=url)
    assert lets_in(request, get=lambda _: read(CERTIFICATE_URL))


def test_what_a_made_up_certificate_signs_is_let_in_by_nobody_else() -> None:
    made_up, held = MadeUpTopic(), Credentials((), NOW, (TOPIC,))
    signed = made_up.sign(Request("POST", body=b"{}"), TOPIC, NOW)
    assert made_up.verify(signed, held)
    scheme = SnsTopic(read)
    assert not scheme.verify(signed, held)
    with pytest.raises(NotImplementedError):
        scheme.sign(Request("POST", body=b"{}"), TOPIC, NOW)
    assert not scheme.verify(signed, held)


def test_a_certificate_is_read_once_and_only_a_few_are_kept() -> None:
    asked: list[str] = []

    def get(address: str) -> bytes:
        asked.append(address)
        return read(CERTIFICATE_URL)

    scheme, held = SnsTopic(get), Credentials((), NOW, (TOPIC,))
    for number in [*range(20), *range(15, 20)]:
        url = f"{CERTIFICATE_URL[:-6]}{number:02}.pem"
        assert scheme.verify(changed(NOTICES[0], SigningCertURL=url), held)
    assert len(asked) == 20


@pytest.mark.parametrize(
    ("now", "is_in"),
    [
        (datetime(2025, 12, 31, tzinfo=UTC), False),
        (datetime(2026, 1, 2, tzinfo=UTC), True),
        (datetime(2036, 1, 2, tzinfo=UTC), False),
    ],
)
def test_a_certificate_counts_as_long_as_it_says(now: datetime, is_in: bool) -> None:
    assert lets_in(NOTICES[0].request, now=now) is is_in


def test_what_is_no_certificate_lets_nobody_in() -> None:
    assert not lets_in(NOTICES[0].request, get=lambda _: b"")
    pem = b"-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"
    assert not lets_in(NOTICES[0].request, get=lambda _: pem)


def test_a_certificate_that_cannot_be_read_now_is_no_reason_to_lose_a_report(
    ingest: IngestHarness,
) -> None:
    """SNS does not repeat what is answered 401."""

    def get(_: str) -> bytes:
        raise UnreachableError("TimeoutError")

    provider = replace(load_provider("awssms"), signing=SnsTopic(get))
    ingest.secrets.text = json.dumps({"current": "token", "signing_keys": [TOPIC]})
    response, counts = ingest.receiver(provider)(NOTICES[0].request)
    assert (response.status, counts["NotStored"]) == (503, 1)


# ---------------------------------------------------------------- the subscription


def asks(request: Request) -> str:
    ask = load_provider("awssms").handshake
    assert ask
    handshake = ask(request)
    return handshake.visit if handshake else ""


def test_a_subscription_is_confirmed_at_the_address_that_sns_names() -> None:
    address = asks(ASKED.request)
    assert address == json.loads(ASKED.request.body)["SubscribeURL"]
    assert lets_in(ASKED.request)
    assert not lets_in(changed(ASKED, SubscribeURL=address + "1"))
    assert not lets_in(changed(ASKED, Token="1"))


@pytest.mark.parametrize(
    "members",
    [
        {"SubscribeURL": "https://evil.example.com/?Action=ConfirmSubscription&x"},
        {"SubscribeURL": "https://sns.eu-west-2.amazonaws.com/?Action=Unsubscribe&x"},
        {
            "SubscribeURL": "https://sns.eu-west-2.amazonaws.com.evil.example/?Action=ConfirmSubscription&x"
        },
        {"SubscribeURL": "http://sns.eu-west-2.amazonaws.com/?Action=ConfirmSubscription&x"},
        {"SubscribeURL": None},
        {"Type": "Notification"},
        {"Type": "UnsubscribeConfirmation"},
    ],
    ids=str,
)
def test_no_other_address_is_called(members: dict[str, Any]) -> None:
    assert asks(changed(ASKED, **members)) == ""


def test_the_end_of_a_subscription_is_not_undone() -> None:
    assert asks(RECORDED["unsubscription"].request) == ""


# ---------------------------------------------------------------- no failure, no number


def reports(content: Any, policy: Policy = Policy.CAUSE) -> list[DeliveryReport]:
    body = json.dumps(content).encode()
    return Normalizer(load_provider("awssms"), policy)(Request("POST", body=body), NOW).reports


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {
        "eventType": kind,
        "messageId": "m",
        "destinationPhoneNumber": "+447700900123",
        **fields,
    }


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize(
    "content",
    [
        event("TEXT_UNKNOWN", messageStatus="UNKNOWN"),
        event("MEDIA_UNKNOWN", messageStatusDescription="Invalid phone number"),
        event("RCS_FAILED", messageStatus="UNDELIVERABLE"),
        event("RCS_FAILED", messageStatus="UNDELIVERABLE", isFinal=True),
        event("TEXT_NEVER_SEEN", messageStatusDescription="Invalid phone number"),
    ],
    ids=lambda content: content["eventType"],
)
def test_no_receipt_and_no_rcs_are_no_failure(content: dict[str, Any], policy: Policy) -> None:
    (made,) = reports(content, policy)
    assert (made.status, made.final, made.action) == ("unknown", False, "keep")


def test_an_sms_may_follow_where_rcs_failed() -> None:
    made = [reports(event(kind))[0] for kind in ("RCS_FAILED", "RCS_FALLEN_BACK_TO_SMS")]
    assert [report.final for report in made] == [False, False]


def test_what_the_carrier_has_is_not_delivered_whatever_is_called_final() -> None:
    (made,) = reports(event("TEXT_SUCCESSFUL", messageStatus="SUCCESSFUL", isFinal=True))
    assert (made.status, made.final) == ("enroute", False)


def test_the_description_of_another_word_does_not_decide() -> None:
    (made,) = reports(event("TEXT_INVALID", messageStatusDescription="Something new"))
    assert (made.cause, made.action) == ("invalid_number", "suppress_number")


# ---------------------------------------------------------------- handed over by AWS


def packed(*lines: str, kind: str = "DATA_MESSAGE") -> dict[str, Any]:
    content = {"messageType": kind, "logEvents": [{"id": "1", "message": line} for line in lines]}
    data = b64encode(gzip.compress(json.dumps(content).encode())).decode()
    return {"awslogs": {"data": data}}


RULES = RECORDED["event-bridge"].request.body.decode()


@pytest.mark.parametrize(
    ("handed", "texts"),
    [
        (json.loads(RULES), [RULES]),
        ({"Records": [{"eventSource": "aws:sqs", "messageId": "a", "body": RULES}]}, [RULES]),
        (
            {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "{}"}}]},
            ['{"Message": "{}"}'],
        ),
        (packed('{"a":  1}', "no JSON"), ['{"a":  1}', "no JSON"]),
        (packed("are you there?", kind="CONTROL_MESSAGE"), []),
    ],
    ids=["rule", "queue", "topic", "logs", "a question of the logs"],
)
def test_each_message_becomes_a_request_to_the_byte(handed: Any, texts: list[str]) -> None:
    assert [request.body.decode() for _, request in requests_of(handed)] == texts


def test_logs_that_unpack_to_too_much_are_refused() -> None:
    with pytest.raises(ValueError, match="too many logs"):
        list(requests_of(packed("x" * (MAX_LOGS_BYTES + 1))))


@pytest.fixture(scope="module")
def ingest(cloud: Cloud) -> IngestHarness:
    return IngestHarness(cloud)


def test_what_aws_hands_over_is_stored_and_kept_like_a_webhooks(ingest: IngestHarness) -> None:
    receive = ingest.receiver("awssms")
    response, counts = receive.take(Request("POST", body=RULES.encode()))
    assert (response.status, counts["New"], counts["NoRecipient"]) == (200, 1, 1)
    again, _ = receive.take(Request("POST", body=RULES.encode()))
    assert (again.status, again.body["duplicate"]) == (200, 1)
    spoilt = RULES.replace('"messageId"', '"nessageId"')
    response, counts = receive.take(Request("POST", body=spoilt.encode()))
    assert (response.status, counts["Unreadable"]) == (400, 1)
    (kept,) = ingest.quarantined()
    assert kept["body"]["B"] == spoilt.encode()
    with pytest.raises(UnreadableError):
        Normalizer(load_provider("awssms"))(Request("POST", body=kept["body"]["B"]), NOW)


def test_who_is_not_aws_still_needs_the_token(ingest: IngestHarness) -> None:
    response, _ = ingest.receiver("awssms")(Request("POST", body=RULES.encode(), token="other"))
    assert response.status == 401
