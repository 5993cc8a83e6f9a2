"""Each command of `dlr` against an API that answers as the test wants: calls, output, status."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from dlr import live
from dlr.access.scopes import Scope
from dlr.analysis.dimensions import DIMENSIONS
from dlr.causes import Policy
from dlr.exports.job import Format, Kind
from dlr.suppression.entry import ListName
from dlr_cli.__main__ import COMMANDS, dlr
from dlr_cli.commands import backtest, export, tail, tokens
from dlr_cli.listing import LISTS
from dlr_cli.options import FILTERS
from tests.support.fake_api import JSON, PROBLEM, Answer, Call, FakeApi, answered, serving

TOKEN = "hush-admin-token"
NUMBER, OTHER = "+447700900123", "+447700900124"
TIME, LATER = "2026-11-24T13:00:00Z", "2026-11-24T14:00:00Z"

Answers = dict[str, Answer | list[Answer]]


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serving(FakeApi()) as fake:
        yield fake


Run = Callable[..., Result]


@pytest.fixture
def run(api: FakeApi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Calls the command in an empty folder, with the fake API in the environment."""
    monkeypatch.chdir(tmp_path)
    environment = {"HOME": str(tmp_path), "DLR_URL": api.url, "DLR_TOKEN": TOKEN}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("dlr_cli.patience.BACKOFF_S", 0)
    monkeypatch.setattr("dlr_cli.exports.time.sleep", lambda _: None)
    return lambda *arguments, typed=None: CliRunner().invoke(dlr, arguments, input=typed)


# One row a case: what is called, what the API hears, what is printed, how it ends

STATUS = {
    "alarms": [
        {"name": "HeldAlarm", "state": "alarm", "since": TIME, "says": "settle it"},
        {"name": "Other", "state": "ok", "since": None, "says": ""},
    ],
    "quarantine": {"waiting": 3000, "more": True},
    "held": [{"provider": "smsmode", "n": 7000, "more": True}, {"provider": "twilio", "n": 1}],
    "providers": [{"name": "smsmode", "last_seen": None}],
    "as_of": TIME,
    "version": "1.2.0",
}
FIGURES = {"n": 12, "final": 10, "delivered": 9, "delivery_rate": 0.9, "report_ratio": 0.8333333}
RATES = {**FIGURES, "p50_s": 4.0, "p95_s": 11.3, "band": "fair", "advice": "Clean."}
ROW = {"provider": "smsmode", **RATES}
MESSAGE = {"provider": "smsmode", "message_id": "m-1", "status": "undelivered", "country": "GB"}
REPORT = {
    "status": "undelivered",
    "received_at": TIME,
    "provider_code": "3501",
    "cause": "unknown_subscriber",
}
ENTRY = {"at": TIME, "name": "alice", "route": "GET /audit", "outcome": "done", "status": 200}
ENTRY |= {"target": None, "request_id": "r1"}
MADE = {"id": "t1", "name": "shop", "scopes": ["read", "check"], "parent": None}
MADE |= {"expires_at": "2027-01-01T00:00:00Z", "last_used": None}
WHOLE = {**MESSAGE, "recipient": None, "history": [REPORT]}
CODE = {"provider": "twilio", "kind": "code", "code": "30003", "cause": "absent", "source": "x"}
LISTED = {"suppressed": True, "list": "opt_out", "cause": "opted_out", "strikes": 0}
CHECKED = {"checked": 3, "suppressed": [{"number": NUMBER, **LISTED}], "not_numbers": ["x"]}
SETTLED = {"settled": 3000, "next": "a", "until": LATER}
ERASED = {"messages": 2, "quarantine": 1, "suppressed": True}
JOB = {
    "id": "j1",
    "state": "running",
    "reason": None,
    "done": 0,
    "total": 2,
    "rows": 0,
    "links": [],
}
DONE = {**JOB, "state": "done", "done": 2}
COUNTS = {"recipients": 41, "by_cause": {"absent": 40, "barred": 1}}
NOBODY = {"recipients": 0, "by_cause": {}}
RESULT = {"tried": COUNTS, "today": COUNTS, "added": NOBODY, "removed": NOBODY}
TESTED = {**DONE, "result": {**RESULT, "failed_messages": 50, "not_kept": 2}}
SMSMODE = {
    "name": "smsmode",
    "enabled": True,
    "signed": "the body",
    "setup": "Enter\nit.",
    "signing": {"required": False, "key": "missing"},
    "last_seen": None,
    "url": "https://x.test/w",
}
PAGE = {"items": [MESSAGE], "next": None}


def items(*found: Any, after: str | None = None) -> Answer:
    return answered({"items": found, "next": after})


