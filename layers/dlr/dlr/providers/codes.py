"""The code tables: `<provider>.csv` beside each module, and `smsc/<table>.csv` for SMPP.

A row gives one status word or code of a provider, verbatim, with its meaning here, the provider's
wording, and its source. docs/add-a-provider.md says what each column holds. Rows are sorted by kind
(status, then code) and by key, numbers by their value.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

from dlr.causes import Cause
from dlr.report import FAILED, Status

FOLDER = Path(__file__).parent
SMSC_FOLDER = FOLDER / "smsc"
KINDS = ("status", "code")
COLUMNS = ("kind", "key", "status", "cause", "permanent", "says", "source", "note")
_PERMANENT = {"": None, "true": True, "false": False}
_STATUSES: dict[str, Status | None] = {"": None, **{status.value: status for status in Status}}
_CAUSES = {"": Cause.NONE, **{cause.value: cause for cause in Cause}}
_T = TypeVar("_T")
_NUMBERS = re.compile(r"(\d+)")
_ERR = re.compile(r"[0-9A-Z]{3}|[1-9A-Z][0-9A-Z]{3,}")
"""`err` of a receipt as `smpp.py` looks it up: upper case, no leading zeros beyond three places."""


class CodeTableError(ValueError):
    """A CSV breaks a rule. The text begins with the file's name and the line: `acme.csv:12`."""


class Meaning(NamedTuple):
    """What one of a provider's words or codes means.

    `status` is None where a code says why but not where. `permanent` is the provider's documented
    verdict to the letter, None where it is silent.
    """

    status: Status | None = None
    cause: Cause = Cause.NONE
    permanent: bool | None = None


Table = Mapping[str, Meaning]
"""By key, in lower case."""


class CodeRow(NamedTuple):
    """One line of a CSV."""

    kind: str
    key: str
    meaning: Meaning
    says: str
    source: str
    note: str


class CodeTables(NamedTuple):
    """A provider's words and codes, by key. `codes` is None where no document gives codes."""

    statuses: Table
    codes: Table | None


def read_tables(name: str) -> CodeTables:
    """The tables of `<name>.csv`. Raises CodeTableError or FileNotFoundError."""
    rows = list(read_rows(FOLDER / f"{name}.csv"))
    statuses, codes = (table_of(rows, kind) for kind in KINDS)
    return CodeTables(statuses, codes or None)


def err_tables() -> dict[str, Path]:
    """The tables that `err` of a receipt can be read by, by name."""
    tables = {path.stem: path for path in SMSC_FOLDER.glob("*.csv")}
    return {**tables, "bulksmsrates": FOLDER / "bulksmsrates.csv"}


def table_of(rows: Iterable[CodeRow], kind: str) -> Table:
    """The rows of one kind by key, in lower case."""
    return {row.key.lower(): row.meaning for row in rows if row.kind == kind}


def read_err_table(path: Path) -> Table:
    """What `err` means at one SMSC. Raises CodeTableError, also for a key that no `err` equals."""
    rows = list(read_rows(path))
    for number, row in enumerate(rows, 2):
        if path.parent.name == SMSC_FOLDER.name and row.kind != "code":
            raise CodeTableError(f"{path.name}:{number}: an SMSC's table has codes only")
        if row.kind == "code" and not _ERR.fullmatch(row.key):
            raise CodeTableError(f"{path.name}:{number}: write the key like 001, 00B or 1028")
    return table_of(rows, "code")


def read_rows(path: Path) -> Iterator[CodeRow]:
    """The rows in the order of the file. Raises CodeTableError at the first fault."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file, strict=True)
        before: list[object] = []
        try:
            if tuple(next(lines, ())) != COLUMNS:
                raise ValueError(f"the columns must be {','.join(COLUMNS)}")
            for line in lines:
                row = _row(line)
                place = [KINDS.index(row.kind), *_by_value(row.key)]
                if place == before:
                    raise ValueError(f"{row.kind} {row.key!r} comes twice")
                if place < before:
                    raise ValueError(f"{row.kind} {row.key!r} is not in order")
                before = place
                yield row
        except (ValueError, csv.Error) as error:
            raise CodeTableError(f"{path.name}:{lines.line_num}: {error}") from None


def _row(line: list[str]) -> CodeRow:
    if len(line) != len(COLUMNS):
        raise ValueError(f"{len(line)} cells instead of {len(COLUMNS)}")
    kind, key, status, cause, permanent, says, source, note = line
    if kind not in KINDS:
        raise ValueError(f"the kind {kind!r} is none of {', '.join(KINDS)}")
    if not (key and says and source):
        raise ValueError("key, says and source must not be empty")
    meaning = Meaning(
        _one_of(_STATUSES, "status", status),
        _one_of(_CAUSES, "cause", cause),
        _one_of(_PERMANENT, "permanent", permanent),
    )
    _check(kind, meaning)
    return CodeRow(kind, key, meaning, says, source, note)


def _one_of(known: Mapping[str, _T], column: str, cell: str) -> _T:
    if cell not in known:
        raise ValueError(f"there is no {column} {cell!r}")
    return known[cell]


def _check(kind: str, meaning: Meaning) -> None:
    """Only a failure has a cause; a word always says where the message is."""
    status, cause, permanent = meaning
    if kind == "status" and status is None:
        raise ValueError("a status word needs a status")
    if status in FAILED and cause is Cause.NONE:
        raise ValueError(f"{status} needs a cause")
    if status is Status.UNKNOWN and cause is not Cause.UNSPECIFIED:
        raise ValueError("unknown needs the cause unspecified")
    is_failure = status is None or status in FAILED
    if not is_failure and (permanent is not None or cause not in {Cause.NONE, Cause.UNSPECIFIED}):
        raise ValueError(f"{status} is no failure and can have neither a cause nor a verdict")


def _by_value(key: str) -> list[object]:
    """Sorts `2` before `10`, whatever the case; parts of text and of digits alternate."""
    parts = _NUMBERS.split(key.lower())
    return [(int(part), part) if place % 2 else part for place, part in enumerate(parts)]
