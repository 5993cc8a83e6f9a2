"""Acts on a file of any size: in parts, some at a time, counted, and resumed after a kill.

What was sent and not yet noted when the process was killed is sent again: at most as many parts as
go at a time. That does no harm: to list a number twice, or to ask twice, comes to the same.
"""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TypeVar

import click

from dlr_cli.errors import CommandError
from dlr_cli.output import Output
from dlr_cli.progress import Progress, content_hash
from dlr_cli.sheet import Part, parts_of
from dlr_cli.text import counted

T = TypeVar("T")
PART = 1000
"""Rows of a call: the API takes no more."""
STDIN = "-"


@dataclass
class Results:
    """A file that grows with the act; what a killed run wrote after its last note is cut off."""

    path: Path
    header: str = ""
    is_always: bool = False
    """Whether it is made though there is nothing to write into it."""
    _file: IO[bytes] | None = None

    def begin(self) -> None:
        """Anew: a file that is in the way goes; a device such as /dev/null stays."""
        if self.path.is_file() and not self.path.is_symlink():
            self.path.unlink()
        if self.is_always:
            self.write("")

    def go_on(self, size: int) -> bool:
        """Go on at this size; False if less than that is there."""
        if not size:
            return True
        if not self.path.exists() or self.path.stat().st_size < size:
            return False
        self._file = self.path.open("r+b")
        self._file.truncate(size)
        self._file.seek(size)
        return True

    def write(self, text: str) -> None:
        """The file is made when there is something to write; only its owner may read it."""
        if self._file is None:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            self._file = os.fdopen(handle, "wb")
            self._file.write(self.header.encode())
        self._file.write(text.encode())

    def size(self) -> int:
        """Once all is written to disk."""
        if self._file is None:
            return 0
        self._file.flush()
        return self._file.tell()

    def close(self) -> None:
        """The file, if there is one."""
        if self._file is not None:
            self._file.close()


@dataclass
class Bulk:
    """One act on one file. `what` names everything that makes it another act."""

    source: str
    what: dict[str, Any]
    results: Results | None
    output: Output
    label: str
    parallel: int = 1
    is_resumable: bool = True
    restart: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    """By name, of all runs of this act; `rows` is how far it has come."""

    def run(self, do: Callable[[Part], T], take: Callable[[Part, T], None]) -> None:
        """`do` each part, in threads; `take` its answer, in the order of the file.

        What `take` adds to `counts` and writes to `results` is noted after each part.
        """
        with ExitStack() as stack:
            if self.results:
                _check_apart(self.source, self.results.path)
                stack.callback(self.results.close)
            progress, lines = self._begin()
            done = self.counts.setdefault("rows", 0)
            if self.results and not done:
                self.results.begin()
            file = stack.enter_context(_opened(self.source))
            tell = stack.enter_context(self.output.counting(self.label, lines, done))
            parts = _behind(done, parts_of(file, PART))
            try:
                for part, answer in in_order(parts, do, self.parallel):
                    take(part, answer)
                    self.counts["rows"] += len(part.rows)
                    if progress:
                        size = self.results.size() if self.results else 0
                        progress.save({**self.counts, "bytes": size})
                    tell(self.counts["rows"])
            except (KeyboardInterrupt, CommandError):
                if progress and self.counts["rows"]:
                    so_far = counted(self.counts["rows"], "row")
                    self.output.note(f"Done so far: {so_far}. Call it again to go on.")
                raise
            if progress:
                progress.drop()

    def _begin(self) -> tuple[Progress | None, int | None]:
        """Where the act is noted, and about how many rows there are."""
        if self.source == STDIN:
            return None, None
        hashed, lines = content_hash(Path(self.source))
        if not self.is_resumable:
            return None, lines
        progress = Progress({**self.what, "content": hashed}, os.environ)
        counts = {} if self.restart else progress.load()
        size = counts.pop("bytes", 0)
        if counts and (self.results is None or self.results.go_on(size)):
            self.counts.update(counts)
            self.output.note(
                f"Goes on after {counted(counts.get('rows', 0), 'row')} of a run before."
            )
        return progress, lines


def _check_apart(source: str, into: Path) -> None:
    """Raises UsageError where the results would be written over what is read."""
    if source != STDIN and into.exists() and into.samefile(source):
        raise click.UsageError("The results would be written over the file that is read.")


def in_order(
    parts: Iterable[Part], do: Callable[[Part], T], parallel: int
) -> Iterator[tuple[Part, T]]:
    """Each part with what `do` made of it; never more than `parallel` are begun."""
    waiting: deque[tuple[Part, Future[T]]] = deque()
    with ThreadPoolExecutor(parallel) as pool:
        try:
            for part in parts:
                waiting.append((part, pool.submit(do, part)))
                if len(waiting) >= parallel:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            for _, future in waiting:
                future.cancel()


def _behind(rows: int, parts: Iterator[Part]) -> Iterator[Part]:
    """Without those that hold the first `rows` rows."""
    seen = 0
    for part in parts:
        if seen >= rows:
            yield part
        seen += len(part.rows)


@contextmanager
def _opened(source: str) -> Iterator[Any]:
    """Raises CommandError where the file cannot be read."""
    if source == STDIN:
        yield sys.stdin
        return
    try:
        file = open(source, encoding="utf-8-sig", newline="")  # noqa: PTH123, SIM115
    except OSError:
        raise CommandError("The file cannot be read.") from None
    with file:
        yield file
