"""Every call to AWS that a function makes, meeting every fault: nothing lost, nobody wrong listed.

Which calls there are is learned from a run without faults, so a new one cannot be left out.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from dlr.access.scopes import ROUTES, Audit, Caller, Scope
from dlr.access.tokens import TokenStore
from dlr.causes import Action
from dlr.exports.work import GIVEN_UP
from dlr.ingest.quarantine import Quarantine
from dlr.ingest.unread import Unread
from dlr.lake.key import lake_key
from dlr.lake.manifest import Manifest
from dlr.lake.reader import LakeReader
from dlr.lake.row import row_of
from dlr.lake.segment import Segments
from dlr.messages.item import history_of, is_redacted, key_of, state_of
from dlr.phone import RecipientHasher
from dlr.report import Status
from dlr.suppression.entry import MessageVerdict, Suppression, empty
from dlr.suppression.lookup import SuppressionLookup
from dlr.suppression.rules import held, judged
from dlr.suppression.standing import Rules
from dlr.suppression.table import SuppressionList
from dlr.wire.request import Request
from local.cloud import Cloud
from tests.support.exports import read as read_file
from tests.support.faults import EVERY, Injection, faults_of
from tests.support.functions import LOG, Call
from tests.support.marked import (
    ARRIVED,
    AWAY,
    BLOCKED,
    DEAD,
    GARBAGE,
    GARBLED,
    LATE,
    LISTED,
    MARKS,
    MOVED,
    NOW,
    REPORTS,
    STOPPED,
    STRUCK,
    UNLISTED,
    read,
)
from tests.support.metrics import written_in
from tests.support.system import ADMIN, HASH_KEYS, INGEST, PROVIDER, SIGNING, SystemHarness, drain

DAY = timedelta(days=1)
EVER = {"since": "2026-01-01T00:00:00Z"}
UNREADABLE = {"hush-unreadable": GARBLED}
HASHER = RecipientHasher(lambda: HASH_KEYS)
OLD_HASHER = RecipientHasher(lambda: HASH_KEYS[1:])


@pytest.fixture(scope="module")
def system(cloud: Cloud) -> Iterator[SystemHarness]:
    """Delivered reports are redacted at once here: that takes the most calls."""
    system = SystemHarness(cloud, RetentionDeliveredDays="0")
    with system.listener, pytest.MonkeyPatch.context() as patch:
        for waits in ("botocore.endpoint.time", "dlr.runtime.batch.time"):
            patch.setattr(waits, SimpleNamespace(sleep=lambda _: None))
        patch.setattr("dlr.exports.upload.PIECE", 600)  # some files go in pieces
        yield system


# ---------------------------------------------------------------- from the webhook to the list


def run_pipeline(system: SystemHarness) -> None:
    """A day's reports, all of them acknowledged at some time, and what must have come of them."""
    system.wipe()
    enter(system, judged(empty(OLD_HASHER.hash(MOVED)), "before", verdict(Action.STRIKE)))
    enter(system, judged(empty(HASHER.hash(ARRIVED)), "before", verdict()))
    batch = [*REPORTS, UNREADABLE]
    sent = [*REPORTS, REPORTS[0], REPORTS[-1], batch]
    for content in sent:
        assert system.send(json.dumps(content).encode())[0] == 200
    assert system.send(json.dumps(LATE).encode())[1]["stale"] in (0, 1)  # 0: known by a retry
    assert system.send(GARBAGE)[0] == 400
    drain([system.publish, system.suppress])
    check_pipeline(system)


