"""QuarantineTable: authentic requests that could not be read, kept to be looked at and replayed."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field

from dlr.runtime.aws import is_refused_by_condition
from dlr.wire.request import Request

PAGE = 100
_GAP = r"(?:\(0\)|[ \-().+/])*"
"""What may stand between two digits of a number."""


class Quarantined(BaseModel):
    """One request with the reason why it could not be read."""

    model_config = ConfigDict(frozen=True)

    id: str
    provider: str
    error: str
    received_at: datetime
    method: str
    query: str = Field(repr=False)
    content_type: str
    body: str = Field(repr=False, description="bytes that are no UTF-8 are shown as \\xNN")

    def mentions(self, number: str) -> bool:
        """Whether the number stands in it, in international form, however it is grouped."""
        digits = _GAP.join(number.lstrip("+"))
        pattern = rf"(?<!\d)(?:00)?{digits}(?!\d)"
        return any(re.search(pattern, unquote(text)) for text in (self.query, self.body))


class QuarantinePage(BaseModel):
    """A part of what is kept; `next` begins the next part and is null at the end."""

    requests: list[Quarantined] = Field(repr=False)
    next: str | None


class Quarantine:
    """Keeps each unreadable request once. `client` is a boto3 DynamoDB client."""

    def __init__(self, client: Any, table: str, keep: timedelta = timedelta(days=14)) -> None:
        self._client = client
        self._table = table
        self._keep = keep

    def put(self, provider: str, request: Request, error: str, now: datetime) -> None:
        """Stores the raw request under the hash of its content. Raises botocore's errors."""
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
                TableName=self._table,
                Item=item,
                ConditionExpression="attribute_not_exists(id) OR expires_at <= :now",
                ExpressionAttributeValues={":now": {"N": str(int(now.timestamp()))}},
            )
        except ClientError as error:
            if not is_refused_by_condition(error):
                raise

    def all(self, now: datetime) -> Iterator[Quarantined]:
        """Everything that has not expired."""
        for page in self._client.get_paginator("scan").paginate(TableName=self._table):
            yield from (_shown(item) for item in page["Items"] if _is_live(item, now))

    def page(self, after: str | None, now: datetime) -> QuarantinePage:
        """Up to a hundred requests, those after an id, and never more than 1 MB of them."""
        start = {"ExclusiveStartKey": {"id": {"S": after}}} if after else {}
        answer = self._client.scan(TableName=self._table, Limit=PAGE, **start)
        last = answer.get("LastEvaluatedKey")
        return QuarantinePage(
            requests=[_shown(item) for item in answer["Items"] if _is_live(item, now)],
            next=last and last["id"]["S"],
        )

    def request(self, quarantine_id: str, now: datetime) -> tuple[str, datetime, Request] | None:
        """The provider, the time of receipt and the exact request; None where there is none."""
        item = self._get(quarantine_id, now)
        if item is None:
            return None
        request = Request(
            method=item["method"]["S"],
            query=item["query"]["S"],
            headers={"content-type": item["content_type"]["S"]},
            body=item["body"]["B"],
        )
        return item["provider"]["S"], _shown(item).received_at, request

    def delete(self, quarantine_id: str) -> None:
        """Deletes the request if it exists."""
        self._client.delete_item(TableName=self._table, Key={"id": {"S": quarantine_id}})

    def _get(self, quarantine_id: str, now: datetime) -> Mapping[str, Any] | None:
        answer = self._client.get_item(
            TableName=self._table, Key={"id": {"S": quarantine_id}}, ConsistentRead=True
        )
        item: Mapping[str, Any] | None = answer.get("Item")
        return item if item is not None and _is_live(item, now) else None


def _is_live(item: Mapping[str, Any], now: datetime) -> bool:
    return int(item["expires_at"]["N"]) > now.timestamp()


def _shown(item: Mapping[str, Any]) -> Quarantined:
    texts = {name: value["S"] for name, value in item.items() if "S" in value}
    body = bytes(item["body"]["B"]).decode("utf-8", "backslashreplace")
    return Quarantined.model_validate({**texts, "body": body})
