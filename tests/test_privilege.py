"""No role is granted what nothing needs: take one action away and something breaks.

On the whole system, on an embedded AWS of its own whose IAM refuses what a policy does not allow.
"""

import json
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import product
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
import urllib3
from botocore.awsrequest import AWSPreparedRequest

from dlr.access.scopes import Caller, Scope
from dlr.ingest.quarantine import Quarantine
from dlr.ingest.quarantined import id_of
from dlr.ingest.unread import Unread
from dlr.lake.key import PLACE
from dlr.lake.manifest import Day, Manifest
from dlr.lake.merge import MAX_DAYS
from dlr.lake.row import COLUMNS
from dlr.lake.segment import Segments
from dlr.messages.event import DETAIL_TYPE
from dlr.messages.verdict import Arrival
from dlr.phone import PhoneNumber, RecipientHasher
from dlr.suppression.announce import SUPPRESSED
from dlr.suppression.rules import delivered
from dlr.suppression.standing import Rules
from dlr.suppression.table import SuppressionList
from dlr.wire.request import Request
from local.cloud import Cloud
from local.listener import Listener
from local.stack import deploy, describe
from local.template import load
from local.waiting import wait_until
from tests.support.cases import ROOT
from tests.support.functions import Call
from tests.support.grants import Access, accesses, is_allowed
from tests.support.system import TABLES, SystemHarness, drain
from tests.support.template import as_list
from tests.support.thesmsworks import HARD, report

pytestmark = pytest.mark.slow

PROVIDER = "thesmsworks"
ARN = "arn:${AWS::Partition}:%s:${AWS::Region}:${AWS::AccountId}:%s"
WEBHOOKS = ARN % ("secretsmanager", "secret:*TokenSecret")
"""The secrets of all webhooks, as far as their tag says that they are this stack's."""
ONE_STRIKE = Rules(strike_limit=1)
NO_REASON = 5009
TIMEOUT_S = 90.0
"""What works is there long before, also on a busy machine."""
KEY, OLD_KEY = "a key that is", "a key that was"
HASHER = RecipientHasher(lambda: [KEY])
NUMBERS = iter(range(447700900000, 447700900500))

Grant = tuple[str, str, str]
"""Role, action, resource; `Ingest` is the role of any provider."""


class PrivilegeHarness:
    """A deployed stack and what can be asked of it, within `timeout_s`."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._deployment = describe(cloud)
        self.names = self._deployment.resources
        self.dynamodb = cloud.client("dynamodb")
        self.s3 = cloud.client("s3")
        self.quarantine = Quarantine(self.dynamodb, self.names["QuarantineTable"], HASHER)
        self.list = SuppressionList(self.dynamodb, self.names["SuppressionsTable"], ONE_STRIKE)
        self.manifest = Manifest(self.dynamodb, self.names["DeskTable"])
        self.timeout_s = TIMEOUT_S
        self.scheme = "Bearer"
        self._http = urllib3.PoolManager(retries=False, timeout=30)
        self.schemes = map("".join, product(*zip("BEARER", "bearer", strict=True)))

    def deliver(self, body: bytes) -> int:
        """What the webhook answers."""
        url = self._deployment.webhooks[PROVIDER]
        return self._http.request("POST", url, body=body).status

    def ask(self, method: str, path: str, content: Any = None) -> int:
        """The status that the team's API answers."""
        return self.answer(method, path, content)[0]

    def answer(
        self, method: str, path: str, content: Any = None, token: str | None = None
    ) -> tuple[int, Any]:
        """Status and content. API Gateway remembers whom it let in, by this header."""
        token = token or self._deployment.admin_token
        authorization = {"authorization": f"{self.scheme} {token}"}
        body = None if content is None else json.dumps(content)
        url = self._deployment.base_url + path
        answer = self._http.request(method, url, body=body, headers=authorization)
        return answer.status, answer.json()

    def soon(self, is_so: Callable[[], bool]) -> bool:
        return wait_until(is_so, self.timeout_s)

    def item(self, message_id: str) -> dict[str, Any]:
        key = {"pk": {"S": f"{PROVIDER}#{message_id}"}}
        answer = self.dynamodb.get_item(TableName=self.names["ReportsTable"], Key=key)
        found: dict[str, Any] = answer.get("Item", {})
        return found

    def quota_taken(self) -> int:
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.names["QuarantineTable"]
        )
        items = [item for page in pages for item in page["Items"]]
        return sum(int(item["taken"]["N"]) for item in items if "taken" in item)

    def expire(self, message_id: str) -> None:
        """As if its retention were over and DynamoDB slow to delete it."""
        self.dynamodb.update_item(
            TableName=self.names["ReportsTable"],
            Key={"pk": {"S": f"{PROVIDER}#{message_id}"}},
            UpdateExpression="SET expires_at = :past",
            ExpressionAttributeValues={":past": {"N": "1"}},
        )

    def suppressed(self, number: str) -> bool:
        """Asked of the table, not of the API: a grant of the API's must not matter here."""
        hashes = self.hasher().every_hash(PhoneNumber(number))
        return self.list.find(hashes, datetime.now(UTC)).reason is not None

    def delivered(self, number: str) -> bool:
        hashes = self.hasher().every_hash(PhoneNumber(number))
        return self.list.find(hashes, datetime.now(UTC)).entry.deliveries != {}

    def hasher(self) -> RecipientHasher:
        secrets = self._cloud.client("secretsmanager")
        secret = secrets.get_secret_value(SecretId=self.names["HashSecret"])
        content = json.loads(secret["SecretString"])
        return RecipientHasher(lambda: [content["current"], *content["previous"]])

    def listener(self, detail_type: str = SUPPRESSED) -> Listener:
        return Listener(self._cloud, self.names["Bus"], detail_type)

    def restart(self, function: str) -> None:
        """The next call starts the function anew, without the secrets that it knew."""
        self._cloud.client("lambda").update_function_configuration(
            FunctionName=self.names[function], MemorySize=512
        )

    def objects(self, prefix: str) -> set[str]:
        """The keys of the lake's objects."""
        answer = self.s3.list_objects_v2(Bucket=self.names["LakeBucket"], Prefix=prefix)
        return {each["Key"] for each in answer.get("Contents", ())}

    def named_in_the_lake(self) -> set[str]:
        return set[str]().union(*(day.named() for day in self.manifest.days(date.min, date.max)))

    def merged(self) -> bool:
        """Whether a merge came to its end."""
        answer = self._cloud.client("lambda").invoke(FunctionName=self.names["Merge"])
        return "FunctionError" not in answer

    def policy(self, role: str) -> dict[str, Any]:
        name = self.names[role]
        answer = self._cloud.client("iam").get_role_policy(RoleName=name, PolicyName="own")
        document: dict[str, Any] = answer["PolicyDocument"]
        return document

    def grant(self, role: str, policy: dict[str, Any]) -> None:
        self._cloud.client("iam").put_role_policy(
            RoleName=self.names[role], PolicyName="own", PolicyDocument=json.dumps(policy)
        )


