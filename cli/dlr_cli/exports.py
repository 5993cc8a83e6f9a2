"""Exports of the API: ask for one, wait until it is over, fetch its files."""

import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote
from uuid import uuid4

import urllib3

from dlr_cli.api import Api
from dlr_cli.errors import CommandError
from dlr_cli.output import Output
from dlr_cli.text import counted, printable

PIECE = 1 << 20
_NAMED = re.compile(r'attachment; filename="(\w[\w.-]*)"', re.ASCII)


@dataclass(frozen=True, slots=True)
class Job:
    """How an export stands. `result` is what a backtest counted."""

    id: str
    state: str
    reason: str
    done: int
    total: int
    rows: int
    links: tuple[str, ...]
    result: Mapping[str, Any] | None = None

    @classmethod
    def read(cls, content: Any) -> Self:
        """From the API's JSON."""
        result = content.get("result")
        return cls(
            id=str(content["id"]),
            state=str(content["state"]),
            reason=str(content["reason"] or ""),
            done=int(content["done"]),
            total=int(content["total"]),
            rows=int(content["rows"]),
            links=tuple(map(str, content["links"])),
            result=result if isinstance(result, Mapping) else None,
        )


@dataclass(frozen=True, slots=True)
class File:
    """A file that was fetched."""

    path: str
    bytes: int


def ask(api: Api, content: Mapping[str, Any], path: str = "/exports") -> Job:
    """A new export, or another job; however often the call is made, it is one."""
    return api.call("POST", path, Job.read, content, key=str(uuid4()))


def find(api: Api, job_id: str) -> Job:
    """One that was asked for before. Raises NotFoundError."""
    return api.call("GET", f"/exports/{quote(job_id, safe='')}", Job.read)


def wait(api: Api, job: Job, tell: Callable[[Job], None], every_s: float = 1.0) -> Job:
    """The job once it is done; `tell` hears of each step. Raises CommandError if it fails."""
    while job.state not in {"done", "failed"}:
        time.sleep(every_s)
        before, job = job, api.call("GET", f"/exports/{job.id}", Job.read)
        if (before.state, before.done) != (job.state, job.done):
            tell(job)
    if job.state == "failed":
        raise CommandError(f"The job failed: {printable(job.reason)}.")
    return api.call("GET", f"/exports/{job.id}", Job.read)  # with links that are fresh


def follow(api: Api, output: Output, job: Job) -> Job:
    """Wait for a job and tell the person how it stands, and how to find it again."""

    def tell(job: Job) -> None:
        parts, rows = counted(job.total, "part"), counted(job.rows, "row")
        output.note(f"{job.done:,} of {parts}, {rows}")

    output.note(f"Job {printable(job.id)}")
    try:
        return wait(api, job, tell)
    except KeyboardInterrupt:
        output.note(f"It goes on. To fetch its files: dlr export --job {printable(job.id)}")
        raise


def fetch_all(output: Output, job: Job, folder: Path) -> None:
    """Writes the job's files into the folder and prints each."""
    for number, link in enumerate(output.progress(job.links, "Fetching"), 1):
        file = fetch(link, folder, number)
        output.item(file, printable(file.path))


def fetch(link: str, folder: Path, number: int) -> File:
    """Writes what is behind a link into the folder, under the name that it has there.

    A link has no token and gets none. Only its owner may read the file, which may have numbers, and
    half of one is not kept. Raises CommandError; what is there already is kept.
    """
    try:
        answer = urllib3.request("GET", link, preload_content=False, retries=False, timeout=60)
        if answer.status != 200:
            raise CommandError(f"A file cannot be fetched (HTTP {answer.status}).")
        named = _NAMED.fullmatch(answer.headers.get("content-disposition", ""))
        path = folder / (named[1] if named else f"part-{number}")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            try:
                for piece in answer.stream(PIECE):
                    file.write(piece)
            except BaseException:
                path.unlink()
                raise
            return File(str(path), file.tell())
    except urllib3.exceptions.HTTPError as error:
        raise CommandError(f"A file cannot be fetched ({type(error).__name__}).") from None
    except FileExistsError:
        raise CommandError(f"{path.name} is there already.") from None
