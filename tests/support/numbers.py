"""Fictitious numbers, each for one test."""

from itertools import count

FIRST = 33639981000
"""French numbers up to 33639989999 are reserved for fiction; recordings have some before this."""

_places = count()


def new_number() -> str:
    """A number in E.164 that this process has not used before."""
    return f"+{FIRST + next(_places)}"
