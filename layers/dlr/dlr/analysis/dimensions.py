"""What questions may group and filter by: the one table of names and their SQL."""

from collections.abc import Mapping
from typing import NamedTuple

from dlr.analysis.source import Query
from dlr.causes import BOUNCE
from dlr.report import FAILED, FINAL, NO_PLACE, PLACES


def _texts(values: object) -> str:
    """A list of this project's own words in SQL."""
    return ", ".join(f"'{each}'" for each in sorted(values))  # type: ignore[call-overload]


IS_FINAL = f"status IN ({_texts(FINAL)})"
IS_DELIVERED = f"status IN ({_texts(FINAL - FAILED)})"
_BOUNCES = " ".join(f"WHEN '{cause}' THEN '{bounce}'" for cause, bounce in BOUNCE.items())


class Dimension(NamedTuple):
    """`sql` is an expression over `facts`."""

    sql: str
    tells_outcome: bool = False
    """Its values say whether a message was delivered: one value has no delivery rate."""
    in_rollups: bool = True


DIMENSIONS: Mapping[str, Dimension] = {
    "provider": Dimension("provider"),
    "country": Dimension("country"),
    "network": Dimension("network"),
    "status": Dimension("status", tells_outcome=True),
    "cause": Dimension("cause", tells_outcome=True),
    "bounce": Dimension(f"CASE cause {_BOUNCES} END", tells_outcome=True),
    "code": Dimension("code", tells_outcome=True, in_rollups=False),
    "sender": Dimension("sender", in_rollups=False),
}
TIMES: Mapping[str, str] = {"hour": "hour", "day": "date_trunc('day', hour)"}
MOST = 2
"""Dimensions beside the time."""

Filters = Mapping[str, tuple[str, ...]]
"""By dimension the values of which a message must have one."""


def condition(filters: Filters) -> Query:
    """What a message must be, as SQL over `facts`."""
    parts = ["true"]
    for name, values in filters.items():
        sql = DIMENSIONS[name].sql
        if name in PLACES and NO_PLACE in values:
            sql = f"coalesce({sql}, '{NO_PLACE}')"
        parts.append(f"{sql} IN ({', '.join('?' * len(values))})")
    return Query(" AND ".join(parts), tuple(v for values in filters.values() for v in values))