@pytest.fixture(scope="module")
def system(new_cloud: Callable[..., Cloud]) -> Iterator[PrivilegeHarness]:
    """Redacts what was delivered at once; one strike is enough; the hash key was rotated."""
    with new_cloud() as cloud:
        chosen = {"Providers": PROVIDER, "RetentionDeliveredDays": "0", "StrikeLimit": "1"}
        chosen["JobsPerToken"] = "100"  # what breaks here leaves unfinished ones
        deploy(cloud, parameters=chosen)
        system = PrivilegeHarness(cloud)
        cloud.client("secretsmanager").put_secret_value(
            SecretId=system.names["HashSecret"],
            SecretString=json.dumps({"current": KEY, "previous": [OLD_KEY]}),
        )
        yield system


def new_number() -> str:
    return f"+{next(NUMBERS)}"


# ---------------------------------------------------------------- scenarios: whether it works


def stores(system: PrivilegeHarness) -> bool:
    return system.deliver(report(uuid4().hex, new_number(), "SENT")) == 200


def stores_over_an_expired_message(system: PrivilegeHarness) -> bool:
    message_id, number = uuid4().hex, new_number()
    system.deliver(report(message_id, number, "SENT"))
    system.expire(message_id)
    return system.deliver(report(message_id, number, "UNDELIVERABLE", minute=1)) == 200


def quarantines(system: PrivilegeHarness) -> bool:
    return system.deliver(f"garbage {uuid4()}".encode()) == 400


def counts_for_the_quota(system: PrivilegeHarness) -> bool:
    """Without the counter a request is kept all the same."""
    before = system.quota_taken()
    return quarantines(system) and system.quota_taken() > before


def ingest_starts(system: PrivilegeHarness) -> bool:
    system.restart(f"Ingest{PROVIDER}")
    return stores(system)


def suppresses(system: PrivilegeHarness) -> bool:
    number = new_number()
    system.deliver(report(uuid4().hex, number, code=HARD))
    return system.soon(lambda: system.suppressed(number))


def suppresses_for_strikes(system: PrivilegeHarness) -> bool:
    number = new_number()
    system.deliver(report(uuid4().hex, number, code=NO_REASON))
    return system.soon(lambda: system.suppressed(number))


def announces(system: PrivilegeHarness) -> bool:
    """Without the grant the list is right, and the message stays in the queue for another try."""
    number = new_number()
    with system.listener() as listener:
        system.deliver(report(uuid4().hex, number, code=HARD))
        return system.soon(lambda: any(each["number"] == number for each in listener.heard()))


def suppress_starts(system: PrivilegeHarness) -> bool:
    system.restart("Suppress")
    return suppresses(system)


