"""Every call to AWS that a function makes, meeting every fault: nothing lost, nobody wrong listed.

Which calls there are is learned from a run without faults, so a new one cannot be forgotten.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from dlr.causes import Cause
from dlr.ingest.normalize import Normalizer
from dlr.ingest.quarantine import Quarantine
from dlr.messages.item import history_of, is_redacted, key_of, state_of
from dlr.phone import PhoneNumber, RecipientHasher
from dlr.providers.base import load_provider
from dlr.report import DeliveryReport, Status
from dlr.suppression.entry import Reason, Strike, Suppression, empty
from dlr.suppression.lookup import SuppressionLookup
from dlr.suppression.table import SuppressionList
from dlr.wire.request import Request
from local.cloud import Cloud
from tests.faults import EVERY, Injection, faults_of
from tests.functions import LOG, Call
from tests.world import ADMIN, HASH_KEYS, INGEST, PROVIDER, TOKEN, SystemHarness, drain

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
HASHER = RecipientHasher(lambda: HASH_KEYS)
OLD_HASHER = RecipientHasher(lambda: HASH_KEYS[1:])
DEAD, STOPPED, STRUCK, MOVED, AWAY, BLOCKED, ARRIVED, GARBLED = (
    PhoneNumber(f"+447700900{last}") for last in range(801, 809)
)
LISTED = {DEAD, STOPPED, STRUCK, MOVED}
UNLISTED = {AWAY, BLOCKED, ARRIVED, GARBLED}
MARKS = {TOKEN, ADMIN, *HASH_KEYS, "hush", *(each[-9:] for each in LISTED | UNLISTED)}


def report(
    message_id: str, number: str, status: str, code: int | None = None, minute: int = 0
) -> dict[str, Any]:
    """As The SMS Works sends it."""
    content: dict[str, Any] = {
        "messageid": message_id,
        "destination": int(number),
        "status": status,
        "modified": f"2026-11-20T12:{minute:02}:00.000Z",
        "tag": "hush-reference",
    }
    if code is not None:
        content["failurereason"] = {"code": code, "details": "hush-text", "permanent": True}
    return content


FAILED = "UNDELIVERABLE"
REPORTS = [
    report("dead", DEAD, FAILED, 5001, minute=2),
    report("stopped", STOPPED, FAILED, 5010),
    *(report(f"struck-{n}", STRUCK, FAILED, 5009, minute=n) for n in range(3)),
    report("moved", MOVED, FAILED, 5001),
    report("away", AWAY, FAILED, 5006),
    report("blocked", BLOCKED, FAILED, 5020),
    report("arrived", ARRIVED, "DELIVERED"),
]
LATE = report("dead", DEAD, "SENT", minute=1)
GARBAGE = json.dumps({"hush-garbage": GARBLED}).encode()


@pytest.fixture(scope="module")
def world(cloud: Cloud) -> Iterator[SystemHarness]:
    """Delivered reports are forgotten at once here: that takes the most calls."""
    world = SystemHarness(cloud, RetentionDeliveredDays="0")
    with world.listener, pytest.MonkeyPatch.context() as patch:
        for waits in ("botocore.endpoint.time", "dlr.runtime.batch.time"):
            patch.setattr(waits, SimpleNamespace(sleep=lambda _: None))
        yield world


# ---------------------------------------------------------------- from the webhook to the list


def run_pipeline(world: SystemHarness) -> None:
    """A day's reports, all of them acknowledged at some time, and what must have come of them."""
    world.wipe()
    watched = empty(OLD_HASHER.hash(MOVED), NOW, NOW + DAY)
    enter(world, watched, strikes=(Strike(at=NOW, event_id="before"),))
    batch = [*REPORTS, {"hush-unreadable": 1}]
    sent = [*REPORTS, REPORTS[0], REPORTS[-1], batch]
    for content in sent:
        assert world.send(json.dumps(content).encode())[0] == 200
    assert world.send(json.dumps(LATE).encode())[1]["stale"] in (0, 1)  # 0: known by a retry
    assert world.send(GARBAGE)[0] == 400
    drain([world.publish, world.suppress])
    check_pipeline(world)


