"""Numbers to clean: whom to take out of an address book, and why."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dlr.causes import Cause
from dlr.exports.file import quoted, write_file
from dlr.exports.numbers import NUMBERS, MessageItems, named_in, rows_with_numbers
from dlr.exports.part import Made, Task
from dlr.exports.staged import rows_of, stage
from dlr.exports.wanted import Lake, open_wanted
from dlr.phone import PhoneNumber, RecipientHasher
from dlr.runtime.batch import chunks
from dlr.suppression.lookup import answer_of
from dlr.suppression.standing import State
from dlr.suppression.table import SuppressionList

ADVICE: Mapping[Cause, str] = {
    Cause.INVALID_NUMBER: "Remove or correct it: no such number can exist.",
    Cause.UNKNOWN_SUBSCRIBER: "Remove it: nobody has this number.",
    Cause.NOT_SMS_CAPABLE: "Use another channel: it cannot receive text messages.",
    Cause.PORTED_OUT: "Ask the person for the new number: this one has left the network.",
    Cause.SUSPENDED: "Remove it, or ask the person by another channel: the line is suspended.",
    Cause.BLACKLISTED: "Ask the provider why it blocks the number, or remove it.",
    Cause.OPTED_OUT: "Never send again without a new consent: the person said stop.",
    Cause.DO_NOT_DISTURB: "Do not send advertising: the number is on a do-not-disturb register.",
}
"""For each cause that suppresses a recipient by itself."""
LIFTED = "Keep it: since then a message reached it, or an operator took it off the list."
"""Instead, of a number that stands so on the list today."""
READ_AT_ONCE = 100
_STANDING = {
    "number": "VARCHAR",
    "suppressed": "BOOLEAN",
    "list": "VARCHAR",
    "state": "VARCHAR",
    "listed_for": "VARCHAR",
    "expires_at": "TIMESTAMP",
}
_BAD = "SELECT * FROM wanted WHERE bounce IN ('hard', 'opt_out')"
_LATEST = (
    'SELECT number, cause, bounce, provider, code, f, "at",'
    " count(*) OVER (PARTITION BY number) AS messages"
    " FROM wanted JOIN numbers USING (mk, f)"
    " QUALIFY row_number() OVER (PARTITION BY number"
    " ORDER BY bounce = 'opt_out' DESC, \"at\" DESC, mk) = 1"
)
_SELECT = (
    "SELECT number, latest.cause,"  # noqa: S608 - our own words
    f" CASE WHEN state = {quoted(State.LIFTED)} THEN {quoted(LIFTED)}"
    " ELSE coalesce(today.advice, advice.advice) END AS advice,"
    ' provider, code, f AS first_seen, "at" AS occurred_at,'
    " messages, suppressed, list, state, listed_for, expires_at"
    " FROM latest JOIN advice ON advice.cause = latest.cause"
    " LEFT JOIN standing USING (number)"
    " LEFT JOIN advice AS today ON suppressed AND today.cause = listed_for ORDER BY number"
)
"""The advice follows how the number stands today: what it is on the list for, if it is on one."""


@dataclass(frozen=True, slots=True)
class NumbersPart:
    """One row a number with a hard bounce or an opt-out: an opt-out, else the latest bounce."""

    lake: Lake
    items: MessageItems
    suppressions: SuppressionList
    hasher: RecipientHasher

    def __call__(self, task: Task) -> Made:
        order = task.order
        span, folder = order.range_of(task.name), task.folder
        with open_wanted(self.lake, span, order.filters, task.now) as snapshot:
            db = snapshot.db
            db.execute(f"CREATE TEMP TABLE bad AS {_BAD}")
            db.execute("CREATE OR REPLACE TEMP VIEW wanted AS SELECT * FROM bad")
            found = self.items.read(named_in(db), task.now)
            stage(db, "numbers", NUMBERS, rows_with_numbers(found), folder)
            db.execute(f"CREATE TEMP TABLE latest AS {_LATEST}")
            stage(db, "standing", _STANDING, self._standings(db, task.now), folder)
            db.execute(f"CREATE TEMP VIEW advice AS {_ADVICE}")
            return Made(write_file(db, _SELECT, order.format, task.path), snapshot.as_of)

    def _standings(self, db: Any, now: datetime) -> Iterator[Mapping[str, object]]:
        """How each number stands on the list today."""
        numbers = (PhoneNumber(number) for (number,) in rows_of(db, "SELECT number FROM latest"))
        for some in chunks(numbers, READ_AT_ONCE):
            hashes = [self.hasher.every_hash(number) for number in some]
            for number, standing in zip(some, self.suppressions.find_all(hashes, now), strict=True):
                answer = answer_of(standing)
                yield {
                    "number": str(number),
                    "suppressed": answer.suppressed,
                    "list": answer.list,
                    "state": answer.state,
                    "listed_for": answer.cause,
                    "expires_at": answer.expires_at,
                }


def _advice() -> str:
    rows = ", ".join(f"({quoted(cause)}, {quoted(text)})" for cause, text in ADVICE.items())
    return f"SELECT * FROM (VALUES {rows}) AS advice(cause, advice)"  # noqa: S608 - our own words


_ADVICE = _advice()