def moves_to_the_current_key(system: PrivilegeHarness) -> bool:
    number, now = PhoneNumber(new_number()), datetime.now(UTC)
    old_hash = RecipientHasher(lambda: [OLD_KEY]).hash(number)
    arrived = [Arrival(at=now - timedelta(days=1), received_at=now)]
    system.list.change([old_hash], lambda old: delivered(old, PROVIDER, arrived), now)
    system.deliver(report(uuid4().hex, number, code=HARD))
    return system.soon(lambda: system.list.find([old_hash], now).entry.version == 0)


def moves_a_lifted_one(system: PrivilegeHarness) -> bool:
    number, now = PhoneNumber(new_number()), datetime.now(UTC)
    old_hash = RecipientHasher(lambda: [OLD_KEY]).hash(number)
    arrived = [Arrival(at=now - timedelta(days=1), received_at=now)]
    system.list.change([old_hash], lambda old: delivered(old, PROVIDER, arrived), now)
    return system.ask("PUT", f"/suppressions/{quote(number)}", {"list": "number"}) == 200


def asks_the_list(system: PrivilegeHarness) -> bool:
    """Publish does: a delivery concerns the list where it knows the recipient, and only there."""
    known, unknown = new_number(), new_number()
    system.ask("PUT", f"/suppressions/{quote(known)}", {"list": "number"})
    marked: dict[str, bool] = {}

    def are_heard() -> bool:
        marked.update({each["recipient"]: each["listed"] for each in listener.heard()})
        return {known, unknown} <= marked.keys()

    with system.listener(DETAIL_TYPE) as listener:
        for number in (known, unknown):
            system.deliver(report(uuid4().hex, number, "DELIVERED"))
        is_heard = system.soon(are_heard)
    is_released = system.soon(lambda: system.delivered(known))
    return is_heard and is_released and (marked[known], marked[unknown]) == (True, False)


def publish_starts(system: PrivilegeHarness) -> bool:
    system.restart("Publish")
    return asks_the_list(system)


def redacts_what_is_not_to_be_kept(system: PrivilegeHarness) -> bool:
    message_id = uuid4().hex
    system.deliver(report(message_id, new_number(), "DELIVERED"))
    return system.soon(lambda: "state" not in system.item(message_id))


def fills_the_lake(system: PrivilegeHarness) -> bool:
    before = system.objects("segments/")
    system.deliver(report(uuid4().hex, new_number(), "SENT"))
    return system.soon(lambda: bool(system.objects("segments/") - before))


def makes_the_lakes_key(system: PrivilegeHarness) -> bool:
    system.dynamodb.delete_item(TableName=system.names["DeskTable"], Key=PLACE)
    system.restart("Lake")
    return fills_the_lake(system)


def merges(system: PrivilegeHarness) -> bool:
    """By an instance that has no files yet; what it replaces goes."""
    system.deliver(report(uuid4().hex, new_number(), "SENT"))
    if not system.soon(lambda: bool(system.objects("segments/"))):
        return False
    system.restart("Merge")
    named = system.merged() and system.named_in_the_lake()
    return not system.objects("segments/") and named == system.objects("")


def sorts_many_days(system: PrivilegeHarness) -> bool:
    begin = datetime.now(UTC).replace(tzinfo=None)
    rows = [
        dict.fromkeys(COLUMNS) | {"mk": uuid4().hex, "f": (begin - timedelta(days)).isoformat()}
        for days in range(MAX_DAYS + 1)
    ]
    Segments(system.s3, system.names["LakeBucket"]).put("1", rows)
    return system.merged() and not system.objects("segments/")


def forgets_old_days(system: PrivilegeHarness) -> bool:
    old = date(2020, 1, 1)
    left = system.manifest.day(old)
    system.manifest.forget(replace(left, version=left.version + 1))
    system.manifest.commit(Day(old, 1))
    system.manifest.note_expired(old)
    return system.merged() and system.manifest.day(old).version == 0


def shows_a_message(system: PrivilegeHarness) -> bool:
    message_id = uuid4().hex
    system.deliver(report(message_id, new_number(), "SENT"))
    return system.ask("GET", f"/messages/{PROVIDER}/{message_id}") == 200


def shows_a_person(system: PrivilegeHarness) -> bool:
    number = new_number()
    system.deliver(report(uuid4().hex, number, "SENT"))
    return system.ask("GET", f"/recipients/{quote(number)}") == 200


def shows_a_quarantined_person(system: PrivilegeHarness) -> bool:
    number = new_number()
    body = json.dumps({"to": number}).encode()
    system.quarantine.put(PROVIDER, [Unread(Request("POST", body=body), "test")], datetime.now(UTC))
    return system.ask("GET", f"/recipients/{quote(number)}") == 200


def erases_a_person(system: PrivilegeHarness) -> bool:
    number = new_number()
    system.deliver(report(uuid4().hex, number, "SENT"))
    return system.ask("DELETE", f"/recipients/{quote(number)}") == 200


def repeats_erasures(system: PrivilegeHarness) -> bool:
    return system.ask("POST", "/erasures/repeat") == 200


