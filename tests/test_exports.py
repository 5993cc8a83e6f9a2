"""Exports: what is asked for is in the files, each message once, whatever happens to the parts."""

import csv
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dlr.access.scopes import Scope
from dlr.access.tokens import TokenStore
from dlr.analysis.recipients import recipients
from dlr.causes import Cause
from dlr.exports.ask import ExportRequest, RangeError
from dlr.exports.clean import ADVICE, LIFTED
from dlr.exports.desk import TooManyJobsError
from dlr.exports.job import DEADLINE, LIFETIME, Order, State
from dlr.exports.queue import Step
from dlr.exports.scope import StoredScopes
from dlr.exports.service import Asker, ExportRefusedError, KeyUsedError
from dlr.exports.upload import PIECE, upload
from dlr.exports.work import GIVEN_UP, LOST_SCOPE
from dlr.lake.names import Names
from dlr.messages.by_recipient import RecipientReports
from dlr.messages.shown import SHOWN
from dlr.phone import PhoneNumber
from dlr.report import Status
from dlr.runtime.scratch import own_folder
from dlr.suppression.entry import ListName
from dlr.suppression.sheet import read_sheet
from local.cloud import Cloud
from tests.support.cases import NOW
from tests.support.exports import ADMIN, ASKER, KEY, NOBODY, Crash, ExportHarness, lake_row
from tests.support.reports import HASHER, make_report
from tests.support.suppression import dead, event_of, failure

DAY = timedelta(days=1)
MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
RANGE = {"from": "2026-11-19T06:10:20Z", "to": "2026-11-21T18:30:15Z"}
START, END = (datetime.fromisoformat(each) for each in RANGE.values())
RANGE_OF_NOW = {"from": (NOW - DAY).isoformat(), "to": (NOW + DAY).isoformat()}
HAPPENINGS = ("done", "before upload", "after upload", "before note", "after note")
WRITTEN = {
    **{text: f"'{text}" for text in ("=1+1", "+1", "-1", "@x", "'=1", "\uff1d1", "\ufe631")},
    "\t=1": "'\t'=1",
    "\r\n=1": "'\r\n'=1",
    ";=1": ";'=1",
    'a;"=1': "a;'\"=1",
    "a\n\uff20x": "a\n'\uff20x",
    "=1;'-2": "'=1;''-2",
}
"""Texts with a formula, also behind what stands between cells elsewhere; how a CSV has them."""
FORMULAS = [*WRITTEN]


@pytest.fixture(scope="module")
def harness(
    new_cloud: Callable[..., Cloud], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ExportHarness]:
    with new_cloud() as cloud:
        yield ExportHarness(cloud, tmp_path_factory.mktemp("lake"))


@pytest.fixture
def exports(harness: ExportHarness) -> ExportHarness:
    """With nothing in its lake and its queue."""
    harness.lake.rows.clear()
    harness.steps.clear()
    harness.s3.crash = None
    harness.may_see = True
    harness.exports, harness.work = harness.service(), harness.worker()
    harness.now = NOW + timedelta(hours=1)
    harness.wipe()
    return harness


times = st.one_of(
    st.sampled_from([START, END, MIDNIGHT, MIDNIGHT + DAY]).flatmap(
        lambda edge: st.sampled_from([-1, 0, 1]).map(lambda n: edge + timedelta(microseconds=n))
    ),
    st.datetimes(
        START.replace(tzinfo=None) - DAY, END.replace(tzinfo=None) + DAY, timezones=st.just(UTC)
    ),
)
rows = st.builds(
    dict,
    f=times,
    provider=st.sampled_from(["twilio", "vonage", "smsmode"]),
    status=st.sampled_from(["delivered", "undelivered", "enroute"]),
    code=st.sampled_from([None, "", "30003", 'a,"b"\r\nc', *FORMULAS]),
)
happenings = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(HAPPENINGS)), max_size=8)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    messages=st.lists(rows, max_size=12),
    schedule=happenings,
    providers=st.sampled_from([None, ["twilio"], ["twilio", "vonage"]]),
    form=st.sampled_from(["csv", "parquet"]),
)
def test_the_parts_together_are_the_messages_of_the_range_each_once(
    exports: ExportHarness,
    messages: list[dict[str, Any]],
    schedule: list[tuple[int, str]],
    providers: list[str] | None,
    form: str,
) -> None:
    """In any order of the parts, however often each is tried, and wherever a try is killed."""
    exports.lake.rows[:] = [lake_row(f"m{n:02d}", **each) for n, each in enumerate(messages)]
    filters = RANGE if providers is None else RANGE | {"provider": providers}
    job = exports.ask(kind="messages", format=form, filters=filters)
    exports.work(exports.steps.pop())
    steps, exports.steps[:] = list(exports.steps), []
    for place, happening in [*schedule, *((n, "done") for n in range(len(steps)))]:
        exports.s3.crash = None if happening == "done" else happening
        try:
            exports.work(steps[place])
        except Crash:
            assert exports.get(job).state in {State.RUNNING, State.DONE}
    exports.s3.crash = None
    answer = exports.get(job)
    assert (answer.state, answer.done, answer.total) == (State.DONE, 3, 3)
    expected = sorted(
        (each["f"], f"m{n:02d}", each["code"])
        for n, each in enumerate(messages)
        if START <= each["f"] < END and each["provider"] in (providers or {each["provider"]})
    )
    found = [
        (_time(row["first_seen"]), row["message_id"], _unguarded(row["code"], form))
        for row in exports.rows(job)
    ]
    assert found == [(f, m, (code or "") if form == "csv" else code) for f, m, code in expected]
    assert answer.rows == len(expected)


