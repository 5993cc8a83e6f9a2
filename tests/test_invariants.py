"""What holds for every provider, without a test of its own."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import copy
from dataclasses import replace
from datetime import timedelta
from itertools import product
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dlr.causes import BOUNCE, TABLE, Action, Bounce, Cause, Policy, action_for
from dlr.ingest.meaning import resolve_meaning
from dlr.ingest.normalize import Normalized, Normalizer
from dlr.phone import RecipientHasher
from dlr.providers.base import load_provider, provider_names
from dlr.providers.codes import CodeTables, Meaning
from dlr.report import FAILED, DeliveryReport, Status, action_of
from dlr.wire.decode import UnreadableError, read_items
from dlr.wire.request import Request
from local.recordings import NOW, Recording, recordings
from tests.support.cases import each_of

HOUR = timedelta(hours=1)
EVERY_PROVIDER = pytest.mark.parametrize("name", provider_names())
WITH_REPORTS = [case for case in recordings() if case.reports]
EVERY_CASE = each_of(WITH_REPORTS)


def cases_with(is_meant: Callable[[dict[str, Any]], bool]) -> list[Recording]:
    """The recordings with at least one such expected report."""
    return [case for case in WITH_REPORTS if any(map(is_meant, case.reports))]


def reports_beside(
    case: Recording, policy: Policy = Policy.CAUSE
) -> list[tuple[DeliveryReport, dict[str, Any]]]:
    """Each report that is made of the recording, beside the expected one."""
    made = normalize(case.provider, case.request, policy).reports
    return list(zip(made, case.reports, strict=True))


def normalize(name: str, request: Request, policy: Policy = Policy.CAUSE) -> Normalized:
    return Normalizer(load_provider(name), policy)(request, NOW)


PROVIDERS = [load_provider(name) for name in provider_names()]
NAMES = sorted(set().union(*(provider.fields for provider in PROVIDERS)))
VALUES = sorted(set().union(*(provider.tables.statuses for provider in PROVIDERS)))
OBJECTS = st.dictionaries(
    st.sampled_from(NAMES), st.sampled_from(["", *VALUES]) | st.text(max_size=9) | st.integers()
)
BODIES = st.binary(max_size=400) | OBJECTS.map(lambda each: json.dumps(each).encode())


@EVERY_PROVIDER
@pytest.mark.parametrize("count", [25, pytest.param(100, marks=pytest.mark.slow)])
def test_any_request_is_reported_ignored_or_refused(name: str, count: int) -> None:
    @settings(max_examples=count)
    @example(body=b'{"messageid": "", "status": "SENT"}', query="", get=False)
    @given(body=BODIES, query=st.text(max_size=100), get=st.booleans())
    def try_it(body: bytes, query: str, get: bool) -> None:
        request = Request("GET", query=query) if get else Request("POST", query=query, body=body)
        try:
            normalized = normalize(name, request)
        except UnreadableError as error:
            assert str(error)
            return
        for report in normalized.reports:
            assert report.message_id
            assert report.action is Action.KEEP or report.status in FAILED

    try_it()


@pytest.mark.parametrize("policy", Policy)
@each_of(cases_with(lambda r: r["status"] not in FAILED))
def test_what_is_no_failure_suppresses_nobody(case: Recording, policy: Policy) -> None:
    for report, expected in reports_beside(case, policy):
        if expected["status"] not in FAILED:
            assert report.action is Action.KEEP
            assert report.bounce in {Bounce.NONE, Bounce.UNDETERMINED}


@each_of(cases_with(lambda r: r["action"] != "keep"))
def test_what_suppresses_or_strikes_is_a_failure(case: Recording) -> None:
    for report, expected in reports_beside(case):
        if expected["action"] != "keep":
            assert (report.status in FAILED, report.action) == (True, expected["action"])


def is_permanent(report: dict[str, Any]) -> bool:
    return bool(report["status"] in FAILED and report.get("permanent"))


@each_of(cases_with(is_permanent))
def test_under_the_providers_policy_a_permanent_failure_suppresses(case: Recording) -> None:
    for report, expected in reports_beside(case, Policy.PROVIDER):
        if is_permanent(expected):
            is_opt_out = expected["action"] == "suppress_opt_out"
            assert report.action == ("suppress_opt_out" if is_opt_out else "suppress_number")


@EVERY_CASE
def test_a_word_or_code_that_nobody_has_seen_is_unknown_and_never_suppresses(
    case: Recording,
) -> None:
    provider = load_provider(case.provider)
    blind = replace(provider, tables=CodeTables({}, {}))
    reports = Normalizer(blind)(case.request, NOW).reports
    assert len(reports) == len(case.reports)
    for report in reports:
        assert report.status is Status.UNKNOWN
        assert report.cause in {Cause.UNKNOWN, Cause.UNSPECIFIED}
        assert report.action is Action.KEEP


def has_code(report: dict[str, Any]) -> bool:
    return bool(report["status"] in FAILED and report.get("provider_code"))


@each_of(cases_with(has_code))
def test_a_failure_with_a_code_that_nobody_has_seen_suppresses_nobody(case: Recording) -> None:
    provider = load_provider(case.provider)
    blind = replace(provider, tables=CodeTables(provider.tables.statuses, {}))
    reports = Normalizer(blind)(case.request, NOW).reports
    for report, expected in zip(reports, case.reports, strict=True):
        if has_code(expected):
            assert report.status in FAILED | {Status.UNKNOWN}  # where the code is all there is
            assert (report.cause, report.action) == (Cause.UNKNOWN, Action.KEEP)


@pytest.mark.parametrize("name", provider_names())
def test_ten_thousand_words_and_codes_of_nobody_suppress_nobody(name: str) -> None:
    """Alone, and as the code of a word that is known to be a failure."""
    tables, dice = load_provider(name).tables, Random(name)
    known = {*tables.statuses, *(tables.codes or {})}
    failures = [word for word, (status, _, _) in tables.statuses.items() if status in FAILED]
    letters = "0123456789" * 3 + "ABCDEFabcdef_-/ .xéß" + chr(0x661)
    made = ("".join(dice.choices(letters, k=dice.randint(1, 9))) for _ in range(10_000))
    for word in made:
        if word.lower() in known:
            continue
        told = [resolve_meaning(tables, (word,), word)]
        if failures and tables.codes:
            told.append(resolve_meaning(tables, (dice.choice(failures),), word))
        for status, cause, permanent in told:
            assert {action_of(status, cause, permanent, each) for each in Policy} == {Action.KEEP}


@EVERY_CASE
def test_the_same_request_gives_the_same_events_whenever_it_comes(case: Recording) -> None:
    normalizer = Normalizer(load_provider(case.provider))
    first, again = (normalizer(case.request, at).reports for at in (NOW, NOW + HOUR))
    assert [report.event_id for report in first] == [report.event_id for report in again]


@EVERY_CASE
def test_a_line_break_in_the_message_id_is_refused_or_ends_it(case: Recording) -> None:
    request = case.request
    message_id = case.reports[0]["message_id"]
    in_query = request.query.replace(message_id, message_id + "%0d%0aX")
    in_body = request.body.replace(message_id.encode(), message_id.encode() + rb"\r\nX")
    if rf"\"{message_id}\"" in request.body.decode():  # JSON in JSON
        in_body = request.body.replace(message_id.encode(), message_id.encode() + rb"\\r\\nX")
    if f": {message_id}," in request.body.decode():  # a number: as the text that it is read as
        in_body = request.body.replace(message_id.encode(), rb'"%b\r\nX"' % message_id.encode())
    if not request.body.startswith((b"{", b"[")):
        line_break = b"%5Cr%5CnX" if b"=%5B" in request.body else b"%0d%0aX"  # JSON in a form
        in_body = request.body.replace(message_id.encode(), message_id.encode() + line_break)
    is_in_it = (in_query, in_body) != (request.query, request.body)
    assert is_in_it or case.name == "group"  # its ids are made
    try:
        reports = normalize(case.provider, replace(request, query=in_query, body=in_body)).reports
    except UnreadableError as error:
        assert "message id" in str(error)
        return
    assert not any("\n" in report.message_id for report in reports)


def changed(content: Any) -> Iterator[Any]:
    """The JSON once with each of its values replaced by one of every other type."""
    yield from ({}, [], True, "", 7)
    pairs = content.items() if isinstance(content, dict) else ()
    for key, value in enumerate(content) if isinstance(content, list) else pairs:
        for other in changed(value):
            again = copy(content)
            again[key] = other
            yield again


@EVERY_PROVIDER
def test_a_value_of_another_type_is_read_or_refused(name: str) -> None:
    """Also where a value says which of the provider's shapes it is."""
    cases = [case for case in recordings() if case.provider == name][::4]
    for case in cases:
        if case.status != 200 or not case.request.body.lstrip().startswith((b"{", b"[")):
            continue
        for content in changed(json.loads(case.request.body)):
            with suppress(UnreadableError):
                normalize(name, replace(case.request, body=json.dumps(content).encode()))