def quarantined(system: PrivilegeHarness, message_id: str) -> str:
    """A request that waits in quarantine and can be read by now; its id."""
    body, now = report(message_id, new_number(), "UNDELIVERABLE", minute=1), datetime.now(UTC)
    request = Request("POST", body=body)
    system.quarantine.put(PROVIDER, [Unread(request, "test")], now)
    return id_of(PROVIDER, request)


def replays(system: PrivilegeHarness) -> bool:
    quarantine_id = quarantined(system, uuid4().hex)
    return system.ask("POST", f"/quarantine/{quarantine_id}/replay") == 200


def replays_over_an_expired_message(system: PrivilegeHarness) -> bool:
    message_id = uuid4().hex
    system.deliver(report(message_id, new_number(), "SENT"))
    system.expire(message_id)
    quarantine_id = quarantined(system, message_id)
    return system.ask("POST", f"/quarantine/{quarantine_id}/replay") == 200


def discards_from_quarantine(system: PrivilegeHarness) -> bool:
    return system.ask("DELETE", f"/quarantine/{quarantined(system, uuid4().hex)}") == 200


def lists_quarantine(system: PrivilegeHarness) -> bool:
    return system.ask("GET", "/quarantine") == 200


def lists_what_is_held(system: PrivilegeHarness) -> bool:
    return system.ask("GET", f"/suppressions/held/{PROVIDER}") == 200


def answers_of_a_number(system: PrivilegeHarness) -> bool:
    return system.ask("GET", f"/suppressions/{quote(new_number())}") == 200


def puts_on_a_list(system: PrivilegeHarness) -> bool:
    return system.ask("PUT", f"/suppressions/{quote(new_number())}", {"list": "number"}) == 200


def exports(system: PrivilegeHarness) -> bool:
    return system.ask("GET", "/suppressions/export") == 200


def api_starts(system: PrivilegeHarness) -> bool:
    system.restart("Api")
    return answers_of_a_number(system)


def authorizer_starts(system: PrivilegeHarness) -> bool:
    system.restart("Authorizer")
    system.scheme = next(system.schemes)
    return answers_of_a_number(system)


def makes_a_token(system: PrivilegeHarness) -> str:
    """Its id; the audit of it is written too."""
    status, made = system.answer("POST", "/tokens", {"name": "shop", "scopes": ["check"]})
    return str(made["id"]) if status == 201 else ""


def makes_tokens(system: PrivilegeHarness) -> bool:
    return makes_a_token(system) != ""


def revokes_a_token(system: PrivilegeHarness) -> bool:
    return system.ask("DELETE", f"/tokens/{makes_a_token(system)}") == 200


def lists_tokens(system: PrivilegeHarness) -> bool:
    return system.ask("GET", "/tokens") == 200


def lets_a_token_in(system: PrivilegeHarness) -> bool:
    _, made = system.answer("POST", "/tokens", {"name": "shop", "scopes": ["check"]})
    number = quote(new_number())
    return system.answer("GET", f"/suppressions/{number}", token=made["token"])[0] == 200


def notes_the_use_of_a_token(system: PrivilegeHarness) -> bool:
    _, made = system.answer("POST", "/tokens", {"name": "shop", "scopes": ["check"]})
    system.answer("GET", f"/suppressions/{quote(new_number())}", token=made["token"])
    cursor = f"{int(made['id'], 16) - 1:016x}"
    _, page = system.answer("GET", f"/tokens?limit=1&cursor={cursor}")
    return page["items"][0]["last_used"] is not None


def is_exported(system: PrivilegeHarness, path: str = "/exports", **content: object) -> bool:
    """Whether a job of the last hour's messages gets done."""
    range_ = {"from": (datetime.now(UTC) - timedelta(hours=1)).isoformat()}
    if content.get("kind") != "suppressions":
        content |= range_ if path == "/backtests" else {"filters": range_}
    status, job = system.answer("POST", path, content)
    return status == 202 and system.soon(lambda: state_of_job(system, job["id"]) == "done")


def state_of_job(system: PrivilegeHarness, job: str) -> str | None:
    status, answer = system.answer("GET", f"/exports/{job}")
    return answer["state"] if status == 200 else None


def bounces_into_the_lake(system: PrivilegeHarness) -> None:
    """A dead number's message, of which an export has a row."""
    bucket, s3 = system.names["LakeBucket"], system.s3
    before = len(s3.list_objects_v2(Bucket=bucket).get("Contents", ()))
    system.deliver(report(uuid4().hex, new_number(), code=HARD))
    assert wait_until(
        lambda: len(s3.list_objects_v2(Bucket=bucket).get("Contents", ())) > before, TIMEOUT_S
    )


def shows_the_alarms(system: PrivilegeHarness) -> bool:
    return system.ask("GET", "/status") == 200


def shows_the_webhooks(system: PrivilegeHarness) -> bool:
    system.restart("Api")  # it knows their secrets by now
    return system.ask("GET", "/providers") == 200


