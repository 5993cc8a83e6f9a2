"""What a report's status words and code mean together."""

from dlr.causes import Cause
from dlr.providers.base import NOTHING, UNSEEN, Meaning, Table
from dlr.report import FAILED, Status


def resolve_meaning(states: Table, words: tuple[str, ...], codes: Table, code: str) -> Meaning:
    """One meaning of a status and a code: the words say where, the code says why.

    The first word that decides counts. A detailed code overrules a coarse word (`UNDELIV` and
    "absent subscriber" is soft) with its verdict. Only a failure has a cause: progress and
    delivery have none, whatever code they carry. A word or code that nobody has seen is
    `unknown`, and an unseen word is never taken for a failure.
    """
    state, why = _first_decisive(states, words), _look_up(codes, code)
    status = (why.status if state is NOTHING else state.status) or Status.UNKNOWN
    if status in FAILED:
        decisive = why if why.cause is not Cause.NONE else state
        return Meaning(status, decisive.cause, decisive.permanent)
    if status is not Status.UNKNOWN:
        return Meaning(status)
    unseen = state is UNSEEN or (state is NOTHING and why is UNSEEN)
    return Meaning(status, Cause.UNKNOWN if unseen else Cause.UNSPECIFIED)


def _first_decisive(states: Table, words: tuple[str, ...]) -> Meaning:
    meanings = [_look_up(states, word) for word in words if word]
    decisive = (m for m in meanings if m.status not in {None, Status.UNKNOWN})
    return next(decisive, None) or next(iter(meanings), NOTHING)


def _look_up(table: Table, key: str) -> Meaning:
    return table.get(key, UNSEEN) if key else NOTHING
