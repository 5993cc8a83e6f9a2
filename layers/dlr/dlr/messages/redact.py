"""Takes the person out of a message, so that late copies of its reports are still known."""

from collections.abc import Mapping
from typing import Any

from dlr.messages.item import (
    condition_as_read,
    expires_at_of,
    first_received_at_of,
    is_redacted,
)
from dlr.messages.order import micros_of
from dlr.messages.store import unless_refused
from dlr.messages.verdict import verdict_in

KEEP_FINGERPRINTS_S = 7 * 24 * 3600


class Redactor:
    """Removes the person from messages with a retention of zero. `client` is a DynamoDB client."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def __call__(self, image: Mapping[str, Any]) -> None:
        """Leaves the id and the fingerprints for some days, so that late copies are known.

        Does nothing if a report was stored since.
        """
        redact(self._client, self._table, image, expires_at_of(image) + KEEP_FINGERPRINTS_S)


def redact(client: Any, table: str, image: Mapping[str, Any], expires_at: int) -> bool:
    """Leaves the id, the fingerprints, and when a message was first reported and when it arrived.

    False if a report was stored since.
    """
    arrived_at = None if is_redacted(image) else verdict_in(image).delivered_at
    times = {"d": arrived_at, "f": first_received_at_of(image)}
    kept = {f":{name}": time for name, time in times.items() if time}
    assignments = "".join(f", {name[1:]} = {name}" for name in kept)
    condition, values = condition_as_read(image)
    refused = unless_refused(
        client.update_item,
        TableName=table,
        Key={"pk": image["pk"]},
        UpdateExpression="REMOVE #state, history, recipient, recipient_hash "
        f"SET expires_at = :expires_at{assignments}",
        ConditionExpression=condition,
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={
            **values,
            ":expires_at": {"N": str(expires_at)},
            **{name: {"N": str(micros_of(time))} for name, time in kept.items()},
        },
    )
    return refused is None
