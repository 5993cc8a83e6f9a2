"""Times that a caller of the team's API may give."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

YEARS = range(2000, 2101)
"""Beyond them a time cannot be compared with another in any zone."""


def utc(time: datetime) -> datetime:
    """The same time in UTC. Raises ValueError for one outside of `YEARS`."""
    if time.year not in YEARS:
        raise ValueError(f"a time is in the years {YEARS.start} to {YEARS.stop - 1}")
    return time.astimezone(UTC)


Time = Annotated[AwareDatetime, AfterValidator(utc)]
