"""No role is granted what nothing needs: take one action away and something breaks.

On the whole system, on an embedded AWS of its own whose IAM refuses what a policy does not allow.
"""

import json
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
import urllib3

from dlr.ingest.quarantine import Quarantine
from dlr.phone import PhoneNumber, RecipientHasher
from dlr.suppression.entry import empty
from dlr.suppression.table import SuppressionList
from dlr.wire.request import Request
from local.cloud import Cloud
from local.stack import deploy, describe
from local.template import load
from local.waiting import wait_until
from tests.support.cases import ROOT
from tests.support.template import as_list
from tests.support.thesmsworks import HARD, report

pytestmark = pytest.mark.slow

PROVIDER = "thesmsworks"
NO_REASON = 5009
TIMEOUT_S = 20.0
OLD_KEY = "a key that was"
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
        self.quarantine = Quarantine(self.dynamodb, self.names["QuarantineTable"])
        self.list = SuppressionList(self.dynamodb, self.names["SuppressionsTable"])
        self.timeout_s = TIMEOUT_S
        self.scheme = "Bearer"
        self._http = urllib3.PoolManager(retries=False, timeout=30)
        self.schemes = map("".join, product(*zip("BEARER", "bearer", strict=True)))

    def deliver(self, body: bytes) -> int:
        """What the webhook answers."""
        url = self._deployment.webhooks[PROVIDER]
        return self._http.request("POST", url, body=body).status

    def ask(self, method: str, path: str, content: Any = None) -> int:
        """What the team's API answers. API Gateway remembers whom it let in, by this header."""
        authorization = {"authorization": f"{self.scheme} {self._deployment.admin_token}"}
        body = None if content is None else json.dumps(content)
        url = self._deployment.base_url + path
        return self._http.request(method, url, body=body, headers=authorization).status

    def soon(self, is_so: Callable[[], bool]) -> bool:
        return wait_until(is_so, self.timeout_s)

    def item(self, message_id: str) -> dict[str, Any]:
        key = {"pk": {"S": f"{PROVIDER}#{message_id}"}}
        answer = self.dynamodb.get_item(TableName=self.names["ReportsTable"], Key=key)
        found: dict[str, Any] = answer.get("Item", {})
        return found

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
        entry = self.list.find(hashes, datetime.now(UTC))
        return entry is not None and entry.reason is not None

    def hasher(self) -> RecipientHasher:
        secrets = self._cloud.client("secretsmanager")
        secret = secrets.get_secret_value(SecretId=self.names["HashSecret"])
        content = json.loads(secret["SecretString"])
        return RecipientHasher(lambda: [content["current"], *content["previous"]])

    def restart(self, function: str) -> None:
        """The next call starts the function anew, without the secrets that it knew."""
        self._cloud.client("lambda").update_function_configuration(
            FunctionName=self.names[function], MemorySize=512
        )

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
        deploy(cloud, parameters=chosen)
        system = PrivilegeHarness(cloud)
        cloud.client("secretsmanager").put_secret_value(
            SecretId=system.names["HashSecret"],
            SecretString=json.dumps({"current": "a key that is", "previous": [OLD_KEY]}),
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


def suppress_starts(system: PrivilegeHarness) -> bool:
    system.restart("Suppress")
    return suppresses(system)


def moves_to_the_current_key(system: PrivilegeHarness) -> bool:
    number, now = PhoneNumber(new_number()), datetime.now(UTC)
    old_hash = RecipientHasher(lambda: [OLD_KEY]).hash(number)
    system.list.change([old_hash], lambda _: empty(old_hash, now, now + timedelta(days=1)))
    system.deliver(report(uuid4().hex, number, code=HARD))
    return system.soon(lambda: system.list.find([old_hash], now) is None)


def redacts_what_is_not_to_be_kept(system: PrivilegeHarness) -> bool:
    message_id = uuid4().hex
    system.deliver(report(message_id, new_number(), "DELIVERED"))
    return system.soon(lambda: "state" not in system.item(message_id))


def shows_a_message(system: PrivilegeHarness) -> bool:
    message_id = uuid4().hex
    system.deliver(report(message_id, new_number(), "SENT"))
    return system.ask("GET", f"/messages/{PROVIDER}/{message_id}") == 200


def shows_a_person(system: PrivilegeHarness) -> bool:
    number = new_number()
    system.deliver(report(uuid4().hex, number, "SENT"))
    return system.ask("GET", f"/recipients/{quote(number)}") == 200


def erases_a_person(system: PrivilegeHarness) -> bool:
    number = new_number()
    system.deliver(report(uuid4().hex, number, "SENT"))
    return system.ask("DELETE", f"/recipients/{quote(number)}") == 200


def erases_who_was_lifted(system: PrivilegeHarness) -> bool:
    path = quote(new_number())
    system.ask("PUT", f"/suppressions/{path}", {"list": "number"})
    system.ask("DELETE", f"/suppressions/{path}")
    return system.ask("DELETE", f"/recipients/{path}") == 200


def repeats_erasures(system: PrivilegeHarness) -> bool:
    return system.ask("POST", "/erasures/repeat") == 200


def quarantined(system: PrivilegeHarness, message_id: str) -> str:
    """A request that waits in quarantine and can be read by now; its id."""
    body, now = report(message_id, new_number(), "UNDELIVERABLE", minute=1), datetime.now(UTC)
    system.quarantine.put(PROVIDER, Request("POST", body=body), "test", now)
    return next(each.id for each in system.quarantine.all(now) if message_id in each.body)


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


BREAKS: dict[Grant, Callable[[PrivilegeHarness], bool]] = {
    ("Ingest", "dynamodb:UpdateItem", "ReportsTable"): stores,
    ("Ingest", "dynamodb:PutItem", "ReportsTable"): stores_over_an_expired_message,
    ("Ingest", "dynamodb:PutItem", "QuarantineTable"): quarantines,
    ("Ingest", "secretsmanager:GetSecretValue", "TokenSecret"): ingest_starts,
    ("Ingest", "secretsmanager:GetSecretValue", "HashSecret"): ingest_starts,
    ("Publish", "events:PutEvents", "Bus"): suppresses,
    ("Publish", "dynamodb:UpdateItem", "ReportsTable"): redacts_what_is_not_to_be_kept,
    ("Suppress", "dynamodb:BatchGetItem", "SuppressionsTable"): suppresses,
    ("Suppress", "dynamodb:PutItem", "SuppressionsTable"): suppresses,
    ("Suppress", "dynamodb:UpdateItem", "SuppressionsTable"): suppresses,  # the guard counts
    ("Suppress", "dynamodb:DeleteItem", "SuppressionsTable"): moves_to_the_current_key,
    ("Suppress", "dynamodb:Query", "ReportsTable/by_recipient"): suppresses_for_strikes,
    ("Suppress", "dynamodb:BatchGetItem", "ReportsTable"): suppresses_for_strikes,
    ("Suppress", "secretsmanager:GetSecretValue", "HashSecret"): suppress_starts,
    ("Api", "dynamodb:GetItem", "ReportsTable"): shows_a_message,
    ("Api", "dynamodb:BatchGetItem", "ReportsTable"): shows_a_person,
    ("Api", "dynamodb:UpdateItem", "ReportsTable"): replays,
    ("Api", "dynamodb:PutItem", "ReportsTable"): replays_over_an_expired_message,
    ("Api", "dynamodb:DeleteItem", "ReportsTable"): erases_a_person,
    ("Api", "dynamodb:Query", "ReportsTable/by_recipient"): shows_a_person,
    ("Api", "dynamodb:Query", "SuppressionsTable/by_held"): lists_what_is_held,
    ("Api", "dynamodb:BatchGetItem", "SuppressionsTable"): answers_of_a_number,
    ("Api", "dynamodb:PutItem", "SuppressionsTable"): puts_on_a_list,
    ("Api", "dynamodb:DeleteItem", "SuppressionsTable"): erases_who_was_lifted,
    ("Api", "dynamodb:Scan", "SuppressionsTable"): exports,
    ("Api", "dynamodb:GetItem", "QuarantineTable"): replays,
    ("Api", "dynamodb:DeleteItem", "QuarantineTable"): discards_from_quarantine,
    ("Api", "dynamodb:Scan", "QuarantineTable"): lists_quarantine,
    ("Api", "dynamodb:PutItem", "ErasuresTable"): erases_a_person,
    ("Api", "dynamodb:Scan", "ErasuresTable"): repeats_erasures,
    ("Api", "secretsmanager:GetSecretValue", "HashSecret"): api_starts,
    ("Authorizer", "secretsmanager:GetSecretValue", "AdminSecret"): authorizer_starts,
}

NOT_ASKED_FOR_HERE: dict[Grant, str] = {
    **{
        (role, f"logs:{action}", f"{role}Logs"): "the embedded AWS writes the logs by itself"
        for role in ("Ingest", "Publish", "Suppress", "Api", "Authorizer")
        for action in ("CreateLogStream", "PutLogEvents")
    },
    **{
        ("Publish", f"dynamodb:{action}", "ReportsTable.StreamArn"): "its poller needs no role"
        for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
    },
    ("Publish", "sqs:SendMessage", "PublishFailures"): "it knows no on-failure destination",
    **{
        ("Suppress", f"sqs:{action}", "SuppressQueue"): "its poller needs no role"
        for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
    },
    (
        "Crm",
        "events:InvokeApiDestination",
        "CrmDestination",
    ): "it calls destinations without a role",
}
"""Grants that the embedded AWS does not look at. On AWS its documentation asks for each of them."""


def name_of(resource: dict[str, Any]) -> str:
    """`ReportsTable`, `ReportsTable.StreamArn`, `ReportsTable/by_recipient`."""
    value: str | list[str] = next(iter(resource.values()))
    if isinstance(value, str):
        return value.removeprefix("${").replace(".Arn}/index", "")
    name, attribute = value
    return name.replace(PROVIDER, "") + ("" if attribute in {"Arn", "Id"} else f".{attribute}")


def _granted() -> Iterator[Grant]:
    """Everything that the template grants to anybody, once per action and resource."""
    template = load(ROOT / "template.yaml", {"Providers": PROVIDER})
    for name, resource in template["Resources"].items():
        if resource["Type"] != "AWS::IAM::Role":
            continue
        for policy in resource["Properties"]["Policies"]:
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
        (action, resource)
        for statement in policy["Statement"]
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    ]
    assert allowed[place][0] == grant[1]
    kept = allowed[:place] + allowed[place + 1 :]
    statements = [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in kept]
    return {"Version": "2012-10-17", "Statement": statements}


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
    assert works(system)
    took_s = time.monotonic() - began
    system.grant(name, without(deepcopy(policy), role, grant))
    try:
        system.timeout_s = max(1.0, 3 * took_s)
        assert not works(system)
    finally:
        system.timeout_s = TIMEOUT_S
        system.grant(name, policy)
    assert works(system), "it works again with the grant"
