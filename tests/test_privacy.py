"""Access, erasure, quarantine and replay on real tables."""

from datetime import timedelta
from typing import Any

import pytest

from dlr.causes import Cause
from dlr.ingest.normalize import Normalizer
from dlr.ingest.quarantine import PAGE, Quarantine
from dlr.ingest.replay import Replay, Replayed
from dlr.messages.by_recipient import RecipientReports
from dlr.messages.item import state_of
from dlr.messages.store import ReportReader
from dlr.people import ErasureLog, PersonalData, Repeated
from dlr.phone import PhoneNumber
from dlr.providers.base import load_provider
from dlr.report import Status
from dlr.runtime.errors import HandlerError, redact_errors, redacted
from dlr.wire.request import Request
from local.cloud import Cloud
from tests.support.cases import NOW
from tests.support.reports import HASHER, make_report
from tests.support.suppression import YEAR, SuppressionHarness, dead, failure
from tests.support.tables import make_table

DAY = timedelta(days=1)
PERSON = PhoneNumber("+447700900600")
OTHER = PhoneNumber("+447700900601")


class PrivacyHarness(SuppressionHarness):
    """The list and everything else that knows a person."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self.quarantine = Quarantine(self.client, make_table(cloud, "QuarantineTable"), DAY)
        self.recipients = PersonalData(
            RecipientReports(self.client, self.reports_table),
            self.list,
            self.quarantine,
            ErasureLog(self.client, make_table(cloud, "ErasuresTable")),
            HASHER,
        )
        self.replay = Replay(
            self.quarantine,
            self.store,
            lambda provider: Normalizer(load_provider(provider), hasher=HASHER),
        )

    def fill(self) -> None:
        for of in (PERSON, OTHER):
            for n in range(3):
                report = make_report(
                    Status.DELIVERED,
                    message_id=f"{of}-{n}",
                    recipient=of,
                    recipient_hash=HASHER.hash(of),
                )
                self.store.put(report)
            self.suppress(failure(of, Cause.OPTED_OUT), NOW)
            body = f"garbage about {of[:4]} {of[4:8]} {of[8:]}".encode()
            self.quarantine.put("smsmode", Request("POST", body=body), "unreadable", NOW)
        encoded = Request("GET", query=f"numero=%2B{PERSON[1:]}")
        self.quarantine.put("smsmode", encoded, "unreadable", NOW)


@pytest.fixture
def privacy(cloud: Cloud) -> PrivacyHarness:
    made = PrivacyHarness(cloud)
    made.fill()
    return made


def test_everything_stored_of_a_person_is_exported_and_nothing_of_another(
    privacy: PrivacyHarness,
) -> None:
    stored = privacy.recipients.export(PERSON, NOW)
    assert len(stored.messages) == 3
    assert {message.recipient for message in stored.messages} == {PERSON}
    assert stored.suppression is not None
    assert len(stored.quarantine) == 2


def test_an_erasure_leaves_the_bare_hash_of_a_suppressed_person(privacy: PrivacyHarness) -> None:
    erased = privacy.recipients.erase(PERSON, NOW + DAY / 2)
    assert (erased.messages, erased.quarantine, erased.suppressed) == (3, 2, True)
    stored = privacy.recipients.export(PERSON, NOW)
    assert (stored.messages, stored.quarantine) == ([], [])
    assert stored.suppression is not None
    left = stored.suppression.model_dump(mode="json", exclude_none=True)
    assert not {"m1", "acme", str(PERSON)} & set(str(left).split("'"))
    assert privacy.lookup.find(PERSON, NOW).suppressed
    assert len(privacy.recipients.export(OTHER, NOW).messages) == 3


@pytest.mark.parametrize(
    ("query", "body", "mentioned"),
    [
        ("numero=%2B447700900600", b"", True),
        ("numero=447700900600&x=1", b"", True),
        ("", b"to=%2B44%207700%20900600", True),
        ("", b"to=44+7700+900600", True),
        ("", b'{"to": "0044 (0)7700-900.600"}', True),
        ("", b'{"to": "07700900600"}', False),
        ("id=99447700900600", b"", False),
        ("id=4477009006001", b"", False),
        ("numero=447700900601", b'{"a": [44, 7700900600]}', False),
    ],
)
def test_a_quarantined_request_mentions_whole_international_numbers(
    empty: PrivacyHarness, query: str, body: bytes, mentioned: bool
) -> None:
    empty.quarantine.put("smsmode", Request("POST", query=query, body=body), "x", NOW)
    (shown,) = empty.quarantine.all(NOW)
    assert shown.mentions(PERSON) is mentioned


def test_quarantine_is_listed_in_parts_none_left_out_and_none_twice(empty: PrivacyHarness) -> None:
    for place in range(PAGE + 5):
        empty.quarantine.put("smsmode", Request("POST", body=b"%d" % place), "x", NOW)
    first = empty.quarantine.page(None, NOW)
    second = empty.quarantine.page(first.next, NOW)
    assert (len(first.requests), len(second.requests), second.next) == (PAGE, 5, None)
    assert len({each.id for each in (*first.requests, *second.requests)}) == PAGE + 5


def test_noted_erasures_are_listed_in_parts(empty: PrivacyHarness) -> None:
    log = empty.recipients.erasures
    for of in (PERSON, OTHER):
        log.put(HASHER.hash(of), ["q"], NOW)
    (first,), after = log.page(None, 1)
    (second,), _ = log.page(after, 1)
    assert {first.recipient_hash, second.recipient_hash} == {
        HASHER.hash(PERSON),
        HASHER.hash(OTHER),
    }
    assert first[1:] == second[1:] == (["q"], NOW)


def test_a_request_that_comes_again_after_it_expired_is_kept_again(empty: PrivacyHarness) -> None:
    for at in (NOW, NOW + 2 * DAY):
        empty.quarantine.put("smsmode", Request("POST", body=b"x"), "x", at)
    assert len(ids(empty, NOW + 2 * DAY)) == 1


def test_a_person_on_no_list_leaves_nothing(privacy: PrivacyHarness) -> None:
    nobody = PhoneNumber("+447700900602")
    assert privacy.recipients.erase(nobody, NOW).suppressed is False
    assert privacy.entry(nobody) is None


def test_an_erasure_is_repeated_after_a_restore(privacy: PrivacyHarness) -> None:
    privacy.recipients.erase(PERSON, NOW)
    privacy.fill()  # as a restore would bring it back
    assert len(privacy.recipients.export(PERSON, NOW).messages) == 3
    later = make_report(message_id="later", recipient=PERSON, received_at=NOW + DAY / 4)
    privacy.store.put(later.model_copy(update={"recipient_hash": HASHER.hash(PERSON)}))
    assert privacy.recipients.repeat(None, NOW + DAY / 2) == Repeated(repeated=1, next=None)
    assert [m.message_id for m in privacy.recipients.export(PERSON, NOW).messages] == ["later"]
    privacy.recipients.erase(PERSON, NOW + DAY / 2)
    stored = privacy.recipients.export(PERSON, NOW)
    assert (stored.messages, stored.quarantine) == ([], [])
    assert privacy.lookup.find(PERSON, NOW).suppressed
    assert len(privacy.recipients.export(OTHER, NOW).messages) == 3


def ids(privacy: PrivacyHarness, at: Any = NOW) -> list[str]:
    return [each.id for each in privacy.quarantine.all(at)]


@pytest.fixture
def empty(cloud: Cloud) -> PrivacyHarness:
    return PrivacyHarness(cloud)


def test_a_request_that_can_be_read_today_is_stored_and_leaves_quarantine(
    empty: PrivacyHarness,
) -> None:
    body = b'{"message_id":"late","status":"UNDELIV","error_code":"001","to":"+447700900600"}'
    empty.quarantine.put("bulksmsrates", Request("POST", body=body), "old mapper", NOW)
    (found,) = ids(empty)
    assert empty.replay(found, NOW + DAY / 2) == Replayed(new=1)
    item = ReportReader(empty.client, empty.reports_table).get("bulksmsrates", "late", NOW)
    assert item is not None
    assert (state_of(item).cause, state_of(item).received_at) == ("unknown_subscriber", NOW)
    assert ids(empty) == []


def test_a_request_that_still_cannot_be_read_stays_with_its_reason(empty: PrivacyHarness) -> None:
    empty.quarantine.put("bulksmsrates", Request("POST", body=b"{}"), "x", NOW)
    (found,) = ids(empty)
    answer = empty.replay(found, NOW)
    assert answer is not None
    assert "message_id: Field required" in (answer.error or "")
    assert ids(empty) == [found]


def test_a_batch_with_a_bad_item_stays_and_its_good_ones_are_known(empty: PrivacyHarness) -> None:
    good = b'{"message_id":"b1","status":"DELIVRD"}'
    request = Request("POST", body=b"[" + good + b",{}]")
    empty.quarantine.put("bulksmsrates", request, "x", NOW)
    (found,) = ids(empty)
    first, again = empty.replay(found, NOW), empty.replay(found, NOW)
    assert first is not None
    assert again is not None
    assert (first.new, again.duplicate) == (1, 1)
    assert ids(empty) == [found]


def test_an_expired_or_unknown_request_is_not_there(empty: PrivacyHarness) -> None:
    empty.quarantine.put("smsmode", Request("POST", body=b"x"), "x", NOW)
    (found,) = ids(empty)
    assert ids(empty, NOW + DAY) == []
    assert empty.replay(found, NOW + DAY) is None
    assert empty.replay("nothing", NOW) is None


def test_bytes_that_are_no_text_are_shown_escaped_and_replayed_exactly(
    empty: PrivacyHarness,
) -> None:
    empty.quarantine.put("smsmode", Request("POST", body=b"\xff\x00"), "x", NOW)
    (shown,) = empty.quarantine.all(NOW)
    assert shown.body == "\\xff\x00"
    found = empty.quarantine.request(shown.id, NOW)
    assert found is not None
    assert found[2].body == b"\xff\x00"


def test_a_handlers_failure_is_logged_without_its_text() -> None:
    @redact_errors
    def handler(event: dict[str, Any], context: Any) -> None:
        raise KeyError("+447700900600")

    with pytest.raises(HandlerError) as failure:
        handler({}, None)
    assert str(failure.value).startswith("KeyError at test_privacy.py:")
    assert failure.value.__suppress_context__
    assert redacted(ValueError("+447700900600")) == "ValueError"


def test_a_handler_that_works_is_left_alone() -> None:
    assert redact_errors(lambda event, context: event)({"a": 1}, None) == {"a": 1}


def test_no_dead_number_is_deleted_by_an_erasure_of_another(privacy: PrivacyHarness) -> None:
    privacy.suppress(dead(OTHER, 9), NOW)
    privacy.recipients.erase(PERSON, NOW)
    entry = privacy.entry(OTHER)
    assert entry is not None
    assert entry.number is not None
    assert entry.number.expires_at == NOW + timedelta(seconds=9) + YEAR


def test_an_erasure_of_a_watched_number_leaves_nothing(privacy: PrivacyHarness) -> None:
    of = PhoneNumber("+447700900603")
    privacy.suppress(failure(of, Cause.UNSPECIFIED, permanent=True), NOW)
    assert privacy.entry(of) is not None
    assert privacy.recipients.erase(of, NOW).suppressed is False
    assert privacy.entry(of) is None