def asks_for_an_export(system: PrivilegeHarness) -> bool:
    return system.ask("POST", "/exports", {"kind": "messages"}) == 202


def shows_a_job(system: PrivilegeHarness) -> bool:
    status, job = system.answer("POST", "/exports", {"kind": "suppressions"})
    return status == 202 and state_of_job(system, job["id"]) is not None


def lists_jobs(system: PrivilegeHarness) -> bool:
    asks_for_an_export(system)
    return system.ask("GET", "/exports") == 200


def links_work(system: PrivilegeHarness) -> bool:
    status, job = system.answer("POST", "/exports", {"kind": "suppressions"})
    if status != 202 or not system.soon(lambda: state_of_job(system, job["id"]) == "done"):
        return False
    _, answer = system.answer("GET", f"/exports/{job['id']}")
    return all(urllib3.request("GET", link).status == 200 for link in answer["links"])


def exports_messages(system: PrivilegeHarness) -> bool:
    bounces_into_the_lake(system)
    return is_exported(system, kind="messages")


def exports_numbers(system: PrivilegeHarness) -> bool:
    bounces_into_the_lake(system)
    return is_exported(system, kind="messages", numbers=True)


def exports_numbers_to_clean(system: PrivilegeHarness) -> bool:
    bounces_into_the_lake(system)
    return is_exported(system, kind="numbers_to_clean")


def exports_the_list(system: PrivilegeHarness) -> bool:
    return is_exported(system, kind="suppressions")


def backtests(system: PrivilegeHarness) -> bool:
    bounces_into_the_lake(system)
    return is_exported(system, "/backtests", policy="provider")


def reads_the_lake_anew(system: PrivilegeHarness) -> bool:
    """A reader that knows the manifest asks for it again only after a merge."""
    system.restart("Export")
    return exports_messages(system)


def export_starts(system: PrivilegeHarness) -> bool:
    system.restart("Export")
    return exports_numbers_to_clean(system)


def searches(system: PrivilegeHarness) -> bool:
    """By an instance that has no files yet; the search is put into the audit."""
    system.restart("Query")
    return system.ask("GET", "/messages") == 200


def shows_the_numbers_of_a_page(system: PrivilegeHarness) -> bool:
    number, message_id = new_number(), uuid4().hex
    system.deliver(report(message_id, number, "SENT"))
    shown = {"provider": PROVIDER, "message_id": message_id, "recipient": number}

    def is_shown() -> bool:
        status, page = system.answer("GET", "/messages?numbers=true&limit=200")
        return status == 200 and any(item.items() >= shown.items() for item in page["items"])

    return system.soon(is_shown)


