"""A report's whole way on the embedded AWS: webhook in, suppressed number out."""

import gzip
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
import urllib3

from dlr.lake.manifest import Manifest
from dlr.lake.reader import LakeReader
from local.client import AGAIN, Client
from local.cloud import Cloud
from local.demo import demo
from local.listener import Listener
from local.process import CannotStart
from local.stack import Deployment, deploy, describe
from local.waiting import TIMEOUT_S, wait_until
from tests.support.metrics import written_in
from tests.support.numbers import new_number
from tests.support.template import watched_metrics
from tests.support.thesmsworks import HARD, SOFT, STOP, UNSEEN, report
from tests.support.waiting import hears


def test_a_hard_bounce_suppresses_the_number_and_says_why(
    client: Client, deployment: Deployment, number: str, message_id: str
) -> None:
    status = client.post(deployment.webhooks["thesmsworks"], report(message_id, number, code=HARD))
    assert status == 200
    assert wait_until(lambda: client.suppression(number)["suppressed"])
    answer = client.suppression(number)
    assert (answer["list"], answer["state"], answer["cause"]) == (
        "number",
        "active",
        "unknown_subscriber",
    )
    assert (answer["provider"], answer["provider_code"], answer["message_id"]) == (
        "thesmsworks",
        str(HARD),
        message_id,
    )
    assert answer["expires_at"] is not None


def test_a_report_is_in_the_lake_before_and_after_its_merge(
    cloud: Cloud,
    client: Client,
    deployment: Deployment,
    number: str,
    message_id: str,
    tmp_path: Path,
) -> None:
    def rows() -> list[tuple[str, str]]:
        return rows_of(cloud, deployment, message_id, tmp_path)

    def merge() -> None:
        answer = cloud.client("lambda").invoke(FunctionName=deployment.resources["Merge"])
        assert "FunctionError" not in answer

    webhook = deployment.webhooks["thesmsworks"]
    assert client.post(webhook, report(message_id, number, "SENT")) == 200
    assert wait_until(lambda: rows() == [("enroute", "none")])
    merge()
    assert rows() == [("enroute", "none")]
    assert client.post(webhook, report(message_id, number, code=HARD, minute=1)) == 200
    assert wait_until(lambda: rows() == [("undelivered", "unknown_subscriber")])
    merge()
    assert rows() == [("undelivered", "unknown_subscriber")]
    client.api("DELETE", f"/recipients/{quote(number)}")
    assert wait_until(lambda: rows() == [])
    merge()
    assert rows() == []


def rows_of(
    cloud: Cloud, deployment: Deployment, message_id: str, folder: Path
) -> list[tuple[str, str]]:
    """Status and cause of a message in the lake."""
    names, now, hour = deployment.resources, datetime.now(UTC), timedelta(hours=1)
    manifest = Manifest(cloud.client("dynamodb"), names["DeskTable"])
    lake = LakeReader(cloud.client("s3"), names["LakeBucket"], manifest, folder / "cache")
    with lake.open(now - hour, now + hour) as snapshot:
        return snapshot.db.execute(
            "SELECT status, cause FROM messages WHERE message_id = ?", [message_id]
        ).fetchall()


def test_who_said_stop_is_on_the_opt_out_list_until_lifted(
    client: Client, deployment: Deployment, number: str, message_id: str
) -> None:
    client.post(deployment.webhooks["thesmsworks"], report(message_id, number, code=STOP))
    assert wait_until(lambda: client.suppression(number)["suppressed"])
    answer = client.suppression(number)
    assert (answer["list"], answer["expires_at"]) == ("opt_out", None)


@pytest.mark.parametrize(
    ("status", "code", "cause"),
    [
        ("UNDELIVERABLE", SOFT, "absent"),
        ("DELIVERED", None, "none"),
        ("REJECTED", UNSEEN, "unknown"),
    ],
)
def test_what_says_nothing_bad_of_the_number_does_not_suppress_it(
    client: Client,
    deployment: Deployment,
    listener: Listener,
    number: str,
    message_id: str,
    status: str,
    code: int | None,
    cause: str,
) -> None:
    body = report(message_id, number, status, code)
    assert client.post(deployment.webhooks["thesmsworks"], body) == 200
    (event,) = hears(listener, message_id)
    assert (event["cause"], event["action"]) == (cause, "keep")
    assert client.message("thesmsworks", message_id)["cause"] == cause
    assert client.suppression(number)["suppressed"] is False


