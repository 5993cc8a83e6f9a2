"""Before sending: may I send to this number, and if not, why?"""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from dlr.causes import Cause
from dlr.phone import RecipientHasher, read_e164, read_number
from dlr.suppression.entry import ListName
from dlr.suppression.standing import Standing, State
from dlr.suppression.table import SuppressionList

MAX_NUMBERS = 1000


class SuppressionAnswer(BaseModel):
    """Whether a number may be sent to, and if not, why. All null for a number without an entry."""

    model_config = ConfigDict(frozen=True)

    suppressed: bool = False
    list: ListName | None = None
    state: State | None = None
    cause: Cause | None = None
    provider: str | None = None
    provider_code: str | None = None
    message_id: str | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    expires_at: datetime | None = None
    strikes: int = 0


class CheckedNumber(SuppressionAnswer):
    """A number that may not be sent to."""

    number: str = Field(repr=False)


class Check(BaseModel):
    """Up to 1,000 numbers to check before sending."""

    model_config = ConfigDict(hide_input_in_errors=True)

    numbers: Annotated[list[str], Field(min_length=1, max_length=MAX_NUMBERS, repr=False)]


class CheckAnswer(BaseModel):
    """The suppressed numbers of a check, written as in the request, each with its reason."""

    checked: int
    suppressed: list[CheckedNumber]
    not_numbers: list[str] = Field(repr=False)


class SuppressionLookup:
    """Answers from the suppression list. Numbers may be in E.164 or as people write them."""

    def __init__(self, suppressions: SuppressionList, hasher: RecipientHasher) -> None:
        self._suppressions = suppressions
        self._hasher = hasher

    def find(self, number: str, now: datetime) -> SuppressionAnswer:
        """Raises NotANumberError where the number cannot be read."""
        return answer_of(self._suppressions.find(self._hasher.every_hash(read_e164(number)), now))

    def check(self, numbers: list[str], now: datetime) -> CheckAnswer:
        """Each number once, in the order of the request."""
        read = {number: read_number(number) for number in numbers}
        known = {number: e164 for number, e164 in read.items() if e164 is not None}
        hashes = [self._hasher.every_hash(e164) for e164 in known.values()]
        found = zip(known, self._suppressions.find_all(hashes, now), strict=True)
        return CheckAnswer(
            checked=len(read),
            suppressed=[
                CheckedNumber(number=number, **dict(answer_of(standing)))
                for number, standing in found
                if standing.is_suppressed
            ],
            not_numbers=[number for number, e164 in read.items() if e164 is None],
        )


def answer_of(standing: Standing) -> SuppressionAnswer:
    """What an entry means for a sender."""
    if standing.state is None:
        return SuppressionAnswer()
    reason, seen = standing.reason, standing.seen()
    return SuppressionAnswer(
        suppressed=standing.is_suppressed,
        list=standing.list_name,
        state=standing.state,
        cause=reason and reason.cause,
        provider=reason and reason.provider,
        provider_code=reason and reason.provider_code,
        message_id=reason and reason.message_id,
        first_seen=seen[0] if seen else None,
        last_seen=seen[-1] if seen else None,
        expires_at=standing.expires_at,
        strikes=len(standing.strikes),
    )
