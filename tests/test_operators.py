"""Who did it: every route that changes something names the operator in its trace."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from inspect import unwrap
from typing import Any, NamedTuple

import pytest

from local.cloud import Cloud
from tests.support.functions import LOG, Call
from tests.support.system import ADMINISTRATOR, PROVIDER, SIGNING, SystemHarness, drain
from tests.support.thesmsworks import HARD, report

NUMBER = "+447700900831"
LISTED, HELD = "+447700900832", "+447700900833"
UNREADABLE = json.dumps({"no": "report"}).encode()
BY = "admin (carol)"
"""The token's name, with the header's note beside it."""
QUESTIONS = {
    *("POST /suppressions/check", "POST /suppressions/lookup", "POST /people/lookup"),
    *("POST /exports", "POST /backtests"),
}
"""Routes that ask with a body. A job has the name of who asked for it."""


class Act(NamedTuple):
    """One call of a route that changes something, on what is there for it."""

    path: str
    body: Any = None
    audited: str | None = None
    """The number whose audit has the act."""


EVER = {"since": "2026-01-01T00:00:00Z"}
ACTS: dict[str, Act] = {
    "PUT /suppressions/{number}": Act(f"/suppressions/{NUMBER}", {}, NUMBER),
    "DELETE /suppressions/{number}": Act(f"/suppressions/{LISTED}", None, LISTED),
    "POST /suppressions/import": Act(
        "/suppressions/import", f"number\n{NUMBER}\n".encode(), NUMBER
    ),
    "POST /suppressions/held/{provider}/release": Act(
        f"/suppressions/held/{PROVIDER}/release", None, HELD
    ),
    "POST /suppressions/held/{provider}/discard": Act(
        f"/suppressions/held/{PROVIDER}/discard", EVER, HELD
    ),
    "POST /suppressions/revert/{provider}": Act(f"/suppressions/revert/{PROVIDER}", EVER, LISTED),
    "POST /suppressions/add": Act("/suppressions/add", {"number": NUMBER}, NUMBER),
    "POST /suppressions/lift": Act("/suppressions/lift", {"number": LISTED}, LISTED),
    "POST /providers/{provider}/test": Act(f"/providers/{PROVIDER}/test"),
    "PUT /providers/{provider}/key": Act(f"/providers/{SIGNING}/key", {"key": "hush-signing-key"}),
    "DELETE /recipients/{number}": Act(f"/recipients/{LISTED}"),
    "POST /people/erase": Act("/people/erase", {"number": LISTED}),
    "POST /erasures/repeat": Act("/erasures/repeat"),
    "POST /tokens": Act("/tokens", {"name": "shop", "scopes": ["check"]}),
    "DELETE /tokens/{id}": Act("/tokens/{token}"),
    "POST /sessions": Act("/sessions"),
    "DELETE /sessions/current": Act("/sessions/current"),
    "POST /quarantine/{id}/replay": Act("/quarantine/{id}/replay"),
    "DELETE /quarantine/{id}": Act("/quarantine/{id}"),
}
AUDITED = [route for route, act in ACTS.items() if act.audited]


@pytest.fixture(scope="module")
def shared(cloud: Cloud) -> Iterator[SystemHarness]:
    system = SystemHarness(cloud, MassBounceLimit="1")
    with system.listener:
        yield system


@pytest.fixture
def system(shared: SystemHarness) -> SystemHarness:
    """A number on the list, another one held, a request in quarantine."""
    shared.wipe()
    for number in (LISTED, HELD):
        assert shared.send(report(number, number, code=HARD))[0] == 200
        drain([shared.publish, shared.suppress])
    assert shared.send(UNREADABLE)[0] == 400
    LOG.seek(LOG.truncate(0))
    return shared


def act(system: SystemHarness, route: str, operator: str | None) -> tuple[int, Any]:
    _, page = system.ask("GET /quarantine", "/quarantine")
    (quarantined,) = page["items"]
    path = ACTS[route].path.replace("{id}", quarantined["id"])
    if "{token}" in path:
        wanted = {"name": "shop", "scopes": ["check"]}
        path = path.replace("{token}", system.ask("POST /tokens", "/tokens", wanted)[1]["id"])
    caller = ADMINISTRATOR
    if route == "DELETE /sessions/current":
        opened = system.ask("POST /sessions", "/sessions")[1]
        caller = replace(caller, token_id=opened["id"], parent="admin:made-up")
    return system.ask(route, path, ACTS[route].body, operator=operator, caller=caller)


def audit_of(system: SystemHarness, number: str) -> list[str]:
    """Who did something to the number's entry."""
    _, stored = system.ask("GET /recipients/{number}", f"/recipients/{number}")
    entry = stored["suppression"]
    return [trace["by"] for trace in entry["audit"]] if entry else []


def last_line() -> dict[str, Any]:
    """What the API logged of the last call."""
    line: dict[str, Any] = json.loads(LOG.getvalue().splitlines()[-1])
    return line


def state_of(system: SystemHarness) -> str:
    """All that is stored, to see whether anything changed."""
    tables = ("SuppressionsTable", "ReportsTable", "QuarantineTable", "ErasuresTable")
    return repr([system.items(table) for table in tables])


def routes(system: SystemHarness) -> Iterator[tuple[str, str]]:
    """Method and path of every route of the API's resolver, those left out of OpenAPI as well."""
    handler: Callable[..., Any] = unwrap(system.functions.start("Api"))
    app = handler.__globals__["app"]
    for route in app._static_routes + app._dynamic_routes:
        yield route.method, route.path.replace("<", "{").replace(">", "}")


