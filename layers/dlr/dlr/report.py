"""The normalized delivery report: the same shape for every provider."""

import re
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from dlr.causes import Action, Bounce, Cause, Policy, action_for
from dlr.phone import PhoneNumber


class Status(StrEnum):
    """Where the message is."""

    SCHEDULED = "scheduled"
    ACCEPTED = "accepted"
    ENROUTE = "enroute"
    PARTIALLY_DELIVERED = "partially_delivered"
    DELIVERED = "delivered"
    READ = "read"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    REJECTED = "rejected"
    DELETED = "deleted"
    UNKNOWN = "unknown"


FAILED = frozenset({Status.UNDELIVERED, Status.EXPIRED, Status.REJECTED, Status.DELETED})
FINAL = FAILED | {Status.DELIVERED, Status.READ}


def action_of(status: Status, cause: Cause, permanent: bool | None, policy: Policy) -> Action:
    """What a report does to the number: nothing, unless it is of a failure."""
    return action_for(cause, permanent, policy) if status in FAILED else Action.KEEP


_set = object.__setattr__
_MCC_MNC = re.compile(r"(\d{3})[- ](\d{2,3})", re.ASCII)


class Price(BaseModel):
    """What the provider charged. `amount` is its decimal text, never a float."""

    model_config = ConfigDict(frozen=True)

    amount: str
    currency: str | None = None


class DeliveryReport(BaseModel):
    """One provider's report on one message, normalized.

    Times are UTC; `occurred_at` (of the status) and `sent_at` (of the message) are the provider's,
    and null if it sent none or an implausible one. The `provider_*` fields and `sender` are
    verbatim; `provider_recipient` is set only where no E.164 number could be read. `sender` may be
    a phone number of the team's own.
    `bounce` and `action` follow from `cause` by the table in `dlr.causes`.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    event_id: str
    provider: str
    message_id: str
    client_reference: str | None = None
    recipient: PhoneNumber | None = None
    recipient_hash: str | None = None
    status: Status
    final: bool
    permanent: bool | None = None
    cause: Cause
    bounce: Bounce
    action: Action
    provider_status: str | None = None
    provider_code: str | None = None
    provider_text: str | None = None
    provider_recipient: str | None = None
    sender: str | None = None
    sent_at: datetime | None = None
    occurred_at: datetime | None = None
    received_at: datetime
    network: str | None = None
    segments: int | None = None
    price: Price | None = None
    metadata: dict[str, str] = Field(default_factory=dict)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Only fields that cannot hold personal data."""
        return ((name, getattr(self, name)) for name in ("event_id", "provider", "status", "cause"))

    @property
    def happened_at(self) -> datetime:
        """`occurred_at`, but never after `received_at`: a provider's clock may be fast."""
        return min(self.occurred_at or self.received_at, self.received_at)


if TYPE_CHECKING:
    trusted_report = DeliveryReport
else:

    def trusted_report(**fields: Any) -> DeliveryReport:
        """A report of all fields, not validated: for the normalizer, which has made each of them.

        As `model_construct`, whose loop over the fields takes longer than the validation.
        """
        report = DeliveryReport.__new__(DeliveryReport)
        _set(report, "__dict__", fields)
        _set(report, "__pydantic_fields_set__", set(fields))
        _set(report, "__pydantic_extra__", None)
        _set(report, "__pydantic_private__", None)
        return report


PLACES = ("country", "network")
"""What says where a message went."""
NO_PLACE = "none"
"""What messages are filtered by whose country, or whose network, nobody knows."""


def network_of(text: str) -> str:
    """A network by one name: "234-10" is "23410"; what is no MCC and MNC stays as it is."""
    parts = _MCC_MNC.fullmatch(text)
    return "".join(parts.groups()) if parts else text


def event_id_of(
    provider: str,
    message_id: str,
    status: str | None,
    code: str | None,
    occurred_at: datetime | None,
) -> str:
    """The same for every copy of one report, and for no other: 32 hex digits."""
    time = "" if occurred_at is None else occurred_at.isoformat()
    parts = (provider, message_id, status or "", code or "", time)
    return sha256("\x1f".join(parts).encode()).hexdigest()[:32]
