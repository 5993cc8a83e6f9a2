"""Which of two reports of one message is its state. One visible order, the same in any sequence."""

from datetime import UTC, datetime, timedelta

from dlr.report import DeliveryReport, Status

RANK: dict[Status, int] = {
    Status.UNKNOWN: 0,
    Status.SCHEDULED: 1,
    Status.ACCEPTED: 2,
    Status.ENROUTE: 3,
    Status.PARTIALLY_DELIVERED: 4,
    Status.EXPIRED: 5,
    Status.DELETED: 6,
    Status.REJECTED: 6,
    Status.UNDELIVERED: 6,
    Status.DELIVERED: 6,
    Status.READ: 7,
}
_TIE_BREAK = {status: place for place, status in enumerate(RANK)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 10**18
"""More microseconds from the epoch than any datetime has."""


def rank_of(report: DeliveryReport) -> str:
    """A string that sorts as the reports do: the greater one is the state.

    By rank of the status; then the earlier `occurred_at`, before a report without a time; then a
    fixed order of status and event id. So any permutation and any repetition of a message's
    reports ends in the same state, and the database can compare with one `<`.
    """
    left = 0 if report.occurred_at is None else _LATEST - micros_of(report.occurred_at)
    place = _TIE_BREAK[report.status]
    return f"{RANK[report.status]}.{left:019d}.{place:02d}{report.event_id[:16]}"


def micros_of(time: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (time - _EPOCH) // timedelta(microseconds=1)


def time_of(micros: int) -> datetime:
    """The inverse of `micros_of`."""
    return _EPOCH + timedelta(microseconds=micros)