def an_item(name: str) -> Any:
    """One of the provider's recorded reports as a JSON object, however it was sent."""
    case = next(case for case in WITH_REPORTS if case.provider == name)
    provider = load_provider(name)
    (item, *_), _ = read_items(case.request, provider.fields, provider.read_text, provider.batch)
    return item


@EVERY_PROVIDER
def test_a_batch_of_three_gives_three_and_a_bad_item_costs_nobody_else(name: str) -> None:
    item = json.dumps(an_item(name))
    three = normalize(name, Request("POST", body=f"[{item},{item},{item}]".encode()))
    assert len(three.reports) == 3
    mixed = normalize(name, Request("POST", body=f'[{item},{{"x":1}},{item}]'.encode()))
    assert (len(mixed.reports), len(mixed.errors)) == (2, 1)


@EVERY_PROVIDER
def test_an_empty_batch_is_a_probe(name: str) -> None:
    assert normalize(name, Request("POST", body=b"[]")) == Normalized()


@EVERY_CASE
def test_a_report_survives_json_and_its_hash_is_of_its_number(case: Recording) -> None:
    hasher = RecipientHasher(lambda: ["key"])
    for report in Normalizer(load_provider(case.provider), hasher=hasher)(
        case.request, NOW
    ).reports:
        assert type(report).model_validate_json(report.model_dump_json()) == report
        expected = report.recipient and hasher.hash(report.recipient)
        assert report.recipient_hash == expected


