"""The team's API on the running system, route by route."""

import json
from operator import itemgetter
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import pytest

from dlr.suppression.standing import State
from local.client import Client
from local.cloud import Cloud
from local.http_event import http_event
from local.stack import Deployment
from local.waiting import wait_until
from tests.support import thesmsworks
from tests.support.functions import Functions
from tests.support.system import ADMINISTRATOR
from tests.support.template import resources


def path(number: str) -> str:
    return f"/suppressions/{quote(number)}"


def quarantine(client: Client, deployment: Deployment, body: str) -> str:
    """An unreadable request's id in quarantine."""
    assert client.post(deployment.webhooks["bulksmsrates"], body.encode()) == 400
    found, after = [], ""
    while after is not None:
        _, page = client.api("GET", f"/quarantine?cursor={after}" if after else "/quarantine")
        found += [each["id"] for each in page["items"] if each["body"] == body]
        after = page["next"]
    (quarantine_id,) = found
    return str(quarantine_id)


@pytest.mark.parametrize("path", ["/dlr/openapi.json", "/openapi.json"])
def test_the_api_answers_behind_a_path_that_is_mapped_to_it(path: str) -> None:
    """API Gateway leaves the path of a mapping in the event, a proxy may take it away."""
    nowhere: Any = SimpleNamespace(url="http://127.0.0.1:9")
    names = {name: name for name in resources()}
    functions = Functions(nowhere, names, PublicUrl="https://api.example.com/dlr")
    answer = functions.call(
        "Api", http_event("GET", path, route="GET /openapi.json", caller=ADMINISTRATOR.to_context())
    )
    assert answer["statusCode"] == 200


def test_a_number_is_put_on_a_list_asked_for_and_lifted(client: Client, number: str) -> None:
    status, answer = client.api("PUT", path(number), '{"list": "opt_out"}')
    assert (status, answer["suppressed"], answer["cause"]) == (200, True, "opted_out")
    assert client.api("GET", path(number))[1] == answer
    status, answer = client.api("DELETE", path(number) + "?list=opt_out")
    assert (status, answer["suppressed"], answer["state"]) == (200, False, State.LIFTED)


def test_a_lift_of_a_number_that_is_not_there_is_no_error(client: Client, number: str) -> None:
    assert client.api("DELETE", path(number))[1]["suppressed"] is False


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/suppressions/07700900123", None, 400),
        ("GET", "/recipients/ACME", None, 400),
        ("PUT", "/suppressions/447700902999", "{}", 400),
        ("DELETE", "/suppressions/447700902999", None, 400),
        ("GET", "/recipients/447700902999", None, 400),
        ("DELETE", "/recipients/447700902999", None, 400),
        ("POST", "/suppressions/import?country=XX", "number\n", 422),
        ("GET", "/messages/smsmode/nobody", None, 404),
        ("POST", "/quarantine/nothing/replay", None, 404),
        ("PUT", "/suppressions/+447700902999", '{"list": "nowhere"}', 422),
        ("PUT", "/suppressions/+447700902999", "not json", 422),
        ("DELETE", "/suppressions/+447700902999?list=nowhere", None, 422),
        ("POST", "/suppressions/check", '{"numbers": []}', 422),
        ("POST", "/suppressions/check", json.dumps({"numbers": ["1"] * 1001}), 422),
        ("POST", "/suppressions/check", None, 422),
        ("POST", "/suppressions/check", "[" * 100_000, 422),
        ("POST", "/suppressions/check", '{"numbers": [%s]}' % ("9" * 5000), 422),
        ("GET", "/messages/smsmode/" + "x" * 3000, None, 422),
        ("GET", "/messages/smsmode?message_id=nobody", None, 404),
        ("GET", "/messages/smsmode", None, 422),
        ("GET", "/messages/smsmode?message_id=", None, 422),
        ("GET", "/messages/smsmode?message_id=" + "x" * 3000, None, 422),
        ("GET", "/messages/smsmode?message_id=a&message_id=b", None, 422),
        ("GET", "/suppressions/held/" + "x" * 3000, None, 422),
        ("DELETE", "/quarantine/" + "x" * 3000, None, 422),
    ],
)
def test_a_wrong_question_is_a_problem_that_quotes_nothing(
    client: Client, method: str, path: str, body: str | None, status: int
) -> None:
    got, answer = client.api(method, path, body)
    assert (got, answer["status"]) == (status, status)
    assert answer["detail"]
    assert "0770090" not in json.dumps(answer)