@pytest.fixture
def ten_at_once(cloud: Cloud, deployment: Deployment) -> Iterator[None]:
    """No more starts of the ingest function at once than a small machine has room for."""
    function = {"FunctionName": deployment.resources["Ingestthesmsworks"]}
    functions = cloud.client("lambda")
    functions.put_function_concurrency(**function, ReservedConcurrentExecutions=10)
    yield
    functions.delete_function_concurrency(**function)


@pytest.mark.usefixtures("ten_at_once")
def test_one_report_fifty_times_at_once_is_one_report(
    client: Client, deployment: Deployment, listener: Listener, number: str, message_id: str
) -> None:
    body = report(message_id, number, code=HARD)
    with ThreadPoolExecutor(50) as pool:
        statuses = list(
            pool.map(lambda _: client.post(deployment.webhooks["thesmsworks"], body), range(50))
        )
    assert statuses == [200] * 50
    assert len(client.message("thesmsworks", message_id)["history"]) == 1
    assert wait_until(lambda: client.suppression(number)["suppressed"])
    assert len(hears(listener, message_id)) == 1


def test_the_reports_of_a_message_end_in_the_same_state_in_any_order(
    client: Client, deployment: Deployment, number: str
) -> None:
    ways = list(
        permutations(
            [
                {"status": "SENT", "minute": 1},
                {"status": "EXPIRED", "minute": 2},
                {"status": "DELIVERED", "minute": 3},
                {"status": "UNDELIVERABLE", "minute": 4, "code": SOFT},
            ]
        )
    )

    def send(way: tuple[dict[str, Any], ...]) -> dict[str, Any]:
        message_id = uuid4().hex
        for fields in way:
            body = report(message_id, number, **fields)
            assert client.post(deployment.webhooks["thesmsworks"], body) == 200
        return client.message("thesmsworks", message_id)

    with ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(send, ways))
    assert {(end["status"], end["occurred_at"]) for end in ends} == {
        ("delivered", "2026-11-20T12:03:00Z")
    }
    assert {len(end["history"]) for end in ends} == {4}


def test_check_answers_which_numbers_may_not_be_sent_to_and_why(
    client: Client, deployment: Deployment, number: str, message_id: str
) -> None:
    client.post(deployment.webhooks["thesmsworks"], report(message_id, number, code=HARD))
    assert wait_until(lambda: client.suppression(number)["suppressed"])
    answer = client.check([number, "+12025550100", "nonsense"])
    assert [entry["number"] for entry in answer["suppressed"]] == [number]
    assert answer["suppressed"][0]["cause"] == "unknown_subscriber"


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_a_wrong_token_is_refused(client: Client, deployment: Deployment, every: int) -> None:
    """At every so many providers: each is a function that starts for it."""
    for provider, webhook in list(deployment.webhooks.items())[::every]:
        assert client.post(f"{webhook}x", b"{}") == 401, provider


def test_a_token_opens_its_own_provider_only(client: Client, deployment: Deployment) -> None:
    token = deployment.webhooks["smsmode"].rsplit("/", 1)[1]
    webhook = deployment.webhooks["smpp"].rsplit("/", 1)[0]
    assert client.post(f"{webhook}/{token}", b"{}") == 401


def test_an_unknown_provider_is_not_found(client: Client, deployment: Deployment) -> None:
    assert client.post(f"{deployment.base_url}/webhooks/nobody/token", b"{}") == 404


def test_garbage_is_refused_and_kept(cloud: Cloud, client: Client, deployment: Deployment) -> None:
    garbage = f"not a report {uuid4()}".encode()
    for _ in range(2):
        assert client.post(deployment.webhooks["smsmode"], garbage, "text/plain") == 400
    kept = cloud.client("dynamodb").scan(TableName=deployment.resources["QuarantineTable"])
    assert sum(garbage.decode() in json.dumps(item, default=str) for item in kept["Items"]) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), ({"authorization": "Bearer wrong"}, 403), ({"authorization": "wrong"}, 403)],
)
@pytest.mark.parametrize(
    "path", ["/suppressions/+447700900123", "/messages/smpp/1", "/openapi.json"]
)
def test_the_api_is_for_the_team(
    deployment: Deployment, path: str, headers: dict[str, str], status: int
) -> None:
    answer = urllib3.request(
        "GET", deployment.base_url + path, headers=headers, retries=AGAIN, timeout=TIMEOUT_S
    )
    assert answer.status == status


