"""What the functions that a month is asked through need of the stack, and their environment.

Tables without a stream: a month that is put into them calls nobody.
"""

import json
from collections.abc import Mapping
from typing import Any

from dlr.messages.by_recipient import BY_RECIPIENT
from dlr.phone import RecipientHasher
from local import template
from local.cloud import Cloud

FUNCTIONS = ("Query", "Api", "Export")
HASH_KEY = "made-up month" * 3
HASHER = RecipientHasher(lambda: [HASH_KEY])
BUCKETS = {"LakeBucket": "lake", "ExportsBucket": "exports"}
TABLES = {"DeskTable": "desk", "ReportsTable": "reports", "SuppressionsTable": "list"}
KEYS = {"desk": ("pk", "sk"), "reports": ("pk",), "list": ("recipient_hash",)}
INDEXES = {"reports": {BY_RECIPIENT: "recipient_hash"}}
SECRET = "hash"  # noqa: S105 - its name
QUEUE = "export"


def make(cloud: Cloud) -> None:
    """Empty ones."""
    dynamodb, s3 = cloud.client("dynamodb"), cloud.client("s3")
    for name in BUCKETS.values():
        s3.create_bucket(Bucket=name)
    for name, keys in KEYS.items():
        indexes = INDEXES.get(name, {})
        names = [*keys, *indexes.values()]
        more: dict[str, Any] = {"GlobalSecondaryIndexes": list(map(_index, indexes.items()))}
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in names],
            KeySchema=_schema(*keys),
            **(more if indexes else {}),
        )
    content = json.dumps({"current": HASH_KEY})
    cloud.client("secretsmanager").create_secret(Name=SECRET, SecretString=content)
    cloud.client("sqs").create_queue(QueueName=QUEUE)


def environment(cloud: Cloud) -> Mapping[str, str]:
    """The variables that the template gives to these functions, with its defaults."""
    source = template.load(template.PATH, {})
    values = {name: str(each["Default"]) for name, each in source["Parameters"].items()}
    queue = cloud.client("sqs").get_queue_url(QueueName=QUEUE)["QueueUrl"]
    values |= {**BUCKETS, **TABLES, "HashSecret": SECRET, "ExportQueue": queue}
    functions = template.functions(source)
    return {
        variable: _resolved(value, values)
        for name in FUNCTIONS
        for variable, value in functions[name]["Environment"]["Variables"].items()
    }


def _schema(*keys: str) -> list[dict[str, str]]:
    kinds = zip(keys, ("HASH", "RANGE"), strict=False)
    return [{"AttributeName": key, "KeyType": kind} for key, kind in kinds]


def _index(named: tuple[str, str]) -> dict[str, Any]:
    name, key = named
    return {
        "IndexName": name,
        "KeySchema": _schema(key),
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }


def _resolved(value: Any, values: Mapping[str, str]) -> str:
    """A text, a parameter or a resource; what no call here asks for is a word."""
    if isinstance(value, Mapping):
        return values.get(value.get("Ref", ""), "none")
    return str(value)
