"""What is easily misread in the reports of gateways, and of providers with shapes of their own."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from dlr.causes import Action, Policy
from dlr.ingest.normalize import Normalized, Normalizer
from dlr.messages.item import key_of, state_of
from dlr.providers.base import load_provider
from dlr.report import DeliveryReport
from dlr.wire.decode import MAX_ITEMS, UnreadableError
from dlr.wire.request import Request
from local.cloud import Cloud
from local.recordings import NOW
from tests.support.ingest import HASHER, IngestHarness
from tests.support.reports_of import read, report

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
    made = response.to_api_gateway("request-1")
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


@pytest.mark.parametrize("mark", ["", "\ufeff", "\ufeff\n"])
def test_pswin_gets_an_ok_for_each_of_its_ids(ingest: IngestHarness, mark: str) -> None:
    body = mark + pswin(("1", "a", "DELIVRD"), ("&lt;2", "b", "NULL"))
    status, text = answer(ingest, "linkmobility", body)
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


# ---------------------------------------------------------------- 8x8


def eightbyeight(code: str, state: str = "undelivered", **more: Any) -> dict[str, Any]:
    status = {"state": state, "errorCode": code, **more}
    return {"namespace": "SMS", "payload": {"umid": "m", "destination": NUMBER, "status": status}}


def test_one_is_absent_and_59_is_unknown_at_8x8() -> None:
    made = [report("eightbyeight", eightbyeight(code)) for code in ("1", "59")]
    assert [(r.cause, r.action) for r in made] == [
        ("absent", "keep"),
        ("unknown_subscriber", "suppress_number"),
    ]


@pytest.mark.parametrize(
    ("detail", "status"),
    [
        ("delivered_to_operator", "enroute"),
        ("delivered_to_recipient", "delivered"),
        ("never seen", "delivered"),
        ("", "delivered"),
    ],
)
def test_what_8x8s_operator_has_is_not_delivered_yet(detail: str, status: str) -> None:
    made = report("eightbyeight", eightbyeight("", "delivered", detail=detail))
    assert made.status == status


@pytest.mark.parametrize("code", ["27", "28", "19", "33", "42", "11", "50"])
def test_a_fault_of_the_phone_the_operator_or_the_account_leaves_8x8s_number_alone(
    code: str,
) -> None:
    assert report("eightbyeight", eightbyeight(code)).action is Action.KEEP


def test_a_messaging_app_says_nothing_of_sms_at_8x8_and_zenvia_and_gupshup() -> None:
    assert read("eightbyeight", {**eightbyeight("59"), "namespace": "ChatApps"}).ignored == 1
    event = {"messageId": "m", "messageStatus": {"code": "NOT_DELIVERED"}, "channel": "whatsapp"}
    assert read("zenvia", event) == Normalized(ignored=1)
    item = {"externalId": "m", "eventType": "FAILED", "errCode": "003", "channel": "RCS"}
    assert read("gupshup", [item]) == Normalized(ignored=1)


@pytest.mark.parametrize("channel", ["SMS", "sms"])
def test_an_sms_that_8x8_fell_back_to_is_a_report(channel: str) -> None:
    sent = eightbyeight("59")
    number = {"msisdn": sent["payload"].pop("destination")}
    sent["payload"] |= {"channel": channel, "user": number}
    made = report("eightbyeight", {**sent, "namespace": "ChatApps"})
    assert (made.recipient, made.action) == (f"+{NUMBER}", Action.SUPPRESS_NUMBER)
    sent["payload"]["channel"] = "WhatsApp"
    assert read("eightbyeight", {**sent, "namespace": "ChatApps"}).ignored == 1


def test_xml_of_8x8s_means_what_its_json_means() -> None:
    body = (
        f"<root><namespace>SMS</namespace><payload><umid>m</umid><destination>{NUMBER}"
        "</destination><status><state>undelivered</state><errorCode>59</errorCode></status>"
        "</payload></root>"
    )
    assert (
        report("eightbyeight", body).event_id == report("eightbyeight", eightbyeight("59")).event_id
    )
    with pytest.raises(UnreadableError, match="root"):
        read("eightbyeight", "<other/>")


# ---------------------------------------------------------------- LOX24


def lox24(dlr: int, status: int) -> dict[str, Any]:
    return {"name": "sms.delivery", "data": {"id": "m", "dlr_code": dlr, "status_code": status}}


@pytest.mark.parametrize(
    ("dlr", "status", "means"),
    [
        (0, 100, "enroute"),
        (1, 100, "delivered"),
        (4, 100, "enroute"),
        (8, 100, "expired"),
        (16, 100, "rejected"),
        (0, 3000, "rejected"),
    ],
)
def test_transmitted_is_not_delivered_at_lox24(dlr: int, status: int, means: str) -> None:
    assert report("lox24", lox24(dlr, status)).status == means


def test_a_dry_run_is_no_report_of_lox24s() -> None:
    assert read("lox24", {**lox24(16, 100), "name": "sms.delivery.dryrun"}) == Normalized(ignored=1)


# ---------------------------------------------------------------- Gupshup and MSG91


def gupshup(code: str) -> dict[str, str]:
    return {"externalId": "m", "status": "FAILURE", "errCode": code, "phoneNo": NUMBER}


@pytest.mark.parametrize("code", ["008", "009", "001", "004", "005"])
@pytest.mark.parametrize("policy", Policy)
def test_the_hour_and_a_slow_register_say_nothing_of_the_person(code: str, policy: Policy) -> None:
    (made,) = read("gupshup", gupshup(code), policy=policy, form=True).reports
    assert made.action is Action.KEEP


def test_names_that_gupshups_address_does_not_recommend_are_not_read() -> None:
    content = {"externalId": "m", "status": "FAILURE", "code": "003", "msisdn": NUMBER}
    made = report("gupshup", content, form=True)
    assert (made.recipient, made.cause) == (None, "unspecified")


def test_what_messagebird_puts_into_its_query_is_no_metadata_of_the_teams() -> None:
    query = urlencode(
        {
            "id": "m",
            "reference": "r",
            "recipient": NUMBER,
            "status": "delivered",
            "statusReason": "successfully delivered",
            "statusErrorCode": "0",
            "statusDatetime": "2026-11-22T11:59:58+00:00",
            "mccmnc": "23410",
            "ported": "0",
            "messageLength": "12",
            "messagePartCount": "1",
            "datacoding": "plain",
            "price[amount]": "0.04",
            "price[currency]": "EUR",
            "shop": "42",
        }
    )
    found = Normalizer(load_provider("messagebird"))(Request("GET", query=query), NOW)
    assert [each.metadata for each in found.reports] == [{"shop": "42"}]


def msg91(*reports: tuple[str, str]) -> dict[str, str]:
    listed = [{"number": number, "status": status} for number, status in reports]
    return {"data": json.dumps([{"requestId": "m", "report": listed}])}


def test_the_numbers_of_one_request_of_msg91s_are_messages_of_their_own(
    ingest: IngestHarness,
) -> None:
    content = msg91((NUMBER, "1"), ("447700900124", "9"))
    made = read("msg91", content, form=True).reports
    assert [(r.recipient, r.action) for r in made] == [
        (f"+{NUMBER}", "keep"),
        ("+447700900124", "suppress_opt_out"),
    ]
    assert load_provider("msg91").shares_ids
    assert answer(ingest, "msg91", urlencode(content))[0] == 200
    keys = [key_of("msg91", "m", HASHER.hash(r.recipient)) for r in made if r.recipient]
    items = [
        ingest.client.get_item(TableName=ingest.reports, Key=key, ConsistentRead=True)["Item"]
        for key in keys
    ]
    assert [state_of(item).status for item in items] == ["delivered", "rejected"]


def test_as_many_reports_as_a_batch_may_have_fit_msg91s_form() -> None:
    one = {"status": "1", "date": "2026-11-22 15:10:00", "desc": "DELIVERED"}
    reports = [{"number": f"447700900{number:03}", **one} for number in range(MAX_ITEMS)]
    data = json.dumps([{"requestId": "many", "report": reports}])
    body = urlencode({"data": data}).encode()
    found = Normalizer(load_provider("msg91"))(Request("POST", body=body), NOW)
    assert len({each.recipient for each in found.reports}) == MAX_ITEMS


@pytest.mark.parametrize("data", ["", "1", '"a"', "[", '{"requestId"', "[1]", '[{"report": 1}]'])
def test_what_is_no_json_in_msg91s_form_is_refused(data: str) -> None:
    with pytest.raises(UnreadableError):
        read("msg91", {"data": data}, form=True)


# ---------------------------------------------------------------- tyntec, Telesign, SMSGlobal


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("code", ["250", "251", "203"])
def test_telesign_does_not_know_and_so_do_we_not(code: str, policy: Policy) -> None:
    (made,) = read("telesign", telesign(code), policy=policy).reports
    assert (made.final, made.action) == (False, Action.KEEP)


def telesign(code: str) -> dict[str, Any]:
    info = {"cleansed_phone_number": NUMBER}
    return {"reference_id": "m", "status": {"code": code}, "additional_info": info}


def test_a_block_of_telesigns_or_of_your_own_is_no_proof() -> None:
    actions = {code: report("telesign", telesign(code)).action for code in TELESIGNS}
    assert actions == TELESIGNS


TELESIGNS = {
    "210": Action.KEEP,
    "211": Action.STRIKE,
    "222": Action.STRIKE,
    "229": Action.KEEP,
    "230": Action.STRIKE,
    "237": Action.KEEP,
    "238": Action.KEEP,
    "504": Action.KEEP,
    "507": Action.STRIKE,
    "510": Action.SUPPRESS_OPT_OUT,
}


def test_permanently_undeliverable_is_the_message_at_tyntec() -> None:
    content = {"requestId": "m", "status": "UNDELIVERABLE", "errorCode": 1, "to": NUMBER}
    made = [read("tyntec", content, policy=policy).reports[0].action for policy in Policy]
    assert set(made) == {Action.STRIKE, Action.SUPPRESS_NUMBER}
    assert report("tyntec", content).action is Action.STRIKE


def test_smsglobal_gets_its_ok(ingest: IngestHarness) -> None:
    assert answer(ingest, "smsglobal", "msgid=m&dlrstatus=DELIVRD") == (200, "OK")


# ---------------------------------------------------------------- what nobody has seen

FAILS_WITH: dict[str, Any] = {
    "kannel": lambda word: kannel("2", f"id:1 stat:{word}"),
    "jasmin": lambda word: {"id": "m", "message_status": word, "err": word},
    "esendex": lambda word: {"id": "m", "notificationType": "MessageError", "errorType": word},
    "linkmobility": lambda word: {"id": "m", "resultCode": word},
    "bulksms": bulksms,
    "textmagic": textmagic,
    "eightbyeight": eightbyeight,
    "gupshup": gupshup,
    "lox24": lambda word: {"data": {"id": "m", "dlr_code": word, "status_code": word}},
    "msg91": lambda word: msg91((NUMBER, word)),
    "smsglobal": lambda word: {"msgid": "m", "dlrstatus": word, "dlr_err": word},
    "telesign": telesign,
    "tyntec": lambda word: {"requestId": "m", "status": word, "errorCode": word},
    "zenvia": lambda word: {"messageId": "m", "messageStatus": {"code": word}},
}
"""A failure with this word, or with this code where the provider has codes."""


@pytest.mark.parametrize("name", FAILS_WITH)
@pytest.mark.parametrize("policy", Policy)
def test_a_word_or_code_that_nobody_has_seen_suppresses_nobody(name: str, policy: Policy) -> None:
    tables = load_provider(name).tables
    known = {*tables.statuses, *(tables.codes or {})}
    words = [f"never-seen-{number}" for number in range(300)]
    words += [str(number) for number in range(1, 5000, 7)]
    is_form = name in {"kannel", "jasmin", "esendex", "gupshup", "msg91", "smsglobal"}
    for word in words:
        if word not in known:
            content = FAILS_WITH[name](word)
            (made,) = read(name, content, f"to=%2B{NUMBER}", policy, form=is_form).reports
            assert made.action is Action.KEEP, word
