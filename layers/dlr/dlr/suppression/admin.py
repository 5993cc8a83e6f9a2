"""An operator's acts on the suppression list: add, lift, import, export, settle held entries."""

import csv
import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from pydantic import BaseModel, Field

from dlr.causes import Cause
from dlr.phone import RecipientHasher, read_number
from dlr.suppression.entry import ListName, Reason, State, Suppression, empty
from dlr.suppression.rules import held, lift, put_on_list, seen
from dlr.suppression.table import SuppressionList

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
MAX_ROWS = 1000
MAX_SETTLED = 3000
"""Entries settled in one call: it has to end before API Gateway stops waiting, after 30 s."""
PAGE = 1000
WORKERS = 8
DEFAULT_CAUSE = {ListName.NUMBER: Cause.UNSPECIFIED, ListName.OPT_OUT: Cause.OPTED_OUT}


class SuppressRequest(BaseModel):
    """Which list to put a number on, and why."""

    list: ListName = ListName.NUMBER
    cause: Cause | None = None


class Import(BaseModel):
    """The result of an import."""

    imported: int
    skipped: int = Field(0, description="exported rows that suppressed nobody: held")
    errors: list[str] = Field(description="the number of a row and what is wrong, never the row")


class Page(BaseModel):
    """A part of the list as CSV; `next` begins the next part and is null at the end."""

    csv: str = Field(repr=False)
    next: str | None


class HeldResult(BaseModel):
    """How many entries were held and are not any more; `more` if there are others: call again."""

    settled: int
    more: bool


@dataclass(frozen=True, slots=True)
class SuppressionAdmin:
    """An operator's calls. Each leaves its trace in the entry's audit, with who did it."""

    suppressions: SuppressionList
    hasher: RecipientHasher
    keep_number: timedelta

    def suppress(
        self, hashes: Sequence[str], name: ListName, cause: Cause | None, by: str, now: datetime
    ) -> Suppression | None:
        """Puts a recipient on a list by hand, whether or not it was lifted before."""
        reason = Reason(
            at=now,
            cause=cause or DEFAULT_CAUSE[name],
            origin="operator",
            expires_at=now + self.keep_number if name is ListName.NUMBER else None,
        )
        return self._put(hashes, name, reason, by, now)

    def lift(
        self, hashes: Sequence[str], lists: tuple[ListName, ...], by: str, now: datetime
    ) -> Suppression | None:
        """Takes a recipient off the lists; None where there is no entry."""

        def change(old: Suppression | None) -> Suppression | None:
            return old and lift(old, lists, now, by, self.keep_number)

        return self.suppressions.change(hashes, change)

    def settle_held(
        self,
        provider: str,
        settle: Callable[[Suppression, datetime, str], Suppression],
        by: str,
        now: datetime,
    ) -> HeldResult:
        """Does `settle` (release or discard) to everything that the guard holds for a provider."""

        def change(old: Suppression | None) -> Suppression | None:
            return settle(old, now, by) if old and old.held_by == provider else old

        held = list(islice(self.suppressions.held(provider), MAX_SETTLED + 1))
        now_settled = held[:MAX_SETTLED]
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(lambda key: self.suppressions.change([key], change), now_settled))
        return HeldResult(settled=len(now_settled), more=len(held) > MAX_SETTLED)

    def export(self, after: str | None, now: datetime) -> Page:
        """A part of the list, a row for each list that a recipient is on.

        It names recipients by their keyed hash: no number is kept.
        """
        entries, following = self.suppressions.page(after, PAGE)
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for entry in entries:
            for name, state, reason in entry.active_reasons(now):
                about = {"recipient_hash": entry.recipient_hash, "list": name, "state": state}
                writer.writerow({**reason.model_dump(mode="json"), **about})
        return Page(csv=text.getvalue(), next=following)

    def import_csv(self, text: str, by: str, now: datetime) -> Import:
        """Rows with `number` or an exported `recipient_hash`, `list` (default number), `cause`.

        A row that cannot be read costs no other, an exported one that is held is skipped. An
        imported entry begins now. Spreadsheets begin a file with a byte order mark and end lines in
        three ways.
        """
        reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=None))
        try:
            rows = list(reader)
        except csv.Error:
            return Import(imported=0, errors=[f"line {reader.line_num + 1}: no CSV"])
        if len(rows) > MAX_ROWS:
            return Import(imported=0, errors=[f"more than {MAX_ROWS} rows: send them in parts"])

        wanted = [
            (place, row)
            for place, row in enumerate(rows, 2)  # row 1 is the header
            if (row.get("state") or State.ACTIVE) == State.ACTIVE
        ]
        with ThreadPoolExecutor(WORKERS) as pool:
            found = list(pool.map(lambda row: self._import(row[0], row[1], by, now), wanted))
        errors = [error for error in found if error]
        return Import(
            imported=len(found) - len(errors), skipped=len(rows) - len(found), errors=errors
        )

    def _import(self, place: int, row: dict[str, str | None], by: str, now: datetime) -> str | None:
        """None, or what is wrong with the row."""
        number = read_number(row.get("number") or "")
        recipient_hash = row.get("recipient_hash") or ""
        if number is None and not self.hasher.knows(recipient_hash):
            return f"row {place}: neither a phone number nor a recipient_hash of this system's keys"
        try:
            name = ListName(row.get("list") or ListName.NUMBER)
            cause = Cause(row.get("cause") or DEFAULT_CAUSE[name])
        except ValueError:
            return f"row {place}: no such list or cause"
        ends = now + self.keep_number if name is ListName.NUMBER else None
        reason = Reason(at=now, cause=cause, origin="import", expires_at=ends)
        hashes = [recipient_hash] if number is None else self.hasher.every_hash(number)
        self._put(hashes, name, reason, by, now)
        return None

    def _put(
        self, hashes: Sequence[str], name: ListName, reason: Reason, by: str, now: datetime
    ) -> Suppression | None:
        def mutate(old: Suppression | None) -> Suppression:
            keep_until = now + self.keep_number
            entry = old or empty(hashes[0], now, keep_until)
            changed = seen(put_on_list(entry, name, reason), entry.first_seen, now, keep_until)
            if name is ListName.NUMBER:  # what an operator adds is not held
                changed = held(changed, None)
            return changed.audited(now, by, f"{reason.origin}: {name}")

        return self.suppressions.change(hashes, mutate)
