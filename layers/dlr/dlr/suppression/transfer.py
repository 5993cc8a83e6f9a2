"""The suppression list as CSV: export in parts, import of an export or of an operator's file."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from pydantic import BaseModel, Field

from dlr.causes import Cause
from dlr.phone import NotANumberError, PhoneNumber, RecipientHasher, read_typed
from dlr.runtime.batch import chunks
from dlr.suppression.admin import DEFAULT_CAUSE, SuppressionAdmin, list_for
from dlr.suppression.entry import ListName, Reason, Suppression
from dlr.suppression.sheet import Row, UnreadableSheetError, normal, read_sheet, write_sheet
from dlr.suppression.standing import State
from dlr.suppression.table import Changed, ConflictError, SuppressionList

COLUMNS = (
    "recipient_hash",
    "list",
    "state",
    "cause",
    "provider",
    "provider_code",
    "at",
    "expires_at",
)
"""Of an export."""
KNOWN = ("number", *COLUMNS)
"""Of an import; those after `cause` say nothing about the entry that an import makes."""
MAX_ROWS = 1000
PAGE = 1000
WORKERS = 8
AT_A_TIME = 100
"""Recipients that one call reads."""
CONTESTED = "somebody else changed the entry: send it again"


class Import(BaseModel):
    """The result of an import."""

    imported: int = Field(description="rows, those for the same recipient too")
    skipped: int = Field(0, description="exported rows that suppressed nobody: held")
    errors: list[str] = Field(description="the number of a row and what is wrong, never the row")


class Page(BaseModel):
    """A part of the list as CSV; `next` begins the next part and is null at the end."""

    csv: str = Field(repr=False)
    next: str | None


class _RowError(ValueError):
    """What is wrong with a row."""


@dataclass(frozen=True, slots=True)
class _Listing:
    """What a row wants: this recipient on this list."""

    row: int
    hashes: tuple[str, ...]
    list: ListName
    cause: Cause
    number: PhoneNumber | None


@dataclass(frozen=True, slots=True)
class SuppressionTransfer:
    """Many entries in one call."""

    suppressions: SuppressionList
    admin: SuppressionAdmin
    hasher: RecipientHasher

    def export(self, after: str | None, now: datetime) -> Page:
        """A part of the list, a row for each list that a recipient is on.

        It names recipients by their keyed hash: no number is kept.
        """
        entries, following = self.suppressions.page(after, PAGE)
        rows = (
            cells_of(entry.recipient_hash, *on_list)
            for entry in entries
            for on_list in self.suppressions.standing(entry, now).on_lists()
        )
        return Page(csv=write_sheet(COLUMNS, rows), next=following)

    def import_csv(self, text: str, by: str, now: datetime, country: str | None = None) -> Import:
        """Rows with `number` or an exported `recipient_hash`, `list` (else by the cause), `cause`.

        All rows of one recipient are one change; of two for the same list the last one counts.
        A row that cannot be read costs no other; an exported one that is held is skipped. An
        imported entry begins now. `country` is that of numbers without `+` or `00`; without it
        they are refused.
        """
        try:
            rows = read_sheet(text, KNOWN)
        except UnreadableSheetError as error:
            return Import(imported=0, errors=[str(error)])
        if len(rows) > MAX_ROWS:
            return Import(imported=0, errors=[f"more than {MAX_ROWS} rows: send them in parts"])

        listings: list[_Listing] = []
        errors: dict[int, str] = {}
        for row in rows:
            try:
                listings += self._listings(row, country)
            except (_RowError, NotANumberError) as error:
                errors[row.number] = str(error)
        skipped = len(rows) - len(listings) - len(errors)
        errors |= self._put(listings, by, now)
        return Import(
            imported=len(rows) - skipped - len(errors),
            skipped=skipped,
            errors=[f"row {number}: {error}" for number, error in sorted(errors.items())],
        )

    def _listings(self, row: Row, country: str | None) -> list[_Listing]:
        """One, or none of a row that suppressed nobody. Raises with what is wrong."""
        if row.is_too_long:
            raise _RowError("more cells than columns")
        words = {column: normal(cell) for column, cell in row.cells.items()}
        try:
            state = State(words.get("state") or State.ACTIVE)
            given = Cause(words["cause"]) if words.get("cause") else None
            name = ListName(words["list"]) if words.get("list") else list_for(given)
        except ValueError:
            raise _RowError("no such list, cause or state") from None
        cause = given or DEFAULT_CAUSE[name]
        if state is not State.ACTIVE:
            return []
        typed = row.cells.get("number", "").strip()
        number = read_typed(typed, country) if typed else None
        return [_Listing(row.number, self._hashes(row, number), name, cause, number)]

    def _hashes(self, row: Row, number: PhoneNumber | None) -> tuple[str, ...]:
        """Raises _RowError."""
        if number is not None:
            return tuple(self.hasher.every_hash(number))
        recipient_hash = row.cells.get("recipient_hash", "").strip()
        if not self.hasher.knows(recipient_hash):
            raise _RowError("neither a phone number nor a recipient_hash of this system's keys")
        return (recipient_hash,)

    def _put(self, listings: Sequence[_Listing], by: str, now: datetime) -> dict[int, str]:
        """What is wrong with rows, by their number. No two writers have the same recipient.

        Some recipients at a time are read in one call, written each in its own, and announced in
        few. What is written is announced also where a write beside it fails, which is raised then.
        An import that breaks off is sent again, and then all of it is announced.
        """
        wrong: dict[int, str] = {}
        with ThreadPoolExecutor(WORKERS) as pool:
            for some in chunks(_by_recipient(listings).items(), AT_A_TIME):
                put = partial(self._put_one, self.suppressions.read(dict(some)), by, now)
                writes = [pool.submit(put, *each) for each in some]
                wait(writes)
                written = [
                    (write.result(), next((each.number for each in mine if each.number), None))
                    for (_, mine), write in zip(some, writes, strict=True)
                    if write.exception() is None
                ]
                self.admin.announce.all(written, again=True)
                for (_, mine), write in zip(some, writes, strict=True):
                    try:
                        write.result()
                    except ConflictError:
                        wrong |= {each.row: CONTESTED for each in mine}
        return wrong

    def _put_one(
        self,
        known: Mapping[str, Suppression],
        by: str,
        now: datetime,
        hashes: tuple[str, ...],
        mine: Sequence[_Listing],
    ) -> Changed:
        """Raises ConflictError where other writers were faster at every try."""
        causes = {each.list: each.cause for each in mine}  # the last row of a list
        return self.admin.put(hashes, causes, "import", by, now, known)


def cells_of(recipient_hash: str, name: ListName, state: State, reason: Reason) -> dict[str, str]:
    """What an export says of a recipient on a list, by column."""
    about = {"recipient_hash": recipient_hash, "list": name.value, "state": state.value}
    return {**reason.model_dump(mode="json", exclude_none=True), **about}


def _by_recipient(listings: Sequence[_Listing]) -> dict[tuple[str, ...], list[_Listing]]:
    """By all hashes of the recipient. A number and its hash under one key are one recipient."""
    whole: dict[str, tuple[str, ...]] = {}
    for each in sorted(listings, key=lambda each: len(each.hashes)):
        whole |= dict.fromkeys(each.hashes, each.hashes)
    found: dict[tuple[str, ...], list[_Listing]] = {}
    for each in listings:
        found.setdefault(whole[each.hashes[0]], []).append(each)
    return found