def _time(cell: Any) -> datetime:
    if isinstance(cell, datetime):
        return cell.astimezone(UTC)
    return datetime.fromisoformat(cell)


def _unguarded(cell: Any, form: str) -> Any:
    texts = {written: text for text, written in WRITTEN.items()}
    return texts.get(cell, cell) if form == "csv" else cell


def test_a_part_that_is_done_twice_at_once_counts_once_and_leaves_one_file(
    exports: ExportHarness,
) -> None:
    exports.lake.rows.append(lake_row("m", MIDNIGHT))
    job = exports.ask(kind="messages", filters=RANGE)
    exports.work(exports.steps.pop())
    (step,) = (each for each in exports.steps if each.part == f"{MIDNIGHT:%Y-%m-%d}")
    make = exports.work._make
    found = exports.desk.get(job.id, exports.now)
    assert found is not None
    first = make(found, str(step.part))
    assert first is not None
    assert first.rows == 1
    content = exports.s3.objects[first.key]
    exports.lake.rows.append(lake_row("n", MIDNIGHT))  # what it finds is newer
    second = make(found, str(step.part))  # it has not seen that the first one is done
    assert first == second
    assert exports.s3.objects[first.key] == content
    assert exports.get(job).done == 1
    left = [key for key in exports.s3.objects if key.startswith(f"parts/{job.id}/")]
    assert left == [first.key]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_a_csv_is_a_formula_and_the_import_reads_it_as_it_was(
    exports: ExportHarness, text: str
) -> None:
    exports.lake.rows.append(lake_row("m", MIDNIGHT, code=text, sender=text, message_id=text))
    job = exports.ask(kind="messages", filters=RANGE)
    exports.run()
    keys = exports.get(job).links
    content = "".join(exports.s3.objects[key].decode() for key in keys)
    (row,) = exports.rows(job)
    assert row["code"] == row["sender"] == row["message_id"] == WRITTEN[text]
    header = ",".join(SHOWN) + "\r\n"
    sheet = read_sheet(header + content.replace(header, ""), list(SHOWN))
    assert [each.cells["code"] for each in sheet] == [text]


def test_messages_of_one_sender_are_exported_and_no_job_keeps_a_number(
    exports: ExportHarness,
) -> None:
    exports.lake.rows += [lake_row(f"m-{name}", MIDNIGHT, sender=name) for name in ("ACME", "SHOP")]
    (row,) = exports.made(kind="messages", filters=RANGE | {"sender": ["ACME"]})
    assert row["sender"] == "ACME"
    with pytest.raises(ValidationError, match="a phone number"):
        exports.ask(kind="messages", filters=RANGE | {"sender": ["+447700900123"]})


def test_a_csv_is_utf_8_with_a_header_and_rfc_4180_quoting(exports: ExportHarness) -> None:
    exports.lake.rows.append(lake_row("m", MIDNIGHT, code='é "x", \n'))
    job = exports.ask(kind="messages", filters=RANGE)
    exports.run()
    first, second, third = (exports.s3.objects[key] for key in exports.get(job).links)
    header = ",".join(SHOWN).encode() + b"\r\n"
    assert first == third == header
    assert second.startswith(header)
    assert second.endswith(b"\r\n")
    assert '"é ""x"", \n"'.encode() in second
    assert next(csv.reader(io.StringIO(second.decode(), newline=""))) == list(SHOWN)


def test_parquet_keeps_types(exports: ExportHarness) -> None:
    exports.lake.rows.append(lake_row("m", MIDNIGHT, price=0.0075, segments=2, code="=1"))
    (row,) = exports.made(kind="messages", format="parquet", filters=RANGE)
    assert (row["first_seen"], row["price"], row["segments"]) == (MIDNIGHT, 0.0075, 2)
    assert row["code"] == "=1"
    assert list(row) == list(SHOWN)


def test_what_has_expired_shows_no_id_and_no_code(exports: ExportHarness) -> None:
    exports.lake.rows.append(lake_row("m", MIDNIGHT, code="1", expires_at=1))
    (row,) = exports.made(kind="messages", filters=RANGE)
    assert (row["provider"], row["message_id"], row["code"]) == ("twilio", "", "")


# ---------------------------------------------------------------- numbers


def test_numbers_come_from_the_table_and_nobody_erased_is_among_them(
    exports: ExportHarness,
) -> None:
    kept, gone = PhoneNumber("+447700900001"), PhoneNumber("+447700900002")
    for name, number in (("kept", kept), ("gone", gone)):
        exports.store(sent(name, number))
    reports = RecipientReports(exports.client, exports.list.reports_table)
    assert reports.erase(HASHER.every_hash(gone), exports.now) == 1
    exports.lake.rows.append(lake_row("nowhere", NOW))
    rows = exports.made(kind="messages", filters=RANGE_OF_NOW, numbers=True)
    assert {row["message_id"]: row["number"] for row in rows} == {
        "kept": "'" + kept,
        "gone": "",
        "nowhere": "",
    }


