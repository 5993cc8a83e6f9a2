"""The key of the lake: what names messages in it (`mk`). It is made once and never changes.

It is not the hash key of recipients, which can be rotated: a message would then have two names, and
count twice.
"""

import secrets
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from dlr.runtime.aws import is_refused_by_condition

PLACE = {"pk": {"S": "lake#key"}, "sk": {"S": "key"}}
BYTES = 32


def lake_key(client: Any, table: str) -> Callable[[], bytes]:
    """Gives the key out of DeskTable, read once; makes it where there is none yet.

    `client` is a boto3 DynamoDB client.
    """
    known: list[bytes] = []

    def read() -> bytes:
        if not known:
            known.append(_stored(client, table) or _made(client, table))
        return known[0]

    return read


def _stored(client: Any, table: str) -> bytes | None:
    item = client.get_item(TableName=table, Key=PLACE, ConsistentRead=True).get("Item")
    return None if item is None else bytes.fromhex(item["key"]["S"])


def _made(client: Any, table: str) -> bytes:
    """Of two who make it at once, the first one's."""
    key = secrets.token_bytes(BYTES)
    try:
        client.put_item(
            TableName=table,
            Item={**PLACE, "key": {"S": key.hex()}},
            ConditionExpression="attribute_not_exists(pk)",
        )
    except ClientError as error:
        if not is_refused_by_condition(error):
            raise
    return _stored(client, table) or key
