"""The worker: from a queue message to a part that counts.

Every step may be done again. A part has an object of its own for each try, and the first try that
is noted in the job counts: the others' objects are deleted, or removed with the rest.
"""

import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

from dlr.exports.desk import JobDesk
from dlr.exports.job import Job, Kind, Order, Part, place_of
from dlr.exports.links import MEDIA
from dlr.exports.part import Maker, Task
from dlr.exports.queue import Step, StepQueue
from dlr.exports.upload import upload

LOST_SCOPE = "its token was revoked, has expired or has lost scope pii"
GIVEN_UP = "a part of it failed at every try"

MaySeePeople = Callable[[Order], bool]
"""Whether the token that gave the order may still see people's numbers."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where the files go. `client` is a boto3 S3 client."""

    client: Any
    name: str

    def put(self, key: str, path: Path, media: str) -> int:
        """The bytes that were put."""
        return upload(self.client, self.name, key, path, media)

    def delete(self, key: str) -> None:
        """Also where there is nothing."""
        self.client.delete_object(Bucket=self.name, Key=key)


@dataclass(frozen=True, slots=True)
class ExportWorker:
    """Does what the queue asks for. Raises: the message must be delivered again."""

    desk: JobDesk
    queue: StepQueue
    bucket: Bucket
    makers: Mapping[Kind, Maker]
    may_see_people: MaySeePeople
    folder: Path
    clock: Callable[[], datetime]

    def __call__(self, wanted: Step) -> Part | None:
        """The part, if one was asked for and its job still is."""
        job = self.desk.get(wanted.job, self.clock())
        if job is None or job.is_over(self.clock()):
            return None
        if job.order.needs_pii and not self.may_see_people(job.order):
            self.desk.fail(wanted.job, LOST_SCOPE, self.clock())
            return None
        if wanted.part is None:
            self._begin(job)
            return None
        part = job.parts.get(wanted.part) or self._make(job, wanted.part)
        if part is not None and part.after is not None:
            following = place_of(int(wanted.part) + 1)
            self.queue.send([Step(job=wanted.job, part=following)])
        return part

    def give_up(self, wanted: Step) -> None:
        """After its last try."""
        self.desk.fail(wanted.job, GIVEN_UP, self.clock(), wanted.part)

    def _begin(self, job: Job) -> None:
        self.desk.start(job.order.id)
        missing = [name for name in job.order.parts() if name not in job.parts]
        self.queue.send([Step(job=job.order.id, part=name) for name in missing])

    def _make(self, job: Job, name: str) -> Part | None:
        """The part that counts, of this try or of another."""
        order = job.order
        shutil.rmtree(self.folder, ignore_errors=True)  # a killed try has left something there
        self.folder.mkdir(parents=True)
        task = Task(order, name, _beginning_of(job, name), self.folder, self.clock())
        try:
            made = self.makers[order.kind](task)
            key = f"parts/{order.id}/{name}-{token_hex(4)}.{order.format}"
            size = self.bucket.put(key, task.path, MEDIA[order.format])
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        part = Part(
            key=key,
            rows=made.rows,
            bytes=size,
            as_of=made.as_of,
            after=made.after,
            result=made.result,
        )
        kept = self.desk.put(order.id, name, part, self.clock())
        if kept != part:
            with suppress(Exception):
                self.bucket.delete(key)
        return kept


def _beginning_of(job: Job, name: str) -> str | None:
    """Where a part of the suppression list begins: where the one before it has ended."""
    if job.order.kind is not Kind.SUPPRESSIONS or int(name) == 0:
        return None
    return job.parts[place_of(int(name) - 1)].after
