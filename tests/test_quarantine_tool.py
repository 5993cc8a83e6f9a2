"""`make quarantine` on a running system: list, show, discard, replay, and wrong calls."""

import json
from uuid import uuid4

import pytest

from local import quarantine
from local.client import Client
from local.stack import Deployment

PROVIDER = "bulksmsrates"


def refused(client: Client, deployment: Deployment) -> str:
    """The body of a request that is in quarantine."""
    body = f"garbage {uuid4().hex}"
    assert client.post(deployment.webhooks[PROVIDER], body.encode()) == 400
    return body


def id_of(client: Client, body: str) -> str:
    (found,) = (r["id"] for r in quarantine.requests_of(client, PROVIDER) if r["body"] == body)
    return str(found)


def test_only_the_providers_requests_are_found(client: Client, deployment: Deployment) -> None:
    body = refused(client, deployment)
    assert body in {r["body"] for r in quarantine.requests_of(client)}
    assert body not in {r["body"] for r in quarantine.requests_of(client, "smsmode")}


def test_what_still_cannot_be_read_is_said_and_stays(
    client: Client, deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    body = refused(client, deployment)
    found = id_of(client, body)
    assert quarantine.settle(client, "replay", [found]) is False
    printed, _, answer = capsys.readouterr().out.partition(" ")
    assert (printed, json.loads(answer)["new"]) == (found, 0)
    assert id_of(client, body) == found


def test_a_discarded_request_is_gone(client: Client, deployment: Deployment) -> None:
    body = refused(client, deployment)
    assert quarantine.settle(client, "discard", [id_of(client, body)])
    assert body not in {r["body"] for r in quarantine.requests_of(client)}


def test_settling_everything_has_to_be_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["quarantine", "discard"])
    with pytest.raises(SystemExit):
        quarantine.main()
    assert "discard what?" in capsys.readouterr().err