def check_pipeline(system: SystemHarness) -> None:
    """Nothing acknowledged is lost, everything that moved was published, the list is right."""
    heard = {event["event_id"] for event in system.listener.heard()}
    late = read(LATE).event_id
    for sent in map(read, REPORTS):
        assert sent.event_id in heard, f"no event of {sent.message_id}"
        key = key_of(PROVIDER, sent.message_id)
        item = system.dynamodb.get_item(TableName=system.names["ReportsTable"], Key=key)["Item"]
        if sent.status is Status.DELIVERED:
            assert is_redacted(item)
        else:
            assert state_of(item).event_id == sent.event_id
            expected = [sent.event_id, late] if sent.message_id == "dead" else [sent.event_id]
            assert sorted(each.event_id for each in history_of(item)) == sorted(expected)
    assert late not in heard
    kept = [item["body"]["B"] for item in system.items("QuarantineTable") if "body" in item]
    assert sorted(kept) == sorted([GARBAGE, json.dumps(UNREADABLE).encode()])
    assert listed(system) == LISTED


def enter(system: SystemHarness, entry: Suppression) -> None:
    """An entry that was there before."""
    suppressions(system).change([entry.recipient_hash], lambda _: entry, NOW)


def verdict(action: Action = Action.SUPPRESS_NUMBER, provider: str = PROVIDER) -> MessageVerdict:
    """Of a message of last month."""
    at = NOW - 30 * DAY
    return MessageVerdict(
        weight="0",
        version=1,
        action=action,
        at=at,
        received_at=at,
        expires_at=NOW + DAY,
        provider=provider,
        event_id="before",
    )


def suppressions(system: SystemHarness) -> SuppressionList:
    return SuppressionList(system.dynamodb, system.names["SuppressionsTable"], Rules())


def listed(system: SystemHarness) -> set[str]:
    """Of all numbers here, those that may not be sent to."""
    lookup = SuppressionLookup(suppressions(system), HASHER)
    found = lookup.check(sorted(LISTED | UNLISTED), datetime.now(UTC))
    return {each.number for each in found.suppressed}


# ---------------------------------------------------------------- the lake


def run_lake(system: SystemHarness) -> None:
    """The day's reports into the lake in two batches, each merged, the second with erasures."""
    system.wipe()
    for content in REPORTS:
        assert system.send(json.dumps(content).encode())[0] == 200
    drain([system.fill_lake, system.merge])
    assert system.send(json.dumps(LATE).encode())[0] == 200
    drain([system.publish, system.fill_lake, system.merge])
    check_lake(system)


def check_lake(system: SystemHarness) -> None:
    """Each message is a row, once; no byte tells a number, or the id of what was redacted."""
    manifest = Manifest(system.dynamodb, system.names["DeskTable"])
    with TemporaryDirectory() as folder:
        reader = LakeReader(system.s3, system.names["LakeBucket"], manifest, Path(folder))
        now = datetime.now(UTC)
        with reader.open(now - DAY, now + DAY) as snapshot:
            rows = snapshot.db.execute("SELECT message_id, status FROM messages").fetchall()
            ((counted,),) = snapshot.db.execute("SELECT sum(n) FROM rollups").fetchall()
    sent = [read(content) for content in REPORTS]
    expected = Counter(
        (None if each.status is Status.DELIVERED else each.message_id, each.status.value)
        for each in sent
    )
    assert Counter(rows) == expected
    assert counted == len(sent)
    told = b"".join(system.objects().values())
    assert not [mark for mark in MARKS if mark.encode() in told]


# ---------------------------------------------------------------- the team's own API