def test_messages_that_share_an_id_have_their_numbers_everywhere(exports: ExportHarness) -> None:
    """In an export, among the numbers to clean, in a backtest; until one of them is erased."""
    first, second, gone = (PhoneNumber(f"+44770090003{n}") for n in range(3))
    for number in (first, second, gone):
        exports.store(dead(number, message_id="one", provider="sinch", at=-50), shares_id=True)
    reports = RecipientReports(exports.client, exports.list.reports_table)
    assert reports.erase(HASHER.every_hash(gone), exports.now) == 1
    rows = exports.made(kind="messages", filters=RANGE_OF_NOW, numbers=True)
    assert [row["message_id"] for row in rows] == ["one"] * 3
    assert sorted(row["number"] for row in rows) == ["", f"'{first}", f"'{second}"]
    assert "apart" not in rows[0]
    rows = exports.made(kind="numbers_to_clean", filters=RANGE_OF_NOW)
    assert [row["number"] for row in rows] == [f"'{first}", f"'{second}"]
    job = exports.ask(policy="cause", numbers=True, **RANGE_OF_NOW)
    exports.run()
    assert {row["number"] for row in exports.rows(job)} == {f"'{first}", f"'{second}"}
    result = exports.get(job).result
    assert result is not None
    assert (result["failed_messages"], result["not_kept"]) == (3, 1)


def test_people_under_one_id_of_a_provider_with_unique_ids_have_their_numbers(
    exports: ExportHarness,
) -> None:
    """The first is kept under the id alone, the others beside it."""
    numbers = [PhoneNumber(f"+44770090004{n}") for n in range(3)]
    for provider in ("twilio", "vonage"):
        for number in numbers:
            exports.store(dead(number, message_id="one", provider=provider, at=-50))
    rows = exports.made(kind="messages", filters=RANGE_OF_NOW, numbers=True)
    assert sorted((row["provider"], row["number"]) for row in rows) == [
        (provider, f"'{number}") for provider in ("twilio", "vonage") for number in numbers
    ]
    items = [
        {"mk": row["mk"], "first_seen": datetime.fromisoformat(f"{row['f']}+00:00")}
        | {name: row[name] for name in ("provider", "message_id", "apart")}
        for row in exports.lake.rows
    ]
    table, names = exports.list.reports_table, Names(lambda: KEY)
    found = recipients(exports.client, table, items, exports.now, names)
    assert sorted(map(str, found.values())) == sorted([*numbers, *numbers])


def test_an_id_that_is_another_messages_by_now_gives_no_number(exports: ExportHarness) -> None:
    exports.store(sent("again", PhoneNumber("+447700900003")))
    before = exports.lake.rows[0]
    earlier = datetime.fromisoformat(before["f"]) - timedelta(minutes=1)
    exports.lake.rows.append(before | {"f": earlier.isoformat()})
    rows = exports.made(kind="messages", filters=RANGE_OF_NOW, numbers=True)
    assert [row["number"] for row in rows] == ["", "'+447700900003"]


def test_numbers_are_refused_without_scope_pii(exports: ExportHarness) -> None:
    wanted = (
        {"kind": "messages", "numbers": True},
        {"kind": "numbers_to_clean"},
        {"kind": "suppressions"},
        {"policy": "provider", "numbers": True},
    )
    for content in wanted:
        with pytest.raises(ExportRefusedError):
            exports.ask(NOBODY, **content)
    assert exports.steps == []
    assert exports.ask(NOBODY, kind="messages").state is State.QUEUED
    assert exports.ask(NOBODY, policy="provider").state is State.QUEUED


def test_a_job_that_names_people_is_shown_to_nobody_without_scope_pii(
    exports: ExportHarness,
) -> None:
    job = exports.ask(kind="numbers_to_clean", filters=RANGE)
    exports.run()
    assert exports.get(job).links
    with pytest.raises(ExportRefusedError):
        exports.get(job, ASKER.model_copy(update={"pii": False}))
    (listed,) = exports.exports.page(ASKER, None, 10, exports.now).items
    assert listed.links == []


def test_a_job_is_there_for_its_token_its_sessions_and_an_administrator_only(
    exports: ExportHarness,
) -> None:
    session = ASKER.model_copy(update={"token_id": "5e55105e55105e55", "parent": ASKER.token_id})
    jobs = {
        "asker": exports.ask(ASKER, kind="messages").id,
        "session": exports.ask(session, kind="messages").id,
        "nobody": exports.ask(NOBODY, kind="messages").id,
    }
    exports.run()

    def seen(asker: Any) -> tuple[set[str], set[str]]:
        listed = exports.exports.page(asker, None, 10, exports.now).items
        found = {n for n, each in jobs.items() if exports.exports.get(each, asker, exports.now)}
        return {n for n, each in jobs.items() if each in {job.id for job in listed}}, found

    for asker, names in (
        (ASKER, {"asker", "session"}),
        (session, {"asker", "session"}),
        (NOBODY, {"nobody"}),
        (ADMIN, {"asker", "session", "nobody"}),
        (NOBODY.model_copy(update={"token_id": ""}), set()),
    ):
        assert seen(asker) == (names, names)


@pytest.mark.parametrize("lost_after", [0, 1, 2])
def test_an_export_whose_token_lost_its_scope_fails_and_says_so(
    exports: ExportHarness, lost_after: int
) -> None:
    job = exports.ask(kind="messages", filters=RANGE, numbers=True)
    for _ in range(lost_after):
        exports.work(exports.steps.pop(0))
    exports.may_see = False
    exports.run()
    answer = exports.get(job)
    assert (answer.state, answer.reason, answer.links) == (State.FAILED, LOST_SCOPE, [])
    exports.may_see = True
    for step in [Step(job=job.id), Step(job=job.id, part="2026-11-20")]:
        exports.work(step)
    assert exports.get(job).state is State.FAILED