BREAKS: dict[Grant, Callable[[PrivilegeHarness], bool]] = {
    ("Ingest", "dynamodb:UpdateItem", "ReportsTable"): stores,
    ("Ingest", "dynamodb:PutItem", "ReportsTable"): stores_over_an_expired_message,
    ("Ingest", "dynamodb:BatchGetItem", "QuarantineTable"): quarantines,
    ("Ingest", "dynamodb:BatchWriteItem", "QuarantineTable"): quarantines,
    ("Ingest", "dynamodb:UpdateItem", "QuarantineTable"): counts_for_the_quota,
    ("Ingest", "secretsmanager:GetSecretValue", "TokenSecret"): ingest_starts,
    ("Ingest", "secretsmanager:GetSecretValue", "HashSecret"): ingest_starts,
    ("Publish", "events:PutEvents", "Bus"): suppresses,
    ("Publish", "dynamodb:UpdateItem", "ReportsTable"): redacts_what_is_not_to_be_kept,
    ("Publish", "dynamodb:BatchGetItem", "SuppressionsTable"): asks_the_list,
    ("Publish", "secretsmanager:GetSecretValue", "HashSecret"): publish_starts,
    ("Lake", "s3:PutObject", "LakeBucket/segments"): fills_the_lake,
    ("Lake", "dynamodb:GetItem", "DeskTable"): makes_the_lakes_key,
    ("Lake", "dynamodb:PutItem", "DeskTable"): makes_the_lakes_key,
    ("Merge", "s3:ListBucket", "LakeBucket"): merges,
    ("Merge", "s3:GetObject", "LakeBucket/segments"): merges,
    ("Merge", "s3:PutObject", "LakeBucket/segments"): sorts_many_days,
    ("Merge", "s3:DeleteObject", "LakeBucket/segments"): merges,
    ("Merge", "s3:GetObject", "LakeBucket/messages"): merges,
    ("Merge", "s3:PutObject", "LakeBucket/messages"): merges,
    ("Merge", "s3:DeleteObject", "LakeBucket/messages"): merges,
    ("Merge", "s3:GetObject", "LakeBucket/rollups"): merges,
    ("Merge", "s3:PutObject", "LakeBucket/rollups"): merges,
    ("Merge", "s3:DeleteObject", "LakeBucket/rollups"): merges,
    ("Merge", "s3:PutObject", "LakeBucket/daily"): merges,
    ("Merge", "s3:DeleteObject", "LakeBucket/daily"): merges,
    ("Merge", "dynamodb:GetItem", "DeskTable"): merges,
    ("Merge", "dynamodb:Query", "DeskTable"): merges,
    ("Merge", "dynamodb:PutItem", "DeskTable"): merges,
    ("Merge", "dynamodb:UpdateItem", "DeskTable"): merges,
    ("Merge", "dynamodb:DeleteItem", "DeskTable"): forgets_old_days,
    ("Suppress", "dynamodb:BatchGetItem", "SuppressionsTable"): suppresses,
    ("Suppress", "dynamodb:PutItem", "SuppressionsTable"): suppresses,
    ("Suppress", "dynamodb:UpdateItem", "SuppressionsTable"): suppresses,  # the guard counts
    ("Suppress", "dynamodb:DeleteItem", "SuppressionsTable"): moves_to_the_current_key,
    ("Suppress", "dynamodb:Query", "ReportsTable/by_recipient"): suppresses_for_strikes,
    ("Suppress", "dynamodb:BatchGetItem", "ReportsTable"): suppresses_for_strikes,
    ("Suppress", "secretsmanager:GetSecretValue", "HashSecret"): suppress_starts,
    ("Suppress", "sqs:SendMessage", "SuppressQueue"): suppresses,
    ("Suppress", "events:PutEvents", "Bus"): announces,
    ("Api", "cloudwatch:DescribeAlarms", ARN % ("cloudwatch", "alarm:")): shows_the_alarms,
    ("Api", "cloudformation:DescribeStackResource", "AWS::StackId"): shows_the_webhooks,
    ("Api", "secretsmanager:GetSecretValue", WEBHOOKS): shows_the_webhooks,
    ("Api", "dynamodb:GetItem", "ReportsTable"): shows_a_message,
    ("Api", "dynamodb:BatchGetItem", "ReportsTable"): shows_a_person,
    ("Api", "dynamodb:UpdateItem", "ReportsTable"): replays,
    ("Api", "dynamodb:PutItem", "ReportsTable"): replays_over_an_expired_message,
    ("Api", "dynamodb:Query", "ReportsTable/by_recipient"): shows_a_person,
    ("Api", "dynamodb:Query", "SuppressionsTable/by_held"): lists_what_is_held,
    ("Api", "dynamodb:BatchGetItem", "SuppressionsTable"): answers_of_a_number,
    ("Api", "dynamodb:PutItem", "SuppressionsTable"): puts_on_a_list,
    ("Api", "dynamodb:DeleteItem", "SuppressionsTable"): moves_a_lifted_one,
    ("Api", "events:PutEvents", "Bus"): puts_on_a_list,
    ("Api", "dynamodb:Scan", "SuppressionsTable"): exports,
    ("Api", "dynamodb:GetItem", "QuarantineTable"): replays,
    ("Api", "dynamodb:BatchGetItem", "QuarantineTable"): shows_a_quarantined_person,
    ("Api", "dynamodb:Query", "QuarantineTable/by_recipient"): shows_a_person,
    ("Api", "dynamodb:UpdateItem", "QuarantineTable"): discards_from_quarantine,
    ("Api", "dynamodb:BatchWriteItem", "QuarantineTable"): discards_from_quarantine,
    ("Api", "dynamodb:DeleteItem", "QuarantineTable"): discards_from_quarantine,
    ("Api", "dynamodb:Scan", "QuarantineTable"): lists_quarantine,
    ("Api", "dynamodb:UpdateItem", "ErasuresTable"): erases_a_person,
    ("Api", "dynamodb:Scan", "ErasuresTable"): repeats_erasures,
    ("Api", "secretsmanager:GetSecretValue", "HashSecret"): api_starts,
    ("Api", "dynamodb:PutItem", "DeskTable"): makes_tokens,
    ("Api", "dynamodb:UpdateItem", "DeskTable"): revokes_a_token,
    ("Api", "dynamodb:Query", "DeskTable"): lists_tokens,
    ("Api", "dynamodb:GetItem", "DeskTable"): shows_a_job,
    ("Api", "dynamodb:BatchGetItem", "DeskTable"): lists_jobs,
    ("Api", "sqs:SendMessage", "ExportQueue"): asks_for_an_export,
    ("Api", "s3:GetObject", "ExportsBucket"): links_work,
    ("Export", "dynamodb:GetItem", "DeskTable"): exports_the_list,
    ("Export", "dynamodb:UpdateItem", "DeskTable"): exports_the_list,
    ("Export", "dynamodb:Query", "DeskTable"): reads_the_lake_anew,
    ("Export", "dynamodb:BatchGetItem", "ReportsTable"): exports_numbers,
    ("Export", "dynamodb:Query", "ReportsTable/by_recipient"): backtests,
    ("Export", "dynamodb:BatchGetItem", "SuppressionsTable"): exports_numbers_to_clean,
    ("Export", "dynamodb:Scan", "SuppressionsTable"): exports_the_list,
    ("Export", "secretsmanager:GetSecretValue", "HashSecret"): export_starts,
    ("Export", "s3:ListBucket", "LakeBucket"): exports_messages,
    ("Export", "s3:GetObject", "LakeBucket"): exports_messages,
    ("Export", "s3:PutObject", "ExportsBucket"): exports_the_list,
    ("Export", "sqs:SendMessage", "ExportQueue"): exports_the_list,
    ("Query", "s3:ListBucket", "LakeBucket"): searches,
    ("Query", "s3:GetObject", "LakeBucket"): shows_the_numbers_of_a_page,
    ("Query", "dynamodb:GetItem", "DeskTable"): searches,
    ("Query", "dynamodb:Query", "DeskTable"): searches,
    ("Query", "dynamodb:PutItem", "DeskTable"): searches,
    ("Query", "dynamodb:BatchGetItem", "ReportsTable"): shows_the_numbers_of_a_page,
    ("Authorizer", "secretsmanager:GetSecretValue", "AdminSecret"): authorizer_starts,
    ("Authorizer", "dynamodb:GetItem", "DeskTable"): lets_a_token_in,
    ("Authorizer", "dynamodb:UpdateItem", "DeskTable"): notes_the_use_of_a_token,
}

