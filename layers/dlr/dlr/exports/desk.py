"""Jobs in DeskTable: an item each, and a list of them by time.

A part is put into its job by a conditional write under its own name. So a part that is done twice
counts once, in whatever order and however often the writes come.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from dlr.exports.job import Job, Order, Part
from dlr.messages.store import unless_refused
from dlr.runtime.batch import read_all

LIST = "job#"
"""The key of the list. It holds the jobs of a week: they expire."""
ITEM = "job"
_CURSOR = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}#[0-9a-f]{32}", re.ASCII)


class Filed(NamedTuple):
    """The job that stands under an id, and whether it is this order's."""

    job: Job
    is_same: bool


class Page(NamedTuple):
    """Some jobs, the newest first; `after` begins the next page and is None at the end."""

    jobs: list[Job]
    after: str | None


class JobDesk:
    """Keeps jobs. `client` is a boto3 DynamoDB client."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def file(self, order: Order) -> Filed:
        """Writes a new job, or finds the one that stands under this id already."""
        expires_at = {"N": str(_seconds(order.expires_at))}
        item = {
            **_key(order.id),
            "asked": {"S": order.model_dump_json()},
            "parts": {"M": {}},
            "deadline": {"N": str(_seconds(order.deadline))},
            "expires_at": expires_at,
        }
        listed = {"pk": {"S": LIST}, "sk": {"S": _place(order)}, "expires_at": expires_at}
        try:
            self._client.transact_write_items(
                TransactItems=[
                    {
                        "Put": {
                            "TableName": self._table,
                            "Item": item,
                            "ConditionExpression": "attribute_not_exists(pk) OR expires_at <= :now",
                            "ExpressionAttributeValues": {
                                ":now": {"N": str(_seconds(order.created_at))}
                            },
                        }
                    },
                    {"Put": {"TableName": self._table, "Item": listed}},
                ]
            )
        except ClientError as error:
            if not _is_refused(error):
                raise
            found = self.get(order.id, order.created_at)
            if found is None:
                raise
            return Filed(found, found.order.digest == order.digest)
        return Filed(Job(order=order), is_same=True)

    def get(self, job_id: str, now: datetime) -> Job | None:
        """None where there is no such job (any more)."""
        answer = self._client.get_item(TableName=self._table, Key=_key(job_id), ConsistentRead=True)
        item = answer.get("Item")
        return None if item is None or _is_over(item, now) else _job_of(item)

    def start(self, job_id: str) -> None:
        """Notes that a worker has taken it."""
        unless_refused(
            self._client.update_item,
            TableName=self._table,
            Key=_key(job_id),
            UpdateExpression="SET started = :yes",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":yes": {"BOOL": True}},
        )

    def put(self, job_id: str, name: str, part: Part, now: datetime) -> Part | None:
        """Puts a part into its job; the part that counts under this name.

        None where the job is gone, failed or late: then nobody will ask for it.
        """
        refused = unless_refused(
            self._client.update_item,
            TableName=self._table,
            Key=_key(job_id),
            UpdateExpression="SET parts.#name = :part",
            ConditionExpression="attribute_exists(pk) AND attribute_not_exists(parts.#name) "
            "AND attribute_not_exists(failure) AND deadline > :now",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues={
                ":part": {"S": part.model_dump_json(exclude_none=True)},
                ":now": {"N": str(_seconds(now))},
            },
        )
        if refused is None:
            return part
        return _job_of(refused).parts.get(name) if refused else None

    def fail(self, job_id: str, reason: str, part: str | None = None) -> None:
        """Notes why the job failed, the first reason only; not for a part that is there."""
        unless_refused(
            self._client.update_item,
            TableName=self._table,
            Key=_key(job_id),
            UpdateExpression="SET failure = :reason",
            ConditionExpression="attribute_exists(pk) AND attribute_not_exists(failure)"
            + (" AND attribute_not_exists(parts.#name)" if part else ""),
            ExpressionAttributeValues={":reason": {"S": reason}},
            **({"ExpressionAttributeNames": {"#name": part}} if part else {}),
        )

    def page(self, after: str | None, size: int, now: datetime) -> Page:
        """Up to `size` jobs after one that a page ended with."""
        start = {"ExclusiveStartKey": {"pk": {"S": LIST}, "sk": {"S": after}}} if after else {}
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :list",
            FilterExpression="expires_at > :now",
            ExpressionAttributeValues={
                ":list": {"S": LIST},
                ":now": {"N": str(_seconds(now))},
            },
            ScanIndexForward=False,
            Limit=size,
            **start,
        )
        places = [item["sk"]["S"] for item in answer["Items"]]
        keys = [_key(place.rpartition("#")[2]) for place in places]
        found = {
            _place(job.order): job
            for job in map(_job_of, read_all(self._client, self._table, keys))
        }
        last = answer.get("LastEvaluatedKey")
        return Page([found[p] for p in places if p in found], last and last["sk"]["S"])


def is_cursor(text: str) -> bool:
    """Whether it has the form of a page's `after`."""
    return _CURSOR.fullmatch(text) is not None


def _key(job_id: str) -> dict[str, Any]:
    return {"pk": {"S": f"{LIST}{job_id}"}, "sk": {"S": ITEM}}


def _place(order: Order) -> str:
    return f"{order.created_at:%Y-%m-%dT%H:%M:%S.%f}#{order.id}"


def _job_of(item: Mapping[str, Any]) -> Job:
    return Job(
        order=Order.model_validate_json(item["asked"]["S"]),
        parts={
            name: Part.model_validate_json(part["S"])
            for name, part in sorted(item["parts"]["M"].items())
        },
        started="started" in item,
        failure=item["failure"]["S"] if "failure" in item else None,
    )


def _is_over(item: Mapping[str, Any], now: datetime) -> bool:
    return int(item["expires_at"]["N"]) <= now.timestamp()


def _is_refused(error: ClientError) -> bool:
    """By the condition, or because somebody writes the same job at this moment."""
    reasons = {each.get("Code") for each in error.response.get("CancellationReasons", ())}
    return bool(reasons & {"ConditionalCheckFailed", "TransactionConflict"})


def _seconds(time: datetime) -> int:
    return int(time.timestamp())