def test_an_export_without_people_does_not_ask_for_the_scope(exports: ExportHarness) -> None:
    job = exports.ask(kind="messages", filters=RANGE)
    exports.may_see = False
    exports.run()
    assert exports.get(job).state is State.DONE


# ---------------------------------------------------------------- jobs


def test_a_job_goes_from_queued_over_running_to_done(exports: ExportHarness) -> None:
    job = exports.ask(kind="messages", filters=RANGE)
    seen = [(job.state, job.done, job.total)]
    while exports.steps:
        exports.work(exports.steps.pop(0))
        answer = exports.get(job)
        seen.append((answer.state, answer.done, answer.total))
        assert bool(answer.links) == (answer.state is State.DONE)
    assert seen == [
        (State.QUEUED, 0, 3),
        *((State.RUNNING, n, 3) for n in range(3)),
        (State.DONE, 3, 3),
    ]
    assert exports.get(job).as_of == exports.lake.as_of


def test_the_same_key_and_request_are_the_same_job(exports: ExportHarness) -> None:
    first = exports.ask(key="k", kind="messages", filters=RANGE)
    exports.now += timedelta(minutes=5)
    again = exports.ask(key="k", kind="messages", filters=RANGE)
    assert again == first
    assert exports.ask(key="k2", kind="messages", filters=RANGE).id != first.id
    assert exports.ask(kind="messages", filters=RANGE).id != first.id
    other = ASKER.model_copy(update={"token_id": "another"})
    assert exports.ask(other, key="k", kind="messages", filters=RANGE).id != first.id
    with pytest.raises(KeyUsedError):
        exports.ask(key="k", kind="messages", filters=RANGE, format="parquet")
    exports.run()
    assert exports.ask(key="k", kind="messages", filters=RANGE).state is State.DONE
    exports.now += LIFETIME
    later = exports.ask(key="k", kind="messages", filters=RANGE)
    assert (later.id, later.state) == (first.id, State.QUEUED)


def test_a_request_that_could_not_be_queued_is_queued_when_it_comes_again(
    exports: ExportHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Any) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(ExportHarness, "send", lambda self, steps: refuse(steps))
        with pytest.raises(ConnectionError):
            exports.ask(key="lost", kind="messages", filters=RANGE)
        exports.now += timedelta(seconds=1)
        with pytest.raises(ConnectionError):
            exports.ask(kind="messages", filters=RANGE)
    orphan, *_ = exports.exports.page(ASKER, None, 1, exports.now).items
    assert orphan.state is State.FAILED
    job = exports.ask(key="lost", kind="messages", filters=RANGE)
    exports.run()
    assert exports.get(job).state is State.DONE


def test_a_part_that_fails_for_ever_fails_its_job(exports: ExportHarness) -> None:
    job = exports.ask(kind="messages", filters=RANGE)
    exports.work(exports.steps.pop(0))
    first, second, _ = exports.steps
    exports.work(first)
    exports.work.give_up(first)  # its try was done, and only the queue did not hear of it
    assert exports.get(job).state is State.RUNNING
    exports.work.give_up(second)
    exports.run()
    answer = exports.get(job)
    assert (answer.state, answer.reason, answer.links) == (State.FAILED, GIVEN_UP, [])
    assert answer.done == 1


def test_nothing_fails_a_job_that_is_done(exports: ExportHarness) -> None:
    """A step that begins a job may come again, and be given up, when all parts are there."""
    for content in ({"kind": "messages", "filters": RANGE}, {"kind": "suppressions"}):
        job = exports.ask(**content)
        exports.run()
        exports.work.give_up(Step(job=job.id))
        exports.work.give_up(Step(job=job.id, part="00001"))
        assert exports.get(job).state is State.DONE


