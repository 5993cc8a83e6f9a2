"""The suppression list as files: a part is some pages of the table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from dlr.exports.file import write_file
from dlr.exports.part import Made, Task
from dlr.exports.staged import stage
from dlr.lake import duck
from dlr.suppression.table import SuppressionList
from dlr.suppression.transfer import COLUMNS, cells_of

PAGE = 1000
ENTRIES = 200_000
"""Of a part: about a minute's work."""
_TIMES = {"at", "expires_at"}
_KINDS = {name: "TIMESTAMP" if name in _TIMES else "VARCHAR" for name in COLUMNS}


@dataclass(frozen=True, slots=True)
class ListPart:
    """A row for each list that a recipient is on. An import reads the CSV again."""

    suppressions: SuppressionList
    entries: int = ENTRIES

    def __call__(self, task: Task) -> Made:
        pages = _Pages(self.suppressions, task.after, self.entries)
        with duck.connect(task.folder) as db:
            stage(db, "entries", _KINDS, pages.rows(task.now), task.folder)
            count = write_file(
                db, "FROM entries ORDER BY recipient_hash, list", task.order.format, task.path
            )
        return Made(count, task.now, pages.after)


class _Pages:
    """Some pages of the list; `after` is where the next ones begin, once the rows were taken."""

    def __init__(self, suppressions: SuppressionList, after: str | None, entries: int) -> None:
        self._suppressions = suppressions
        self._entries = entries
        self.after = after

    def rows(self, now: datetime) -> Iterator[Mapping[str, object]]:
        left = self._entries
        while left > 0:
            entries, self.after = self._suppressions.page(self.after, min(PAGE, left))
            left -= min(PAGE, left)
            for entry in entries:
                standing = self._suppressions.standing(entry, now)
                for on_list in standing.on_lists():
                    cells = cells_of(entry.recipient_hash, *on_list)
                    yield {name: cells.get(name) for name in COLUMNS}
            if self.after is None:
                return