@dataclass(frozen=True)
class Case:
    """A call of the command. `heard` is what the API hears: method, path and JSON body."""

    arguments: str
    answers: Answers
    heard: list[tuple[str, Any]]
    printed: str | None = None
    exit_code: int = 0
    typed: str | None = None
    note: str | None = None
    printed_json: list[Any] | None = field(default=None)


CASES = [
    Case(
        "status",
        {"GET /status": answered(STATUS)},
        [("GET /status", None)],
        "version     1.2.0, as of 2026-11-24T13:00:00Z\n"
        "alarms      1 on, 1 off\n"
        "  HeldAlarm since 2026-11-24T13:00:00Z\n"
        "    settle it\n"
        "quarantine  3,000+ waiting\n"
        "held        smsmode 7,000+, twilio 1\n"
        "provider    smsmode, last seen never\n",
        printed_json=[STATUS],
    ),
    Case("status", {"GET /status": answered({"version": "1"})}, [("GET /status", None)], "", 1),
    Case(
        "stats --by provider --country GB --country FR",
        {"GET /stats": answered({"rows": [ROW], "as_of": TIME})},
        [("GET /stats?by=provider&country=GB%2CFR", None)],
        "smsmode\t12\t10\t9\t0.9\t0.8333\t4\t11.3\tfair\n",
        printed_json=[ROW],
    ),
    Case(
        f"stats --from {TIME} --to {LATER}",
        {"GET /stats": answered({"rows": [], "as_of": TIME})},
        [("GET /stats?from=2026-11-24T13%3A00%3A00Z&to=2026-11-24T14%3A00%3A00Z", None)],
        "",
        note="There are no such messages",
    ),
    Case(
        "stats compare --by country",
        {"GET /stats/compare": answered({"rows": [{**ROW, "country": "GB", "best": "x"}]})},
        [("GET /stats/compare?by=country", None)],
        "GB\tsmsmode\t12\t10\t0.9\t-\t-\tx\t-\n",
    ),
    Case(
        "stats unfinished --hours 24",
        {"GET /stats/unfinished": answered({"rows": [{"provider": "smsmode", "n": 1, "of": 2}]})},
        [("GET /stats/unfinished?hours=24", None)],
        "smsmode\t1\t2\t-\t-\n",
    ),
    Case("stats nonsense", {}, [], "", 2),
    Case(
        "messages --bounce hard --limit 2",
        {"GET /messages": answered(PAGE)},
        [("GET /messages?limit=2&bounce=hard", None)],
        "-\tsmsmode\tundelivered\t-\t-\tGB\t-\tm-1\n",
        printed_json=[MESSAGE],
    ),
    Case(
        "messages --limit 0 --numbers",
        {
            "GET /messages?limit=200&numbers=true": items(
                {**MESSAGE, "recipient": NUMBER}, after="c"
            ),
            "GET /messages?limit=200&numbers=true&cursor=c": items(),
        },
        [
            ("GET /messages?limit=200&numbers=true", None),
            ("GET /messages?limit=200&numbers=true&cursor=c", None),
        ],
        f"-\tsmsmode\tundelivered\t-\t-\tGB\t-\tm-1\t{NUMBER}\n",
    ),
    Case(
        "message smsmode a/b?c",
        {"GET /messages/smsmode": answered(WHOLE)},
        [("GET /messages/smsmode?message_id=a%2Fb%3Fc", None)],
        "provider    smsmode\n"
        "message id  m-1\n"
        "status      undelivered\n"
        "country     GB\n"
        "\n"
        "reports\n"
        "  2026-11-24T13:00:00Z  undelivered  3501 unknown_subscriber\n",
        printed_json=[WHOLE],
    ),
    Case(
        "message smsmode m-1 --of-number",
        {"POST /people/lookup": answered({"messages": [WHOLE]})},
        [("POST /people/lookup", {"number": NUMBER})],
        typed=f"{NUMBER}\n",
        printed_json=[WHOLE],
    ),
    Case(
        "message smsmode m-2 --of-number",
        {"POST /people/lookup": answered({"messages": [WHOLE]})},
        [("POST /people/lookup", {"number": NUMBER})],
        "",
        3,
        typed=f"{NUMBER}\n",
    ),
    Case(
        "codes twilio --search 30003",
        {"GET /codes": items(CODE, {**CODE, "code": "30004"})},
        [("GET /codes?provider=twilio", None)],
        "twilio\tcode\t30003\t-\tabsent\t-\t-\t-\t-\n",
        printed_json=[CODE],
    ),
    Case(
        f"check {NUMBER} {OTHER} x",
        {"POST /suppressions/check": answered(CHECKED)},
        [("POST /suppressions/check", {"numbers": [NUMBER, OTHER, "x"]})],
        f"{NUMBER}\tsuppressed\topt_out\t-\topted_out\t-\t-\t-\n"
        f"{OTHER}\tfree\t-\t-\t-\t-\t-\t-\n"
        "x\tnot_a_number\t-\t-\t-\t-\t-\t-\n",
    ),
    Case(
        "check --file -",
        {"POST /suppressions/check": answered(CHECKED)},
        [("POST /suppressions/check", {"numbers": [NUMBER, OTHER, "x"]})],
        f"{NUMBER}\tsuppressed\topt_out\t-\topted_out\t-\t-\t-\n"
        "x\tnot_a_number\t-\t-\t-\t-\t-\t-\n",
        typed=f"{NUMBER}\n\n{OTHER}\nx\n",
        note="1 free, 1 suppressed, 1 not a number",
    ),
    Case(
        "check --show free",
        {"POST /suppressions/check": answered(CHECKED)},
        [("POST /suppressions/check", {"numbers": [NUMBER, OTHER]})],
        typed=f"name;number\nx;{NUMBER}\ny;'{OTHER}\n",
        printed_json=[{"number": OTHER, "result": "free"}],
    ),
    Case(f"check {NUMBER} --file -", {}, [], "", 2),
    Case("check", {}, [], "", 1, typed="a,b\nc,d\n", note="has to name the columns"),
    Case("check", {}, [], "", 1, typed="list,cause\nopt_out,x\n", note="no column `number`"),
    Case(
        f"suppress {NUMBER} --list opt_out --note ticket",
        {"POST /suppressions/add": answered(LISTED)},
        [("POST /suppressions/add", {"number": NUMBER, "list": "opt_out"})],
        f"{NUMBER}  suppressed: list opt_out, cause opted_out\n",
        printed_json=[{"number": NUMBER, **LISTED}],
    ),
    Case(
        "suppress",
        {
            "POST /suppressions/add": [
                (400, PROBLEM, json.dumps({"detail": "no"})),
                answered(LISTED),
            ]
        },
        [
            ("POST /suppressions/add", {"number": "x"}),
            ("POST /suppressions/add", {"number": OTHER}),
        ],
        f"x  The API does not take this (HTTP 400). no.\n"
        f"{OTHER}  suppressed: list opt_out, cause opted_out\n",
        2,
        typed=f"x\n\n{OTHER}\n",
    ),
    Case("suppress", {}, [], "", 2, typed="\n"),
    Case(
        f"lift {NUMBER}",
        {"POST /suppressions/lift": answered({**LISTED, "suppressed": False})},
        [("POST /suppressions/lift", {"number": NUMBER})],
        f"{NUMBER}  may be sent to\n",
    ),
    Case(
        f"lift {NUMBER}",
        {"POST /suppressions/lift": (403, PROBLEM, json.dumps({"detail": "needs scope `write`"}))},
        [("POST /suppressions/lift", {"number": NUMBER})],
        "",
        4,
        note="needs scope `write`",
    ),
    Case(
        "held list",
        {"GET /status": answered(STATUS)},
        [("GET /status", None)],
        "smsmode\t7000\tyes\ntwilio\t1\t-\n",
        printed_json=STATUS["held"],
    ),
    Case(
        f"held release smsmode --since {TIME}",
        {
            "POST /suppressions/held/smsmode/release": answered(SETTLED),
            "POST /suppressions/held/smsmode/release?after=a": answered(
                {**SETTLED, "settled": 2, "next": None}
            ),
        },
        [
            ("POST /suppressions/held/smsmode/release", {"since": TIME}),
            ("POST /suppressions/held/smsmode/release?after=a", {"since": TIME, "until": LATER}),
        ],
        "3,002 settled\n",
        printed_json=[{"settled": 3002}],
        note="3,000 settled so far",
    ),
    Case("held discard smsmode --yes", {}, [], "", 2, note="--since"),
    Case(f"held discard smsmode --since {TIME}", {}, [], "", 2, note="--yes"),
    Case(
        f"held discard smsmode --since {TIME} --yes",
        {"POST /suppressions/held/smsmode/discard": answered({**SETTLED, "next": None})},
        [("POST /suppressions/held/smsmode/discard", {"since": TIME})],
        "3,000 settled\n",
    ),
    Case(f"revert smsmode --since {TIME}", {}, [], "", 2, note="--yes"),
    Case(
        f"revert smsmode --since {TIME} --until {LATER} --yes",
        {
            "POST /suppressions/revert/smsmode": answered(
                {"reverted": 7, "next": "b", "until": LATER}
            ),
            "POST /suppressions/revert/smsmode?after=b": answered(
                {"reverted": 1, "next": None, "until": LATER}
            ),
        },
        [
            ("POST /suppressions/revert/smsmode", {"since": TIME, "until": LATER}),
            ("POST /suppressions/revert/smsmode?after=b", {"since": TIME, "until": LATER}),
        ],
        "8 reverted\n",
    ),
    Case(
        "person",
        {"POST /people/lookup": answered({"messages": []})},
        [("POST /people/lookup", {"number": NUMBER})],
        '{\n  "messages": []\n}\n',
        typed=f"{NUMBER}\n",
        printed_json=[{"messages": []}],
    ),
    Case(f"erase {NUMBER}", {}, [], "", 2, note="--yes"),
    Case(
        f"erase {NUMBER} --yes",
        {"POST /people/erase": answered(ERASED)},
        [("POST /people/erase", {"number": NUMBER})],
        "2 messages, 1 request erased; stays suppressed\n",
        printed_json=[ERASED],
    ),
    Case(
        "erase --repeat --yes",
        {
            "POST /erasures/repeat": answered({"repeated": 4, "next": "c"}),
            "POST /erasures/repeat?after=c": answered({"repeated": 1, "next": None}),
        },
        [("POST /erasures/repeat", None), ("POST /erasures/repeat?after=c", None)],
        "5 repeated\n",
    ),
    Case(f"erase {NUMBER} --repeat --yes", {}, [], "", 2),
    Case(
        "backtest --policy provider --strike-limit 2",
        {"POST /backtests": answered(JOB), "GET /exports/j1": answered(TESTED)},
        [
            ("POST /backtests", {"policy": "provider", "strike_limit": 2, "numbers": False}),
            ("GET /exports/j1", None),
            ("GET /exports/j1", None),
        ],
        "absent\t40\t40\t0\t0\nbarred\t1\t1\t0\t0\nall\t41\t41\t0\t0\n",
        printed_json=[TESTED["result"]],
        note="Job j1",
    ),
    Case(
        "export messages --provider smsmode",
        {"POST /exports": answered(JOB), "GET /exports/j1": answered(DONE)},
        [
            (
                "POST /exports",
                {
                    "kind": "messages",
                    "format": "csv",
                    "filters": {"provider": ["smsmode"]},
                    "numbers": False,
                },
            ),
            ("GET /exports/j1", None),
            ("GET /exports/j1", None),
        ],
        "",
    ),
    Case(
        "export --job j1",
        {"GET /exports/j1": answered({**DONE, "state": "failed", "reason": "its token is gone"})},
        [("GET /exports/j1", None)],
        "",
        1,
        note="its token is gone",
    ),
    Case(
        "export --job j2",
        {"GET /exports/j2": (404, PROBLEM, "{}")},
        [("GET /exports/j2", None)],
        "",
        3,
    ),
    Case(
        "export --jobs",
        {"GET /exports": items({**DONE, "kind": "messages"})},
        [("GET /exports?limit=200", None)],
        "j1\tmessages\tdone\t2\t2\t0\t-\t-\n",
    ),
    Case("export", {}, [], "", 2),
    Case("export messages --jobs", {}, [], "", 2),
    Case("export --jobs --provider smsmode", {}, [], "", 2, note="take no filters"),
    Case("export --job j1 --numbers", {}, [], "", 2, note="take no filters"),
    Case(f"export --job j1 --from {TIME}", {}, [], "", 2, note="take no filters"),
    Case("backtest --numbers", {}, [], "", 2, note="give --files"),
    Case(
        "tail --seconds 0 --provider smsmode",
        {"GET /tail": items(REPORT | MESSAGE, {"provider": "twilio"}, after="t")},
        [("GET /tail", None)],
        printed_json=[REPORT | MESSAGE],
        note="Ctrl-C stops it",
    ),
    Case(
        "audit",
        {"GET /audit": items()},
        [("GET /audit?limit=200", None)],
        "",
        note="Nothing is in the audit",
    ),
    Case(
        "audit --from 2026-11-24T00:00:00Z",
        {"GET /audit": items(ENTRY)},
        [("GET /audit?limit=200&from=2026-11-24T00%3A00%3A00Z", None)],
        "2026-11-24T13:00:00Z\tdone\t200\tGET /audit\talice\t-\t-\t-\tr1\n",
        printed_json=[ENTRY],
    ),
    Case(
        "tokens list",
        {"GET /tokens": items(MADE)},
        [("GET /tokens?limit=200", None)],
        "t1\t2027-01-01T00:00:00Z\t-\t-\tread check\tshop\n",
        printed_json=[MADE],
    ),
    Case(
        "tokens create shop --scope read --scope check --days 7",
        {"POST /tokens": answered({**MADE, "token": "dlr_new"})},
        [("POST /tokens", {"name": "shop", "scopes": ["read", "check"], "days": 7})],
        "dlr_new\n",
        printed_json=[{**MADE, "token": "dlr_new"}],
        note="Token t1, until 2027-01-01T00:00:00Z.",
    ),
    Case(
        "tokens revoke t1 --yes",
        {"DELETE /tokens/t1": answered(MADE)},
        [("DELETE /tokens/t1", None)],
        "t1  shop  revoked\n",
        printed_json=[MADE],
    ),
    Case(
        "providers list",
        {"GET /providers": items(SMSMODE, {**SMSMODE, "enabled": False})},
        [("GET /providers", None)],
        "smsmode\tyes\tmissing\t-\tthe body\n",
        printed_json=[SMSMODE],
    ),
    Case(
        "providers show smsmode",
        {"GET /providers": items(SMSMODE)},
        [("GET /providers", None)],
        "name    smsmode\nsigned  the body\nkey     missing\nurl     https://x.test/w\n\nEnter\nit.\n",
        printed_json=[SMSMODE],
    ),
    Case("providers show x", {"GET /providers": items(SMSMODE)}, [("GET /providers", None)], "", 3),
    Case(
        "providers test smsmode",
        {
            "POST /providers/smsmode/test": answered(
                {"message_id": "t1", "status": 200, "detail": "ok"}
            )
        },
        [("POST /providers/smsmode/test", None)],
        "HTTP 200: ok\nmessage t1\n",
    ),
    Case(
        "providers test smsmode",
        {
            "POST /providers/smsmode/test": answered(
                {"message_id": "t1", "status": None, "detail": "no"}
            )
        },
        [("POST /providers/smsmode/test", None)],
        "No answer: no\nmessage t1\n",
        1,
    ),
    Case(
        "providers key smsmode",
        {"PUT /providers/smsmode/key": answered({"provider": "smsmode", "key": "set"})},
        [("PUT /providers/smsmode/key", {"key": "s3cret"})],
        "smsmode  key set\n",
        typed="s3cret\n",
    ),
    Case("providers key smsmode", {}, [], "", 2, typed="\n"),
    Case("tokens create x --scope nothing", {}, [], "", 2),
    Case("nothing", {}, [], "", 2),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.arguments}-{case.exit_code}")