def test_a_job_that_ends_while_it_is_given_up_stays_done(
    exports: ExportHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = exports.ask(kind="suppressions")
    exports.work(exports.steps.pop(0))
    get = exports.desk.get

    def get_and_be_overtaken(*arguments: Any) -> Any:
        found = get(*arguments)
        monkeypatch.undo()
        exports.run()
        return found

    monkeypatch.setattr(exports.desk, "get", get_and_be_overtaken)
    exports.work.give_up(Step(job=job.id))
    assert exports.get(job).state is State.DONE


def test_a_token_has_so_many_unfinished_jobs_at_a_time(exports: ExportHarness) -> None:
    exports.exports = exports.service(most=2)
    session = ASKER.model_copy(update={"token_id": "5e55105e55105e55", "parent": ASKER.token_id})
    first = exports.ask(key="k", kind="suppressions")
    exports.ask(session, policy="provider", **RANGE)
    for asker in (ASKER, session):
        with pytest.raises(TooManyJobsError):
            exports.ask(asker, kind="suppressions")
    assert exports.ask(key="k", kind="suppressions") == first, "it is no new job"
    assert exports.ask(NOBODY, kind="messages").state is State.QUEUED
    exports.work.give_up(Step(job=first.id))
    exports.ask(kind="suppressions")
    with pytest.raises(TooManyJobsError):
        exports.ask(kind="suppressions")
    exports.run()
    for _ in range(2):
        exports.ask(kind="suppressions")
    exports.now += DEADLINE
    exports.ask(kind="suppressions")


def test_of_jobs_that_are_filed_at_once_no_more_than_so_many_are(exports: ExportHarness) -> None:
    exports.exports = exports.service(most=3)

    def file(_: int) -> bool:
        try:
            exports.ask(kind="suppressions")
        except (TooManyJobsError, ClientError):
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        filed = sum(pool.map(file, range(12)))
    page = exports.exports.page(ASKER, None, 50, exports.now)
    assert filed == len(page.items) == len(exports.steps) == 3


def test_no_job_hangs_for_ever(exports: ExportHarness) -> None:
    job = exports.ask(kind="messages", filters=RANGE)
    exports.work(exports.steps.pop(0))
    late = exports.steps.pop()
    exports.run()
    assert exports.get(job).state is State.RUNNING
    exports.now += DEADLINE
    assert exports.get(job).state is State.FAILED
    assert "24 hours" in str(exports.get(job).reason)
    exports.work(late)
    exports.now -= DEADLINE  # no part came in too late that would make it done
    assert exports.get(job).done == 2


def test_a_part_that_ends_after_the_deadline_does_not_count(exports: ExportHarness) -> None:
    job = exports.ask(kind="suppressions")
    times = iter([exports.now, exports.now, exports.now, exports.now + DEADLINE])
    work = exports.worker()
    object.__setattr__(work, "clock", lambda: next(times))
    assert work(Step(job=job.id, part="00000")) is None
    assert exports.get(job).done == 0
    assert not [key for key in exports.s3.objects if key.startswith(f"parts/{job.id}/")]


@pytest.mark.parametrize("asker", [ASKER, ADMIN], ids=["own", "everybody's"])
def test_jobs_are_listed_newest_first_page_by_page(exports: ExportHarness, asker: Asker) -> None:
    made = []
    for _ in range(5):
        exports.now += timedelta(hours=1)
        made.append(exports.ask(kind="messages", filters=RANGE).id)
    found, after = [], None
    while True:
        page = exports.exports.page(asker, after, 2, exports.now)
        found += [each.id for each in page.items]
        after = page.next
        if after is None:
            break
    assert found == made[::-1]
    exports.now += LIFETIME
    assert exports.exports.page(asker, None, 10, exports.now).items == []
    assert exports.exports.get(made[0], ASKER, exports.now) is None


# ---------------------------------------------------------------- what cannot be asked for


@pytest.mark.parametrize(
    ("filters", "complaint"),
    [
        ({"from": "2026-11-21T00:00:00Z", "to": "2026-11-20T00:00:00Z"}, "before"),
        ({"from": "2026-11-20T00:00:00Z", "to": "2026-11-20T00:00:00Z"}, "before"),
        ({"from": "2027-01-01T00:00:00Z", "to": "2027-02-01T00:00:00Z"}, "future"),
        ({"from": "2020-01-01T00:00:00Z"}, "400 days"),
    ],
)
def test_an_impossible_range_is_refused(
    exports: ExportHarness, filters: dict[str, str], complaint: str
) -> None:
    with pytest.raises(RangeError, match=complaint):
        exports.ask(kind="messages", filters=filters)
    assert exports.steps == []


def test_a_range_that_ends_in_the_future_ends_now(exports: ExportHarness) -> None:
    filters = {"from": "2026-11-21T00:00:00+01:00", "to": "2027-01-01T00:00:00Z"}
    job = exports.ask(kind="messages", filters=filters)
    assert (job.start, job.end) == (datetime(2026, 11, 20, 23, tzinfo=UTC), exports.now)
    assert job.total == 3


def test_without_a_range_it_is_the_last_thirty_days(exports: ExportHarness) -> None:
    job = exports.ask(kind="messages")
    assert (job.start, job.end, job.total) == (exports.now - 30 * DAY, exports.now, 31)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"kind": "backtest"},
        {"kind": "everything"},
        {"kind": "messages", "format": "xlsx"},
        {"kind": "messages", "filters": {"providers": "twilio"}},
        {"kind": "messages", "filters": {"provider": "nobody"}},
        {"kind": "messages", "filters": {"provider": []}},
        {"kind": "messages", "filters": {"status": "lost"}},
        {"kind": "messages", "filters": {"country": "gb"}},
        {"kind": "messages", "filters": {"network": "é"}},
        {"kind": "messages", "filters": {"code": "a\x00b"}},
        {"kind": "messages", "filters": {"code": ["1"] * 101}},
        {"kind": "messages", "filters": {"from": "2026-11-20T00:00:00"}},
        {"kind": "messages", "filters": {"from": "yesterday"}},
        {"kind": "messages", "filters": None},
        {"kind": "messages", "numbers": "perhaps"},
    ],
)
def test_a_malformed_body_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ExportRequest.model_validate(content)


def test_messages_of_no_known_place_are_exported(exports: ExportHarness) -> None:
    places = {"a": (None, None), "b": ("GB", None), "c": ("GB", "23410")}
    exports.lake.rows += [
        lake_row(name, MIDNIGHT, country=country, network=network)
        for name, (country, network) in places.items()
    ]
    for filters, expected in (
        ({"country": "none"}, ["a"]),
        ({"country": ["none", "GB"], "network": "none"}, ["a", "b"]),
    ):
        rows = exports.made(kind="messages", filters=RANGE | filters)
        assert sorted(row["message_id"] for row in rows) == expected


def test_a_filter_is_text_and_never_sql(exports: ExportHarness) -> None:
    exports.lake.rows.append(lake_row("m", MIDNIGHT, code="1"))
    hostile = ["x') OR true OR code IN ('", "'; DROP TABLE messages; --"]
    assert exports.made(kind="messages", filters=RANGE | {"code": hostile}) == []
    exports.lake.rows.append(lake_row("n", MIDNIGHT, code=hostile[0]))
    (row,) = exports.made(kind="messages", filters=RANGE | {"code": hostile})
    assert row["message_id"] == "n"