def test_every_route_that_changes_something_is_looked_at_here(system: SystemHarness) -> None:
    found = {f"{method} {path}" for method, path in routes(system)}
    reading = {route for route in found if route.startswith("GET ")} | QUESTIONS
    assert found - reading == ACTS.keys()


@pytest.mark.parametrize("route", ACTS)
def test_the_log_line_of_an_act_names_the_operator(system: SystemHarness, route: str) -> None:
    status, answer = act(system, route, "carol")
    assert status in {200, 201}, answer
    assert (last_line()["route"], last_line()["by"]) == (route, BY)


@pytest.mark.parametrize("route", ["DELETE /quarantine/{id}", "POST /quarantine/{id}/replay"])
def test_the_log_line_names_the_quarantined_request(system: SystemHarness, route: str) -> None:
    _, page = system.ask("GET /quarantine", "/quarantine")
    assert act(system, route, "carol")[0] == 200
    assert last_line()["quarantine_id"] == page["items"][0]["id"]


@pytest.mark.parametrize(
    "route", [route for route in ACTS if "{provider}" in route or "/quarantine/" in route]
)
def test_the_audit_of_an_act_names_the_provider(system: SystemHarness, route: str) -> None:
    """That of a quarantined request is the beginning of its id."""
    _, page = system.ask("GET /quarantine", "/quarantine")
    assert act(system, route, "carol")[0] == 200
    entry = system.ask("GET /audit", "/audit")[1]["items"][0]
    quarantined = page["items"][0]["id"]
    assert quarantined.startswith(f"{PROVIDER}.")
    assert (entry["route"], entry["target"]) == (
        route,
        named_in(route) if "{provider}" in route else quarantined,
    )


def named_in(route: str) -> str:
    """The provider in the path of an act."""
    return ACTS[route].path.split("/")[route.split()[1].split("/").index("{provider}")]


@pytest.mark.parametrize("route", AUDITED)
def test_the_audit_of_an_act_names_the_operator(system: SystemHarness, route: str) -> None:
    number = ACTS[route].audited
    assert number is not None
    status, answer = act(system, route, "carol")
    assert status == 200, answer
    assert BY in audit_of(system, number)


@pytest.mark.parametrize("route", AUDITED)
def test_an_act_without_a_name_is_the_admins(system: SystemHarness, route: str) -> None:
    number = ACTS[route].audited
    assert number is not None
    assert act(system, route, None)[0] == 200
    assert last_line()["by"] == "admin"
    assert "admin" in audit_of(system, number)


def test_the_note_of_an_erasure_names_the_operator(system: SystemHarness) -> None:
    assert act(system, "DELETE /recipients/{number}", "carol")[0] == 200
    notes = system.items("ErasuresTable")
    assert notes
    assert all(BY in str(note) for note in notes)


@pytest.mark.parametrize(
    "name",
    ["", "  ", "x" * 101, "carol\x1b[2J", "carol\nadmin", "car\u202eol", "carol\x00", NUMBER],
    ids=repr,
)
@pytest.mark.parametrize("route", ["DELETE /recipients/{number}", "PUT /suppressions/{number}"])
def test_a_name_that_cannot_stand_in_a_log_is_refused_and_nothing_done(
    system: SystemHarness, route: str, name: str
) -> None:
    before = state_of(system)
    status, answer = act(system, route, name)
    assert status == 422
    assert "header.x-operator" in answer["detail"]
    assert "1 to 100 printable ASCII characters" in answer["detail"]
    assert state_of(system) == before
    assert not name.strip() or name not in LOG.getvalue()


@pytest.mark.parametrize("name", ["carol", "Carol O'Neill, night shift", "carol@acme.example"])
def test_a_name_is_kept_to_the_letter(system: SystemHarness, name: str) -> None:
    route = "PUT /suppressions/{number}"
    assert act(system, route, name)[0] == 200
    assert last_line()["by"] == f"admin ({name})"
    assert f"admin ({name})" in audit_of(system, NUMBER)


def test_a_name_is_not_in_the_line_of_a_later_call(system: SystemHarness) -> None:
    assert act(system, "PUT /suppressions/{number}", "carol")[0] == 200
    assert system.ask("GET /suppressions/{number}", f"/suppressions/{NUMBER}")[0] == 200
    assert "by" not in last_line()


def test_the_name_of_a_call_that_failed_is_not_in_the_line_of_a_later_one(
    system: SystemHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(call: Call, _: Any) -> None:
        if call.operation == "DeleteItem":
            raise RuntimeError("hush")

    monkeypatch.setattr(system.functions, "intercept", fail)
    with pytest.raises(AssertionError, match="never took"):
        act(system, "DELETE /quarantine/{id}", "carol")
    assert system.ask("GET /suppressions/{number}", f"/suppressions/{NUMBER}")[0] == 200
    assert "by" not in last_line()


def test_openapi_describes_the_header_of_every_act(system: SystemHarness) -> None:
    _, schema = system.ask("GET /openapi.json", "/openapi.json")
    for route in ACTS:
        method, path = route.lower().split()
        parameters = schema["paths"][path][method]["parameters"]
        assert "x-operator" in {each["name"] for each in parameters if each["in"] == "header"}
