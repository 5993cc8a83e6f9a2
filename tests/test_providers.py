"""Every recorded request becomes the reports beside it; every table row means one thing."""

import json
import tomllib
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from dlr.causes import Action, Bounce, Policy
from dlr.ingest.normalize import Normalizer
from dlr.providers.base import load_provider, provider_names
from dlr.providers.catalogue import rows_of
from dlr.providers.codes import FOLDER
from dlr.report import DeliveryReport
from dlr.wire.decode import UnreadableError
from local.recordings import EVENTS, NOW, Recording, recordings, recordings_of
from tests.support.cases import each_of

SUPPRESS = Action.SUPPRESS_NUMBER
ANSWERED = [case for case in recordings() if case.status == 200]
WITH_REPORTS = [case for case in ANSWERED if case.reports]
WITH_NUMBERS = [case for case in ANSWERED if any(r["recipient"] for r in case.reports)]
REFUSED = [case for case in recordings() if case.status == 400]
DECIDING = {"channel", "eventType", "event_type", "name", "namespace", "type"}
"""They say what an item is: of no report they can be null and not another type."""
DECIDING |= {"DeliveryStatusDetails", "errorCode", "statusCode"}
DECIDING |= {"messageStatus", "messageStatusDescription"}
DECIDING |= {"MessageSid", "MessageStatus", "messageid"}
"""A code where no recording fails by it, and one of two names of an id or a status."""
ODD: list[Any] = [True, {"a": 1}]


def normalize(case: Recording, policy: Policy = Policy.CAUSE) -> list[DeliveryReport]:
    return Normalizer(load_provider(case.provider), policy)(case.request, NOW).reports


def part_of(report: DeliveryReport, expected: dict[str, Any]) -> dict[str, Any]:
    content = json.loads(report.model_dump_json())
    return {name: content[name] for name in expected}


@each_of(ANSWERED)
def test_a_request_becomes_the_reports_beside_it(case: Recording) -> None:
    expected = case.reports
    reports = normalize(case)
    assert len(reports) == len(expected)
    for report, fields in zip(reports, expected, strict=True):
        assert part_of(report, fields) == fields


@each_of(recordings())
def test_the_providers_own_signature_lets_it_in(case: Recording) -> None:
    assert load_provider(case.provider).verify(case.request, case.credentials)


@each_of(WITH_REPORTS)
def test_an_expectation_names_what_matters(case: Recording) -> None:
    for report in case.reports:
        assert {"message_id", "recipient", "status", "cause", "bounce", "action"} <= report.keys()


@each_of(REFUSED)
def test_an_unreadable_request_is_refused_with_a_reason(case: Recording) -> None:
    with pytest.raises(UnreadableError, match=r"\w+ \w+"):
        normalize(case)


@each_of(WITH_NUMBERS)
def test_no_representation_shows_the_number(case: Recording) -> None:
    numbers = {report.recipient: report for report in normalize(case) if report.recipient}
    assert numbers
    for number, report in numbers.items():
        assert number[1:] not in repr(report)
        assert number[1:] not in repr(number)


@pytest.mark.parametrize("name", provider_names())
def test_each_provider_has_events_of_every_bounce_class_that_it_can_report(name: str) -> None:
    can = {row.bounce for row in rows_of(load_provider(name)) if row.table in {"status", "code"}}
    shown = {
        Bounce(report["bounce"])
        for recording in recordings_of(name)
        for report in recording.reports
    }
    assert can <= shown


@pytest.mark.parametrize("name", provider_names())
def test_a_provider_is_a_small_module(name: str) -> None:
    """One that grows beyond this does what the mechanism should do."""
    assert len((FOLDER / f"{name}.py").read_text().splitlines()) <= 150


@pytest.mark.parametrize("name", provider_names())
def test_each_provider_has_an_event_that_cannot_be_read(name: str) -> None:
    assert [case.id for case in REFUSED if case.provider == name]