def test_the_list_takes_no_filters_and_has_no_numbers(exports: ExportHarness) -> None:
    for content in ({"filters": RANGE}, {"filters": {"provider": "twilio"}}, {"numbers": True}):
        with pytest.raises(RangeError):
            exports.ask(kind="suppressions", **content)


# ---------------------------------------------------------------- the list, numbers to clean


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_list_comes_in_parts_as_many_as_it_needs(exports: ExportHarness, form: str) -> None:
    numbers = [PhoneNumber(f"+4477009001{n:02d}") for n in range(25)]
    for number in numbers:
        exports.list.admin.suppress(number, ListName.NUMBER, None, "=me", exports.now)
    exports.work = exports.worker(entries=10)
    job = exports.ask(kind="suppressions", format=form)
    assert (job.done, job.total) == (0, 1)
    exports.work(exports.steps.pop(0))
    first = exports.steps[0]
    exports.run()
    exports.steps.append(first)  # once more: it changes nothing
    exports.run()
    answer = exports.get(job)
    assert (answer.state, answer.done, answer.total) == (State.DONE, 3, 3)
    rows = exports.rows(job)
    assert sorted(row["recipient_hash"] for row in rows) == sorted(map(HASHER.hash, numbers))
    assert {(row["list"], row["state"]) for row in rows} == {("number", "active")}


def test_a_list_goes_on_where_its_worker_was_killed(exports: ExportHarness) -> None:
    """Also between the note of a part and the message for the next one."""
    for n in range(3):
        number = PhoneNumber(f"+44770090019{n}")
        exports.list.admin.suppress(number, ListName.NUMBER, None, "me", exports.now)
    exports.work = exports.worker(entries=2)
    job = exports.ask(kind="suppressions")
    exports.work(exports.steps.pop(0))
    (step,) = exports.steps
    exports.s3.crash = "after note"
    with pytest.raises(Crash):
        exports.work(step)
    exports.run()
    answer = exports.get(job)
    assert (answer.state, answer.total, answer.rows) == (State.DONE, 2, 3)


def test_an_empty_list_is_one_part_with_a_header(exports: ExportHarness) -> None:
    job = exports.ask(kind="suppressions")
    exports.run()
    answer = exports.get(job)
    assert (answer.state, answer.total, answer.rows) == (State.DONE, 1, 0)
    assert exports.s3.objects[answer.links[0]].startswith(b"recipient_hash,list,state")


def test_numbers_to_clean_has_a_row_a_number_with_the_reason_and_how_it_stands(
    exports: ExportHarness,
) -> None:
    bounced, stopped, fine = (PhoneNumber(f"+44770090020{n}") for n in range(3))
    exports.store(dead(bounced, message_id="b1", provider="twilio", at=-7200))
    exports.store(
        failure(bounced, Cause.NOT_SMS_CAPABLE, message_id="b2", provider="vonage", at=-60)
    )
    exports.store(failure(stopped, Cause.OPTED_OUT, message_id="s1", provider="twilio", at=-90))
    exports.store(dead(stopped, message_id="s2", provider="twilio", at=-30))
    exports.store(failure(fine, Cause.ABSENT, message_id="f1", provider="twilio", at=-30))
    exports.store(failure(fine, Cause.SPAM, message_id="f2", provider="twilio", at=-30))
    exports.list.admin.suppress(bounced, ListName.NUMBER, Cause.SUSPENDED, "me", exports.now)
    rows = exports.made(kind="numbers_to_clean", filters=RANGE_OF_NOW)
    shown = [
        (row["number"], row["cause"], row["provider"], row["messages"], row["suppressed"])
        for row in rows
    ]
    assert shown == [
        (f"'{bounced}", "not_sms_capable", "vonage", "2", "true"),
        (f"'{stopped}", "opted_out", "twilio", "2", "false"),
    ]
    assert "another channel" in rows[0]["advice"]
    assert (rows[0]["list"], rows[0]["state"], rows[0]["listed_for"]) == (
        "number",
        "active",
        "suspended",
    )
    assert (rows[1]["list"], rows[1]["state"]) == ("", "")


def test_the_advice_about_a_number_follows_how_it_stands_today(exports: ExportHarness) -> None:
    reached, lifted, listed, stopped, again = (PhoneNumber(f"+44770090021{n}") for n in range(5))
    for number in (reached, lifted, listed, stopped, again):
        report = dead(number, message_id=f"m{number[-1]}", provider="twilio", at=-90)
        exports.store(report)
        exports.list.suppress(report, exports.now)
    arrived = sent("arrived", reached)
    exports.store(arrived)
    exports.list.suppressor_of_events()(event_of(arrived, listed=True), exports.now)
    lists = (ListName.NUMBER, ListName.OPT_OUT)
    for number in (lifted, again):
        exports.list.admin.lift(number, lists, "me", exports.now)
    later = exports.now + timedelta(seconds=1)
    exports.list.admin.suppress(again, ListName.NUMBER, Cause.SUSPENDED, "me", later)
    exports.list.admin.suppress(stopped, ListName.OPT_OUT, Cause.OPTED_OUT, "me", later)
    rows = {
        row["number"][1:]: row
        for row in exports.made(kind="numbers_to_clean", filters=RANGE_OF_NOW)
    }
    assert {row["cause"] for row in rows.values()} == {"unknown_subscriber"}
    assert [(rows[each]["state"], rows[each]["advice"]) for each in (reached, lifted)] == [
        ("lifted", LIFTED)
    ] * 2
    assert [rows[each]["advice"] for each in (listed, stopped, again)] == [
        ADVICE[Cause.UNKNOWN_SUBSCRIBER],
        ADVICE[Cause.OPTED_OUT],
        ADVICE[Cause.SUSPENDED],
    ]


