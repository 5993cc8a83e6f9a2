"""Access, erasure, quarantine and replay on real tables."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from dlr.causes import Cause
from dlr.ingest.normalize import Normalizer
from dlr.ingest.quarantine import PAGE, Quarantine
from dlr.ingest.replay import Replay, Replayed
from dlr.ingest.unread import Unread
from dlr.messages.by_recipient import RecipientReports
from dlr.messages.item import state_of
from dlr.messages.order import micros_of
from dlr.messages.store import Outcome, ReportReader
from dlr.people import ErasureLog, PersonalData, Repeated
from dlr.phone import PhoneNumber
from dlr.providers.base import load_provider
from dlr.report import Status
from dlr.runtime.errors import HandlerError, redact_errors, redacted
from dlr.suppression.announce import Announcer
from dlr.suppression.entry import ListName
from dlr.suppression.standing import State
from dlr.wire.request import Request
from local.cloud import Cloud
from tests.support.cases import NOW
from tests.support.reports import HASHER, make_report
from tests.support.suppression import YEAR, SuppressionHarness, dead, failure
from tests.support.tables import make_table
from tests.support.template import resources

DAY = timedelta(days=1)
PERSON = PhoneNumber("+447700900600")
OTHER = PhoneNumber("+447700900601")
QUEUE_DAYS = 4
"""How long SQS keeps a message by default."""
LONGEST_WAIT = QUEUE_DAYS * DAY + max(
    timedelta(seconds=each["Properties"]["MessageRetentionPeriod"])
    for name, each in resources().items()
    if name.endswith("Failures") and each["Type"] == "AWS::SQS::Queue"
)
"""A report can wait in a failure queue, and after its redrive in the queue of the list."""


class PrivacyHarness(SuppressionHarness):
    """The list and everything else that knows a person."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self.quarantine = Quarantine(self.client, make_table(cloud, "QuarantineTable"), HASHER, DAY)
        self.erasures_table = make_table(cloud, "ErasuresTable")
        self.recipients = PersonalData(
            RecipientReports(self.client, self.reports_table),
            self.list,
            self.quarantine,
            ErasureLog(self.client, self.erasures_table),
            HASHER,
            Announcer(self, "bus"),
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
            self.quarantine.put("smsmode", [Unread(Request("POST", body=body), "unreadable")], NOW)
        encoded = Request("GET", query=f"numero=%2B{PERSON[1:]}")
        self.quarantine.put("smsmode", [Unread(encoded, "unreadable")], NOW)


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
    erased = privacy.recipients.erase(PERSON, NOW + DAY / 2, "carol")
    assert (erased.messages, erased.quarantine, erased.suppressed) == (3, 2, True)
    stored = privacy.recipients.export(PERSON, NOW)
    assert (stored.messages, stored.quarantine) == ([], [])
    assert stored.suppression is not None
    assert {each.provider for each in stored.suppression.messages.values()} == {"acme"}
    left = stored.suppression.model_dump(mode="json", exclude_none=True)
    assert not {"m1", str(PERSON), "opted_out"} & set(str(left).split("'"))
    assert privacy.lookup.find(PERSON, NOW).suppressed
    assert len(privacy.recipients.export(OTHER, NOW).messages) == 3


def test_quarantine_is_listed_in_parts_none_left_out_and_none_twice(empty: PrivacyHarness) -> None:
    for place in range(PAGE + 5):
        empty.quarantine.put("smsmode", [Unread(Request("POST", body=b"%d" % place), "x")], NOW)
    first = empty.quarantine.page(None, NOW)
    second = empty.quarantine.page(first.next, NOW)
    assert (len(first.items), len(second.items), second.next) == (PAGE, 5, None)
    assert len({each.id for each in (*first.items, *second.items)}) == PAGE + 5


def test_noted_erasures_are_listed_in_parts(empty: PrivacyHarness) -> None:
    log = empty.recipients.erasures
    for of in (PERSON, OTHER):
        log.put(HASHER.hash(of), NOW, "carol")
    (first,), after = log.page(None, 1)
    (second,), _ = log.page(after, 1)
    assert {first.recipient_hash, second.recipient_hash} == {
        HASHER.hash(PERSON),
        HASHER.hash(OTHER),
    }
    assert first.erased_at == second.erased_at == NOW


def test_a_request_that_comes_again_after_it_expired_is_kept_again(empty: PrivacyHarness) -> None:
    for at in (NOW, NOW + 2 * DAY):
        empty.quarantine.put("smsmode", [Unread(Request("POST", body=b"x"), "x")], at)
    assert len(ids(empty, NOW + 2 * DAY)) == 1


def test_a_person_on_no_list_leaves_a_bare_hash_for_some_weeks(privacy: PrivacyHarness) -> None:
    """It tells late copies of the person's reports from new ones."""
    nobody = PhoneNumber("+447700900602")
    assert privacy.recipients.erase(nobody, NOW, "carol").suppressed is False
    standing = privacy.standing(nobody)
    assert (standing.state, standing.entry.audit) == (None, ())
    assert standing.keep_until is not None
    assert standing.keep_until >= NOW + LONGEST_WAIT


def test_an_erasure_is_repeated_after_a_restore(privacy: PrivacyHarness) -> None:
    privacy.recipients.erase(PERSON, NOW, "carol")
    restore(privacy)
    assert len(privacy.recipients.export(PERSON, NOW).messages) == 3
    later = make_report(message_id="later", recipient=PERSON, received_at=NOW + DAY / 4)
    privacy.store.put(later.model_copy(update={"recipient_hash": HASHER.hash(PERSON)}))
    assert privacy.recipients.repeat(None, NOW + DAY / 2) == Repeated(repeated=1, next=None)
    assert [m.message_id for m in privacy.recipients.export(PERSON, NOW).messages] == ["later"]
    privacy.recipients.erase(PERSON, NOW + DAY / 2, "carol")
    stored = privacy.recipients.export(PERSON, NOW)
    assert (stored.messages, stored.quarantine) == ([], [])
    assert privacy.lookup.find(PERSON, NOW).suppressed
    assert len(privacy.recipients.export(OTHER, NOW).messages) == 3


def restore(privacy: PrivacyHarness) -> None:
    """The tables as they were before: what an erasure left of the messages is gone as well."""
    table = privacy.reports_table
    for item in privacy.client.scan(TableName=table)["Items"]:
        privacy.client.delete_item(TableName=table, Key={"pk": item["pk"]})
    privacy.fill()


def test_a_copy_of_an_erased_report_brings_nobody_back(empty: PrivacyHarness) -> None:
    """Providers that sign no time can be replayed, by whoever caught a request."""
    report = make_report(
        Status.REJECTED, 0, Cause.OPTED_OUT, recipient=PERSON, recipient_hash=HASHER.hash(PERSON)
    )
    empty.store.put(report)
    empty.recipients.erase(PERSON, NOW, "carol")
    again = report.model_copy(update={"received_at": NOW + 300 * DAY})
    assert empty.store.put(again) is Outcome.DUPLICATE
    assert empty.recipients.export(PERSON, NOW).messages == []
    (left,) = empty.client.scan(TableName=empty.reports_table)["Items"]
    assert left.keys() == {"pk", "rank", "v", "seen", "expires_at", "f"}


def test_an_erasure_is_announced_by_the_hash_alone(empty: PrivacyHarness) -> None:
    empty.recipients.erase(PERSON, NOW, "carol")
    ((detail_type, detail),) = empty.announced
    assert detail_type == "Person Erased"
    assert detail == {
        "version": "1",
        "recipient_hash": HASHER.hash(PERSON),
        "entry_version": micros_of(NOW),
        "changed_at": NOW.isoformat().replace("+00:00", "Z"),
    }


def quarantine_at(privacy: PrivacyHarness, body: str, at: datetime) -> None:
    request = Request("POST", body=f"{body} {PERSON}".encode())
    privacy.quarantine.put("smsmode", [Unread(request, "x")], at)


def test_a_second_erasure_forgets_nothing_of_the_first_one(empty: PrivacyHarness) -> None:
    quarantine_at(empty, "first", NOW)
    empty.recipients.erase(PERSON, NOW + DAY / 8, "carol")
    quarantine_at(empty, "second", NOW + DAY / 6)
    empty.recipients.erase(PERSON, NOW + DAY / 4, "dave")
    for body, at in (("first", NOW), ("second", NOW + DAY / 6), ("third", NOW + DAY / 3)):
        quarantine_at(empty, body, at)  # the first two as a restore would bring them back
    empty.recipients.repeat(None, NOW + DAY / 2)
    (left,) = empty.recipients.export(PERSON, NOW).quarantine
    assert left.body == f"third {PERSON}"


def test_access_answers_however_many_messages_there_are(empty: PrivacyHarness) -> None:
    """What does not fit into the answer of a function is named."""
    words = {f"name{n}": "x" * 250 for n in range(20)}
    made = make_report(
        Status.DELIVERED, recipient=PERSON, recipient_hash=HASHER.hash(PERSON), metadata=words
    )
    for n in range(450):
        empty.store.put(made.model_copy(update={"message_id": f"long-{n}"}))
    stored = empty.recipients.export(PERSON, NOW)
    assert len(json.dumps(stored.model_dump_json())) < 6_000_000
    assert len(stored.messages) > 300
    named = {f"acme/{each.message_id}" for each in stored.messages}
    assert len(named | set(stored.further_messages)) == 450
    assert not named & set(stored.further_messages)
    assert empty.recipients.erase(PERSON, NOW, "carol").messages == 450
    assert empty.recipients.export(PERSON, NOW).messages == []


def test_a_message_whose_state_is_newer_than_the_call_is_erased(empty: PrivacyHarness) -> None:
    read = make_report(
        Status.READ,
        recipient=PERSON,
        recipient_hash=HASHER.hash(PERSON),
        received_at=NOW + timedelta(seconds=1),
    )
    empty.store.put(read)
    assert empty.recipients.erase(PERSON, NOW, "carol").messages == 1
    assert empty.recipients.export(PERSON, NOW).messages == []


def test_a_report_that_is_stored_between_the_read_and_the_erasure_of_its_message_goes_too(
    empty: PrivacyHarness,
) -> None:
    report = make_report(recipient=PERSON, recipient_hash=HASHER.hash(PERSON))
    read = make_report(Status.READ, 9, recipient=PERSON, recipient_hash=HASHER.hash(PERSON))
    empty.store.put(report)

    class Racing:
        """A client before whose first write another report is stored."""

        def __init__(self) -> None:
            self.is_first = True

        def __getattr__(self, name: str) -> Any:
            return getattr(empty.client, name)

        def update_item(self, **arguments: Any) -> Any:
            if self.is_first:
                self.is_first = False
                assert empty.store.put(read) is Outcome.NEW
            return empty.client.update_item(**arguments)

    reports = RecipientReports(Racing(), empty.reports_table)
    assert reports.erase([HASHER.hash(PERSON)], NOW) == 1
    (left,) = empty.client.scan(TableName=empty.reports_table)["Items"]
    assert not {"state", "history", "recipient", "recipient_hash"} & left.keys()


def test_an_erasure_that_is_repeated_has_the_time_at_which_it_was_asked_for(
    privacy: PrivacyHarness,
) -> None:
    asked_at = NOW + DAY / 8
    privacy.recipients.erase(PERSON, asked_at, "carol")
    privacy.recipients.repeat(None, NOW + DAY / 2)
    assert privacy.standing(PERSON).entry.erased_at == asked_at


def test_an_erasure_of_an_expired_entry_does_not_say_suppressed(empty: PrivacyHarness) -> None:
    empty.suppress(dead(PERSON), NOW)
    assert empty.recipients.erase(PERSON, NOW + 2 * YEAR, "carol").suppressed is False


def test_a_note_says_who_asked_and_when_each_time(empty: PrivacyHarness) -> None:
    acts = [("carol", NOW), ("carol", NOW), ("dave", NOW + DAY)]
    for by, at in acts:
        empty.recipients.erase(PERSON, at, by)
    (note,) = empty.client.scan(TableName=empty.erasures_table)["Items"]
    assert set(note["acts"]["SS"]) == {f"{at.isoformat()} {by}" for by, at in acts}
    assert str(PERSON) not in str(note)


def ids(privacy: PrivacyHarness, at: Any = NOW) -> list[str]:
    return [each.id for each in privacy.quarantine.page(None, at).items]


@pytest.fixture
def empty(cloud: Cloud) -> PrivacyHarness:
    return PrivacyHarness(cloud)


def test_a_request_that_can_be_read_today_is_stored_and_leaves_quarantine(
    empty: PrivacyHarness,
) -> None:
    body = b'{"message_id":"late","status":"UNDELIV","error_code":"001","to":"+447700900600"}'
    empty.quarantine.put("bulksmsrates", [Unread(Request("POST", body=body), "old mapper")], NOW)
    (found,) = ids(empty)
    assert empty.replay(found, NOW + DAY / 2) == Replayed(new=1)
    item = ReportReader(empty.client, empty.reports_table).get("bulksmsrates", "late", NOW)
    assert item is not None
    assert (state_of(item).cause, state_of(item).received_at) == ("unknown_subscriber", NOW)
    assert ids(empty) == []


def test_a_request_that_still_cannot_be_read_stays_with_its_reason(empty: PrivacyHarness) -> None:
    empty.quarantine.put("bulksmsrates", [Unread(Request("POST", body=b"{}"), "x")], NOW)
    (found,) = ids(empty)
    answer = empty.replay(found, NOW)
    assert answer is not None
    assert "message_id: Field required" in (answer.error or "")
    assert ids(empty) == [found]


def test_a_replayed_batch_keeps_its_bad_item_alone_and_its_good_ones_are_stored(
    empty: PrivacyHarness,
) -> None:
    good = b'{"message_id":"b1","status":"DELIVRD","to":"+447700900600"}'
    bad = b'{"to":"+447700900601"}'
    whole = Unread(Request("POST", query="a=1", body=b"[" + good + b", " + bad + b"]"), "x")
    empty.quarantine.put("bulksmsrates", [whole], NOW)
    (found,) = ids(empty)
    first = empty.replay(found, NOW + DAY / 2)
    assert first is not None
    assert (first.new, "message_id" in (first.error or "")) == (1, True)
    (left,) = ids(empty)
    kept = empty.quarantine.request(left, NOW)
    assert kept is not None
    assert (kept.request.body, kept.request.query, kept.received_at) == (bad, "a=1", NOW)
    assert ids(empty, NOW + DAY) == [], "no longer than the whole"
    again = empty.replay(left, NOW)
    assert again is not None
    assert (again.new, again.duplicate, ids(empty)) == (0, 0, [left])
    assert empty.recipients.export(PERSON, NOW).quarantine == []
    assert len(empty.recipients.export(OTHER, NOW).quarantine) == 1


def test_an_expired_or_unknown_request_is_not_there(empty: PrivacyHarness) -> None:
    empty.quarantine.put("smsmode", [Unread(Request("POST", body=b"x"), "x")], NOW)
    (found,) = ids(empty)
    assert ids(empty, NOW + DAY) == []
    assert empty.replay(found, NOW + DAY) is None
    assert empty.replay("nothing", NOW) is None


def test_bytes_that_are_no_text_are_shown_escaped_and_replayed_exactly(
    empty: PrivacyHarness,
) -> None:
    empty.quarantine.put("smsmode", [Unread(Request("POST", body=b"\xff\x00"), "x")], NOW)
    (shown,) = empty.quarantine.page(None, NOW).items
    assert shown.body == "\\xff\x00"
    found = empty.quarantine.request(shown.id, NOW)
    assert found is not None
    assert found.request.body == b"\xff\x00"


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
    privacy.suppress(dead(OTHER, 9, message_id="m2"), NOW)
    privacy.recipients.erase(PERSON, NOW, "carol")
    standing = privacy.standing(OTHER)
    assert standing.number is not None
    assert standing.number.expires_at == NOW + timedelta(seconds=9) + YEAR


def test_an_erasure_of_a_watched_number_leaves_no_message(privacy: PrivacyHarness) -> None:
    of = PhoneNumber("+447700900603")
    privacy.suppress(failure(of, Cause.UNSPECIFIED, permanent=True), NOW)
    assert privacy.recipients.erase(of, NOW, "carol").suppressed is False
    left = privacy.standing(of)
    assert left.state is State.WATCHING
    assert {each.message_id for each in left.strikes} == {None}


def test_a_report_that_comes_after_an_erasure_it_precedes_brings_nobody_back(
    privacy: PrivacyHarness,
) -> None:
    """An event from before, replayed or delayed, is known to be erased."""
    of = PhoneNumber("+447700900604")
    stop = failure(of, Cause.OPTED_OUT, message_id="old-stop")
    privacy.admin.lift(of, (ListName.OPT_OUT,), "me", NOW)
    privacy.recipients.erase(of, NOW, "carol")
    privacy.suppress(stop, NOW)
    assert privacy.state(of) is State.LIFTED
    assert "old-stop" not in str(privacy.standing(of).entry)
