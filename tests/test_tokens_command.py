"""`dlr tokens` and `dlr audit` on a running system, through the gateway and its authorizer."""

import json
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from dlr_cli.__main__ import dlr
from local.client import Client
from local.stack import Deployment
from local.waiting import wait_until


def call(deployment: Deployment, *arguments: str, token: str | None = None) -> Result:
    environment = {
        "DLR_URL": deployment.base_url,
        "DLR_TOKEN": token or deployment.admin_token,
    }
    return CliRunner(env=environment).invoke(dlr, arguments)


def rows(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def name() -> str:
    """Of a token that no other test has: letters only, because digits could be a number."""
    return "shop " + "".join(each for each in uuid4().hex if each.isalpha())


def test_a_token_is_made_used_seen_and_revoked(
    client: Client, deployment: Deployment, name: str
) -> None:
    (made,) = rows(call(deployment, "tokens", "create", name, "--scope", "check", "--json"))
    assert call(deployment, "audit", token=made["token"]).exit_code == 4
    (listed,) = [
        each for each in rows(call(deployment, "tokens", "list", "--json")) if each["name"] == name
    ]
    assert (listed["id"], listed["scopes"]) == (made["id"], ["check"])
    assert listed["last_used"]
    assert made["token"] not in call(deployment, "tokens", "list").output
    result = call(deployment, "tokens", "revoke", made["id"])
    assert (result.exit_code, "--yes" in result.output) == (2, True)
    assert call(deployment, "tokens", "revoke", made["id"], "--yes").exit_code == 0
    done = [
        each for each in rows(call(deployment, "audit", "--json")) if each["target"] == made["id"]
    ]
    assert [(each["route"], each["outcome"]) for each in done] == [
        ("DELETE /tokens/{id}", "done"),
        ("POST /tokens", "done"),
    ]
    refused = [each for each in rows(call(deployment, "audit", "--json")) if each["name"] == name]
    assert [(each["route"], each["status"]) for each in refused] == [("GET /audit", 403)]


def test_a_token_that_is_not_there_is_not_found(deployment: Deployment) -> None:
    assert call(deployment, "tokens", "revoke", "0123456789abcdef", "--yes").exit_code == 3


def test_a_name_that_is_a_number_fails_and_is_not_shown(deployment: Deployment) -> None:
    result = call(deployment, "tokens", "create", "447700900123", "--scope", "read")
    assert (result.exit_code, "0900123" in result.output) == (2, False)


def test_a_time_without_an_entry_is_said(deployment: Deployment) -> None:
    result = call(
        deployment, "audit", "--from", "2026-01-01T00:00:00Z", "--to", "2026-01-02T00:00:00Z"
    )
    assert (result.exit_code, "Nothing is in the audit" in result.output) == (0, True)


@pytest.mark.slow
def test_a_revoked_token_is_refused_within_a_minute_by_the_gateway(
    deployment: Deployment, name: str
) -> None:
    """It remembers the authorizer's answer for half a minute."""
    (made,) = rows(call(deployment, "tokens", "create", name, "--scope", "admin", "--json"))
    assert call(deployment, "tokens", "list", token=made["token"]).exit_code == 0
    assert call(deployment, "tokens", "revoke", made["id"], "--yes").exit_code == 0
    assert wait_until(
        lambda: call(deployment, "tokens", "list", token=made["token"]).exit_code == 4, 60
    )
