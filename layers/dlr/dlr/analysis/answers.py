"""The shapes of the answers."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from dlr.causes import Action, Bounce, Cause
from dlr.phone import PhoneNumber
from dlr.report import Status


class Message(BaseModel):
    """One message as the lake has it. Times are UTC."""

    provider: str
    message_id: str | None = Field(description="null once the message is erased or has expired")
    status: Status
    final: bool
    cause: Cause
    bounce: Bounce
    action: Action
    permanent: bool | None
    code: str | None = Field(description="the provider's; null as the id")
    country: str | None = Field(description="of the recipient, two letters")
    network: str | None
    sender: str | None = Field(description="null where it is a phone number")
    segments: int | None
    price: float | None
    currency: str | None
    first_seen: datetime = Field(description="when its first report came: it never changes")
    occurred_at: datetime | None
    sent_at: datetime | None
    latency_ms: int | None = Field(description="to the delivery")
    latency_from: str | None = Field(description="`sent`, or `first_report` where that is unknown")
    recipient: PhoneNumber | None = Field(None, description="only with `numbers=true`")


class Messages(BaseModel):
    """Newest first. `next` goes on, also after a page that is short or empty; null is the end."""

    items: list[Message]
    next: str | None
    as_of: datetime | None = Field(description="everything stored until then was looked at")
    scanned_to: datetime = Field(description="no message later than that is left out")


class Figures(BaseModel):
    """What is said of every group of messages. Rates are 0 to 1."""

    n: int
    final: int
    delivered: int = Field(description="delivered or read")
    delivery_rate: float | None = Field(
        description="delivered ÷ final; null where a filter or dimension chooses by outcome"
    )
    report_ratio: float | None = Field(description="final ÷ n; null as the rate")
    p50_s: float | None = Field(description="seconds to the delivery, within 9 per cent")
    p95_s: float | None
    band: str | None = Field(description="of the rate: excellent, good, fair, poor")
    advice: str | None


class StatsRow(Figures):
    """One key for each dimension that was asked for, null where it is unknown."""

    hour: datetime | None = None
    day: date | None = None
    provider: str | None = None
    country: str | None = None
    network: str | None = None
    status: Status | None = None
    cause: Cause | None = None
    bounce: Bounce | None = None
    code: str | None = None
    sender: str | None = None


class Stats(BaseModel):
    """Groups by time, the largest first."""

    rows: list[StatsRow]
    as_of: datetime


class Compared(Figures):
    """One provider in one place."""

    provider: str
    country: str | None = None
    network: str | None = None
    low: float = Field(description="lower end of the rate's 95 % interval (Wilson)")
    high: float
    best: str | None = Field(description="the place's provider with the highest `low`")
    significant: bool | None = Field(
        description="whether the rate differs from the best provider's at 95 %; null for it itself"
    )


class Comparison(BaseModel):
    """Places with most messages first, in each the best provider first."""

    rows: list[Compared]
    as_of: datetime


class Unfinished(BaseModel):
    """A provider's messages without a final state."""

    provider: str
    n: int
    of: int = Field(description="messages of the provider in the period")
    oldest: datetime | None
    oldest_message_id: str | None = Field(description="null once it has expired or is erased")


class UnfinishedList(BaseModel):
    """Most first."""

    model_config = ConfigDict(title="UnfinishedMessages")

    rows: list[Unfinished]
    as_of: datetime


class Rate(BaseModel):
    """Delivered ÷ final, 0 to 1, with its 95 % interval."""

    delivered: int
    final: int
    rate: float
    low: float
    high: float


class Rival(Rate):
    """A provider that does better in the same place since then."""

    provider: str


class Finding(Rate):
    """Since then a provider delivers less than in the month before, beyond chance."""

    provider: str
    country: str | None = Field(description="null: in all its countries")
    network: str | None = Field(description="null: in all networks there")
    since: datetime
    before: Rate = Field(description="of the 30 days before, at the mix of places since then")
    better: Rival | None


class Findings(BaseModel):
    """Those that cost most messages first."""

    rows: list[Finding]
    as_of: datetime