@pytest.mark.slow
def test_every_recorded_request_ends_as_recorded(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo(cloud), capsys.readouterr().out


def test_no_log_names_a_number_or_a_token(
    cloud: Cloud, client: Client, deployment: Deployment, number: str, message_id: str
) -> None:
    client.post(deployment.webhooks["thesmsworks"], report(message_id, number, code=HARD))
    assert wait_until(lambda: client.suppression(number)["suppressed"])
    lines = log_lines(cloud)
    assert any('"New":[1.0]' in line for line in lines)
    tokens = [webhook.rsplit("/", 1)[1] for webhook in deployment.webhooks.values()]
    for secret in ("4477009", number[1:], deployment.admin_token, *tokens):
        assert not any(secret in line for line in lines)


def test_the_metrics_that_alarms_watch_are_written(
    cloud: Cloud, client: Client, deployment: Deployment, number: str, message_id: str
) -> None:
    client.post(deployment.webhooks["thesmsworks"], report(message_id, number, code=HARD))
    other = new_number()
    for code in (HARD, STOP):  # one message id for two recipients
        client.post(deployment.webhooks["thesmsworks"], report(message_id, other, code=code))
    client.post(deployment.webhooks["thesmsworks"], f"garbage {message_id}".encode())
    client.post(deployment.webhooks["thesmsworks"], gzip.compress(b"garbage"), "application/gzip")
    client.post(deployment.webhooks["thesmsworks"] + "x", b"{}")
    assert wait_until(lambda: client.suppression(number)["suppressed"])
    # Held needs a thousand hard bounces, and a failed export an hour; API Gateway's log, which is
    # not here, counts the others
    elsewhere = {"Held", "ExportFailed", "Throttled", "Denied"}
    watched = {each for each in watched_metrics("thesmsworks") if each[0] not in elsewhere}
    assert wait_until(lambda: watched <= set(written_in(log_lines(cloud))))


def log_lines(cloud: Cloud) -> list[str]:
    """Everything that was logged."""
    logs = cloud.client("logs")
    return [
        event["message"]
        for group in logs.describe_log_groups()["logGroups"]
        for page in logs.get_paginator("filter_log_events").paginate(
            logGroupName=group["logGroupName"]
        )
        for event in page["events"]
    ]


def test_data_and_flow_survive_a_restart_with_a_newer_template_on_another_port(
    new_cloud: Callable[..., Cloud], number: str, message_id: str, tmp_path: Path
) -> None:
    """The lake too, of which the embedded AWS forgets what its stream had not handed out yet."""
    cloud = new_cloud()
    with cloud:
        deploy(cloud, parameters={"Providers": "thesmsworks", "QuarantineDays": "7"})
        before = describe(cloud)
        client = Client(before, TIMEOUT_S, AGAIN)
        client.post(before.webhooks["thesmsworks"], report(message_id, number, code=HARD))
        assert wait_until(lambda: client.suppression(number)["suppressed"])
    with new_cloud(folder=cloud.folder) as cloud:
        deploy(cloud)
        after = describe(cloud)
        client = Client(after, TIMEOUT_S, AGAIN)
        assert after.admin_token == before.admin_token
        assert paths_of(after).items() > paths_of(before).items()
        assert client.suppression(number)["suppressed"]
        assert len(client.message("thesmsworks", message_id)["history"]) == 1
        kept = rows_of(cloud, after, message_id, tmp_path)
        assert kept == [("undelivered", "unknown_subscriber")]
        other = new_number()
        client.post(after.webhooks["thesmsworks"], report(uuid4().hex, other, code=STOP))
        assert wait_until(lambda: client.suppression(other)["suppressed"])


def paths_of(deployment: Deployment) -> dict[str, str]:
    """Of the webhooks, without the port."""
    return {
        name: url.removeprefix(deployment.base_url) for name, url in deployment.webhooks.items()
    }


def test_a_port_in_use_is_said_so(cloud: Cloud, new_cloud: Callable[..., Cloud]) -> None:
    with (
        pytest.raises(CannotStart, match=f"make run PORT={cloud.port + 1}"),
        new_cloud(cloud.port),
    ):
        pass


def test_a_second_stack_on_the_same_data_is_refused(
    cloud: Cloud, new_cloud: Callable[..., Cloud]
) -> None:
    """It would overwrite what the first one saves when it stops."""
    with pytest.raises(CannotStart, match="already"), new_cloud(folder=cloud.folder):
        pass
    assert cloud.client("dynamodb").list_tables()["TableNames"]