def sent(message_id: str, number: PhoneNumber) -> Any:
    return make_report(
        Status.DELIVERED,
        -60,
        provider="twilio",
        message_id=message_id,
        recipient=number,
        recipient_hash=HASHER.hash(number),
    )


# ---------------------------------------------------------------- backtests


def test_a_backtest_folds_the_range_by_the_products_own_rules(exports: ExportHarness) -> None:
    """Its `today` is what the list says after the same reports."""
    numbers = [PhoneNumber(f"+4477009003{n:02d}") for n in range(8)]
    dead_one, stopped, struck, forgiven, doubted, spammed, reached, fine = numbers
    reports = [
        dead(dead_one, message_id="dead", provider="twilio", at=-50),
        failure(stopped, Cause.OPTED_OUT, message_id="stop", provider="twilio", at=-50),
        *(
            failure(struck, Cause.BARRED, message_id=f"k{n}", provider="twilio", at=-50 - 60 * n)
            for n in range(3)
        ),
        *(
            failure(forgiven, Cause.BARRED, message_id=f"g{n}", provider="twilio", at=-50 - 60 * n)
            for n in range(3)
        ),
        *(
            failure(doubted, Cause.BARRED, message_id=f"d{n}", provider="twilio", at=-50 - 60 * n)
            for n in range(2)
        ),
        failure(spammed, Cause.SPAM, message_id="sp", provider="twilio", at=-50, permanent=True),
        failure(reached, Cause.SPAM, message_id="r1", provider="twilio", at=-50, permanent=True),
        failure(fine, Cause.ABSENT, message_id="f1", provider="twilio", at=-50, permanent=False),
    ]
    for report in reports:
        exports.store(report)
        exports.list.suppress(report, exports.now)
    for number in (forgiven, reached):
        exports.store(sent(f"ok{number[-1]}", number))
        report = make_report(
            Status.DELIVERED,
            -10,
            provider="twilio",
            message_id=f"late{number[-1]}",
            recipient=number,
            recipient_hash=HASHER.hash(number),
        )
        exports.store(report)
        exports.list.suppressor_of_events()(event_of(report, listed=True), exports.now)
    listed = {
        each
        for each in numbers
        if exports.list.list.find(HASHER.every_hash(each), exports.now).is_suppressed
    }
    job = exports.ask(policy="provider", numbers=True, strike_limit=2, **RANGE_OF_NOW)
    exports.run()
    rows = {row["number"].removeprefix("'"): row for row in exports.rows(job)}
    assert {number for number, row in rows.items() if row["today"] == "true"} == listed
    assert listed == {dead_one, stopped, struck}
    assert {number for number, row in rows.items() if row["tried"] == "true"} == {
        dead_one,
        stopped,
        struck,
        doubted,
        spammed,
    }
    assert {rows[each]["difference"] for each in (doubted, spammed)} == {"added"}
    result = exports.get(job).result
    assert result is not None
    assert result["added"] == {"recipients": 2, "by_cause": {"barred": 1, "spam": 1}}
    assert result["removed"] == {"recipients": 0, "by_cause": {}}
    assert result["today"]["recipients"] == 3
    assert (result["failed_messages"], result["not_kept"]) == (len(reports), 0)


def test_a_backtest_without_numbers_names_nobody(exports: ExportHarness) -> None:
    exports.store(dead(PhoneNumber("+447700900400"), message_id="d", provider="twilio", at=-50))
    job = exports.ask(ASKER.model_copy(update={"pii": False}), policy="provider", **RANGE_OF_NOW)
    exports.run()
    (row,) = exports.rows(job)
    assert "number" not in row
    content = b"".join(exports.s3.objects[key] for key in exports.get(job).links)
    assert b"447700900400" not in content
    assert HASHER.hash("+447700900400").encode() not in content
    assert (row["cause"], row["difference"]) == ("unknown_subscriber", "same")


def test_a_backtest_without_numbers_has_none_in_a_code_either(exports: ExportHarness) -> None:
    number = PhoneNumber("+447700900402")
    report = dead(number, message_id="d", provider="infobip", at=-50)
    exports.store(report.model_copy(update={"provider_code": f"BAD MSISDN {number[1:]}"}))
    job = exports.ask(ASKER.model_copy(update={"pii": False}), policy="provider", **RANGE_OF_NOW)
    exports.run()
    (row,) = exports.rows(job)
    assert (row["provider"], row["provider_code"], row["tried"]) == ("infobip", "", "true")
    assert b"900402" not in b"".join(exports.s3.objects[key] for key in exports.get(job).links)


def test_a_backtest_sees_a_verdict_that_the_messages_state_has_outranked(
    exports: ExportHarness,
) -> None:
    """The lake has the state's cause; the list goes by all reports of the message."""
    number = PhoneNumber("+447700900401")
    fields = {"message_id": "both", "provider": "twilio"}
    for report in (
        failure(number, Cause.UNSPECIFIED, at=-60, provider_status="FIRST", **fields),
        failure(number, Cause.UNKNOWN_SUBSCRIBER, at=-50, provider_status="LATER", **fields),
    ):
        exports.store(report)
    assert exports.lake.rows[0]["cause"] == "unspecified"
    (row,) = exports.made(policy="cause", **RANGE_OF_NOW)
    assert (row["cause"], row["today"], row["tried"]) == ("unknown_subscriber", "true", "true")


