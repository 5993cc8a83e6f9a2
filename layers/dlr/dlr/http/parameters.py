"""Parameters that the routes of several functions share."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from pydantic import AfterValidator

from dlr.access.names import RULE, read_name
from dlr.http.problem import Problem, ProblemError
from dlr.runtime.times import Time

MAX_LIMIT = 200
MAX_CURSOR = 1024

Note = Annotated[
    str | None,
    Header(
        alias="X-Operator",
        description=f"A note on who does it, kept beside the token's name. {RULE}",
    ),
    AfterValidator(lambda note: None if note is None else read_name(note)),
]
"""For every route that changes something."""
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Items in an answer")]
From = Annotated[Time | None, Query(alias="from", description="Begin of the time, with a zone")]
To = Annotated[
    Time | None,
    Query(alias="to", description="End of the time, which is not part of it; now if not given"),
]


def cursor(is_one: Callable[[str], bool]) -> AfterValidator:
    """For a parameter that takes `next` of an answer, and nothing else."""

    def check(text: str | None) -> str | None:
        if text is not None and not is_one(text):
            raise ValueError("not the `next` of an answer")
        return text

    return AfterValidator(check)


def half_open(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """The range, or ProblemError where it is turned round."""
    if start >= end:
        raise ProblemError(Problem.INVALID, "`from` must lie before `to`")
    return start, end
