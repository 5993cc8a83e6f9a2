"""`make rehearse`: deploy, fewer providers, all again, delete, by the SAM CLI on the embedded AWS.

The data must come through all of it: what an item and the hash key were before, they are after.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import urllib3

from local import template
from local.cloud import Cloud, free_port
from local.sam import build, sam
from local.stack import ROOT, STACK, describe
from local.timed import timed

TABLES = {
    "ReportsTable": ("pk",),
    "SuppressionsTable": ("recipient_hash",),
    "QuarantineTable": ("id",),
    "ErasuresTable": ("recipient_hash",),
    "DeskTable": ("pk", "sk"),
}
"""Each table of the template and its key."""
LAKE = "LakeBucket"
GOING = {"secret", "function", "queue", "API", "bus", "role", "log group"}
"""Kinds of what goes with the stack."""
EXPORTS = "ExportsBucket"
"""It stays too, and empties itself."""
ITEM = "rehearsal"
GONE, LEFT = "smsmode", "messente"


def rehearse() -> bool:
    """Whether all went as expected."""
    with timed("sam build"):
        build()
    with tempfile.TemporaryDirectory() as folder, Cloud(free_port(), Path(folder)) as cloud:
        problems = list(_rehearse(cloud))
    for problem in problems:
        print(f"NOT AS EXPECTED: {problem}")
    print(f"Deployed, changed and deleted with {len(problems)} surprises.")
    return not problems


def _rehearse(cloud: Cloud) -> Iterator[str]:
    every = ",".join(template.providers(ROOT / "template.yaml"))
    with timed("sam deploy"):
        _deploy(cloud, every)
    before = dict(describe(cloud).resources)
    key = _hash_key(cloud, before)
    cloud.client("s3").put_object(Bucket=before[LAKE], Key=ITEM, Body=b"")
    for name, attributes in TABLES.items():
        cloud.client("dynamodb").put_item(
            TableName=before[name],
            Item={
                **_item_key(attributes),
                "expires_at": {"N": "9999999999"},
                "seen": {"SS": ["nothing"]},  # to publish it is a message that was redacted
            },
        )
    yield from _routes(cloud, {GONE: True, LEFT: True})
    with timed(f"sam deploy with Providers=smpp,{LEFT}"):
        _deploy(cloud, f"smpp,{LEFT}")
    yield from _data(cloud, before, key)
    yield from _routes(cloud, {GONE: False, LEFT: True})
    with timed("sam deploy with every provider again"):
        _deploy(cloud, every)
    yield from _data(cloud, before, key)
    yield from _routes(cloud, {GONE: True, LEFT: True})
    after = dict(describe(cloud).resources)
    for kind in GOING - {kind for kind, _ in _left(cloud, after)}:
        yield f"the check for leftovers does not see a {kind} that is there"
    with timed("sam delete"):
        sam("delete", "--stack-name", STACK, "--no-prompts", AWS_ENDPOINT_URL=cloud.url)
    yield from _data(cloud, before, key)
    for kind, name in _left(cloud, after):
        yield f"{kind} {name} outlives the stack"


def _deploy(cloud: Cloud, providers: str) -> None:
    """With the settings of samconfig.toml, and without the alarms that the embedded AWS refuses."""
    parameters = ("--parameter-overrides", f"Providers={providers}", "DeliveryRateFloor=0")
    sam("deploy", "--no-confirm-changeset", *parameters, AWS_ENDPOINT_URL=cloud.url)


def _item_key(attributes: tuple[str, ...]) -> dict[str, dict[str, str]]:
    return {attribute: {"S": ITEM} for attribute in attributes}


def _hash_key(cloud: Cloud, resources: dict[str, str]) -> str:
    secrets = cloud.client("secretsmanager")
    key: str = secrets.get_secret_value(SecretId=resources["HashSecret"])["SecretString"]
    return key


def _data(cloud: Cloud, resources: dict[str, str], key: str) -> Iterator[str]:
    """Whether tables, items, the lake and the hash key are what they were."""
    for name, attributes in TABLES.items():
        try:
            answer = cloud.client("dynamodb").get_item(
                TableName=resources[name], Key=_item_key(attributes)
            )
        except cloud.client("dynamodb").exceptions.ResourceNotFoundException:
            yield f"{name} is gone"
        else:
            if "Item" not in answer:
                yield f"{name} has lost its item"
    try:
        cloud.client("s3").head_object(Bucket=resources[LAKE], Key=ITEM)
    except cloud.client("s3").exceptions.ClientError:
        yield f"{LAKE} has lost its object"
    if _hash_key(cloud, resources) != key:
        yield "The hash key has changed"


def _routes(cloud: Cloud, expected: dict[str, bool]) -> Iterator[str]:
    """Whether each provider's webhook leads to a function, or else is 404.

    What the function answers says nothing here: the layer is built for the runtime's Python, and
    the embedded AWS runs everything with its own.
    """
    base_url = describe(cloud).base_url
    for provider, served in expected.items():
        url = f"{base_url}/webhooks/{provider}/wrong"
        status = urllib3.request("POST", url, body=b"{}", retries=False, timeout=60).status
        if (status != 404) != served:
            yield f"{provider}: HTTP {status}, though it {'is' if served else 'is not'} deployed"


def _left(cloud: Cloud, resources: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What is there besides the data, by kind and name."""
    kept = {resources[name] for name in (*TABLES, LAKE, EXPORTS, "HashSecret")}
    made = {_without_host(each) for each in resources.values()}
    for kind, found in _existing(cloud).items():
        for name in sorted(set(map(_without_host, found)) & made - kept):
            yield kind, name


def _without_host(name: str) -> str:
    """A queue is named by a URL, which the embedded AWS writes in two ways."""
    return name.rpartition("/")[2] if name.startswith("http") else name


def _existing(cloud: Cloud) -> dict[str, list[str]]:
    def names(service: str, operation: str, items: str, name: str) -> list[str]:
        answer: dict[str, Any] = getattr(cloud.client(service), operation)()
        return [each if isinstance(each, str) else each[name] for each in answer.get(items, [])]

    return {
        "table": names("dynamodb", "list_tables", "TableNames", ""),
        "bucket": names("s3", "list_buckets", "Buckets", "Name"),
        "secret": names("secretsmanager", "list_secrets", "SecretList", "Name")
        + names("secretsmanager", "list_secrets", "SecretList", "ARN"),
        "function": names("lambda", "list_functions", "Functions", "FunctionName"),
        "queue": names("sqs", "list_queues", "QueueUrls", ""),
        "API": names("apigatewayv2", "get_apis", "Items", "ApiId"),
        "bus": names("events", "list_event_buses", "EventBuses", "Name"),
        "role": names("iam", "list_roles", "Roles", "RoleName"),
        "log group": _log_groups(cloud),
    }


def _log_groups(cloud: Cloud) -> list[str]:
    """Those of the template, which says how long they keep a line.

    A call of a function that ends after its log group was deleted makes one anew on the embedded
    AWS, without an end. On AWS its role may not.
    """
    pages = cloud.client("logs").get_paginator("describe_log_groups").paginate()
    groups = (group for page in pages for group in page["logGroups"])
    return [group["logGroupName"] for group in groups if "retentionInDays" in group]