@EVERY_CASE
def test_a_report_that_was_not_validated_is_as_if_it_had_been(case: Recording) -> None:
    for report in normalize(case.provider, case.request).reports:
        fields = dict(report)
        assert fields.keys() == DeliveryReport.model_fields.keys()
        validated = DeliveryReport.model_validate(fields, strict=True)
        assert validated == report
        assert {name: type(value) for name, value in validated} == {
            name: type(value) for name, value in report
        }
        assert report.model_dump_json() == validated.model_dump_json()
        assert report.model_copy(update={"segments": 2}).segments == 2


@EVERY_CASE
def test_the_teams_own_parameters_come_back_as_metadata(case: Recording) -> None:
    request = case.request
    query = f"{request.query}&shop=42".lstrip("&")
    for report in normalize(case.provider, replace(request, query=query)).reports:
        assert report.metadata["shop"] == "42"


def test_every_cause_is_in_the_table_once() -> None:
    causes = [cause for _, row, _, _ in TABLE for cause in row]
    assert sorted(causes) == sorted(Cause)
    assert set(BOUNCE) == set(Cause)


ACTIONS = """
policy              | cause                      | provider
permanent           | true     false    silent   | true     false    silent
--------------------|----------------------------|---------------------------
invalid_number      | number   number   number   | number   number   number
unknown_subscriber  | number   number   number   | number   number   number
not_sms_capable     | number   number   number   | number   number   number
ported_out          | number   number   number   | number   number   number
suspended           | number   number   number   | number   number   number
blacklisted         | number   number   number   | number   number   number
barred              | strike   keep     strike   | number   keep     strike
plan_restricted     | strike   keep     strike   | number   keep     strike
doubtful_number     | strike   keep     strike   | number   keep     strike
opted_out           | opt_out  opt_out  opt_out  | opt_out  opt_out  opt_out
do_not_disturb      | opt_out  opt_out  opt_out  | opt_out  opt_out  opt_out
absent              | keep     keep     keep     | number   keep     keep
handset_error       | keep     keep     keep     | number   keep     keep
busy                | keep     keep     keep     | number   keep     keep
porting             | keep     keep     keep     | number   keep     keep
roaming             | keep     keep     keep     | number   keep     keep
network_error       | keep     keep     keep     | number   keep     keep
expired             | keep     keep     keep     | number   keep     keep
unroutable          | keep     keep     keep     | number   keep     keep
spam                | keep     keep     keep     | number   keep     keep
content             | keep     keep     keep     | number   keep     keep
invalid_message     | keep     keep     keep     | number   keep     keep
sender_rejected     | keep     keep     keep     | number   keep     keep
not_registered      | keep     keep     keep     | number   keep     keep
rate_limited        | keep     keep     keep     | number   keep     keep
insufficient_credit | keep     keep     keep     | number   keep     keep
account_suspended   | keep     keep     keep     | number   keep     keep
country_blocked     | keep     keep     keep     | number   keep     keep
authentication      | keep     keep     keep     | number   keep     keep
invalid_request     | keep     keep     keep     | number   keep     keep
provider_error      | keep     keep     keep     | number   keep     keep
cancelled           | strike   keep     keep     | number   keep     keep
unspecified         | strike   keep     keep     | number   keep     keep
unknown             | keep     keep     keep     | number   keep     keep
none                | keep     keep     keep     | keep     keep     keep
"""
"""What a failure does to the number."""
WORDS = {
    "number": Action.SUPPRESS_NUMBER,
    "opt_out": Action.SUPPRESS_OPT_OUT,
    "strike": Action.STRIKE,
    "keep": Action.KEEP,
}
ROWS = [line.replace("|", " ").split() for line in ACTIONS.strip().splitlines()[3:]]


