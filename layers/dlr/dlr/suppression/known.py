"""Whether the suppression list has an entry of a recipient: asked for every delivered message."""

from collections.abc import Iterable
from typing import Any

from dlr.phone import PhoneNumber, RecipientHasher
from dlr.runtime.batch import read_all

MAX_TRIES = 5
"""With 0.75 s of waiting in all: the stream waits behind the answer."""


class KnownRecipients:
    """Looks recipients up. `client` is a botocore DynamoDB client.

    It needs no boto3, which publish does not load, and reads the key alone: half a read unit.
    """

    def __init__(self, client: Any, table: str, hasher: RecipientHasher) -> None:
        self._client = client
        self._table = table
        self._hasher = hasher

    def __call__(self, recipients: Iterable[PhoneNumber]) -> set[PhoneNumber]:
        """Those with an entry, whatever it says. Eventually consistent.

        Raises what the hash key, DynamoDB and `read_all` raise: publish goes on without an answer.
        """
        of = {key: each for each in recipients for key in self._hasher.every_hash(each)}
        keys = [{"recipient_hash": {"S": key}} for key in of]
        options = {"ConsistentRead": False, "ProjectionExpression": "recipient_hash"}
        found = read_all(self._client, self._table, keys, tries=MAX_TRIES, **options)
        return {of[item["recipient_hash"]["S"]] for item in found}
