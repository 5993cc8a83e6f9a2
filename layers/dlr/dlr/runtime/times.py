"""Times that a caller of the team's API may give."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

YEARS = range(2000, 2101)
"""Beyond them a time cannot be compared with another in any zone."""
_UNESCAPED_PLUS = re.compile(r"(.*T.*) (\d\d:?\d\d)")


def utc(time: datetime) -> datetime:
    """The same time in UTC. Raises ValueError for one outside of `YEARS`."""
    if time.year not in YEARS:
        raise ValueError(f"a time is in the years {YEARS.start} to {YEARS.stop - 1}")
    return time.astimezone(UTC)


def _with_plus(text: Any) -> Any:
    """A `+` that nobody escaped has come as a space: no other zone looks like that."""
    found = _UNESCAPED_PLUS.fullmatch(text) if isinstance(text, str) else None
    return f"{found[1]}+{found[2]}" if found else text


Time = Annotated[AwareDatetime, BeforeValidator(_with_plus), AfterValidator(utc)]