def test_a_command_asks_prints_and_ends_as_it_should(api: FakeApi, run: Run, case: Case) -> None:
    api.answers.update(case.answers)
    result = run(*case.arguments.split(), typed=case.typed)
    assert result.exit_code == case.exit_code, result.output
    assert [heard(each) for each in api.requests] == case.heard
    if case.printed is not None:
        assert result.stdout == case.printed
    if case.note is not None:
        assert case.note in result.stderr
    assert api.tokens <= {f"Bearer {TOKEN}"}
    assert TOKEN not in f"{result.output}{result.exception!r}"


@pytest.mark.parametrize(
    "case", [each for each in CASES if each.printed_json], ids=lambda case: case.arguments
)
def test_json_is_what_the_api_said_one_object_a_line(api: FakeApi, run: Run, case: Case) -> None:
    api.answers.update(case.answers)
    result = run(*case.arguments.split(), "--json", typed=case.typed)
    assert result.exit_code == case.exit_code
    assert [json.loads(line) for line in result.stdout.splitlines()] == case.printed_json


def heard(call: Call) -> tuple[str, Any]:
    return call.name, json.loads(call.body) if call.body else None


def test_no_number_is_in_an_address_whatever_is_called(api: FakeApi, run: Run) -> None:
    """Proxies and logs keep addresses."""
    for case in CASES:
        api.answers.update(case.answers)
        run(*case.arguments.split(), typed=case.typed)
    assert any(NUMBER in each.body for each in api.requests)
    assert not any(digits in call for call in api.calls for digits in ("447700", "900123"))