def run_api(system: SystemHarness) -> None:
    """Every route once, each asked again until it answers, and what must have come of it."""
    system.wipe()
    assert system.send(json.dumps(REPORTS[0]).encode())[0] == 200
    enter(system, judged(empty(HASHER.hash(DEAD)), "before", verdict()))
    enter(system, judged(empty(OLD_HASHER.hash(MOVED)), "before", verdict()))
    of = ((AWAY, "smsmode"), (GARBLED, "messente"), (ARRIVED, "twilio"))
    for number, provider in of:
        entry = judged(empty(HASHER.hash(number)), "before", verdict(provider=provider))
        is_held = provider != "twilio"
        enter(system, held(entry, "before") if is_held else entry)
    bodies = [json.dumps(REPORTS[n]).encode() for n in (1, -1)] + [GARBAGE]
    bodies.append(bodies[1] + b" ")  # the same report as another request
    bodies.append(json.dumps({"hush-garbage": DEAD}).encode())
    quarantine = Quarantine(system.dynamodb, system.names["QuarantineTable"], HASHER)
    for body in bodies:
        quarantine.put(PROVIDER, [Unread(Request("POST", body=body), "hush-reason")], NOW)
    ids = {each.body.encode(): each.id for each in quarantine.page(None, NOW).items}

    tokens = TokenStore(system.dynamodb, system.names["DeskTable"])
    now = datetime.now(UTC)
    kept, revoked = (tokens.create(name, [Scope.READ], now + DAY, "x", now) for name in "kr")
    opened = tokens.create("s", [Scope.READ], now + DAY, "x", now, kept.id)
    for token in (ADMIN, kept.token, opened.token):
        assert any(system.enter(token) for _ in range(4))
    assert not system.enter("wrong")
    csv = f"number,list\n{STRUCK},number\n".encode()
    asked = [
        ("GET /openapi.json", "/openapi.json", None),
        ("GET /messages", "/messages?numbers=true", None),
        ("GET /stats", "/stats?by=hour", None),
        ("GET /stats/compare", "/stats/compare", None),
        ("GET /stats/findings", "/stats/findings", None),
        ("GET /stats/unfinished", "/stats/unfinished", None),
        ("GET /messages/{provider}/{message_id}", f"/messages/{PROVIDER}/dead", None),
        ("GET /messages/{provider}", f"/messages/{PROVIDER}?message_id=dead", None),
        ("GET /suppressions/{number}", f"/suppressions/{DEAD}", None),
        ("POST /suppressions/check", "/suppressions/check", {"numbers": [DEAD, "hush"]}),
        ("PUT /suppressions/{number}", f"/suppressions/{BLOCKED}", {}),
        ("DELETE /suppressions/{number}", f"/suppressions/{MOVED}", None),
        ("POST /suppressions/import", "/suppressions/import", csv),
        ("GET /suppressions/export", "/suppressions/export", None),
        ("GET /suppressions/held/{provider}", "/suppressions/held/smsmode", None),
        (
            "POST /suppressions/held/{provider}/release",
            "/suppressions/held/smsmode/release",
            None,
        ),
        (
            "POST /suppressions/held/{provider}/discard",
            "/suppressions/held/messente/discard",
            EVER,
        ),
        ("POST /suppressions/revert/{provider}", "/suppressions/revert/twilio", EVER),
        ("GET /quarantine", "/quarantine", None),
        ("DELETE /quarantine/{id}", f"/quarantine/{ids[GARBAGE]}", None),
        *(
            ("POST /quarantine/{id}/replay", f"/quarantine/{ids[body]}/replay", None)
            for body in (bodies[0], bodies[1], bodies[3])
        ),
        ("GET /recipients/{number}", f"/recipients/{DEAD}", None),
        ("DELETE /recipients/{number}", f"/recipients/{DEAD}", None),
        ("POST /suppressions/lookup", "/suppressions/lookup", {"number": DEAD}),
        ("POST /suppressions/add", "/suppressions/add", {"number": AWAY}),
        ("POST /suppressions/lift", "/suppressions/lift", {"number": ARRIVED}),
        ("GET /codes", "/codes", None),
        ("GET /providers", "/providers", None),
        ("POST /providers/{provider}/test", f"/providers/{PROVIDER}/test", None),
        ("PUT /providers/{provider}/key", f"/providers/{SIGNING}/key", {"key": "hush"}),
        ("GET /status", "/status", None),
        ("GET /tail", "/tail", None),
        ("POST /people/lookup", "/people/lookup", {"number": DEAD}),
        ("POST /people/erase", "/people/erase", {"number": DEAD}),
        ("POST /erasures/repeat", "/erasures/repeat", None),
        ("POST /tokens", "/tokens", {"name": "shop", "scopes": ["check"]}),
        ("GET /tokens", "/tokens", None),
        ("DELETE /tokens/{id}", f"/tokens/{revoked.id}", None),
        ("POST /sessions", "/sessions", None),
        ("GET /sessions/current", "/sessions/current", None),
        ("DELETE /sessions/current", "/sessions/current", None),
        ("GET /audit", "/audit", None),
        ("POST /exports", "/exports", {"kind": "messages"}),
        ("GET /exports", "/exports", None),
        ("GET /exports/{id}", f"/exports/{'0' * 32}", None),
        ("POST /backtests", "/backtests", {"policy": "provider"}),
        *((f"GET {path}", path, None) for path in ("/messages", "/stats", "/stats/compare")),
        ("GET /stats/findings", "/stats/findings", None),
        ("GET /stats/unfinished", "/stats/unfinished", None),
    ]
    assert {route for route, _, _ in asked} == system.functions.routes
    for route, path, content in asked:
        path, _, query = path.partition("?")
        status, answer = system.ask(route, path, content, **dict(parse_qsl(query)))
        is_again = status == 404 and system.retries["client"]  # done, but the answer was lost
        is_nothing = status == 404 and path.startswith(("/exports/", "/sessions/"))
        assert status in {200, 201, 202, 204} or is_again or is_nothing, (route, status, answer)
    assert not system.enter(revoked.token)
    check_api(system)


