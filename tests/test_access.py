"""Who is let in, what each may do, and what the audit has of it: every route, every scope."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ClientError

from dlr.access.audit import KEEP, AuditLog, Entry, Outcome, is_cursor, subject_of
from dlr.access.authorize import ADMIN_MAX_AGE_S, Authorizer
from dlr.access.scopes import ROUTES, Audit, Caller, Scope
from dlr.access.token import PREFIX, new_token, with_crc
from dlr.access.tokens import TokenStore
from dlr.http.api import TeamApi
from dlr.http.gate import Gate
from dlr.messages.view import MessageAnswer, without_person
from dlr.phone import PhoneNumber, RecipientHasher
from dlr.report import Status
from dlr.runtime.secret import Secret
from local.api_examples import EXAMPLES
from local.cloud import Cloud
from local.http_event import http_event
from local.openapi import operations
from tests.support.cases import ROOT
from tests.support.faults import EVERY
from tests.support.functions import Call, Context
from tests.support.reports import make_report
from tests.support.secrets import SecretsManager, value
from tests.support.system import ADMIN, ADMINISTRATOR, HASH_KEYS, JSON, SystemHarness
from tests.support.thesmsworks import HARD, report

NUMBER, OTHER = "+447700900471", "+447700900472"
BY_QUERY = "/messages/thesmsworks"
DESCRIBED = json.loads((ROOT / "functions/api/openapi.json").read_text())
OPERATIONS = dict(operations(DESCRIBED))
HASHER = RecipientHasher(lambda: HASH_KEYS)
UNKNOWN = {"{provider}": "smpp", "{message_id}": "nobody", "{id}": "0123456789abcdef"}
SUCCESSES = {200, 201, 202}
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def shared(cloud: Cloud) -> Iterator[SystemHarness]:
    system = SystemHarness(cloud)
    with system.listener, pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
        yield system


@pytest.fixture
def system(shared: SystemHarness) -> Iterator[SystemHarness]:
    shared.wipe()
    yield shared
    shared.functions.intercept = lambda call, request: None


def caller(*scopes: Scope, name: str = "shop") -> Caller:
    return Caller(name, frozenset(scopes), "00000000000000aa")


def make(system: SystemHarness, *scopes: str, name: str = "shop", days: int = 90) -> dict[str, Any]:
    """A new token."""
    wanted = {"name": name, "scopes": scopes or ["check"], "days": days}
    status, made = system.ask("POST /tokens", "/tokens", wanted)
    assert status == 201, made
    found: dict[str, Any] = made
    return found


def known(system: SystemHarness, *scopes: Scope, days: float = 1) -> Caller:
    """Who holds a token that is stored."""
    tokens, now = TokenStore(system.dynamodb, system.names["DeskTable"]), datetime.now(UTC)
    return tokens.create("shop", scopes, now + days * DAY, "x", now).caller()


def session(system: SystemHarness, let_in: Caller, **wanted: Any) -> tuple[int, Any]:
    return system.ask("POST /sessions", "/sessions", wanted, caller=let_in)


def let_in(system: SystemHarness, token: str) -> Caller | None:
    """Whom the authorizer makes of the token."""
    event = {"headers": {"authorization": f"Bearer {token}"}}
    answer = system.functions.call("Authorizer", event)
    return Caller.from_context(answer["context"]) if answer["isAuthorized"] else None


def entries(system: SystemHarness) -> list[dict[str, Any]]:
    """The whole audit, newest first, page by page."""
    found, cursor = [], None
    while True:
        query = {"limit": "50"} | ({"cursor": cursor} if cursor else {})
        status, page = system.ask("GET /audit", "/audit", **query)
        assert status == 200, page
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found


def desk(system: SystemHarness, prefix: str) -> list[dict[str, Any]]:
    return [each for each in system.items("DeskTable") if each["pk"]["S"].startswith(prefix)]


def failing(operation: str, fault: str = "error 500") -> Any:
    """Every attempt of this call to DeskTable fails."""

    def intercept(call: Call, request: AWSPreparedRequest) -> AWSResponse | None:
        is_hit = (call.operation, call.resource) == (operation, "DeskTable")
        return EVERY[fault](request) if is_hit else None

    return intercept


# ---------------------------------------------------------------- tokens


def test_a_token_is_let_in_with_its_name_and_scopes(system: SystemHarness) -> None:
    made = make(system, "read", "check", name="shop backend")
    found = let_in(system, made["token"])
    assert found == Caller(
        "shop backend",
        frozenset({Scope.READ, Scope.CHECK}),
        made["id"],
        int(datetime.fromisoformat(made["expires_at"]).timestamp()),
    )


def test_the_admin_token_has_every_scope(system: SystemHarness) -> None:
    found = let_in(system, ADMIN)
    assert found is not None
    assert all(map(found.has, Scope))
    assert found.expires_at is None


def test_a_token_is_shown_once_and_stored_as_its_digest(system: SystemHarness) -> None:
    made = make(system)
    secret = made["token"].removeprefix(PREFIX)[:43]
    assert re.fullmatch(r"dlr_[\w-]{43}_[0-9a-f]{8}", made["token"])
    _, listed = system.ask("GET /tokens", "/tokens")
    assert [each["id"] for each in listed["items"]] == [made["id"]]
    for seen in (json.dumps(listed), repr(system.items("DeskTable"))):
        assert secret not in seen


@pytest.mark.parametrize("place", range(4, 56, 3))
def test_a_mistyped_token_is_refused_without_a_read(system: SystemHarness, place: int) -> None:
    token = new_token()
    other = "0" if token[place] != "0" else "1"
    asked: list[Call] = []
    system.functions.intercept = lambda call, _: asked.append(call)
    assert let_in(system, token[:place] + other + token[place + 1 :]) is None
    assert [call for call in asked if call.resource == "DeskTable"] == []
    assert let_in(system, token) is None
    assert [call.operation for call in asked if call.resource == "DeskTable"] == ["GetItem"]


@pytest.mark.parametrize(
    "token",
    ["", "dlr_", PREFIX + "x" * 43, with_crc(PREFIX + "x" * 42), with_crc(PREFIX + "é" * 43)],
)
def test_what_has_not_the_form_of_a_token_is_refused(system: SystemHarness, token: str) -> None:
    assert let_in(system, token) is None


def test_a_revoked_token_is_refused_at_the_next_look_and_its_sessions_too(
    system: SystemHarness,
) -> None:
    made = make(system, "read", "pii")
    holder = let_in(system, made["token"])
    assert holder is not None
    status, opened = session(system, holder)
    assert status == 201
    assert let_in(system, opened["token"]) is not None
    for _ in range(2):
        status, revoked = system.ask("DELETE /tokens/{id}", f"/tokens/{made['id']}", operator="bob")
        assert (status, revoked["revoked_by"]) == (200, "admin (bob)")
    assert let_in(system, made["token"]) is None
    assert let_in(system, opened["token"]) is None


def test_a_session_tells_who_it_is_and_ends_itself_without_any_scope(
    system: SystemHarness,
) -> None:
    made = make(system, "read", "check")
    holder = let_in(system, made["token"])
    assert holder is not None
    _, opened = session(system, holder, scopes=["check"])
    caller = let_in(system, opened["token"])
    assert caller is not None
    status, told = system.ask("GET /sessions/current", "/sessions/current", caller=caller)
    assert status == 200
    assert told == {name: opened[name] for name in ("id", "name", "scopes", "expires_at", "parent")}
    status, ended = system.ask("DELETE /sessions/current", "/sessions/current", caller=caller)
    assert (status, ended["id"], ended["revoked_by"]) == (200, opened["id"], "shop")
    assert let_in(system, opened["token"]) is None
    assert let_in(system, made["token"]) is not None


def test_a_token_that_is_no_session_does_not_end_itself(system: SystemHarness) -> None:
    made = make(system, "read")
    caller = let_in(system, made["token"])
    status, answer = system.ask("DELETE /sessions/current", "/sessions/current", caller=caller)
    assert (status, answer["type"]) == (404, "urn:dlr:problem:not-kept")
    assert let_in(system, made["token"]) is not None


def test_an_expired_token_is_refused_and_not_listed(system: SystemHarness) -> None:
    made = make(system)
    (item,) = desk(system, "token#")
    system.dynamodb.update_item(
        TableName=system.names["DeskTable"],
        Key={"pk": item["pk"], "sk": item["sk"]},
        UpdateExpression="SET expires_at = :past",
        ExpressionAttributeValues={":past": {"N": "1"}},
    )
    assert let_in(system, made["token"]) is None
    assert system.ask("GET /tokens", "/tokens")[1]["items"] == []


def test_a_token_that_expired_after_the_authorizers_answer_is_refused_by_the_gate(
    system: SystemHarness,
) -> None:
    late = Caller("shop", frozenset(Scope), "00000000000000aa", 1)
    status, answer = system.ask("GET /tokens", "/tokens", caller=late)
    assert (status, answer["type"]) == (401, "urn:dlr:problem:expired")


def test_an_unknown_token_is_not_there_to_be_revoked(system: SystemHarness) -> None:
    for token_id in ("0123456789abcdef", "nothing", NUMBER):
        assert system.ask("DELETE /tokens/{id}", f"/tokens/{token_id}")[0] == 404


@pytest.mark.parametrize("fault", ["throttled", "error 500", "timeout before", "no connection"])
def test_a_table_that_cannot_be_read_lets_nobody_in_and_refuses_nobody_for_good(
    system: SystemHarness, fault: str
) -> None:
    made = make(system)
    assert let_in(system, made["token"]) is not None
    system.functions.stop("Authorizer")
    system.functions.intercept = failing("GetItem", fault)
    with pytest.raises(Exception, match=r"^\w+ at \w+\.py:\d+$"):
        let_in(system, made["token"])
    system.functions.intercept = lambda call, request: None
    assert let_in(system, made["token"]) is not None


def test_the_use_of_a_token_is_noted_to_the_day_and_a_failure_to_do_so_holds_up_nobody(
    system: SystemHarness,
) -> None:
    made, other = make(system), make(system)
    asked: list[str] = []
    system.functions.intercept = lambda call, _: asked.append(call.operation)
    for _ in range(3):
        assert let_in(system, made["token"]) is not None
    assert asked.count("UpdateItem") == 1
    (noted,) = [each for each in desk(system, "token#") if "last_used" in each]
    assert noted["last_used"]["S"] == datetime.now(UTC).date().isoformat()
    system.functions.intercept = failing("UpdateItem")
    assert let_in(system, other["token"]) is not None


def test_no_value_of_the_admin_secret_serves_longer_than_its_age(system: SystemHarness) -> None:
    now = [0.0]
    manager = SecretsManager(value("hush"))
    secret = Secret(manager, "arn", lambda: now[0], max_age_s=ADMIN_MAX_AGE_S)
    authorize = Authorizer(TokenStore(system.dynamodb, system.names["DeskTable"]), secret)
    assert authorize("Bearer hush", datetime.now(UTC)) is not None
    manager.text = None
    now[0] = ADMIN_MAX_AGE_S - 1
    assert authorize("Bearer wrong", datetime.now(UTC)) is None  # tries to read, in vain
    assert authorize("Bearer hush", datetime.now(UTC)) is not None
    now[0] = ADMIN_MAX_AGE_S + 0.1
    with pytest.raises(ConnectionError):
        authorize("Bearer hush", datetime.now(UTC))


def test_a_session_of_the_admin_token_ends_when_that_is_rotated(system: SystemHarness) -> None:
    tokens = TokenStore(system.dynamodb, system.names["DeskTable"])
    manager = SecretsManager(value("new", "old"))
    authorize = Authorizer(tokens, Secret(manager, "arn", max_age_s=ADMIN_MAX_AGE_S))
    now = datetime.now(UTC)
    holder = authorize("Bearer old", now)
    assert holder is not None
    made = tokens.create("admin", [Scope.READ], now + timedelta(1), "x", now, holder.token_id)
    assert authorize(f"Bearer {made.token}", now) is not None
    manager.text = value("new")
    rotated = Authorizer(tokens, Secret(manager, "arn"))
    assert rotated(f"Bearer {made.token}", now) is None


@pytest.mark.parametrize("wanted", [["admin"], ["check", "pii"], ["write"]])
def test_nobody_makes_a_session_with_more_scopes_than_their_own(
    system: SystemHarness, wanted: list[str]
) -> None:
    holder = known(system, Scope.CHECK, Scope.READ)
    status, answer = session(system, holder, scopes=wanted)
    assert (status, answer["type"]) == (403, "urn:dlr:problem:refused")
    assert "more scopes" in answer["detail"]
    assert len(desk(system, "token#")) == 1


MINTING = {
    "POST /tokens": ("/tokens", {"name": "survivor", "scopes": ["read"], "days": 400}),
    "POST /sessions": ("/sessions", {"scopes": ["read"]}),
}


@pytest.mark.parametrize("route", MINTING)
def test_a_revoked_token_makes_none_while_the_gateway_remembers_it(
    system: SystemHarness, route: str
) -> None:
    path, wanted = MINTING[route]
    holder, other = known(system, Scope.ADMIN), known(system, Scope.ADMIN)
    assert system.ask(route, path, wanted, caller=holder)[0] == 201
    assert system.ask("DELETE /tokens/{id}", f"/tokens/{holder.token_id}")[0] == 200
    before = len(desk(system, "token#"))
    status, answer = system.ask(route, path, wanted, caller=holder)
    assert (status, answer["type"]) == (403, "urn:dlr:problem:refused")
    assert len(desk(system, "token#")) == before
    assert entries(system)[0]["outcome"] == "refused"
    assert system.ask(route, path, wanted, caller=other)[0] == 201
    assert system.ask(route, path, wanted)[0] == 201  # the admin secret's
    oidc = Caller("oidc:carol", frozenset({Scope.ADMIN}), "oidc:0123", None)
    assert system.ask(route, path, wanted, caller=oidc)[0] == 201


def signing_in(*scopes: Scope) -> Caller:
    """With an ID token that has a minute left."""
    end = int(datetime.now(UTC).timestamp()) + 60
    return Caller("oidc:carol", frozenset(scopes), "oidc:0123", expires_at=end, is_signing_in=True)


def test_who_signs_in_gets_a_session_of_eight_hours_and_nothing_else(
    system: SystemHarness,
) -> None:
    who = signing_in(Scope.READ, Scope.WRITE)
    status, opened = session(system, who)
    assert (status, opened["name"], opened["scopes"]) == (201, "oidc:carol", ["read", "write"])
    left = datetime.fromisoformat(opened["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=7, minutes=59) < left <= timedelta(hours=8)
    assert session(system, who, scopes=["pii"])[0] == 403
    for route in sorted(OPERATIONS):
        if needed(route):
            assert system.ask(route, path_of(route), body_of(route), caller=who)[0] == 403, route
    first = entries(system)[-1]
    assert (first["route"], first["name"], first["target"]) == (
        "POST /sessions",
        "oidc:carol",
        opened["id"],
    )


def test_who_signs_in_without_a_scope_is_told_so_and_it_is_written_down(
    system: SystemHarness,
) -> None:
    status, answer = session(system, signing_in())
    assert (status, answer["type"]) == (403, "urn:dlr:problem:refused")
    assert "nothing that you may do here" in answer["detail"]
    assert desk(system, "token#") == []
    assert (entries(system)[0]["name"], entries(system)[0]["outcome"]) == ("oidc:carol", "refused")


def test_a_session_of_a_revoked_token_makes_no_token(system: SystemHarness) -> None:
    holder = known(system, Scope.ADMIN)
    opened = let_in(system, session(system, holder)[1]["token"])
    assert opened is not None
    path, wanted = MINTING["POST /tokens"]
    assert system.ask("POST /tokens", path, wanted, caller=opened)[0] == 201
    system.ask("DELETE /tokens/{id}", f"/tokens/{holder.token_id}")
    assert system.ask("POST /tokens", path, wanted, caller=opened)[0] == 403


def test_a_token_that_has_expired_or_was_deleted_makes_none(system: SystemHarness) -> None:
    path, wanted = MINTING["POST /tokens"]
    late = replace(known(system, Scope.ADMIN, days=-1), expires_at=None)
    gone = replace(late, token_id="00000000000000aa")
    for caller in (late, gone):
        assert system.ask("POST /tokens", path, wanted, caller=caller)[0] == 403


def test_a_session_has_the_scopes_asked_for_and_ends_with_its_token_or_after_eight_hours(
    system: SystemHarness,
) -> None:
    short = known(system, Scope.CHECK, Scope.READ, days=1 / 24)
    status, made = session(system, short, scopes=["check"])
    assert (status, made["scopes"], made["name"]) == (201, ["check"], "shop")
    assert datetime.fromisoformat(made["expires_at"]).timestamp() == short.expires_at
    _, made = session(system, ADMINISTRATOR)
    left = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=7, minutes=58) < left <= timedelta(hours=8)
    assert made["scopes"] == ["admin"]


def test_the_oldest_session_of_a_token_ends_where_there_would_be_too_many(
    system: SystemHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dlr.access.tokens.MOST_SESSIONS", 3)
    first, second = (let_in(system, make(system)["token"]) for _ in range(2))
    assert first is not None
    assert second is not None
    made = [session(system, first)[1]["token"] for _ in range(3)]
    other = session(system, second)[1]["token"]
    assert all(let_in(system, token) for token in (*made, other))
    made.append(session(system, first)[1]["token"])
    assert [let_in(system, token) is not None for token in made] == [False, True, True, True]
    assert let_in(system, other) is not None
    tokens = TokenStore(system.dynamodb, system.names["DeskTable"])
    later = datetime.now(UTC) + timedelta(hours=9)
    for _ in range(3):  # none of the others is live by then
        tokens.create("shop", [Scope.CHECK], later + DAY, "shop", later, first.token_id)
    _, page = system.ask("GET /tokens", "/tokens")
    ended = {each["id"] for each in page["items"] if each["revoked_at"]}
    assert len(ended) == 1


def test_of_sessions_that_are_made_at_once_no_more_than_so_many_are_live(
    system: SystemHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dlr.access.tokens.MOST_SESSIONS", 3)
    tokens, now = TokenStore(system.dynamodb, system.names["DeskTable"]), datetime.now(UTC)
    parent = tokens.create("shop", [Scope.READ], now + DAY, "x", now).id

    def make_session(_: int) -> bool:
        try:
            tokens.create("shop", [Scope.READ], now + DAY, "shop", now, parent)
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(make_session, range(8))) > 3
    live = [each for each in tokens.page(None, 50, now).items if each.is_live(now)]
    assert len([each for each in live if each.parent]) == 3


def test_a_session_makes_no_session(system: SystemHarness) -> None:
    first = let_in(system, ADMIN)
    assert first is not None
    holder = let_in(system, session(system, first)[1]["token"])
    assert holder is not None
    status, answer = session(system, holder)
    assert (status, answer["detail"]) == (403, "A session makes no session.")


@pytest.mark.parametrize(
    "wanted",
    [
        {"name": NUMBER, "scopes": ["read"]},
        {"name": f"call {NUMBER} now", "scopes": ["read"]},
        {"name": "Admin", "scopes": ["read"]},
        {"name": "admin ", "scopes": ["read"]},
        {"name": " admin", "scopes": ["read"]},
        {"name": "ad min", "scopes": ["read"]},
        {"name": "shop ", "scopes": ["read"]},
        {"name": " shop", "scopes": ["read"]},
        {"name": "alice (admin)", "scopes": ["read"]},
        {"name": "alice)", "scopes": ["read"]},
        {"name": "oidc:carol", "scopes": ["read"]},
        {"name": "shop", "scopes": []},
        {"name": "shop", "scopes": ["everything"]},
        {"name": "shop", "scopes": ["read"], "days": 0},
        {"name": "shop", "scopes": ["read"], "days": 401},
        {"name": "x\n", "scopes": ["read"]},
        {},
    ],
    ids=str,
)
def test_a_token_that_cannot_be_is_not_made(system: SystemHarness, wanted: Any) -> None:
    status, answer = system.ask("POST /tokens", "/tokens", wanted)
    assert (status, answer["type"]) == (422, "urn:dlr:problem:invalid")
    assert NUMBER[-9:] not in json.dumps(answer)
    assert desk(system, "token#") == []


def test_a_token_is_read_whatever_names_were_taken_when_it_was_made(system: SystemHarness) -> None:
    tokens, now = TokenStore(system.dynamodb, system.names["DeskTable"]), datetime.now(UTC)
    made = tokens.create("alice (night) ", [Scope.READ], now + DAY, "x", now)
    holder = let_in(system, made.token)
    assert holder is not None
    assert holder.name == system.ask("GET /tokens", "/tokens")[1]["items"][0]["name"] == made.name
    assert session(system, holder)[1]["name"] == made.name


def test_tokens_are_listed_in_parts_each_once(system: SystemHarness) -> None:
    made = {make(system, name=f"token {n}")["id"] for n in range(7)}
    found, cursor = [], None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        _, page = system.ask("GET /tokens", "/tokens", **query)
        assert len(page["items"]) <= 2
        found += [each["id"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert (len(found), set(found)) == (7, made)


# ---------------------------------------------------------------- every route, every scope


def path_of(route: str) -> str:
    path = route.split()[1].replace("{number}", NUMBER)
    for name, text in UNKNOWN.items():
        path = path.replace(name, text)
    return path


def body_of(route: str) -> Any:
    example = EXAMPLES.get(route, {}).get("body")
    if route == "POST /sessions":  # for what the caller has
        return None
    text = example if isinstance(example, str) else json.dumps(example)
    return None if example is None else text.replace("+447700900123", NUMBER).encode()


def needed(route: str) -> set[str]:
    """The scopes that the description of the API names for a route."""
    (requirement,) = OPERATIONS[route]["security"]
    return set(requirement["token"])


def test_the_description_has_every_route_of_the_template_and_the_scope_of_the_table(
    system: SystemHarness,
) -> None:
    assert OPERATIONS.keys() == system.functions.routes
    for route in OPERATIONS:
        scope = ROUTES[route].scope
        assert needed(route) == (set() if scope is None else {scope})


@pytest.mark.parametrize("scope", Scope)
def test_every_route_is_open_to_its_scope_and_refused_to_every_other(
    system: SystemHarness, scope: Scope
) -> None:
    expected: list[tuple[str, str]] = []
    holder = known(system, scope)
    for route in sorted(OPERATIONS):
        query = {"message_id": "nobody"} if route == "GET /messages/{provider}" else {}
        status, answer = system.ask(
            route, path_of(route), body_of(route), caller=holder, operator="carol", **query
        )
        assert system.headers["cache-control"] == "no-store", route
        is_open = not needed(route) or scope in needed(route) or scope is Scope.ADMIN
        if is_open:
            assert status in SUCCESSES or status == 404, (route, answer)
        else:
            assert (status, answer["status"]) == (403, 403), route
            assert answer["type"] == "urn:dlr:problem:refused"
        audited = ROUTES[route].audit is Audit.ALWAYS or (
            ROUTES[route].audit is Audit.WITH_NUMBERS and scope in {Scope.PII, Scope.ADMIN}
        )
        if not is_open or audited:
            outcome = Outcome.DONE if status < 400 else Outcome.FAILED
            expected.append((route, outcome if is_open else Outcome.REFUSED))
    found = entries(system)
    assert [(each["route"], each["outcome"]) for each in reversed(found)] == expected
    assert {(each["name"], each["note"]) for each in found} <= {("shop", "carol")}
    everything = repr(desk(system, "audit#"))
    assert NUMBER[-9:] not in everything
    assert NUMBER[-9:] not in json.dumps(found)


def test_a_path_that_the_gateway_reads_otherwise_is_judged_by_what_would_run(
    system: SystemHarness,
) -> None:
    """`/suppressions/exp%6Frt` is a number to API Gateway and the export to the resolver."""
    for path in ("/suppressions/export", "/suppressions/held/smsmode"):
        status, answer = system.ask("GET /suppressions/{number}", path, caller=caller(Scope.CHECK))
        assert (status, answer["type"]) == (403, "urn:dlr:problem:refused")


@pytest.mark.parametrize(
    "context",
    [
        None,
        {},
        {"name": "x", "scopes": "root", "token_id": "", "expires_at": "", "parent": ""},
        {"name": "x", "scopes": "admin", "token_id": "", "expires_at": "soon", "parent": ""},
        {"name": "x", "scopes": "admin"},
    ],
)
def test_a_call_without_the_authorizers_word_is_refused(
    system: SystemHarness, context: dict[str, str] | None
) -> None:
    event = http_event("GET", "/tokens", headers=JSON, route="GET /tokens", caller=context)
    answer = system.functions.call("Api", event)
    assert answer["statusCode"] == 403


def test_who_may_not_see_numbers_sees_none(system: SystemHarness) -> None:
    assert system.send(report("hidden", NUMBER, code=HARD))[0] == 200
    route, path = "GET /messages/{provider}/{message_id}", "/messages/thesmsworks/hidden"
    status, whole = system.ask(route, path)
    assert (status, whole["recipient"]) == (200, NUMBER)
    status, masked = system.ask(route, path, caller=caller(Scope.READ))
    assert (status, masked["status"], masked["cause"]) == (200, whole["status"], whole["cause"])
    assert len(masked["history"]) == len(whole["history"]) == 1
    for hidden in (NUMBER[-9:], whole["recipient_hash"]):
        assert hidden in json.dumps(whole)
        assert hidden not in json.dumps(masked)
    (seen,) = entries(system)
    assert (seen["name"], seen["route"]) == ("admin", route)


def test_who_may_not_see_numbers_sees_none_in_a_code_either() -> None:
    report = make_report(
        Status.UNDELIVERED,
        recipient=NUMBER,
        recipient_hash="h",
        provider_code=f"to {NUMBER[1:]}",
        network=NUMBER,
    )
    shown = without_person(MessageAnswer(**dict(report), history=[report]))
    assert NUMBER[-8:] not in shown.model_dump_json()
    assert shown.provider_status == report.provider_status


def test_who_may_not_see_numbers_tries_none_on_a_message(system: SystemHarness) -> None:
    """Neither a right nor a wrong number makes a difference, and each try is in the audit."""
    system.send(report("tried", NUMBER, code=HARD))
    for path, query in (("/messages/thesmsworks/tried", {}), (BY_QUERY, {"message_id": "tried"})):
        route = f"GET {path.replace('thesmsworks', '{provider}').replace('tried', '{message_id}')}"
        answers = [
            system.ask(route, path, caller=caller(Scope.READ), **query, recipient=number)
            for number in (NUMBER, OTHER, "x")
        ]
        assert {status for status, _ in answers} == {403}
        assert len({answer["detail"] for _, answer in answers}) == 1
        assert system.ask(route, path, **query, recipient=NUMBER)[0] == 200
    outcomes = [each["outcome"] for each in entries(system)]
    assert outcomes.count("refused") == 6
    assert outcomes.count("done") == 2
    assert NUMBER[-9:] not in json.dumps(entries(system))


def test_a_message_of_another_recipient_is_not_theirs(system: SystemHarness) -> None:
    """Of a provider that says that ids are unique, and gives one to two people."""
    route, path = "GET /messages/{provider}/{message_id}", "/messages/thesmsworks/twice"
    system.send(report("twice", NUMBER, code=HARD))
    assert system.ask(route, path, recipient=OTHER)[0] == 404
    system.send(report("twice", OTHER, code=HARD))
    for number in (NUMBER, OTHER):
        status, answer = system.ask(route, path, recipient=number)
        assert (status, answer["recipient"]) == (200, number)
    assert system.ask(route, path, recipient="+447700900473")[0] == 404


@pytest.mark.parametrize(
    ("code", "recipient", "is_shown"),
    [
        ("BAD MSISDN 447700900999", {"recipient": NUMBER}, False),  # somebody else's
        ("to 0770 090 0123", {"recipient": None, "provider_recipient": "(0770) 090-0123"}, False),
        ("to 6123456", {"recipient": "+3546123456"}, False),
        ("to 123456", {"recipient": None, "provider_recipient": "123 456"}, True),
        ("NACK/0x00000401", {"recipient": NUMBER}, True),
        ("30003", {"recipient": None, "provider_recipient": None}, True),
    ],
)
def test_a_code_is_shown_where_no_number_can_stand_in_it(
    code: str, recipient: dict[str, Any], is_shown: bool
) -> None:
    report = make_report(provider_code=code).model_copy(update=recipient)
    shown = without_person(MessageAnswer(**dict(report), history=[report]))
    assert shown.provider_code == shown.history[0].provider_code == (code if is_shown else None)


@pytest.mark.parametrize(
    ("route", "path", "query", "body", "status"),
    [
        ("POST /erasures/repeat", "/erasures/repeat", "", b"{}", 200),
        ("POST /erasures/repeat", "/erasures/repeat", "", b"null", 200),
        ("POST /erasures/repeat", "/erasures/repeat", "", b'{"since": 1}', 422),
        ("POST /erasures/repeat", "/erasures/repeat", "afer=x", b"", 422),
        ("GET /quarantine", "/quarantine", "cursor=x&cursor=x", b"", 422),
        ("GET /quarantine", "/quarantine", "after=x", b"", 422),
        ("GET /quarantine", "/quarantine", "", b'{"cursor": 1}', 200),
        ("GET /audit", "/audit", "to=0001-01-02T00:00:00Z", b"", 422),
        ("GET /audit", "/audit", "from=2026-11-30T00:00:00+01:00", b"", 200),
        ("GET /audit", "/audit", "to=9999-12-31T23:59:59-12:00", b"", 422),
    ],
)
def test_what_a_call_would_not_read_is_refused(
    system: SystemHarness, route: str, path: str, query: str, body: bytes, status: int
) -> None:
    """Nobody gets a default, or everything, for what was misspelt or stands in the wrong place."""
    context = ADMINISTRATOR.to_context()
    event = http_event(
        route.split()[0], path, query=query, headers=JSON, body=body, route=route, caller=context
    )
    assert system.functions.call("Api", event)["statusCode"] == status


# ---------------------------------------------------------------- the audit


def test_a_person_is_a_keyed_hash_of_the_audits_own(system: SystemHarness) -> None:
    system.ask("POST /people/lookup", "/people/lookup", {"number": NUMBER})
    system.ask("GET /recipients/{number}", f"/recipients/{NUMBER}")
    route, path = "DELETE /recipients/{number}", f"/recipients/{NUMBER}"
    assert system.ask(route, path, caller=caller(Scope.CHECK))[0] == 403
    assert len(entries(system)) == 3
    subjects = {each["subject"] for each in entries(system)}
    assert subjects == {subject_of(PhoneNumber(NUMBER), HASHER)}
    assert not subjects & set(HASHER.every_hash(NUMBER))


def test_an_act_that_cannot_be_written_down_is_not_done(system: SystemHarness) -> None:
    system.functions.intercept = failing("PutItem")
    event = http_event(
        "PUT",
        f"/suppressions/{NUMBER}",
        headers=JSON,
        body=b"{}",
        route="PUT /suppressions/{number}",
        caller=ADMINISTRATOR.to_context(),
    )
    answer = system.functions.call("Api", event)
    assert answer["statusCode"] == 503
    assert answer["headers"]["retry-after"] == "5"
    assert json.loads(answer["body"])["type"] == "urn:dlr:problem:unavailable"
    assert system.items("SuppressionsTable") == []


def test_a_job_is_audited_when_it_gives_links_and_not_while_somebody_waits_for_it(
    system: SystemHarness,
) -> None:
    who, route = let_in(system, make(system, "read", "pii")["token"]), "GET /exports/{id}"
    assert who is not None
    _, job = system.ask("POST /exports", "/exports", {"kind": "suppressions"}, caller=who)
    path = f"/exports/{job['id']}"
    for _ in range(3):
        assert system.ask(route, path, caller=who)[1]["state"] == "queued"
    assert system.ask(route, path, caller=replace(who, scopes={Scope.READ}))[0] == 403
    assert system.export()
    stranger = replace(who, token_id="00000000000000bb")
    assert system.ask(route, path, caller=stranger)[0] == 404
    for _ in range(2):
        assert len(system.ask(route, path, caller=who)[1]["links"]) == 1
    found = [(each["route"], each["outcome"], each["target"]) for each in entries(system)]
    assert found == [
        *[(route, "done", job["id"])] * 2,
        (route, "refused", None),
        ("POST /exports", "done", job["id"]),
        ("POST /tokens", "done", who.token_id),
    ]
    system.functions.intercept = failing("PutItem")
    event = http_event("GET", path, route=route, caller=who.to_context())
    answer = system.functions.call("Api", event)
    assert answer["statusCode"] == 503
    assert "links" not in answer["body"]


def test_a_token_with_too_many_unfinished_jobs_is_told_when_to_come_again(
    system: SystemHarness,
) -> None:
    for _ in range(10):  # the parameter's default
        assert system.ask("POST /exports", "/exports", {"kind": "suppressions"})[0] == 202
    status, answer = system.ask("POST /backtests", "/backtests", {"policy": "cause"})
    assert (status, answer["type"]) == (429, "urn:dlr:problem:too-many")
    assert int(system.headers["retry-after"]) > 0


def test_an_outcome_that_cannot_be_written_leaves_the_act_begun_in_the_audit(
    system: SystemHarness,
) -> None:
    puts = 0

    def intercept(call: Call, request: AWSPreparedRequest) -> AWSResponse | None:
        nonlocal puts
        if (call.operation, call.resource) != ("PutItem", "DeskTable"):
            return None
        puts += 1
        return EVERY["error 500"](request) if puts > 1 else None

    system.functions.intercept = intercept
    assert system.ask("PUT /suppressions/{number}", f"/suppressions/{NUMBER}", {})[0] == 200
    (entry,) = entries(system)
    assert (entry["outcome"], entry["status"]) == ("begun", None)


def test_a_flood_of_refusals_fills_no_partition_that_acts_need(system: SystemHarness) -> None:
    system.ask("GET /tokens", "/tokens", caller=caller(Scope.CHECK))
    system.ask("PUT /suppressions/{number}", f"/suppressions/{NUMBER}", {})
    refused, done = entries(system)[::-1]
    assert (refused["outcome"], done["outcome"]) == ("refused", "done")
    partitions = {each["outcome"]["S"]: each["pk"]["S"] for each in desk(system, "audit#")}
    assert partitions["refused"] != partitions["done"]


def test_a_problem_has_its_type_and_the_id_of_the_call(system: SystemHarness) -> None:
    status, answer = system.ask("GET /suppressions/{number}", "/suppressions/ACME")
    assert status == 400
    assert answer.keys() == {"type", "title", "status", "detail", "request_id"}
    assert answer["type"] == "urn:dlr:problem:not-a-number"
    assert answer["request_id"]


def filled(system: SystemHarness, times: list[datetime]) -> AuditLog:
    """An audit with an entry at each time, called `0` and so on."""
    audit = AuditLog(system.dynamodb, system.names["DeskTable"])
    for n, at in enumerate(times):
        entry = Entry(at=at, name=str(n), token_id="", route="GET /x", request_id=f"r-{n}")
        audit.put(entry, is_refusal=n % 3 == 0)
    return audit


def test_the_audit_is_read_newest_first_and_each_entry_once_whatever_the_page(
    system: SystemHarness,
) -> None:
    end = datetime(2026, 11, 30, 12, tzinfo=UTC)
    times = [end - timedelta(hours=5 * n, microseconds=n) for n in range(40)] + [end] * 3
    audit = filled(system, times)
    within = [n for n in range(40) if end - timedelta(days=7) <= times[n] < end]
    for limit in (1, 3, 7, 200):
        found, cursor = [], None
        for _ in range(60):
            page = audit.page(end - timedelta(days=7), end, cursor, limit, end)
            assert len(page.items) <= limit
            found += [int(each.name) for each in page.items]
            cursor = page.next
            if cursor is None:
                break
            assert is_cursor(cursor)
        assert found == within


def test_a_page_of_the_audit_looks_at_a_month_at_most_and_goes_on(system: SystemHarness) -> None:
    now = datetime(2026, 11, 30, 12, tzinfo=UTC)
    audit = filled(system, [now - timedelta(days=100), now - KEEP - timedelta(days=1)])
    found, cursor, pages = [], None, 0
    while pages == 0 or cursor is not None:
        page = audit.page(now - timedelta(days=900), now, cursor, 10, now)
        found, cursor, pages = found + page.items, page.next, pages + 1
    assert [each.name for each in found] == ["0"]
    assert 10 < pages < 16


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "x"},
        {"cursor": "2026-13-45T00:00:00.000000Z"},
        {"cursor": "2026-11-30T00:00:00.000000Z#" + "x" * 2000},
        {"from": "2026-11-30T00:00:00Z", "to": "2026-11-29T00:00:00Z"},
        {"from": "yesterday"},
        {"from": "2026-11-30T00:00:00"},
        {"limit": "0"},
        {"limit": "201"},
    ],
    ids=str,
)
def test_a_malformed_question_about_the_audit_is_a_problem(
    system: SystemHarness, query: dict[str, str]
) -> None:
    status, answer = system.ask("GET /audit", "/audit", **query)
    assert (status, answer["type"]) == (422, "urn:dlr:problem:invalid")


# ---------------------------------------------------------------- the gate


class NoAudit:
    """Takes everything."""

    def put(self, entry: Entry, *, is_refusal: bool = False) -> None:
        del entry, is_refusal


def test_a_route_that_is_not_in_the_table_is_refused_and_not_run() -> None:
    ran: list[str] = []
    audit: Any = NoAudit()
    app = TeamApi(Gate(audit, HASHER), "https://api.example.com")

    @app.get("/unlisted")
    def unlisted() -> dict[str, str]:
        ran.append("unlisted")
        return {}

    @app.get("/stats")
    def listed() -> dict[str, str]:
        ran.append("listed")
        return {}

    context: Any = Context("Api")
    for path, status in (("/unlisted", 404), ("/nowhere", 404), ("/stats", 200)):
        event = http_event("GET", path, headers=JSON, caller=ADMINISTRATOR.to_context())
        assert app.resolve(event, context)["statusCode"] == status
    assert ran == ["listed"]