@pytest.mark.parametrize(
    "message_id",
    [
        "plain",
        "a/b",
        "a#b",
        "a?b",
        "a%2Fb",
        "a\\b",
        'a"b',
        "a,b",
        "a b",
        "a+b",
        "a&b=c",
        "é",
        "../x",
    ],
)
def test_a_message_is_found_by_any_id(
    client: Client, deployment: Deployment, number: str, message_id: str
) -> None:
    report = {"message_id": message_id, "to": number, "status": "DELIVRD", "error_code": "000"}
    client.post(deployment.webhooks["bulksmsrates"], json.dumps(report).encode())
    path = f"/messages/bulksmsrates?{urlencode({'message_id': message_id})}"
    status, answer = client.api("GET", path)
    assert (status, answer["message_id"], answer["status"]) == (200, message_id, "delivered")


def test_a_message_is_found_by_its_path_too(
    client: Client, deployment: Deployment, number: str
) -> None:
    report = {"message_id": "in-a-path", "to": number, "status": "DELIVRD", "error_code": "000"}
    client.post(deployment.webhooks["bulksmsrates"], json.dumps(report).encode())
    status, answer = client.api("GET", "/messages/bulksmsrates/in-a-path")
    assert (status, answer["message_id"]) == (200, "in-a-path")
    assert client.api("GET", "/messages/bulksmsrates?message_id=in-a-path")[1] == answer


def test_rows_are_imported_and_exported(client: Client, number: str) -> None:
    status, answer = client.api(
        "POST", "/suppressions/import", f"number,list\n{number},opt_out\n?,\n"
    )
    assert (status, answer["imported"], len(answer["errors"])) == (200, 1, 1)
    assert client.suppression(number)["list"] == "opt_out"
    status, page = client.api("GET", "/suppressions/export")
    assert status == 200
    assert page["csv"].startswith("recipient_hash,list,state,cause,")
    assert number[1:] not in page["csv"]


def test_rows_are_imported_with_the_country_of_their_numbers(client: Client, number: str) -> None:
    national = f"0{number.removeprefix('+33')}"
    assert client.api("POST", "/suppressions/import", f"number\n{national}\n")[1]["imported"] == 0
    path = "/suppressions/import?country=fr"
    assert client.api("POST", path, f"number\n{national}\n")[1]["imported"] == 1
    assert client.suppression(number)["suppressed"]


def test_a_sender_may_ask_without_the_plus(client: Client, number: str) -> None:
    client.api("PUT", path(number), "{}")
    assert client.suppression(number[1:])["suppressed"]
    (found,) = client.check([number[1:]])["suppressed"]
    assert found["number"] == number[1:]


def test_nothing_is_held_and_so_nothing_settled(client: Client) -> None:
    assert client.api("GET", "/suppressions/held/smpp")[1] == {"held": 0}
    since = '{"since": "2026-01-01T00:00:00Z"}'
    for settle in ("release", "discard"):
        status, answer = client.api("POST", f"/suppressions/held/smpp/{settle}", since)
        assert answer.pop("until")
        assert (status, answer) == (200, {"settled": 0, "next": None})
        status, answer = client.api("POST", f"/suppressions/held/smpp/{settle}?after=x", since)
        assert (status, "`until`" in answer["detail"]) == (422, True)
        status, answer = client.api("POST", f"/suppressions/held/misspelt/{settle}", since)
        assert (status, "no such provider" in answer["detail"]) == (422, True)