def check_api(system: SystemHarness) -> None:
    """Each order was carried out, and stands in the audit."""
    entries = [each for each in system.items("DeskTable") if each["pk"]["S"].startswith("audit#")]
    unseen = {Audit.NEVER, Audit.WITH_LINKS}  # the job is not there, so it gave none
    audited = {route for route, rule in ROUTES.items() if rule.audit not in unseen}
    assert {each["route"]["S"] for each in entries} == audited & system.functions.routes
    assert listed(system) == {DEAD, BLOCKED, STRUCK, AWAY}
    kept = {item["pk"]["S"] for item in system.items("ReportsTable") if not is_redacted(item)}
    assert kept == {f"{PROVIDER}#stopped", f"{PROVIDER}#arrived"}
    assert system.items("QuarantineTable") == []
    assert str(DEAD) not in str(system.items("SuppressionsTable"))
    assert len(system.items("ErasuresTable")) == len(HASH_KEYS)


# ---------------------------------------------------------------- exports


def run_exports(system: SystemHarness) -> None:
    """Each kind of job, asked for until it is taken and worked at until it is done."""
    system.wipe()
    system.functions.stop("Export")  # it knows the key of a lake that is gone
    for content in REPORTS:
        assert system.send(json.dumps(content).encode())[0] == 200
    enter(system, judged(empty(HASHER.hash(DEAD)), "before", verdict()))
    fill_lake(system)
    now = datetime.now(UTC)
    tokens = TokenStore(system.dynamodb, system.names["DeskTable"])
    made = tokens.create("k", [Scope.READ, Scope.PII], now + DAY, "x", now)
    since = {"from": (now - DAY).isoformat()}
    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "messages": ("/exports", {"kind": "messages", "numbers": True, "filters": since}),
        "parquet": ("/exports", {"kind": "messages", "format": "parquet", "filters": since}),
        "clean": ("/exports", {"kind": "numbers_to_clean", "filters": since}),
        "list": ("/exports", {"kind": "suppressions"}),
        "backtest": ("/backtests", {"policy": "provider", "numbers": True, **since}),
    }
    jobs = {}
    for name, (path, content) in asked.items():
        status, job = system.ask(f"POST {path}", path, content, key=name, caller=made.caller())
        assert status == 202
        jobs[name] = job["id"]
    drain([system.export])
    found = {name: rows_of(system, job, made.caller()) for name, job in jobs.items()}
    check_exports(found)


