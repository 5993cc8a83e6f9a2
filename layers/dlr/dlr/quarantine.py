"""QuarantineTable: authentic requests that could not be read, kept to be looked at and replayed."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from botocore.exceptions import ClientError

from dlr.request import Request


class Quarantine:
    """Keeps each unreadable request once. `client` is a boto3 DynamoDB client."""

    def __init__(self, client: Any, table: str, keep: timedelta) -> None:
        self._client = client
        self._table = table
        self._keep = keep

    def put(self, provider: str, request: Request, error: str, now: datetime) -> None:
        """Stores the raw request under the hash of what it says. Raises botocore's errors."""
        content = (provider.encode(), request.method.encode(), request.query.encode(), request.body)
        item: dict[str, Any] = {
            "id": {"S": sha256(b"\x1f".join(content)).hexdigest()[:32]},
            "provider": {"S": provider},
            "error": {"S": error},
            "received_at": {"S": now.isoformat()},
            "expires_at": {"N": str(int((now + self._keep).timestamp()))},
            "method": {"S": request.method},
            "query": {"S": request.query},
            "content_type": {"S": request.headers.get("content-type", "")},
            "body": {"B": request.body},
        }
        try:
            self._client.put_item(
                TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(id)"
            )
        except ClientError as refused:
            if refused.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
