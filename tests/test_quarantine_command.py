"""`dlr quarantine` on a running system: list, show, replay, discard, and finding the system."""

import json
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from dlr_cli import aws
from dlr_cli.__main__ import dlr
from dlr_cli.errors import NotFoundError, RefusedError
from local.client import Client
from local.cloud import Cloud
from local.stack import STACK, Deployment
from tests.support.cases import ROOT

PROVIDER = "bulksmsrates"


def call(deployment: Deployment, *arguments: str) -> Result:
    environment = {"DLR_URL": deployment.base_url, "DLR_TOKEN": deployment.admin_token}
    return CliRunner(env=environment).invoke(dlr, ["quarantine", *arguments])


def refused(client: Client, deployment: Deployment) -> str:
    """The body of a request that is in quarantine."""
    body = f"garbage {uuid4().hex}"
    assert client.post(deployment.webhooks[PROVIDER], body.encode()) == 400
    return body


def bodies(deployment: Deployment, provider: str) -> dict[str, str]:
    """The body of each request of a provider, and its id."""
    result = call(deployment, "show", "--provider", provider, "--json")
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    return {row["body"]: row["id"] for row in rows}


def test_only_the_providers_requests_are_found(client: Client, deployment: Deployment) -> None:
    body = refused(client, deployment)
    assert body in bodies(deployment, PROVIDER)
    assert body not in bodies(deployment, "smsmode")
    listed = call(deployment, "list").stdout
    assert bodies(deployment, PROVIDER)[body] in listed
    assert body not in listed


def test_what_still_cannot_be_read_is_said_and_stays(
    client: Client, deployment: Deployment
) -> None:
    body = refused(client, deployment)
    found = bodies(deployment, PROVIDER)[body]
    result = call(deployment, "replay", found, "--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (answer["id"], answer["outcome"], answer["new"]) == (found, "unreadable", 0)
    assert bodies(deployment, PROVIDER)[body] == found


def test_a_discarded_request_is_gone(client: Client, deployment: Deployment) -> None:
    body = refused(client, deployment)
    found = bodies(deployment, PROVIDER)[body]
    assert call(deployment, "discard", found, "--yes").exit_code == 0
    assert body not in bodies(deployment, PROVIDER)
    result = call(deployment, "replay", found)
    assert (result.exit_code, result.stdout) == (3, f"{found}  not in quarantine\n")
    assert call(deployment, "show", found).exit_code == 3


@pytest.mark.parametrize("token", ["wrong", "Bearer"])
def test_a_wrong_token_is_refused(deployment: Deployment, token: str) -> None:
    environment = {"DLR_URL": deployment.base_url, "DLR_TOKEN": token}
    result = CliRunner(env=environment).invoke(dlr, ["quarantine", "list"])
    assert (result.exit_code, result.stdout) == (4, "")


def test_another_address_of_the_gateway_is_no_empty_quarantine(deployment: Deployment) -> None:
    assert call(deployment, "list", "--url", f"{deployment.base_url}/nothing").exit_code == 1


def test_it_finds_the_system_that_runs_here(
    client: Client, deployment: Deployment, tmp_path: Path
) -> None:
    body = refused(client, deployment)
    found = bodies(deployment, PROVIDER)[body]
    (tmp_path / ".local").mkdir()
    deployment.write(tmp_path / ".local" / "outputs.json")
    done = subprocess.run(
        [sys.executable, "-m", "dlr_cli", "quarantine", "list"],
        env={"PYTHONPATH": str(ROOT / "cli"), "PATH": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found in done.stdout
    assert done.stderr == ""


def test_it_finds_a_stack_in_an_account(
    cloud: Cloud, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.url)
    url, token = aws.base_url_and_token(STACK)
    assert token == deployment.admin_token
    assert deployment.resources["HttpApi"] in url
    with pytest.raises(NotFoundError):
        aws.base_url_and_token("another")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN")
    with pytest.raises(RefusedError):
        aws.base_url_and_token(STACK)