def test_the_note_goes_with_the_call_and_has_to_fit_into_a_header(api: FakeApi, run: Run) -> None:
    api.answers["POST /suppressions/lift"] = answered(LISTED)
    run("lift", NUMBER, "--note", "alice, ticket 41")
    assert [each.headers["x-operator"] for each in api.requests] == ["alice, ticket 41"]
    assert run("lift", NUMBER, "--note", "a\r\nx: y").exit_code == 2
    assert len(api.requests) == 1


# What fails on its way


def statuses(*found: int) -> list[Answer]:
    return [
        answered({**LISTED, "rows": []}) if each == 200 else (each, JSON, "{}") for each in found
    ]


@pytest.mark.parametrize(
    ("arguments", "path", "found", "exit_code", "calls"),
    [
        (["stats"], "GET /stats", [503, 429, 200], 0, 3),
        (["stats"], "GET /stats", [502, 504, 200], 0, 3),
        (["stats"], "GET /stats", [500, 200], 1, 1),
        (["stats"], "GET /stats", [503], 1, 6),
        (["suppress", NUMBER], "POST /suppressions/add", [429, 429, 200], 0, 3),
        (["suppress", NUMBER], "POST /suppressions/add", [503, 200], 1, 1),
        (["suppress", NUMBER], "POST /suppressions/add", [502, 200], 1, 1),
        (["erase", NUMBER, "--yes"], "POST /people/erase", [504, 200], 1, 1),
        (["suppress", "x"], "POST /suppressions/add", [422], 2, 1),
        (["suppress", "x", NUMBER], "POST /suppressions/add", [422, 200], 2, 2),
        (["suppress", "x", NUMBER], "POST /suppressions/add", [422, 500], 1, 2),
    ],
)
def test_a_call_is_made_again_where_that_can_do_no_harm(
    api: FakeApi,
    run: Run,
    arguments: list[str],
    path: str,
    found: list[int],
    exit_code: int,
    calls: int,
) -> None:
    api.answers[path] = statuses(*found)
    api.headers = {429: {"retry-after": "0"}, 503: {"retry-after": "0"}}
    assert run(*arguments).exit_code == exit_code
    assert api.calls == [path] * calls


