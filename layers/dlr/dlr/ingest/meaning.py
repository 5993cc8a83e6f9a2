"""What a report's status words and code mean together."""

from dlr.causes import CAN_STRIKE, Cause
from dlr.providers.codes import CodeTables, Meaning, Table
from dlr.report import FAILED, Status

NOTHING = Meaning()
"""No word or no code was sent, or no document says what it means."""
UNSEEN = Meaning(cause=Cause.UNKNOWN)
"""A word or code that is in no table."""


def resolve_meaning(tables: CodeTables, words: tuple[str, ...], code: str) -> Meaning:
    """One meaning of a status and a code: the words say where, the code says why.

    The first word that decides counts. A detailed code overrules a coarse word, and its verdict
    overrules the word's: `UNDELIV` and "absent subscriber" is soft and no longer permanent. Only
    where the code leaves the number open (`CAN_STRIKE`) and gives no verdict does the word's
    stand: `UNDELIV` and "SMS barred" is permanent. Only a failure has a cause: progress and
    delivery have none, whatever code they carry. A word or code that nobody has seen is
    `unknown`, and an unseen word is never taken for a failure.
    """
    state, why = _first_decisive(tables.statuses, words), _look_up(tables.codes, code)
    status = (why.status if state is NOTHING else state.status) or Status.UNKNOWN
    if status in FAILED:
        decisive = why if why.cause is not Cause.NONE else state
        is_silent = decisive.permanent is None and decisive.cause in CAN_STRIKE
        return Meaning(status, decisive.cause, state.permanent if is_silent else decisive.permanent)
    if status is not Status.UNKNOWN:
        return Meaning(status)
    unseen = state is UNSEEN or (state is NOTHING and why is UNSEEN)
    return Meaning(status, Cause.UNKNOWN if unseen else Cause.UNSPECIFIED)


def _first_decisive(statuses: Table, words: tuple[str, ...]) -> Meaning:
    meanings = [_look_up(statuses, word) for word in words if word]
    decisive = (m for m in meanings if m.status not in {None, Status.UNKNOWN})
    return next(decisive, None) or next(iter(meanings), NOTHING)


def _look_up(table: Table | None, key: str) -> Meaning:
    return NOTHING if table is None or not key else table.get(key.lower(), UNSEEN)
