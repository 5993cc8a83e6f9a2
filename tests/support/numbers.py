"""Fictitious numbers, each for one test."""

from itertools import count

FIRST = 33639980000
"""The first of 10,000 French numbers reserved for fiction; of +44 7700 900xxx there are 1,000."""

_places = count()


def new_number() -> str:
    """A number in E.164 that this process has not used before."""
    return f"+{FIRST + next(_places)}"
