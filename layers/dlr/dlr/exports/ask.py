"""What can be asked for: the bodies of `POST /exports` and `POST /backtests`, checked."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
)

from dlr.causes import Bounce, Cause, Policy
from dlr.exports.job import Format, Kind
from dlr.phone import holds_number
from dlr.providers.base import provider_names
from dlr.report import NO_PLACE, Status, network_of
from dlr.runtime.times import Time

DEFAULT_RANGE = timedelta(days=30)
MAX_RANGE = timedelta(days=400)
MAX_VALUES = 100
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_NETWORK = re.compile(r"[ -~]{1,64}", re.ASCII)


class RangeError(ValueError):
    """A range that nothing can be asked for; the text says why."""


def _texts(values: str | tuple[str, ...]) -> tuple[str, ...]:
    """One value or some, as they stand in the lake."""
    return (str(values),) if isinstance(values, str) else tuple(map(str, values))


def _provider(name: str) -> str:
    if name not in provider_names():
        raise ValueError(f"no such provider; there are {', '.join(provider_names())}")
    return name


def _country(code: str) -> str:
    if code != NO_PLACE and _COUNTRY.fullmatch(code) is None:
        raise ValueError("not a country's code of two letters, like GB")
    return code


def _network(code: str) -> str:
    if _NETWORK.fullmatch(code) is None:
        raise ValueError("not a network, like 23415")
    return network_of(code)


def _sender(text: str) -> str:
    """A job is kept, and may hold no phone number; the lake holds none either."""
    if holds_number(text):
        raise ValueError("a phone number, which is kept nowhere as a sender")
    return text


_Some = Field(min_length=1, max_length=MAX_VALUES)
_Provider = Annotated[str, AfterValidator(_provider)]
_Country = Annotated[str, AfterValidator(_country)]
_Network = Annotated[str, AfterValidator(_network)]
_Code = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00]+$")]
_Sender = Annotated[_Code, AfterValidator(_sender)]


class _Strict(BaseModel):
    """A misspelt field would be a filter that filters nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Range(_Strict):
    """Half-open, UTC, by the time of a message's first report."""

    from_: Time | None = Field(None, alias="from", description="30 days before `to` if not given")
    to: Time | None = Field(None, description="now if not given, or if it is later")

    def span(self, now: datetime) -> tuple[datetime, datetime]:
        """Its ends. Raises RangeError."""
        given = (self.to or now).astimezone(UTC)
        start = (self.from_ or given - DEFAULT_RANGE).astimezone(UTC)
        if start >= given:
            raise RangeError("`from` must lie before `to`")
        if start >= now:
            raise RangeError("`from` lies in the future: is it UTC?")
        end = min(given, now)
        if end - start > MAX_RANGE:
            raise RangeError(f"more than {MAX_RANGE.days} days: ask for less at once")
        return start, end


class Filters(Range):
    """Which messages: of the range, and with one of the values in each field that is given."""

    provider: _Provider | Annotated[tuple[_Provider, ...], _Some] | None = None
    status: Status | Annotated[tuple[Status, ...], _Some] | None = None
    cause: Cause | Annotated[tuple[Cause, ...], _Some] | None = None
    bounce: Bounce | Annotated[tuple[Bounce, ...], _Some] | None = None
    country: _Country | Annotated[tuple[_Country, ...], _Some] | None = None
    network: _Network | Annotated[tuple[_Network, ...], _Some] | None = None
    code: _Code | Annotated[tuple[_Code, ...], _Some] | None = None
    sender: _Sender | Annotated[tuple[_Sender, ...], _Some] | None = None

    def wanted(self) -> Mapping[str, tuple[str, ...]]:
        """By column: the values."""
        columns = (name for name in Filters.model_fields if name not in Range.model_fields)
        given = {name: getattr(self, name) for name in columns}
        return {name: _texts(values) for name, values in given.items() if values is not None}


class ExportRequest(_Strict):
    """What to write into files."""

    kind: Literal[Kind.MESSAGES, Kind.NUMBERS_TO_CLEAN, Kind.SUPPRESSIONS]
    format: Format = Format.CSV
    filters: Filters = Field(default_factory=Filters)
    numbers: bool = Field(
        default=False,
        description="Whether `messages` get a column with the recipient's number (scope `pii`)",
    )


class BacktestRequest(Range):
    """Which rules to try on the messages of a range."""

    policy: Policy
    strike_limit: int | None = Field(None, ge=1, le=10, description="today's if not given")
    format: Format = Format.CSV
    numbers: bool = Field(
        default=False, description="Whether the file has a column with the number (scope `pii`)"
    )