def check_exports(found: dict[str, list[dict[str, Any]]]) -> None:
    """Every message once, every number once."""
    sent = sorted((each.message_id, f"'{each.recipient}") for each in map(read, REPORTS))
    assert sorted((row["message_id"], row["number"]) for row in found["messages"]) == sent
    assert sorted(row["message_id"] for row in found["parquet"]) == [name for name, _ in sent]
    assert [row["number"] for row in found["clean"]] == [f"'{e}" for e in (DEAD, STOPPED, MOVED)]
    assert [row["recipient_hash"] for row in found["list"]] == [HASHER.hash(DEAD)]
    today = [row["number"] for row in found["backtest"] if row["today"] == "true"]
    assert sorted(today) == sorted(f"'{each}" for each in LISTED)
    tried = [row["number"] for row in found["backtest"] if row["tried"] == "true"]
    assert sorted(tried) == sorted(f"'{each}" for each in {*LISTED, AWAY, BLOCKED})


def fill_lake(system: SystemHarness) -> None:
    """As its writer does it."""
    key = lake_key(system.dynamodb, system.names["DeskTable"])()
    rows = [row_of(item, key) for item in system.items("ReportsTable")]
    segments = Segments(system.s3, system.names["LakeBucket"])
    segments.put("1", [row for row in rows if row is not None])


def rows_of(system: SystemHarness, job: str, caller: Caller) -> list[dict[str, Any]]:
    """What stands in the files of a job that is done."""
    status, answer = system.ask("GET /exports/{id}", f"/exports/{job}", caller=caller)
    assert (status, answer["state"]) == (200, "done"), answer
    bucket = system.names["ExportsBucket"]
    keys = [urlsplit(link).path.partition(f"/{bucket}/")[2] for link in answer["links"]]
    assert len(keys) == len(set(keys)) == answer["done"] == answer["total"]
    found = []
    with TemporaryDirectory() as folder:
        for key in keys:
            content = system.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            found += read_file(content, key, Path(folder))
    assert len(found) == answer["rows"]
    return found


# ---------------------------------------------------------------- the faults

Run = Callable[[SystemHarness], None]
RUNS: tuple[Run, ...] = (run_pipeline, run_api, run_lake, run_exports)
EVERYDAY = (run_pipeline, run_api)
"""`tests/test_lake_laws.py` interrupts the lake at every call without the embedded AWS, and
`tests/test_exports.py` the exports at some. Their calls meet every fault in the slow tests."""


@pytest.fixture(scope="module")
def calls(system: SystemHarness) -> dict[Call, Run]:
    """Every call that the functions make, and the run in which they make it."""
    made: dict[Call, Run] = {}
    for run in RUNS:
        seen: set[Call] = set()
        system.functions.intercept = lambda call, _, seen=seen: seen.add(call)
        run(system)
        made = dict.fromkeys(filter(is_made_each_time, seen), run) | made
    return dict(sorted(made.items()))


def is_made_each_time(call: Call) -> bool:
    """Others are made once in a while and known after that: what is watched live, whose faults are
    in test_live, and the secrets and the stack that the pages of the console ask for."""
    is_live = call.function == "Publish" and call.resource == "DeskTable"
    is_known = call.function == "Api" and call.resource.startswith(("TokenSecret", "AWS::"))
    return not (is_live or is_known)


@pytest.fixture(autouse=True)
def nothing_leaks(system: SystemHarness) -> Iterator[None]:
    """No log, metric, exception or failure's answer has a number, a token or a body in it."""
    yield
    seen = LOG.getvalue() + "".join(system.said)
    LOG.seek(LOG.truncate(0))
    system.said.clear()
    assert not [mark for mark in MARKS if mark in seen]


def test_every_function_is_seen_calling(calls: dict[Call, Run]) -> None:
    functions = {call.function for call in calls}
    assert functions == {
        *(INGEST, "Publish", "Lake", "Merge", "Suppress", "Export"),
        *("Api", "Query", "Authorizer"),
    }