def check_pipeline(world: SystemHarness) -> None:
    """Nothing acknowledged is lost, everything that moved was published, the list is right."""
    heard = {event["event_id"] for event in world.listener.heard()}
    late = read(LATE).event_id
    for told in map(read, REPORTS):
        assert told.event_id in heard, f"no event of {told.message_id}"
        key = key_of(PROVIDER, told.message_id)
        item = world.dynamodb.get_item(TableName=world.names["ReportsTable"], Key=key)["Item"]
        if told.status is Status.DELIVERED:
            assert is_redacted(item)
        else:
            assert state_of(item).event_id == told.event_id
            expected = [told.event_id, late] if told.message_id == "dead" else [told.event_id]
            assert sorted(each.event_id for each in history_of(item)) == sorted(expected)
    assert late not in heard
    assert len(world.items("QuarantineTable")) == 2
    assert listed(world) == LISTED


def read(content: dict[str, Any]) -> DeliveryReport:
    request = Request("POST", body=json.dumps(content).encode())
    (told,) = Normalizer(load_provider(PROVIDER))(request, NOW).reports
    return told


def enter(world: SystemHarness, entry: Suppression, **changes: Any) -> None:
    """An entry that was there before."""
    changed = entry.model_copy(update=changes).audited(NOW, "me", "before")
    suppressions(world).change([entry.recipient_hash], lambda _: changed)


def suppressions(world: SystemHarness) -> SuppressionList:
    return SuppressionList(world.dynamodb, world.names["SuppressionsTable"])


def listed(world: SystemHarness) -> set[str]:
    """Of all numbers here, those that may not be sent to."""
    lookup = SuppressionLookup(suppressions(world), HASHER)
    found = lookup.check(sorted(LISTED | UNLISTED), datetime.now(UTC))
    return {each.number for each in found.suppressed}


# ---------------------------------------------------------------- the team's own door


def run_api(world: SystemHarness) -> None:
    """Every route once, each asked again until it answers, and what must have come of it."""
    world.wipe()
    assert world.send(json.dumps(REPORTS[0]).encode())[0] == 200
    reason = Reason(at=NOW - DAY, cause=Cause.UNKNOWN_SUBSCRIBER, expires_at=NOW + DAY)
    enter(world, empty(HASHER.hash(DEAD), NOW, NOW + DAY), number=reason)
    enter(world, empty(OLD_HASHER.hash(MOVED), NOW, NOW + DAY), number=reason)
    for number, provider in ((AWAY, "released"), (GARBLED, "discarded")):
        held = {"number": reason, "held_by": provider}
        enter(world, empty(HASHER.hash(number), NOW, NOW + DAY), **held)
    bodies = [json.dumps(REPORTS[n]).encode() for n in (1, -1)] + [GARBAGE]
    bodies.append(bodies[1] + b" ")  # the same report as another request
    quarantine = Quarantine(world.dynamodb, world.names["QuarantineTable"])
    for body in bodies:
        quarantine.put(PROVIDER, Request("POST", body=body), "hush-reason", NOW)
    ids = {each.body.encode(): each.id for each in quarantine.all(NOW)}

    assert any(world.enter(ADMIN) for _ in range(2))
    assert not world.enter("wrong")
    csv = f"number,list\n{STRUCK},number\n".encode()
    asked = [
        ("GET /openapi.json", "/openapi.json", None),
        ("GET /messages/{provider}/{message_id}", f"/messages/{PROVIDER}/dead", None),
        ("GET /suppressions/{number}", f"/suppressions/{DEAD}", None),
        ("POST /suppressions/check", "/suppressions/check", {"numbers": [DEAD, "hush"]}),
        ("PUT /suppressions/{number}", f"/suppressions/{BLOCKED}", {}),
        ("DELETE /suppressions/{number}", f"/suppressions/{MOVED}", None),
        ("POST /suppressions/import", "/suppressions/import", csv),
        ("GET /suppressions/export", "/suppressions/export", None),
        ("GET /suppressions/held/{provider}", "/suppressions/held/released", None),
        (
            "POST /suppressions/held/{provider}/release",
            "/suppressions/held/released/release",
            None,
        ),
        (
            "POST /suppressions/held/{provider}/discard",
            "/suppressions/held/discarded/discard",
            None,
        ),
        ("GET /quarantine", "/quarantine", None),
        *(
            ("POST /quarantine/{id}/replay", f"/quarantine/{ids[body]}/replay", None)
            for body in (bodies[0], bodies[1], bodies[3])
        ),
        ("DELETE /quarantine/{id}", f"/quarantine/{ids[GARBAGE]}", None),
        ("GET /recipients/{number}", f"/recipients/{DEAD}", None),
        ("DELETE /recipients/{number}", f"/recipients/{DEAD}", None),
        ("POST /erasures/repeat", "/erasures/repeat", None),
    ]
    assert {route for route, _, _ in asked} == world.functions.routes
    for route, path, content in asked:
        status, answer = world.ask(route, path, content)
        is_again = status == 404 and world.retries["client"]  # done, but the answer was lost
        assert status in {200, 204} or is_again, (route, status, answer)
    check_api(world)