NOT_ASKED_FOR_HERE: dict[Grant, str] = {
    ("Api", "secretsmanager:PutSecretValue", WEBHOOKS): "the only provider here signs nothing",
    **{
        ("Publish", f"dynamodb:{action}", "DeskTable"): "what is watched live may fail unheard"
        for action in ("GetItem", "UpdateItem", "BatchWriteItem")
    },
    **{
        (role, f"logs:{action}", f"{role}Logs"): "the embedded AWS writes the logs by itself"
        for role in (
            *("Ingest", "Publish", "Lake", "Merge", "Suppress", "Export"),
            *("Api", "Query", "Authorizer"),
        )
        for action in ("CreateLogStream", "PutLogEvents")
    },
    **{
        (role, f"dynamodb:{action}", "ReportsTable.StreamArn"): "its poller needs no role"
        for role in ("Publish", "Lake")
        for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
    },
    ("Publish", "sqs:SendMessage", "PublishFailures"): "it knows no on-failure destination",
    ("Lake", "sqs:SendMessage", "LakeFailures"): "it knows no on-failure destination",
    **{
        ("Suppress", f"sqs:{action}", "SuppressQueue"): "its poller needs no role"
        for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
    },
    **{
        ("Export", f"sqs:{action}", "ExportQueue"): "its poller needs no role"
        for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
    },
    ("Export", "sqs:ChangeMessageVisibility", "ExportQueue"): "a retry would only wait longer",
    **{
        ("Export", f"s3:{action}", "ExportsBucket"): "its lifecycle removes what is left behind"
        for action in ("DeleteObject", "AbortMultipartUpload")
    },
    (
        "Crm",
        "events:InvokeApiDestination",
        "CrmDestination",
    ): "it calls destinations without a role",
}
"""Grants that the embedded AWS does not look at. On AWS its documentation asks for each of them.

Nor does it know `dynamodb:LeadingKeys` and `dynamodb:Attributes`: `tests/support/grants.py` reads
these conditions in the template.
"""


def name_of(resource: dict[str, Any]) -> str:
    """`ReportsTable`, `ReportsTable.StreamArn`, `ReportsTable/by_recipient`, `Bucket/folder`."""
    value: str | list[str] = next(iter(resource.values()))
    if isinstance(value, str):
        return value.removeprefix("${").replace(".Arn}", "").replace("/index", "").rstrip("/*")
    name, attribute = value
    return name.replace(PROVIDER, "") + ("" if attribute in {"Arn", "Id"} else f".{attribute}")


def _granted() -> Iterator[Grant]:
    """Everything that the template grants to anybody, once per action and resource."""
    template = load(ROOT / "template.yaml", {"Providers": PROVIDER})
    for name, resource in template["Resources"].items():
        if resource["Type"] != "AWS::IAM::Role":
            continue
        for policy in resource["Properties"].get("Policies", ()):
            for statement in policy["PolicyDocument"]["Statement"]:
                for action in as_list(statement["Action"]):
                    for each in as_list(statement["Resource"]):
                        role = name.removesuffix("Role").replace(PROVIDER, "")
                        yield role, action, name_of(each)


@cache
def granted() -> list[Grant]:
    return list(_granted())


def without(policy: dict[str, Any], role: str, grant: Grant) -> dict[str, Any]:
    """The deployed policy less one grant, which stands where it stands in the template."""
    place = [each for each in granted() if each[0] == role].index(grant)
    allowed = [
        {**statement, "Action": action, "Resource": resource}
        for statement in policy["Statement"]
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    ]
    assert allowed[place]["Action"] == grant[1]
    return {"Version": "2012-10-17", "Statement": allowed[:place] + allowed[place + 1 :]}