@pytest.mark.parametrize(
    ("act", "body", "status"),
    [
        ("held/smpp/release", None, 200),
        ("held/smpp/release", "{}", 200),
        ("held/smpp/release", '{"sincee": "2026-01-01T00:00:00Z"}', 422),
        ("held/smpp/release?since=2026-01-01T00:00:00Z", None, 422),
        ("held/smpp/discard", None, 422),
        ("held/smpp/discard", "{}", 422),
        ("held/smpp/discard", '{"since": null}', 422),
        ("held/smpp/discard?since=2026-01-01T00:00:00Z", None, 422),
        ("revert/smpp", None, 422),
        ("revert/smpp", "{}", 422),
        ("revert/smpp", '{"until": "2026-01-01T00:00:00Z"}', 422),
        ("revert/smpp", '{"since": "2026-01-01T00:00:00"}', 422),
    ],
)
def test_what_takes_away_for_good_names_its_beginning_in_the_body(
    client: Client, act: str, body: str | None, status: int
) -> None:
    assert client.api("POST", f"/suppressions/{act}", body)[0] == status


def test_everything_of_a_person_is_shown_and_erased(
    client: Client, deployment: Deployment, number: str
) -> None:
    report = {"message_id": uuid4().hex, "to": number, "status": "UNDELIV", "error_code": "001"}
    client.post(deployment.webhooks["bulksmsrates"], json.dumps(report).encode())
    assert wait_until(lambda: client.suppression(number)["suppressed"])
    quarantine(client, deployment, json.dumps({"to": number}))
    _, stored = client.api("GET", f"/recipients/{quote(number)}")
    assert (len(stored["messages"]), len(stored["quarantine"])) == (1, 1)
    assert stored["suppression"]["audit"]
    status, erased = client.api("DELETE", f"/recipients/{quote(number)}")
    assert (status, erased) == (200, {"messages": 1, "quarantine": 1, "suppressed": True})
    _, left = client.api("GET", f"/recipients/{quote(number)}")
    assert (left["messages"], left["quarantine"]) == ([], [])
    assert report["message_id"] not in json.dumps(left)
    assert client.suppression(number)["suppressed"]
    assert client.api("POST", "/erasures/repeat")[1]["repeated"] >= 1


def test_a_quarantined_request_is_listed_replayed_and_discarded(
    client: Client, deployment: Deployment
) -> None:
    found = quarantine(client, deployment, '{"no": "report"}')
    status, answer = client.api("POST", f"/quarantine/{found}/replay")
    assert (status, answer["new"]) == (200, 0)
    assert "Field required" in answer["error"]
    assert client.api("DELETE", f"/quarantine/{found}") == (200, {"discarded": found})
    assert client.api("POST", f"/quarantine/{found}/replay")[0] == 404


def test_the_api_describes_every_route(
    client: Client, cloud: Cloud, deployment: Deployment
) -> None:
    api = deployment.base_url.split("/")[-2]
    routes = cloud.client("apigatewayv2").get_routes(ApiId=api)["Items"]
    others = ("/webhooks", "/console")
    keys = {key for key in map(itemgetter("RouteKey"), routes) if not any(o in key for o in others)}
    _, schema = client.api("GET", "/openapi.json")
    described = {f"{m.upper()} {p}" for p, methods in schema["paths"].items() for m in methods}
    assert described == keys


def test_a_strike_is_watched(client: Client, deployment: Deployment, number: str) -> None:
    webhook = deployment.webhooks["thesmsworks"]
    for n in range(2):
        body = thesmsworks.report(uuid4().hex, number, code=thesmsworks.UNDELIVERED, minute=n)
        client.post(webhook, body)
        assert wait_until(lambda n=n: client.suppression(number)["strikes"] == n + 1)
    assert client.suppression(number)["state"] == State.WATCHING
    report = {
        "message_id": uuid4().hex,
        "to": number,
        "status": "UNDELIV",
        "delivered_at": "2026-11-20T10:00:09Z",
    }
    client.post(deployment.webhooks["bulksmsrates"], json.dumps(report).encode())
    assert wait_until(lambda: client.suppression(number)["suppressed"])
