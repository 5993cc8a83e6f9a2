"""From a webhook to search and statistics, on the running system."""

import json
from datetime import UTC, datetime, timedelta

import urllib3

from local.client import Client
from local.stack import Deployment
from local.waiting import wait_until
from tests.support.thesmsworks import HARD, report


def test_a_report_is_found_and_counted_and_its_number_shown_to_who_may_see_it(
    client: Client, deployment: Deployment, number: str, message_id: str
) -> None:
    begun = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    url = deployment.webhooks["thesmsworks"]
    assert client.post(url, report(message_id, number, code=HARD)) == 200
    asked = {"from_": begun, "provider": "thesmsworks", "bounce": "hard"}

    def found() -> list[dict[str, object]]:
        items = client.messages(**asked)["items"]
        return [item for item in items if item["message_id"] == message_id]

    assert wait_until(found)
    (item,) = found()
    assert (item["status"], item["cause"], item["country"]) == (
        "undelivered",
        "unknown_subscriber",
        "FR",
    )
    assert "recipient" not in item
    named = client.messages(**asked, numbers="true")["items"]
    assert [each["recipient"] for each in named if each["message_id"] == message_id] == [number]
    counted = client.stats(by="provider,cause", from_=begun, provider="thesmsworks")["rows"]
    (row,) = (each for each in counted if each["cause"] == "unknown_subscriber")
    assert (row["provider"], row["n"] >= 1) == ("thesmsworks", True)
    assert {each["provider"] for each in client.stats("compare", from_=begun)["rows"]} >= {
        "thesmsworks"
    }
    assert client.stats("unfinished", hours="1")["as_of"]  # rows, if any, are of others


def test_an_answer_that_is_known_is_not_sent_again(deployment: Deployment) -> None:
    http = urllib3.PoolManager(retries=False, timeout=60)
    url = f"{deployment.base_url}/stats?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z"
    headers = {"authorization": f"Bearer {deployment.admin_token}"}

    def is_known() -> bool:
        """Reports of other tests may still come into the lake, and an hour may end."""
        first = http.request("GET", url, headers=headers)
        assert (first.status, json.loads(first.data)["rows"]) == (200, [])
        known = {**headers, "if-none-match": first.headers["etag"]}
        again = http.request("GET", url, headers=known)
        return (again.status, again.data) == (304, b"")

    assert wait_until(is_known)
    refused = http.request("GET", f"{deployment.base_url}/stats?by=colour", headers=headers)
    assert (refused.status, json.loads(refused.data)["type"]) == (
        422,
        "urn:dlr:problem:invalid",
    )
