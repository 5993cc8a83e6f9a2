"""The samples that a provider's module writes are what its parser and its table say they are."""

from typing import get_args

import pytest

from dlr.causes import Action
from dlr.ingest.normalize import Normalizer
from dlr.providers.base import load_provider, provider_names
from dlr.providers.catalogue import rows_of
from dlr.providers.sample import ENDS, Stage, Step
from dlr.report import FAILED, DeliveryReport, Status
from tests.support.cases import NOW

NUMBER = "447700900123"
ENDINGS: dict[Stage, Action] = {
    "absent": Action.KEEP,
    "dead": Action.SUPPRESS_NUMBER,
    "stop": Action.SUPPRESS_OPT_OUT,
}
EVERY_PROVIDER = pytest.mark.parametrize("name", provider_names())


def read(name: str, stage: Stage) -> DeliveryReport:
    provider = load_provider(name)
    (report,) = Normalizer(provider)(provider.sample(Step("m-1", NUMBER, stage, NOW)), NOW).reports
    return report


@EVERY_PROVIDER
@pytest.mark.parametrize("stage", get_args(Stage))
def test_a_sample_names_its_message_and_its_recipient(name: str, stage: Stage) -> None:
    report = read(name, stage)
    assert (report.message_id, report.recipient) == ("m-1", f"+{NUMBER}")
    assert report.status is not Status.UNKNOWN
    assert report.cause != "unknown"


@EVERY_PROVIDER
@pytest.mark.parametrize("stage", get_args(Stage))
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
