"""What is easily misread in the reports of gateways, and of providers with shapes of their own."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from dlr.causes import Action, Policy
from dlr.ingest.normalize import Normalized, Normalizer
from dlr.providers.base import load_provider
from dlr.report import DeliveryReport
from dlr.wire.request import Request
from local.cloud import Cloud
from local.recordings import NOW
from tests.support.ingest import IngestHarness
from tests.support.reading import read, report

NUMBER = "447700900123"


# ---------------------------------------------------------------- Kannel and Jasmin


def kannel(mask: str, reply: str) -> dict[str, str]:
    return {"id": "m", "to": NUMBER, "dlr": mask, "reply": reply}


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize(
    ("reply", "status", "cause"),
    [
        ("id:1 stat:UNDELIV err:001", "undelivered", "unspecified"),
        ("id:1 stat:EXPIRED err:000", "expired", "expired"),
        ("id:1 stat:UNKNOWN err:000", "unknown", "unspecified"),
        ("id:1 stat:REJECTD err:000", "rejected", "unspecified"),
        ("", "undelivered", "unspecified"),
    ],
)
def test_kannels_two_is_what_the_receipt_says(
    reply: str, status: str, cause: str, policy: Policy
) -> None:
    (made,) = read("kannel", kannel("2", reply), policy=policy, form=True).reports
    assert (made.status, made.cause, made.action) == (status, cause, Action.KEEP)


@pytest.mark.parametrize("mask", ["4", "8", "32"])
def test_a_mask_on_the_way_is_not_delivered(mask: str) -> None:
    made = report("kannel", kannel(mask, "id:1 stat:DELIVRD err:000"), form=True)
    assert (made.status, made.final) == ("enroute", False)


def test_a_refusal_counts_under_kannels_sixteen_only() -> None:
    refusal = "NACK/0x0000000b/Invalid Destination Address"
    actions = [report("kannel", kannel(m, refusal), form=True).action for m in ("16", "2", "8")]
    assert actions == [Action.STRIKE, Action.KEEP, Action.KEEP]


def gsm(name: str, content: dict[str, str]) -> DeliveryReport:
    """Read with the table of MAP errors."""
    request = Request("POST", query=f"to=%2B{NUMBER}", body=urlencode(content).encode())
    (made,) = Normalizer(load_provider(name, "gsm"))(request, NOW).reports
    return made


def test_an_err_counts_once_the_team_says_whose_table_it_is_from() -> None:
    jasmin = {"id": "m", "level": "3", "message_status": "UNDELIV", "err": "001"}
    for name, content in (("kannel", kannel("2", "id:1 stat:UNDELIV err:1")), ("jasmin", jasmin)):
        content.pop("to", None)
        assert report(name, content, f"to=%2B{NUMBER}", form=True).action is Action.KEEP
        made = gsm(name, content)
        assert (made.recipient, made.action) == (f"+{NUMBER}", Action.SUPPRESS_NUMBER)


def test_an_err_beside_a_refusal_of_jasmins_says_nothing() -> None:
    content = {"id": "m", "level": "1", "message_status": "ESME_RSYSERR", "err": "001"}
    assert (gsm("jasmin", content).cause, gsm("jasmin", content).action) == (
        "provider_error",
        "keep",
    )


def test_what_the_smsc_took_is_not_delivered() -> None:
    made = report("jasmin", {"id": "m", "message_status": "ESME_ROK", "level": "1"}, form=True)
    assert (made.status, made.final) == ("enroute", False)


# ---------------------------------------------------------------- exact answers


@pytest.fixture(scope="module")
def ingest(cloud: Cloud) -> IngestHarness:
    return IngestHarness(cloud)


def answer(ingest: IngestHarness, name: str, body: str) -> tuple[int, str]:
    request = Request("POST", query=f"to=%2B{NUMBER}", body=body.encode(), token="token")
    response, _ = ingest.receiver(name)(request)
    made = response.to_api_gateway()
    return made["statusCode"], made["body"]


def test_jasmin_gets_the_words_that_it_waits_for(ingest: IngestHarness) -> None:
    body = urlencode({"id": "m", "message_status": "DELIVRD", "level": "2"})
    assert answer(ingest, "jasmin", body) == (200, "ACK/Jasmin")


def pswin(*messages: tuple[str, str, str]) -> str:
    listed = "".join(
        f"<MSG><ID>{i}</ID><REF>{ref}</REF><RCV>{NUMBER}</RCV><STATE>{state}</STATE></MSG>"
        for i, ref, state in messages
    )
    return f'<?xml version="1.0"?><!DOCTYPE MSGLST SYSTEM "x.dtd"><MSGLST>{listed}</MSGLST>'


def test_pswin_gets_an_ok_for_each_of_its_ids(ingest: IngestHarness) -> None:
    status, text = answer(
        ingest, "linkmobility", pswin(("1", "a", "DELIVRD"), ("&lt;2", "b", "NULL"))
    )
    oks = [f"<MSG><ID>{i}</ID><STATUS>OK</STATUS></MSG>" for i in ("1", "&lt;2")]
    assert (status, text) == (200, f'<?xml version="1.0"?><MSGLST>{"".join(oks)}</MSGLST>')
    status, text = answer(ingest, "linkmobility", '{"id": "m", "resultCode": 1001}')
    assert (status, json.loads(text)["unreadable"]) == (200, 0)


def test_bulksms_activates_a_webhook_with_an_empty_list(ingest: IngestHarness) -> None:
    assert answer(ingest, "bulksms", "[]")[0] == 200


def test_textmagic_tries_an_address_with_head(ingest: IngestHarness) -> None:
    response, _ = ingest.receiver("textmagic")(Request("HEAD", token="token"))
    assert response.status == 200


# ---------------------------------------------------------------- Esendex


SECRETS = ("acme-user", "hush-hush")
SOAP = """<soap:Envelope xmlns:soap="urn:s"><soap:Header><MessengerHeader xmlns="urn:e">
<Username>acme-user</Username><Password>hush-hush</Password></MessengerHeader></soap:Header>
<soap:Body><MessageEvent xmlns="urn:e"><id>m</id></MessageEvent></soap:Body></soap:Envelope>"""
FORM = {"username": "acme-user", "password": "hush-hush", "account": "EX1"}


@pytest.mark.parametrize(
    "body",
    [
        SOAP,
        urlencode({**FORM, "notificationType": "MessageEvent"}),
        urlencode({**FORM, "notificationType": "MessageEvent", "id": "m-secret"}),
    ],
    ids=["unreadable XML", "unreadable form", "readable form"],
)
def test_esendexs_password_is_kept_nowhere(ingest: IngestHarness, body: str) -> None:
    assert answer(ingest, "esendex", body)[0] in {200, 400}
    for table in (ingest.reports, ingest.quarantine):
        kept = str(ingest.client.scan(TableName=table)["Items"])
        assert not [secret for secret in SECRETS if secret in kept]


def test_a_wish_of_a_subscriber_is_no_report_of_esendexs() -> None:
    content = {**FORM, "notificationType": "SubscriptionEvent", "eventType": "Unsubscribe"}
    assert read("esendex", content, form=True) == Normalized(ignored=1)


def test_the_id_is_the_messages_and_not_the_notifications() -> None:
    body = "<MessageFailed><Id>push</Id><MessageId>message</MessageId></MessageFailed>"
    assert report("esendex", body).message_id == "message"


# ---------------------------------------------------------------- LINK Mobility


def common(code: int, **more: Any) -> dict[str, Any]:
    return {"id": "m", "resultCode": code, "customParameters": {"destination": NUMBER}, **more}


@pytest.mark.parametrize("code", [4, 5, 1010])
@pytest.mark.parametrize("policy", Policy)
def test_links_unknown_delivery_is_no_failure(code: int, policy: Policy) -> None:
    (made,) = read("linkmobility", common(code), policy=policy).reports
    assert (made.status, made.final, made.action) == ("unknown", False, Action.KEEP)


def test_what_is_billed_later_is_delivered_and_what_is_billed_may_not_be() -> None:
    statuses = [report("linkmobility", common(code)).status for code in (1007, 1008, 1009, 1011)]
    assert statuses == ["delivered", "enroute", "undelivered", "enroute"]


@pytest.mark.parametrize("code", [1, 2, 3, 6, 104, 105, 2200, 3001, 4002, 4007])
def test_a_fault_of_the_route_or_the_message_leaves_links_number_alone(code: int) -> None:
    assert report("linkmobility", common(code)).action is Action.KEEP


def test_a_barred_line_is_a_strike_until_it_may_be_temporary() -> None:
    actions = [report("linkmobility", common(code)).action for code in (2104, 2105, 2106, 2107)]
    assert actions == ["suppress_number", "strike", "suppress_number", "keep"]


def test_pswins_barred_suppresses_only_who_follows_the_provider() -> None:
    body = pswin(("1", "a", "BARRED"))
    made = [read("linkmobility", body, policy=policy).reports[0].action for policy in Policy]
    assert dict(zip(Policy, made, strict=True)) == {
        Policy.CAUSE: Action.STRIKE,
        Policy.PROVIDER: Action.SUPPRESS_NUMBER,
    }


def test_the_messages_of_one_pswin_list_fare_each_by_themselves() -> None:
    body = pswin(("1", "a", "DELIVRD"), ("2", "b", "BARRED"), ("3", "c", "NULL"))
    made = read("linkmobility", body).reports
    assert [(r.message_id, r.status) for r in made] == [
        ("a", "delivered"),
        ("b", "undelivered"),
        ("c", "unknown"),
    ]


def test_what_links_customer_put_into_the_parameters_is_no_number_of_another_type() -> None:
    for custom in ({"destination": {"a": 1}}, [{"key": "destination"}], "destination", None):
        assert report("linkmobility", common(2104, customParameters=custom)).recipient is None


# ---------------------------------------------------------------- BulkSMS.com


def bulksms(subtype: str, **more: Any) -> list[Any]:
    return [{"id": "m", "to": NUMBER, "status": {"type": "FAILED", "subtype": subtype}, **more}]


def test_bulksmss_blocked_is_the_persons_stop_and_not_sent_is_nobodys() -> None:
    actions = [report("bulksms", bulksms(subtype)).action for subtype in ("BLOCKED", "NOT_SENT")]
    assert actions == [Action.SUPPRESS_OPT_OUT, Action.KEEP]


def test_a_message_to_you_is_no_report_of_bulksmss() -> None:
    assert read("bulksms", bulksms("BLOCKED", type="RECEIVED")) == Normalized(ignored=1)
    assert read("bulksms", [{"id": "m", "to": NUMBER}]) == Normalized(ignored=1)


def test_bulksmss_ids_of_19_digits_stay_exact() -> None:
    body = f'[{{"id": 9007199254740993001, "to": "{NUMBER}", "status": {{"type": "SENT"}}}}]'
    assert report("bulksms", body).message_id == "9007199254740993001"


# ---------------------------------------------------------------- Textmagic


def textmagic(letter: str) -> str:
    fields = {"message_id": "m", "timestamp": "1795348798", "status": letter}
    parts = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'
        for k, v in fields.items()
    )
    return f"{parts}--b--\r\n"


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("letter", ["f", "e", "j", "u"])
def test_no_letter_of_textmagics_says_anything_of_the_number(letter: str, policy: Policy) -> None:
    (made,) = read("textmagic", textmagic(letter), f"to=%2B{NUMBER}", policy).reports
    assert (made.recipient, made.action) == (f"+{NUMBER}", Action.KEEP)


# ---------------------------------------------------------------- what nobody has seen

FAILS_WITH: dict[str, Any] = {
    "kannel": lambda word: kannel("2", f"id:1 stat:{word}"),
    "jasmin": lambda word: {"id": "m", "message_status": word, "err": word},
    "esendex": lambda word: {"id": "m", "notificationType": "MessageError", "errorType": word},
    "linkmobility": lambda word: {"id": "m", "resultCode": word},
    "bulksms": bulksms,
    "textmagic": textmagic,
}
"""A failure with this word, or with this code where the provider has codes."""


@pytest.mark.parametrize("name", FAILS_WITH)
@pytest.mark.parametrize("policy", Policy)
def test_a_word_or_code_that_nobody_has_seen_suppresses_nobody(name: str, policy: Policy) -> None:
    tables = load_provider(name).tables
    known = {*tables.statuses, *(tables.codes or {})}
    words = [f"never-seen-{number}" for number in range(300)]
    words += [str(number) for number in range(1, 5000, 7)]
    is_form = name in {"kannel", "jasmin", "esendex"}
    for word in words:
        if word not in known:
            content = FAILS_WITH[name](word)
            (made,) = read(name, content, f"to=%2B{NUMBER}", policy, form=is_form).reports
            assert made.action is Action.KEEP, word
