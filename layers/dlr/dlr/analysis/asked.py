"""What a caller may ask, read out of a query string: filters, periods, dimensions.

Every refusal is a ValueError whose text says what would be right, and never quotes the request.
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from dlr.analysis.cursor import Cursor, hash_of, read_cursor, write_cursor
from dlr.analysis.dimensions import DIMENSIONS, MOST, TIMES, Filters
from dlr.analysis.search import Position
from dlr.analysis.source import HOUR, Period, ceil_hour, floor_hour
from dlr.causes import Bounce, Cause
from dlr.report import NO_PLACE, PLACES, Status, network_of
from dlr.runtime.times import Time

DEFAULT = timedelta(days=7)
LONGEST = timedelta(days=800)
"""The counts of 25 months."""
LONGEST_SINGLY = timedelta(days=31)
"""Where every message is read: by code and sender."""
MAX_LIMIT = 200
MAX_TEXT = 256
MAX_HOURS = 24 * 366


class AskedWronglyError(ValueError):
    """Something that parameters ask for together."""


def _some(known: Callable[[str], bool], rule: str) -> AfterValidator:
    """One value or several between commas, each of which `known` must take."""

    def check(text: str | None) -> str | None:
        if text is not None and not all(map(known, text.split(","))):
            raise ValueError(rule)
        return text

    return AfterValidator(check)


def _one_of(words: Iterable[str]) -> AfterValidator:
    names = list(words)
    return _some(set(names).__contains__, f"one or several of {', '.join(names)}, between commas")


def _shaped(pattern: str, rule: str) -> AfterValidator:
    shape = re.compile(pattern, re.ASCII)
    return _some(lambda value: shape.fullmatch(value) is not None, rule)


def read_by(text: str | None) -> tuple[str, ...]:
    """The time, if one is named, then the dimensions. Raises ValueError."""
    names = text.split(",") if text else []
    if not {*names} <= {*TIMES, *DIMENSIONS}:
        raise ValueError(f"names of these between commas: {', '.join([*TIMES, *DIMENSIONS])}")
    times = [name for name in names if name in TIMES]
    others = [name for name in names if name in DIMENSIONS]
    if len(times) > 1 or len(others) > MOST or len({*names}) < len(names):
        raise ValueError(f"at most {MOST} dimensions and one of {', '.join(TIMES)}, each once")
    return (*times, *others)


def _checked(read: Callable[[str], object]) -> AfterValidator:
    """Leaves the text as it is where `read` does not raise ValueError."""

    def check(text: str | None) -> str | None:
        if text is not None:
            read(text)
        return text

    return AfterValidator(check)


def _places(text: str) -> str:
    names = text.split(",")
    if not {*names} <= {*PLACES} or len({*names}) < len(names):
        raise ValueError(f"one or both of {', '.join(PLACES)}, between commas")
    return text


_Text = Annotated[str | None, Field(min_length=1, max_length=MAX_TEXT)]


def _text(description: str) -> Any:
    return Field(None, description=description)


_SEVERAL = "One or several between commas"
_Provider = Annotated[
    _Text, _shaped("[a-z0-9]{1,32}", "names of providers between commas, of a to z and digits")
]
_Country = Annotated[
    _Text, _shaped(f"[A-Z]{{2}}|{NO_PLACE}", "codes of two capital letters, like GB,FR")
]
_Network = Annotated[_Text, AfterValidator(lambda text: text and network_of(text))]
PROVIDER = _text(_SEVERAL)
COUNTRY = _text(f"Of the recipient, two capital letters each; `{NO_PLACE}`: not known. {_SEVERAL}")
NETWORK = _text(
    f"MCC and MNC, like 23410, or the name that the provider writes; `{NO_PLACE}`: not known"
)


class Asking(BaseModel):
    """What a question is made of."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    def unchanged_since(self, now: datetime) -> datetime:
        """From when to now this question has meant the same period."""
        return floor_hour(now)


class Asked(Asking):
    """A period. Its times need a zone: `2026-11-01T00:00:00Z`."""

    start: Time | None = Field(
        None,
        alias="from",
        description="Messages whose first report came from then on, with a zone. "
        f"Default: {DEFAULT.days} days before `to`",
    )
    end: Time | None = Field(
        None, alias="to", description="Until then, without that moment itself. Default: now"
    )

    def period(self, now: datetime, longest: timedelta = LONGEST) -> Period:
        """What the two times, or one of them, or none mean. Raises AskedWronglyError.

        A message that comes later than now is not there, so an end after now is moved to the end
        of this hour: whole hours are counted fastest.
        """
        latest = ceil_hour(now)
        given = latest if self.end is None else min(self.end, latest)
        start = given - DEFAULT if self.start is None else self.start
        end = latest if given >= now else given
        if start >= end:
            raise AskedWronglyError("`from` must lie before `to`, and before now.")
        if end - start > longest + timedelta(hours=1):
            raise AskedWronglyError(
                f"The period is longer than {longest.days} days: ask for it in parts."
            )
        return Period(start, end)