WRITERS = {
    "LakeRole": {"lake#key"},
    "MergeRole": {"lake#key", "lake#head"},
    "ExportRole": {"job#0"},
    "ApiRole": {"token#0", "audit#2026-11-30", "job#0"},
    "QueryRole": {"audit#2026-11-30"},
    "AuthorizerRole": {"token#0"},
}
"""Of DeskTable: by role what it may write, of everything that is there."""


@pytest.mark.parametrize("role", WRITERS)
def test_each_role_writes_its_own_of_the_desk_only(role: str) -> None:
    for key in set().union(*WRITERS.values()):
        writes = [
            is_allowed(role, Access(action, "DeskTable", frozenset({key})))
            for action in ("PutItem", "UpdateItem", "DeleteItem")
        ]
        assert any(writes) == (key in WRITERS[role]), key


def test_the_authorizer_changes_nothing_of_a_token_but_its_last_use() -> None:
    key, used = frozenset({"token#0"}), frozenset({"pk", "sk", "last_used"})
    assert is_allowed("AuthorizerRole", Access("UpdateItem", "DeskTable", key, used))
    for name in ("scopes", "expires_at", "revoked_at", "digest", "parent"):
        wanted = Access("UpdateItem", "DeskTable", key, used | {name})
        assert not is_allowed("AuthorizerRole", wanted), name


def test_every_call_to_the_desk_is_one_that_its_conditions_allow(
    new_cloud: Callable[..., Cloud],
) -> None:
    with new_cloud() as cloud:
        done = _calls_to_the_desk(SystemHarness(cloud))
    functions = {function for function, _ in done}
    assert functions >= {"Lake", "Merge", "Export", "Api", "Query", "Authorizer"}
    assert {access.action for _, access in done} >= {"UpdateItem", "PutItem", "Query"}
    refused = [each for each in done if not is_allowed(f"{each[0]}Role", each[1])]
    assert refused == []


def _calls_to_the_desk(system: SystemHarness) -> set[tuple[str, Access]]:
    """What the functions do there, in the ways of every day."""
    tables = {system.names[table]: table for table in TABLES}
    done: set[tuple[str, Access]] = set()

    def note(call: Call, request: AWSPreparedRequest) -> None:
        if call.resource == "DeskTable":
            found = accesses(call.operation, request.body, tables)
            done.update((call.function, access) for access in found)

    system.functions.intercept = note
    wanted = {"name": "shop", "scopes": ["read", "pii"], "days": 1}
    _, made = system.ask("POST /tokens", "/tokens", wanted)
    holder = Caller("shop", frozenset({Scope.READ, Scope.PII}), made["id"])
    assert system.enter(made["token"])
    assert system.ask("POST /sessions", "/sessions", caller=holder)[0] == 201
    with system.listener:
        system.send(report("m", new_number(), code=HARD))
        drain([system.publish, system.suppress, system.fill_lake, system.merge])
    for kind in ("messages", "numbers_to_clean", "suppressions"):
        ask = system.ask("POST /exports", "/exports", {"kind": kind}, caller=holder)
        assert ask[0] == 202
        drain([system.export])
        _, job = system.ask("GET /exports/{id}", f"/exports/{ask[1]['id']}", caller=holder)
        assert job["state"] == "done"
    _, job = system.ask("POST /backtests", "/backtests", {"policy": "cause"}, caller=holder)
    system.functions.call("Export", _given_up(job["id"]))
    for path in ("/exports", "/messages", "/stats", "/tokens", "/audit"):
        assert system.ask(f"GET {path}", path)[0] == 200
    return done


def _given_up(job: str) -> dict[str, Any]:
    """The queue's message, more often received than it is tried."""
    attributes = {"ApproximateReceiveCount": "99"}
    body = json.dumps({"job": job})
    record = {"messageId": "1", "receiptHandle": "1", "body": body, "attributes": attributes}
    return {"Records": [record]}


def test_every_grant_is_tried_or_excused() -> None:
    assert len(set(granted())) == len(granted())
    assert set(granted()) == set(BREAKS) | set(NOT_ASKED_FOR_HERE)
    assert not set(BREAKS) & set(NOT_ASKED_FOR_HERE)


@pytest.mark.parametrize("grant", BREAKS, ids=" ".join)
def test_without_this_grant_something_breaks(system: PrivilegeHarness, grant: Grant) -> None:
    works, role = BREAKS[grant], grant[0]
    name = f"{role}{PROVIDER}Role" if role == "Ingest" else f"{role}Role"
    policy = system.policy(name)
    began = time.monotonic()
    assert works(system), "with every grant, also with the one that the test before took away"
    took_s = time.monotonic() - began
    system.grant(name, without(deepcopy(policy), role, grant))
    try:
        system.timeout_s = max(1.0, 3 * took_s)
        assert not works(system)
    finally:
        system.timeout_s = TIMEOUT_S
        system.grant(name, policy)
    assert system.policy(name) == policy