def test_a_backtest_counts_each_ruling_by_its_own_reasons(exports: ExportHarness) -> None:
    """Spam puts nobody on today's list, also where it would be the tried policy's latest reason."""
    number = PhoneNumber("+447700900403")
    exports.store(dead(number, message_id="d", provider="twilio", at=-60))
    exports.store(
        failure(number, Cause.SPAM, message_id="s", provider="twilio", at=-50, permanent=True)
    )
    job = exports.ask(policy="provider", **RANGE_OF_NOW)
    exports.run()
    (row,) = exports.rows(job)
    assert (row["cause"], row["difference"]) == ("spam", "same")
    result = exports.get(job).result
    assert result is not None
    assert result["tried"]["by_cause"] == {"spam": 1}
    assert result["today"]["by_cause"] == {"unknown_subscriber": 1}


def test_a_backtest_says_what_is_not_kept_any_more(exports: ExportHarness) -> None:
    exports.lake.rows.append(
        lake_row("gone", NOW, status="undelivered", cause="spam", message_id=None)
    )
    exports.lake.rows.append(lake_row("elsewhere", NOW, status="undelivered", cause="spam"))
    job = exports.ask(policy="provider", **RANGE_OF_NOW)
    exports.run()
    result = exports.get(job).result
    assert result is not None
    assert (result["failed_messages"], result["not_kept"]) == (2, 2)


# ---------------------------------------------------------------- the scope of a token


def order_of(exports: ExportHarness, token_id: str) -> Order:
    asker = ASKER.model_copy(update={"token_id": token_id})
    job = exports.desk.get(exports.ask(asker, kind="suppressions").id, exports.now)
    assert job is not None
    return job.order


def test_a_tokens_scope_is_looked_at_anew(exports: ExportHarness) -> None:
    tokens = TokenStore(exports.client, exports.desk_table)
    may_see = StoredScopes(tokens, lambda: exports.now)
    hour = exports.now + timedelta(hours=1)

    def token(*scopes: Scope, parent: str = "") -> str:
        return tokens.create("t", scopes, hour, "x", exports.now, parent).id

    seeing, reading, administering = token(Scope.PII), token(Scope.READ), token(Scope.ADMIN)
    session, of_admin = token(Scope.PII, parent=seeing), token(Scope.PII, parent="admin:0" * 2)
    asked = {each: order_of(exports, each) for each in (seeing, reading, administering, session)}
    asked |= {each: order_of(exports, each) for each in ("admin:00", "oidc:x", of_admin, "0" * 16)}

    def seen() -> set[str]:
        return {each for each, order in asked.items() if may_see(order)}

    nowhere = {"admin:00", "oidc:x"}
    assert seen() == {seeing, administering, session, of_admin} | nowhere
    tokens.revoke(seeing, "x", exports.now)
    assert seen() == {administering, of_admin} | nowhere
    exports.now = hour
    assert seen() == nowhere


# ---------------------------------------------------------------- files


class Pieces:
    """S3 as far as an upload in pieces uses it; `fails` names the operation that does."""

    def __init__(self, fails: str = "") -> None:
        self.fails = fails
        self.sent: dict[int, bytes] = {}
        self.done: bytes | None = None
        self.aborted = False
        self.most = 0

    def create_multipart_upload(self, **_: Any) -> dict[str, str]:
        return {"UploadId": "u"}

    def upload_part(self, PartNumber: int, Body: bytes, **_: Any) -> dict[str, str]:
        if self.fails == "part" and PartNumber == 2:
            raise ConnectionError
        self.most = max(self.most, len(Body))
        self.sent[PartNumber] = Body
        return {"ETag": str(PartNumber)}

    def complete_multipart_upload(self, MultipartUpload: dict[str, Any], **_: Any) -> None:
        if self.fails == "end":
            raise ConnectionError
        self.done = b"".join(self.sent[part["PartNumber"]] for part in MultipartUpload["Parts"])

    def abort_multipart_upload(self, **_: Any) -> None:
        self.aborted = True
        if self.fails == "end":
            raise ConnectionError


def test_a_large_file_goes_in_pieces_of_which_one_is_in_memory(tmp_path: Path) -> None:
    content, s3 = b"0123456789" * (PIECE // 4), Pieces()
    path = tmp_path / "large"
    path.write_bytes(content)
    assert upload(s3, "b", "k", path, "text/csv") == len(content)
    assert s3.done == content
    assert (len(s3.sent), s3.most, s3.aborted) == (3, PIECE, False)


@pytest.mark.parametrize("fails", ["part", "end"])
def test_an_upload_that_fails_is_given_up_and_says_so(tmp_path: Path, fails: str) -> None:
    s3 = Pieces(fails)
    path = tmp_path / "large"
    path.write_bytes(bytes(PIECE + 1))
    with pytest.raises(ConnectionError):
        upload(s3, "b", "k", path, "text/csv")
    assert s3.aborted
    assert s3.done is None


def test_a_process_has_a_folder_of_its_own_and_removes_those_of_dead_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for name in (str(ended.pid), str(os.getppid()), "1", "odd"):
        (tmp_path / "x" / name).mkdir(parents=True)
    own = own_folder("x")
    (own / "file").touch()
    assert sorted(each.name for each in (tmp_path / "x").iterdir()) == sorted(
        [str(os.getpid()), str(os.getppid()), "1"]
    )
    assert list(own_folder("x").iterdir()) == []  # the same process, started anew
