"""Exports on the running system: from a webhook to a file behind a link."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import urllib3

from local.client import Client
from local.stack import Deployment
from local.waiting import wait_until
from tests.support.thesmsworks import HARD, report

DONE = {"done", "failed"}
SINCE = {"from": (datetime.now(UTC) - timedelta(hours=1)).isoformat()}
"""One part, or two about midnight."""


def asked(client: Client, path: str, **content: Any) -> dict[str, Any]:
    """The job, once it is over."""
    status, job = client.api("POST", path, json.dumps(content))
    assert (status, job["state"]) == (202, "queued")
    seen = [job]

    def is_over() -> bool:
        status, answer = client.api("GET", f"/exports/{job['id']}")
        assert status == 200
        seen.append(answer)
        return answer["state"] in DONE

    assert wait_until(is_over)
    return seen[-1]


def fetch(link: str) -> urllib3.BaseHTTPResponse:
    """As a browser follows it: without a token."""
    return urllib3.request("GET", link, retries=False)


def rows(job: dict[str, Any]) -> list[dict[str, str]]:
    assert job["state"] == "done", job["reason"]
    texts = (fetch(link).data.decode() for link in job["links"])
    return [row for text in texts for row in csv.DictReader(io.StringIO(text, newline=""))]


@pytest.fixture(scope="module")
def bounced(client: Client, deployment: Deployment) -> tuple[str, str]:
    """A dead number's message that has reached the lake, and the number."""
    message_id, number = "bounce-for-exports", "+447700900777"
    body = report(message_id, number, code=HARD)
    assert client.post(deployment.webhooks["thesmsworks"], body) == 200

    def is_in_the_lake() -> bool:
        job = asked(client, "/exports", kind="messages", filters=SINCE)
        return any(row["message_id"] == message_id for row in rows(job))

    assert wait_until(is_in_the_lake)
    return message_id, number


def test_an_export_of_messages_has_numbers_where_they_are_asked_for(
    client: Client, bounced: tuple[str, str]
) -> None:
    message_id, number = bounced
    job = asked(client, "/exports", kind="messages", numbers=True, filters=SINCE)
    assert job["done"] == job["total"] == len(job["links"])
    (row,) = (row for row in rows(job) if row["message_id"] == message_id)
    assert (row["status"], row["cause"]) == ("undelivered", "unknown_subscriber")
    assert row["number"] == f"'{number}"


def test_a_link_names_the_file_and_works_without_a_token(
    client: Client, bounced: tuple[str, str]
) -> None:
    job = asked(client, "/exports", kind="suppressions", format="csv")
    (link,) = job["links"]
    answer = fetch(link)
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    named = f'attachment; filename="suppressions-00000-{job["id"][:8]}.csv"'
    assert answer.headers["content-disposition"] == named
    assert fetch(link.partition("?")[0]).status == 403
    assert fetch(link.replace("X-Amz-Signature=", "X-Amz-Signature=0")).status == 403


def test_numbers_to_clean_and_a_backtest_are_made(client: Client, bounced: tuple[str, str]) -> None:
    _, number = bounced
    (row,) = (
        row
        for row in rows(asked(client, "/exports", kind="numbers_to_clean", filters=SINCE))
        if row["number"] == f"'{number}"
    )
    assert row["cause"] == "unknown_subscriber"
    job = asked(client, "/backtests", policy="provider", strike_limit=1, **SINCE)
    assert job["result"]["today"]["by_cause"]["unknown_subscriber"] >= 1
    assert rows(job)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/exports", None, 422),
        ("POST", "/exports", "[]", 422),
        ("POST", "/exports", "not json", 422),
        ("POST", "/exports", '{"kind": "everything"}', 422),
        ("POST", "/exports", '{"kind": "messages", "filters": {"provider": "nobody"}}', 422),
        (
            "POST",
            "/exports",
            '{"kind": "messages", "filters": {"from": "2026-02-01T00:00:00Z",'
            ' "to": "2026-01-01T00:00:00Z"}}',
            422,
        ),
        (
            "POST",
            "/exports",
            '{"kind": "messages", "filters": {"from": "2999-01-01T00:00:00Z"}}',
            422,
        ),
        ("POST", "/backtests", "{}", 422),
        ("POST", "/backtests", '{"policy": "none"}', 422),
        ("POST", "/backtests", '{"policy": "cause", "strike_limit": 0}', 422),
        ("GET", "/exports/0123456789abcdef0123456789abcdef", None, 404),
        ("GET", "/exports/nothing", None, 404),
        ("GET", "/exports?cursor=nothing", None, 422),
        ("GET", "/exports?limit=1000", None, 422),
    ],
)
def test_what_cannot_be_asked_for_is_a_problem(
    client: Client, method: str, path: str, body: str | None, status: int
) -> None:
    found, answer = client.api(method, path, body)
    assert (found, answer["status"]) == (status, status)
    assert answer["type"].startswith("urn:dlr:problem:")
    assert "nobody" not in answer["detail"]


def test_jobs_are_listed_without_links(client: Client, bounced: tuple[str, str]) -> None:
    status, page = client.api("GET", "/exports?limit=2")
    assert (status, len(page["items"])) == (200, 2)
    assert all(job["links"] == [] for job in page["items"])
    _, following = client.api("GET", f"/exports?limit=2&cursor={page['next'].replace('#', '%23')}")
    assert page["items"][1]["created_at"] > following["items"][0]["created_at"]