def test_the_table_of_actions_has_every_cause() -> None:
    assert [cause for cause, *_ in ROWS] == list(Cause)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_failure_does_to_the_number_what_the_table_of_actions_says(row: list[str]) -> None:
    cause, *words = row
    asked = product((Policy.CAUSE, Policy.PROVIDER), (True, False, None))
    actions = [action_for(Cause(cause), permanent, policy) for policy, permanent in asked]
    assert actions == [WORDS[word] for word in words]


FAILS = Meaning(Status.UNDELIVERED, Cause.UNSPECIFIED, True)
WAITS = Meaning(Status.ENROUTE)
LOST = Meaning(Status.UNKNOWN, Cause.UNSPECIFIED)
STATUSES = {"fail": FAILS, "wait": WAITS, "lost": LOST}
CODES = {
    "0": Meaning(),
    "absent": Meaning(None, Cause.ABSENT),
    "barred": Meaning(None, Cause.BARRED),
    "barred today": Meaning(None, Cause.BARRED, False),
    "no reason": Meaning(None, Cause.UNSPECIFIED),
    "dead": Meaning(Status.UNDELIVERED, Cause.UNKNOWN_SUBSCRIBER, True),
}


@pytest.mark.parametrize(
    ("words", "code", "status", "cause", "permanent"),
    [
        (("fail",), "", "undelivered", "unspecified", True),
        (("fail",), "0", "undelivered", "unspecified", True),
        (("fail",), "absent", "undelivered", "absent", None),
        (("fail",), "barred", "undelivered", "barred", True),
        (("fail",), "barred today", "undelivered", "barred", False),
        (("fail",), "no reason", "undelivered", "unspecified", True),
        (("fail",), "new", "undelivered", "unknown", None),
        (("wait",), "dead", "enroute", "none", None),
        (("new",), "dead", "unknown", "unknown", None),
        (("lost",), "dead", "unknown", "unspecified", None),
        (("lost", "fail"), "", "undelivered", "unspecified", True),
        (("new", "fail"), "", "undelivered", "unspecified", True),
        (("", "wait"), "", "enroute", "none", None),
        ((), "dead", "undelivered", "unknown_subscriber", True),
        ((), "new", "unknown", "unknown", None),
        ((), "0", "unknown", "unspecified", None),
        ((), "", "unknown", "unspecified", None),
    ],
)
def test_the_words_say_where_and_the_code_says_why(
    words: tuple[str, ...], code: str, status: str, cause: str, permanent: bool | None
) -> None:
    meaning = resolve_meaning(CodeTables(STATUSES, CODES), words, code)
    assert (meaning.status, meaning.cause, meaning.permanent) == (status, cause, permanent)