class Filtered(Asked):
    """A period and filters. Several values between commas: a message must have one of them."""

    provider: _Provider = PROVIDER
    status: Annotated[_Text, _one_of(Status)] = _text(f"Of its state. {_SEVERAL}")
    cause: Annotated[_Text, _one_of(Cause)] = _text(f"Why it failed. {_SEVERAL}")
    bounce: Annotated[_Text, _one_of(Bounce)] = _text(f"The class of its cause. {_SEVERAL}")
    country: _Country = COUNTRY
    network: _Network = NETWORK
    code: _Text = _text("The provider's code of its state, one")
    sender: _Text = _text("As the provider writes it, one; none that is a phone number")

    @property
    def filters(self) -> Filters:
        """Networks, codes and senders are any text, so they are not cut at commas."""
        given = {name: getattr(self, name) for name in DIMENSIONS}
        whole = {"network", "code", "sender"}
        return {
            name: (text,) if name in whole else tuple(text.split(","))
            for name, text in given.items()
            if text is not None
        }


class SearchAsked(Filtered):
    """`GET /messages`."""

    cursor: Annotated[_Text, _checked(read_cursor)] = Field(
        None, description="`next` of the page before, with the same filters"
    )
    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="Messages of a page")
    numbers: bool = Field(False, description="With recipients' numbers: needs scope `pii`")

    @property
    def mark(self) -> str:
        """What a cursor of this search bears, and no other's."""
        times = {"from": self.start, "to": self.end}
        return hash_of({**self.filters, **{k: t for k, t in times.items() if t}})

    def place(self, now: datetime) -> tuple[Period, Position | None]:
        """What is searched, and where the page begins. Raises AskedWronglyError."""
        period = self.period(now)
        if self.cursor is None:
            return period, None
        known = read_cursor(self.cursor)
        end = max(known.f, period.end)
        if known.asked != self.mark or end - known.start > LONGEST + 2 * HOUR:
            raise AskedWronglyError("The cursor belongs to a search with other filters or times.")
        return Period(known.start, end), Position(known.f, known.mk)

    def cursor_of(self, period: Period, end: Position | None) -> str | None:
        """Of the page behind this one, or None behind the last."""
        if end is None:
            return None
        return write_cursor(Cursor(end.f, end.mk, period.start, self.mark))


class StatsAsked(Filtered):
    """`GET /stats`."""

    by: Annotated[_Text, _checked(read_by)] = Field(
        None,
        description=f"One key of each row: at most {MOST} of {', '.join(DIMENSIONS)}, and one of "
        f"{', '.join(TIMES)}, between commas",
    )

    @property
    def names(self) -> tuple[str, ...]:
        """The time, then the dimensions."""
        return read_by(self.by)


class CompareAsked(Asked):
    """`GET /stats/compare`."""

    by: Annotated[str, AfterValidator(_places)] = Field(
        ",".join(PLACES), description="What makes a place: country, network or both"
    )
    provider: _Provider = PROVIDER
    country: _Country = COUNTRY
    network: _Network = NETWORK

    @property
    def places(self) -> tuple[str, ...]:
        """The dimensions that make a place."""
        return tuple(self.by.split(","))

    @property
    def filters(self) -> Filters:
        """As those of a search."""
        names = {"provider": self.provider, "country": self.country}
        found = {name: tuple(text.split(",")) for name, text in names.items() if text}
        return found | ({"network": (self.network,)} if self.network else {})


class UnfinishedAsked(Asked):
    """`GET /stats/unfinished`."""

    hours: int = Field(
        24, ge=1, le=MAX_HOURS, description="Only messages whose first report is older than that"
    )

    def unchanged_since(self, now: datetime) -> datetime:
        """Its end moves with every minute."""
        return now.replace(second=0, microsecond=0)

    def period(self, now: datetime, longest: timedelta = LONGEST) -> Period:
        """Up to so many hours before this minute began."""
        latest = self.unchanged_since(now) - timedelta(hours=self.hours)
        end = latest if self.end is None else min(self.end, latest)
        start = end - DEFAULT if self.start is None else self.start
        if start >= end:
            raise AskedWronglyError("`from` must lie before `to`, and `hours` before now.")
        if end - start > longest:
            raise AskedWronglyError(
                f"The period is longer than {longest.days} days: ask for it in parts."
            )
        return Period(start, end)


class FindingsAsked(Asking):
    """`GET /stats/findings`."""

    hours: int = Field(24, ge=2, le=72, description="How far back a fall may have begun")
