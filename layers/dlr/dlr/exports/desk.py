"""Jobs in DeskTable: an item each, and lists of them by time, of everybody's and of each owner's.

A part is put into its job by a conditional write under its own name. So a part that is done twice
counts once, in whatever order and however often the writes come.

An owner's unfinished jobs are named in an item that is written with each new job, under a condition
on its version. So of two that are filed at once the second one counts the first.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from dlr.exports.job import Job, Order, Part
from dlr.messages.store import unless_refused
from dlr.runtime.aws import lost_race
from dlr.runtime.batch import read_all

LIST = "job#"
"""The key of everybody's list. It holds the jobs of a week: they expire."""
OWN_LIST, UNFINISHED = "job#of#", "job#unfinished#"
"""Before an owner: the keys of their list, and of the names of their unfinished jobs."""
ITEM = "job"
TRIES = 8
"""Of filing a job, while others of the same owner are filed."""
_CURSOR = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}#[0-9a-f]{32}", re.ASCII)


class TooManyJobsError(RuntimeError):
    """The owner has as many unfinished jobs as a token may have."""


class Filed(NamedTuple):
    """The job that stands under an id, and whether it is this order's."""

    job: Job
    is_same: bool


class Page(NamedTuple):
    """Some jobs, the newest first; `after` begins the next page and is None at the end."""

    jobs: list[Job]
    after: str | None


class _Unfinished(NamedTuple):
    """An owner's unfinished jobs, and the version of the item that named them."""

    version: int
    jobs: list[str]


class JobDesk:
    """Keeps jobs. `client` is a boto3 DynamoDB client."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def file(self, order: Order, most: int) -> Filed:
        """Writes a new job, or finds the one that stands under this id already.

        Raises TooManyJobsError where `most` jobs of its owner are unfinished.
        """
        tried = 0
        while True:
            unfinished = self._unfinished(order)
            is_full = len(unfinished.jobs) >= most
            refused = TooManyJobsError() if is_full else self._write(order, unfinished)
            if refused is None:
                return Filed(Job(order=order), is_same=True)
            found = self.get(order.id, order.created_at)
            if found is not None:
                return Filed(found, found.order.digest == order.digest)
            tried += 1
            if is_full or tried == TRIES:
                raise refused

    def _unfinished(self, order: Order) -> "_Unfinished":
        """What its owner has, by what stands in the jobs themselves."""
        answer = self._client.get_item(
            TableName=self._table, Key=_unfinished_key(order), ConsistentRead=True
        )
        item, now = answer.get("Item"), order.created_at
        if item is None:
            return _Unfinished(0, [])
        keys = [_key(each["S"]) for each in item["jobs"]["L"]]
        found = read_all(self._client, self._table, keys)
        jobs = [_job_of(each) for each in found if not _is_over(each, now)]
        return _Unfinished(
            int(item["version"]["N"]), [job.order.id for job in jobs if not job.is_over(now)]
        )

    def _write(self, order: Order, unfinished: "_Unfinished") -> ClientError | None:
        """The job, its places in the lists, its name among the unfinished: all, or a refusal."""
        expires_at = {"N": str(_seconds(order.expires_at))}
        item = {
            **_key(order.id),
            "asked": {"S": order.model_dump_json()},
            "parts": {"M": {}},
            "deadline": {"N": str(_seconds(order.deadline))},
            "expires_at": expires_at,
        }
        place = {"sk": {"S": _place(order)}, "expires_at": expires_at}
        named = {
            **_unfinished_key(order),
            "version": {"N": str(unfinished.version + 1)},
            "jobs": {"L": [{"S": each} for each in (*unfinished.jobs, order.id)]},
            "expires_at": expires_at,
        }
        is_new = {
            "ConditionExpression": "attribute_not_exists(pk) OR expires_at <= :now",
            "ExpressionAttributeValues": {":now": {"N": str(_seconds(order.created_at))}},
        }
        is_as_read = {
            "ConditionExpression": "attribute_not_exists(pk) OR version = :version",
            "ExpressionAttributeValues": {":version": {"N": str(unfinished.version)}},
        }
        puts: list[dict[str, Any]] = [
            {"Item": item, **is_new},
            {"Item": named, **is_as_read},
            {"Item": {"pk": {"S": LIST}, **place}},
            {"Item": {"pk": {"S": OWN_LIST + order.owner}, **place}},
        ]
        try:
            self._client.transact_write_items(
                TransactItems=[{"Put": {"TableName": self._table, **put}} for put in puts]
            )
        except ClientError as error:
            if not lost_race(error):
                raise
            return error
        return None

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

    def fail(self, job_id: str, reason: str, now: datetime, part: str | None = None) -> None:
        """Notes why the job failed, the first reason only; not for a part that is there.

        A job that is done stays done: parts only come, so as many as were seen are the same ones.
        """
        while True:
            job = self.get(job_id, now)
            if job is None or job.is_over(now) or part in job.parts:
                return
            refused = unless_refused(
                self._client.update_item,
                TableName=self._table,
                Key=_key(job_id),
                UpdateExpression="SET failure = :reason",
                ConditionExpression="attribute_not_exists(failure) AND size(parts) = :seen",
                ExpressionAttributeValues={
                    ":reason": {"S": reason},
                    ":seen": {"N": str(job.done)},
                },
            )
            if refused is None:
                return

    def page(self, after: str | None, size: int, now: datetime, owner: str | None = None) -> Page:
        """Up to `size` jobs after one that a page ended with: of this owner, or of everybody."""
        pk = {"S": LIST if owner is None else OWN_LIST + owner}
        start = {"ExclusiveStartKey": {"pk": pk, "sk": {"S": after}}} if after else {}
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :list",
            FilterExpression="expires_at > :now",
            ExpressionAttributeValues={
                ":list": pk,
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


def _unfinished_key(order: Order) -> dict[str, Any]:
    return {"pk": {"S": UNFINISHED + order.owner}, "sk": {"S": "unfinished"}}


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


def _seconds(time: datetime) -> int:
    return int(time.timestamp())