def check_api(world: SystemHarness) -> None:
    """Each order was carried out."""
    assert listed(world) == {DEAD, BLOCKED, STRUCK, AWAY}
    kept = {item["pk"]["S"] for item in world.items("ReportsTable")}
    assert kept == {f"{PROVIDER}#stopped", f"{PROVIDER}#arrived"}
    assert world.items("QuarantineTable") == []
    assert str(DEAD) not in str(world.items("SuppressionsTable"))
    assert len(world.items("ErasuresTable")) == len(HASH_KEYS)


# ---------------------------------------------------------------- the faults

Run = Callable[[SystemHarness], None]
RUNS: tuple[Run, ...] = (run_pipeline, run_api)


@pytest.fixture(scope="module")
def calls(world: SystemHarness) -> dict[Call, Run]:
    """Every call that the functions make, and the run in which they make it."""
    made: dict[Call, Run] = {}
    for run in RUNS:
        seen: set[Call] = set()
        world.functions.intercept = lambda call, _, seen=seen: seen.add(call)
        run(world)
        made = dict.fromkeys(seen, run) | made
    return dict(sorted(made.items()))


@pytest.fixture(autouse=True)
def nothing_is_told(world: SystemHarness) -> Iterator[None]:
    """No log, metric, exception or failure's answer has a number, a token or a body in it."""
    yield
    told = LOG.getvalue() + "".join(world.said)
    LOG.seek(LOG.truncate(0))
    world.said.clear()
    assert not [mark for mark in MARKS if mark in told]


def test_every_function_is_seen_calling(calls: dict[Call, Run]) -> None:
    functions = {call.function for call in calls}
    assert functions == {INGEST, "Publish", "Suppress", "Api", "Authorizer"}


@pytest.mark.parametrize("fault", EVERY)
def test_a_day_on_which_every_call_fails_once_loses_nothing(
    world: SystemHarness, calls: dict[Call, Run], fault: str
) -> None:
    for run in RUNS:
        hit = [call for call in calls if calls[call] is run and fault in faults_of(call)]
        injections = [Injection(call, fault) for call in hit]
        inject(world, injections)
        run(world)
        assert all(injection.hits for injection in injections)


@pytest.mark.slow
@pytest.mark.parametrize("fault", EVERY)
def test_no_single_fault_loses_a_report_or_lists_a_wrong_number(
    world: SystemHarness,
    calls: dict[Call, Run],
    fault: str,
    subtests: pytest.Subtests,
    outcomes: dict[tuple[str, str], str],
) -> None:
    for call, run in calls.items():
        if fault in faults_of(call):
            injection = Injection(call, fault)
            inject(world, [injection])
            with subtests.test(str(call)):
                outcomes[str(call), fault] = "LOST"
                run(world)
                assert injection.hits
                outcomes[str(call), fault] = " ".join(world.retries) or "itself"


def inject(world: SystemHarness, injections: list[Injection]) -> None:
    """From now on these, in instances that have nothing cached."""

    def intercept(call: Call, request: AWSPreparedRequest) -> AWSResponse | None:
        answers = (injection(call, request) for injection in injections)
        return next(filter(None, answers), None)

    for function in {injection.call.function for injection in injections}:
        world.functions.stop(function)
    world.functions.intercept = intercept
