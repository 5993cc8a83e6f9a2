"""The samples in `events/` are what the provider's parser and table say they are."""

import json
from typing import get_args

import pytest

from dlr.causes import Action
from dlr.ingest.normalize import Normalizer
from dlr.providers.base import load_provider, provider_names
from dlr.providers.catalogue import rows_of
from dlr.report import FAILED, DeliveryReport, Status
from dlr.wire.request import Request
from local.sample import ENDS, Stage, Step, sample
from tests.support.cases import NOW

NUMBER = "447700900123"
ENDINGS: dict[Stage, Action] = {
    "absent": Action.KEEP,
    "dead": Action.SUPPRESS_NUMBER,
    "stop": Action.SUPPRESS_OPT_OUT,
}
EVERY_PROVIDER = pytest.mark.parametrize("name", provider_names())
PROGRESS = {Status.SCHEDULED, Status.ACCEPTED, Status.ENROUTE}
ENDS_ONLY = {
    name
    for name in provider_names()
    if PROGRESS.isdisjoint(row.status for row in rows_of(load_provider(name)))
}
"""The providers that report the end of a message and nothing before it."""
SAMPLES = [
    (name, stage)
    for name in provider_names()
    for stage in get_args(Stage)
    if stage in ENDS or name not in ENDS_ONLY
]
EVERY_SAMPLE = pytest.mark.parametrize(("name", "stage"), SAMPLES)


def read_all(name: str, stage: Stage) -> list[DeliveryReport]:
    provider = load_provider(name)
    return Normalizer(provider)(sample(name, Step("m-1", NUMBER, stage, NOW)), NOW).reports


def read(name: str, stage: Stage) -> DeliveryReport:
    (report,) = read_all(name, stage)
    return report


@EVERY_SAMPLE
def test_a_sample_names_its_message_and_its_recipient(name: str, stage: Stage) -> None:
    report = read(name, stage)
    assert (report.message_id, report.recipient) == ("m-1", f"+{NUMBER}")
    assert report.status is not Status.UNKNOWN
    assert report.cause != "unknown"


@pytest.mark.parametrize("stage", [stage for stage in get_args(Stage) if stage not in ENDS])
def test_who_reports_the_end_only_has_nothing_to_say_before_it(stage: Stage) -> None:
    """Nothing, or a word of nobody where it sends nothing else to this address."""
    assert ENDS_ONLY
    causes = {report.cause for name in ENDS_ONLY for report in read_all(name, stage)}
    assert causes <= {"unknown"}


@EVERY_SAMPLE
def test_a_sample_is_final_at_the_ends_of_a_message_only(name: str, stage: Stage) -> None:
    assert read(name, stage).final is (stage in ENDS)


@EVERY_PROVIDER
def test_the_ends_of_a_sample_do_to_the_number_what_they_say(name: str) -> None:
    """A provider without a code for a dead number, or for an opt-out, cannot suppress by it."""
    actions = {row.action_cause for row in rows_of(load_provider(name)) if "(" not in row.table}
    assert read(name, "delivered").status is Status.DELIVERED
    for stage, action in ENDINGS.items():
        report = read(name, stage)
        assert report.status in FAILED
        assert report.action is (action if action in actions else Action.KEEP)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("messente", {"message_id": "1", "status": "mask 2", "err": 3, "to": "+447700900123"}),
        ("smpp", {"receipted_message_id": "1", "message_state": "message_state 5"}),
    ],
)
def test_a_key_of_ours_is_no_word_that_a_provider_can_send(
    name: str, body: dict[str, object]
) -> None:
    request = Request("POST", body=json.dumps(body).encode())
    (report,) = Normalizer(load_provider(name))(request, NOW).reports
    assert (report.status, report.cause, report.action) == ("unknown", "unknown", "keep")