def test_the_gsm_table_makes_an_smpp_error_a_hard_bounce_only_when_chosen() -> None:
    body = b"id:7 stat:UNDELIV err:1"
    request = Request("POST", body=body)
    causes = [
        Normalizer(load_provider("smpp", table))(request, NOW).reports[0].cause
        for table in ("default", "gsm", "bulksmsrates")
    ]
    assert causes == ["unspecified", "unknown_subscriber", "unknown_subscriber"]


@pytest.mark.parametrize("name", ["nobody", "", "../smpp", "smpp.x", "__init__"])
def test_a_provider_that_does_not_exist_is_named(name: str) -> None:
    with pytest.raises(LookupError, match="no provider"):
        load_provider(name)


def test_a_code_table_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(LookupError, match="default, bulksmsrates, gsm"):
        load_provider("smpp", "mars")


@EVERY_PROVIDER
def test_an_altered_case_of_the_status_word_means_the_same(name: str) -> None:
    altered = 0
    for case in (case for case in WITH_REPORTS if case.provider == name):
        expected = normalize(name, case.request).reports
        for word in {report.provider_status or "" for report in expected}:
            if not re.fullmatch(r"[A-Za-z_.-]+", word):
                continue
            whole = re.compile(rf"(?<![\w.-]){re.escape(word)}\b(?!-)")
            request = replace(
                case.request,
                query=whole.sub(word.swapcase(), case.request.query),
                body=re.sub(whole.pattern.encode(), word.swapcase().encode(), case.request.body),
            )
            altered += request != case.request
            swapped = normalize(name, request).reports
            assert [r.status for r in swapped] == [r.status for r in expected], case
    has_letters = re.search(r"[a-z]", "".join(load_provider(name).tables.statuses))
    assert altered or not has_letters


def test_long_texts_are_cut_and_long_ids_refused() -> None:
    long = {"messageid": "m", "status": "SENT", "tag": "x" * 2000}
    (report,) = normalize("thesmsworks", Request("POST", body=json.dumps(long).encode())).reports
    assert len(report.client_reference or "") == 500
    with pytest.raises(UnreadableError, match="256"):
        normalize(
            "thesmsworks",
            Request("POST", body=json.dumps({**long, "messageid": "m" * 257}).encode()),
        )


def test_an_item_that_is_no_object_is_refused_in_plain_words() -> None:
    for name in provider_names():
        with pytest.raises(UnreadableError, match="should be an object"):
            normalize(name, Request("POST", body=b"[1]"))


def test_a_payload_shows_nothing_of_a_request() -> None:
    provider = load_provider("thesmsworks")
    payload = provider.adapter.validate_python({"messageid": "hush", "status": "SENT"})
    assert "hush" not in repr(payload)


@pytest.mark.parametrize("raw", ["07700900123", "36180", "ACME"])
def test_a_recipient_that_cannot_be_read_is_null_and_kept_as_it_came(raw: str) -> None:
    body = {"message_id": "m", "status": "UNDELIV", "error_code": "001", "to": raw}
    (report,) = normalize("bulksmsrates", Request("POST", body=json.dumps(body).encode())).reports
    assert (report.recipient, report.recipient_hash, report.provider_recipient) == (None, None, raw)
    (known,) = normalize(
        "bulksmsrates",
        Request("POST", body=b'{"message_id": "m", "status": "DELIVRD", "to": "447700900123"}'),
    ).reports
    assert (known.recipient, known.provider_recipient) == ("+447700900123", None)