@pytest.mark.parametrize("name", provider_names())
def test_each_provider_has_an_event_of_a_code_that_nobody_has_seen(name: str) -> None:
    """Of a status word where no document gives the codes."""
    tables = load_provider(name).tables
    unseen = [
        report
        for case in WITH_REPORTS
        if case.provider == name
        for report, expected in zip(normalize(case), case.reports, strict=True)
        if expected["cause"] == "unknown"
    ]
    if tables.codes is None:
        assert [r for r in unseen if (r.provider_status or "").casefold() not in tables.statuses]
    else:
        assert [r for r in unseen if (r.provider_code or "").casefold() not in {"", *tables.codes}]


def meanings(name: str) -> dict[str, Any]:
    """What `events/<provider>/meanings.toml` says of every word and code."""
    return tomllib.loads((EVENTS / name / "meanings.toml").read_text())


@pytest.mark.parametrize("name", provider_names())
def test_every_word_and_code_has_the_bounce_class_of_the_document(name: str) -> None:
    rows = [row for row in rows_of(load_provider(name)) if row.table in {"status", "code"}]
    for bounce in Bounce:
        found = {row.key for row in rows if row.bounce is bounce}
        assert found == set(meanings(name).get(bounce, ())), bounce


@pytest.mark.parametrize("name", provider_names())
def test_permanent_is_the_documented_verdict_and_nothing_else(name: str) -> None:
    rows = [row for row in rows_of(load_provider(name)) if row.table in {"status", "code"}]
    for verdict in (True, False):
        found = {row.key for row in rows if row.permanent is verdict}
        assert found == set(meanings(name)["permanent"][str(verdict).lower()])


def test_the_policies_differ_only_where_the_provider_says_permanent() -> None:
    rows = [row for name in provider_names() for row in rows_of(load_provider(name))]
    differing = [row for row in rows if row.action_cause != row.action_provider]
    assert {(row.permanent, row.action_provider) for row in differing} == {(True, SUPPRESS)}


@pytest.mark.parametrize("name", provider_names())
def test_no_row_suppresses_by_cause_unless_the_number_or_the_person_is_meant(name: str) -> None:
    for row in rows_of(load_provider(name)):
        suppresses = row.action_cause in {"suppress_number", "suppress_opt_out"}
        assert suppresses == (row.bounce in {Bounce.HARD, Bounce.OPT_OUT})


def _places(content: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a value stands in a JSON text."""
    if place:
        yield place
    inside: Iterable[tuple[Any, Any]] = ()
    if isinstance(content, dict | list):
        inside = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in inside:
        yield from _places(value, (*place, key))


def _with(content: Any, place: tuple[Any, ...], value: Any) -> bytes:
    """The JSON text with another value there."""
    changed = within = deepcopy(content)
    for key in place[:-1]:
        within = within[key]
    within[place[-1]] = value
    return json.dumps(changed).encode()


def _judged(case: Recording, body: bytes) -> list[object]:
    """What each report says of whom; nothing if the request cannot be read."""
    request = replace(case.request, body=body)
    try:
        found = Normalizer(load_provider(case.provider))(request, NOW)
    except UnreadableError:
        return []
    reports = found.reports if not found.errors else []
    return [(r.message_id, r.recipient, r.status, r.cause, r.permanent) for r in reports]


@pytest.mark.parametrize("name", provider_names())
def test_a_field_that_decides_nothing_spoils_no_report(name: str) -> None:
    """Whatever its type. It decides nothing if it may as well be null, in every request."""
    decides: set[tuple[str, ...]] = set()
    spoilt: set[tuple[str, ...]] = set()
    for case in recordings_of(name):
        if not case.reports or not case.request.body.startswith((b"[", b"{")):
            continue
        content = json.loads(case.request.body)
        before = _judged(case, case.request.body)
        for place in _places(content):
            field = tuple(key for key in place if isinstance(key, str))
            if not field or field in decides:
                continue
            if _judged(case, _with(content, place, None)) != before:
                decides.add(field)
            elif field not in spoilt and any(
                _judged(case, _with(content, place, odd)) != before for odd in ODD
            ):
                spoilt.add(field)
    assert {field for field in spoilt - decides if field[-1] not in DECIDING} == set()