def test_a_job_that_is_asked_for_twice_is_one_job(api: FakeApi, run: Run) -> None:
    api.answers["POST /exports"] = [(503, JSON, "{}"), answered(DONE)]
    api.answers["GET /exports/j1"] = answered(DONE)
    assert run("export", "messages").exit_code == 0
    first, second = (each.headers["idempotency-key"] for each in api.requests[:2])
    assert first == second
    assert run("export", "messages").exit_code == 0
    assert api.requests[-2].headers["idempotency-key"] != first


def test_the_api_says_how_long_to_wait_and_the_person_hears_it(
    api: FakeApi, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("dlr_cli.patience.time.sleep", waited.append)
    api.answers["GET /stats"] = statuses(429, 503, 200)
    api.headers = {429: {"retry-after": "7"}, 503: {"retry-after": "86400"}}
    result = run("stats")
    assert (result.exit_code, waited) == (0, [7, 120])
    assert "The API asks to wait 7 s (HTTP 429)." in result.stderr


def test_what_a_problem_says_is_shown_without_anything_like_a_number(
    api: FakeApi, run: Run
) -> None:
    detail = f"`from` must lie before `to`, not {NUMBER} or +44 7700 900 123 or {TOKEN}\x1b[2J"
    problem = {"detail": detail, "request_id": "52fdfc07-2182-454f-963f-5f0f9a621d72"}
    api.answers["GET /stats"] = (422, PROBLEM, json.dumps(problem))
    result = run("stats")
    assert result.exit_code == 2
    assert "(HTTP 422). `from` must lie before `to`" in result.stderr
    assert "Request 52fdfc07-2182-454f-963f-5f0f9a621d72." in result.stderr
    assert not any(part in result.output for part in ("7700", "900", TOKEN, "\x1b"))


def test_a_token_that_comes_back_as_an_id_is_not_shown(api: FakeApi, run: Run) -> None:
    problem = {"detail": "It is wrong.", "request_id": TOKEN}
    api.answers["GET /stats"] = (422, PROBLEM, json.dumps(problem))
    result = run("stats")
    assert "It is wrong." in result.stderr
    assert TOKEN not in result.output


def test_another_address_is_followed_nowhere(api: FakeApi, run: Run) -> None:
    """Token and numbers are for the address that was given."""
    api.answers["POST /suppressions/lift"] = (307, JSON, "{}")
    api.headers = {307: {"location": f"{api.url}/elsewhere"}}
    result = run("lift", NUMBER)
    assert (result.exit_code, "HTTP 307" in result.output) == (1, True)
    assert api.calls == ["POST /suppressions/lift"]


def test_a_list_that_answers_the_same_page_again_comes_to_an_end(api: FakeApi, run: Run) -> None:
    api.answers["GET /messages"] = items(MESSAGE, after="c")
    result = run("messages", "--limit", "0")
    assert (result.exit_code, "the same page again" in result.output) == (1, True)
    assert len(api.calls) == 2


# Profiles, and where a token comes from

PROFILES = """
default = "prod"
[profiles.prod]
url = "{url}"
token = "of-profile"
[profiles.vault]
url = "{url}"
token_command = "echo of-command"
[profiles.broken]
url = "{url}"
token_command = ["false"]
[profiles.silent]
url = "{url}"
token_command = "true"
[profiles.half]
url = "{url}"
[profiles.both]
url = "{url}"
token = "x"
stack = "y"
[profiles.misspelt]
url = "{url}"
tokne = "x"
token = "x"
"""


@pytest.fixture
def config(api: FakeApi, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with profiles; no address in the environment."""
    monkeypatch.delenv("DLR_URL")
    monkeypatch.delenv("DLR_TOKEN")
    api.answers["GET /stats"] = answered({"rows": [RATES]})
    path = tmp_path / ".config" / "dlr" / "config.toml"
    path.parent.mkdir(parents=True)
    path.touch(mode=0o600)
    path.write_text(PROFILES.format(url=api.url))
    return path


@pytest.mark.usefixtures("config")
@pytest.mark.parametrize(
    ("arguments", "environment", "token"),
    [
        ([], {}, "of-profile"),
        (["--profile", "vault"], {}, "of-command"),
        ([], {"DLR_PROFILE": "vault"}, "of-command"),
        (["--profile", "prod"], {"DLR_PROFILE": "vault"}, "of-profile"),
        (["--token-file", "file"], {"DLR_URL": "{url}"}, "of-file"),
        (["--token-file", "-"], {"DLR_URL": "{url}"}, "of-stdin"),
        ([], {"DLR_URL": "{url}", "DLR_TOKEN": "of-environment"}, "of-environment"),
        (["--profile", "vault"], {"DLR_URL": "{url}", "DLR_TOKEN": "x"}, "of-command"),
    ],
)
def test_the_token_comes_from_the_first_place_that_is_given(
    api: FakeApi,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    environment: dict[str, str],
    token: str,
) -> None:
    Path("file").write_text("of-file\n")
    for name, value in environment.items():
        monkeypatch.setenv(name, value.format(url=api.url))
    result = run("stats", *arguments, typed="of-stdin\n")
    assert result.exit_code == 0, result.output
    assert api.tokens == {f"Bearer {token}"}


@pytest.mark.usefixtures("config")
@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("none", "no such profile"),
        ("broken", "token_command of profile broken failed"),
        ("silent", "printed no token"),
        ("half", "needs `stack`, or else `url` and"),
        ("both", "needs `stack`, or else `url` and"),
        ("misspelt", "nothing else"),
    ],
)
def test_a_profile_that_cannot_be_used_says_why(
    api: FakeApi, run: Run, profile: str, said: str
) -> None:
    result = run("stats", "--profile", profile)
    assert (result.exit_code, api.calls) == (1, [])
    assert said in result.stderr


@pytest.mark.parametrize(
    ("mode", "content", "exit_code"),
    [
        (0o600, PROFILES, 0),
        (0o640, PROFILES, 1),
        (0o604, PROFILES, 1),
        (0o620, PROFILES, 1),
        (0o644, 'default="a"\n[profiles.a]\nurl="{url}"\ntoken_command="echo x"', 0),
        (0o646, 'default="a"\n[profiles.a]\nurl="{url}"\ntoken_command="echo x"', 1),
        (0o600, "default =", 1),
    ],
)
def test_a_file_that_others_can_read_or_write_is_refused(
    api: FakeApi, run: Run, config: Path, mode: int, content: str, exit_code: int
) -> None:
    config.write_text(content.format(url=api.url))
    config.chmod(mode)
    result = run("stats")
    assert (result.exit_code, len(api.calls)) == (exit_code, 1 - exit_code)
    assert "of-profile" not in result.output


# Help


def commands_of(
    group: click.Command, *path: str
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, group
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            inner = group.get_command(context, name)
            assert inner is not None
            yield from commands_of(inner, *path, name)


ALL = list(commands_of(dlr))


def test_the_table_says_what_each_command_says_of_itself() -> None:
    """Help is printed out of the table, so that it imports no command."""
    table = {name: does for section in COMMANDS.values() for name, does in section.items()}
    modules = {each.stem for each in Path(tail.__file__).parent.glob("*.py")} - {"__init__"}
    assert set(table) == modules
    for (name, *inner), command in ALL[1:]:
        assert command.help
        if not inner:
            assert command.name == name
            assert table[name].rstrip(".") in command.help


WITHOUT_NOTE = {
    *("audit", "backtest", "check", "codes", "completion", "export", "held list", "message"),
    *("messages", "person", "providers list", "providers show", "quarantine list"),
    *("quarantine show", "redrive", "smoke", "stats", "status", "tail", "tokens list"),
}
"""Commands that only look, and those that work in the AWS account."""


def test_every_act_takes_a_note_for_the_audit() -> None:
    acts = {
        " ".join(path): {option.name for option in command.params}
        for path, command in ALL
        if not isinstance(command, click.Group)
    }
    assert {name for name, options in acts.items() if "note" not in options} == WITHOUT_NOTE


ASKING = {
    "erase": [NUMBER],
    "held discard": ["smsmode", "--since", TIME],
    "quarantine discard": ["q1"],
    "quarantine replay": ["--provider", "smsmode"],
    "revert": ["smsmode", "--since", TIME],
    "tokens revoke": ["t1"],
}
"""Commands that ask first: what each is called with."""


@pytest.mark.parametrize(("path", "arguments"), [*ASKING.items(), ("erase", ["--repeat"])], ids=str)
def test_a_no_at_a_terminal_changes_nothing(
    api: FakeApi, run: Run, monkeypatch: pytest.MonkeyPatch, path: str, arguments: list[str]
) -> None:
    waiting = dict.fromkeys(("received_at", "method", "content_type", "query", "body"), "")
    api.answers["GET /quarantine"] = items(
        {"id": "q1", "provider": "smsmode", "error": "x"} | waiting
    )
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    result = run(*path.split(), *arguments, typed="n\n")
    assert (result.exit_code, "? [y/N]" in result.stderr) == (1, True)
    assert [call for call in api.calls if not call.startswith("GET ")] == []


def test_every_command_that_asks_is_tried() -> None:
    asking = {
        " ".join(path) for path, command in ALL for each in command.params if each.name == "yes"
    }
    assert asking == ASKING.keys()


def test_the_command_line_offers_every_word_of_the_api() -> None:
    """It is a package of its own, and has copies."""
    assert set(tokens.SCOPES) == set(Scope)
    assert {*export.KINDS, Kind.BACKTEST} == set(Kind)
    assert set(export.FORMATS) == set(Format)
    assert set(backtest.POLICIES) == set(Policy)
    assert set(LISTS) == set(ListName)
    assert set(FILTERS) == DIMENSIONS.keys()
    assert tail.FULL == live.PAGE


def test_help_cuts_no_sentence() -> None:
    """On a terminal of 80 columns Click leaves two empty."""
    for path, command in ALL:
        if isinstance(command, click.Group):
            shown = CliRunner().invoke(dlr, [*path, "--help"], terminal_width=78).output
            assert "..." not in shown.partition("\n")[2].replace("[OPTIONS] ...", ""), path


def test_every_option_of_every_command_says_what_it_is() -> None:
    for path, command in ALL:
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help or option.type.name == "choice", (path, option.name)


def test_no_option_takes_a_token() -> None:
    """Other users of a machine can see command lines."""
    options = {name for _, command in ALL for each in command.params for name in each.opts}
    assert "--token-file" in options
    assert "--token" not in options


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_complete(run: Run, shell: str) -> None:
    result = run("completion", shell)
    assert result.exit_code == 0
    assert f"_DLR_COMPLETE={shell}_complete" in result.stdout


def test_completion_knows_commands_and_choices() -> None:
    def complete(words: str, at: int) -> list[str]:
        environment = {"_DLR_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(at)}
        result = CliRunner(env=environment).invoke(dlr, prog_name="dlr")
        return [line.partition(",")[2] for line in result.stdout.splitlines()]

    assert complete("dlr st", 1) == ["status", "stats"]
    assert complete("dlr held ", 2) == ["discard", "list", "release"]
    assert complete("dlr export ", 2) == ["messages", "numbers_to_clean", "suppressions"]


def test_watching_goes_on_where_it_was_until_it_is_stopped(
    api: FakeApi, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C is how it ends: that is no failure."""
    api.answers["GET /tail"] = items(MESSAGE, after="t1")
    api.answers["GET /tail?after=t1"] = items(after="t2")
    monkeypatch.setattr(tail, "EVERY_S", 0)

    def stop(_: Call) -> Answer:
        monkeypatch.setattr(tail.time, "sleep", interrupt)
        return items({**MESSAGE, "message_id": "m-2"}, after="t3")

    api.answers["GET /tail?after=t2"] = stop
    result = run("tail", "--json")
    assert result.exit_code == 0
    assert [json.loads(line)["message_id"] for line in result.stdout.splitlines()] == ["m-1", "m-2"]
    assert api.calls == ["GET /tail", "GET /tail?after=t1", "GET /tail?after=t2"]


def test_watching_asks_at_once_for_more_where_an_answer_was_full(
    api: FakeApi, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or it would fall behind for as long as many reports come."""
    api.answers["GET /tail"] = items(*[MESSAGE] * 100, after="t1")
    api.answers["GET /tail?after=t1"] = items(MESSAGE, after="t2")
    monkeypatch.setattr(tail.time, "sleep", interrupt)
    assert len(run("tail", "--json").stdout.splitlines()) == 101
    assert api.calls == ["GET /tail", "GET /tail?after=t1"]


def interrupt(_: float) -> None:
    raise KeyboardInterrupt