@pytest.mark.parametrize("fault", EVERY)
def test_a_day_on_which_every_call_fails_once_loses_nothing(
    system: SystemHarness, calls: dict[Call, Run], fault: str
) -> None:
    met = 0
    for run in EVERYDAY:
        hit = [call for call in calls if calls[call] is run and fault in faults_of(call)]
        injections = [Injection(call, fault) for call in hit]
        inject(system, injections)
        run(system)
        assert all(injection.hits for injection in injections)
        met += len(injections)
    assert met


@pytest.mark.slow
@pytest.mark.parametrize("fault", EVERY)
def test_no_single_fault_loses_a_report_or_lists_a_wrong_number(
    system: SystemHarness,
    calls: dict[Call, Run],
    fault: str,
    subtests: pytest.Subtests,
    outcomes: dict[tuple[str, str], str],
) -> None:
    for call, run in calls.items():
        if fault in faults_of(call):
            injection = Injection(call, fault)
            inject(system, [injection])
            with subtests.test(str(call)):
                outcomes[str(call), fault] = "LOST"
                run(system)
                assert injection.hits
                outcomes[str(call), fault] = " ".join(system.retries) or "itself"


@pytest.mark.parametrize("fault", ["throttled", "error 500", "timeout after", "left out"])
def test_a_list_that_publish_cannot_ask_holds_up_no_event(
    system: SystemHarness, fault: str
) -> None:
    system.wipe()
    enter(system, judged(empty(HASHER.hash(ARRIVED)), "before", verdict()))
    for content in REPORTS:
        assert system.send(json.dumps(content).encode())[0] == 200

    def intercept(call: Call, request: AWSPreparedRequest) -> AWSResponse | None:
        is_asked = (call.function, call.operation) == ("Publish", "BatchGetItem")
        return EVERY[fault](request) if is_asked else None

    system.functions.stop("Publish")
    system.functions.intercept = intercept
    began = LOG.tell()
    assert system.publish()
    assert not system.retries["stream"]
    LOG.seek(began)
    lines = LOG.read().splitlines()
    assert ("LookupFailed", frozenset({("service", "publish")})) in written_in(lines)
    assert [json.loads(line)["lookup_error"] for line in lines if "lookup_error" in line]
    assert system.suppress()
    assert listed(system) == {DEAD, STOPPED, STRUCK, MOVED}


def test_an_export_that_can_never_be_written_fails_and_says_so(system: SystemHarness) -> None:
    """After its last try, each of which waits longer than the one before."""
    system.wipe()
    waits: list[int] = []

    def intercept(call: Call, request: AWSPreparedRequest) -> AWSResponse | None:
        if call == Call("Export", "ChangeMessageVisibility", "ExportQueue"):
            waits.append(json.loads(request.body)["VisibilityTimeout"])
        is_write = call == Call("Export", "PutObject", "ExportsBucket/parts")
        return EVERY["error 500"](request) if is_write else None

    system.functions.stop("Export")
    system.functions.intercept = intercept
    began = LOG.tell()
    status, job = system.ask("POST /exports", "/exports", {"kind": "suppressions"})
    assert status == 202
    assert system.export()
    _, answer = system.ask("GET /exports/{id}", f"/exports/{job['id']}")
    assert (answer["state"], answer["reason"], answer["links"]) == ("failed", GIVEN_UP, [])
    assert waits == sorted(set(waits))
    assert len(waits) == 6
    assert system.keys("ExportsBucket") == []
    LOG.seek(began)
    failed = ("ExportFailed", frozenset({("service", "export")}))
    assert failed in written_in(LOG.read().splitlines())


def inject(system: SystemHarness, injections: list[Injection]) -> None:
    """From now on these, in instances that have nothing cached."""

    def intercept(call: Call, request: AWSPreparedRequest) -> AWSResponse | None:
        answers = (injection(call, request) for injection in injections)
        return next(filter(None, answers), None)

    for function in {injection.call.function for injection in injections}:
        system.functions.stop(function)
    system.functions.intercept = intercept
