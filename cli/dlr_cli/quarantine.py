"""The API's quarantine: requests of providers that could not be read."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self
from urllib.parse import quote

from dlr_cli.api import Api
from dlr_cli.errors import FailedCallError, NotFoundError


@dataclass(frozen=True, slots=True)
class QuarantinedRequest:
    """One request, and why it could not be read. Query and body are the provider's own."""

    id: str
    received_at: str
    provider: str
    error: str
    method: str
    content_type: str
    query: str
    body: str

    @classmethod
    def read(cls, content: Any) -> Self:
        """From the API's JSON; fields that this version does not know are left out."""
        return cls(**{name: str(content[name]) for name in cls.__slots__})


class Outcome(StrEnum):
    """What a replay or a discard came to."""

    REPLAYED = "replayed"
    DISCARDED = "discarded"
    UNREADABLE = "unreadable"
    NOT_KEPT = "not_kept"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Replayed:
    """A request that was read again: its reports by what the store did with each."""

    id: str
    outcome: Outcome
    new: int = 0
    stale: int = 0
    duplicate: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Discarded:
    """A request that was deleted, or why it was not."""

    id: str
    outcome: Outcome
    error: str | None = None


def kept(api: Api, provider: str | None = None) -> Iterator[QuarantinedRequest]:
    """All that are kept, or those of one provider; asked for in parts, as they are read."""
    for item in api.pages("/quarantine"):
        each = api.understood(functools.partial(QuarantinedRequest.read, item))
        if provider in (None, each.provider):
            yield each


def kept_by_ids(api: Api, ids: tuple[str, ...]) -> dict[str, QuarantinedRequest]:
    """Those of these ids that are kept."""
    missing, found = set(ids), {}
    for each in kept(api):
        if each.id in missing:
            missing.remove(each.id)
            found[each.id] = each
        if not missing:
            break
    return found


def replay(api: Api, request_id: str) -> Replayed:
    """Have it read again. Read whole, it leaves quarantine."""

    def read(content: Any) -> Replayed:
        error = content["error"]
        return Replayed(
            id=request_id,
            outcome=Outcome.REPLAYED if error is None else Outcome.UNREADABLE,
            new=int(content["new"]),
            stale=int(content["stale"]),
            duplicate=int(content["duplicate"]),
            error=None if error is None else str(error),
        )

    try:
        return api.call("POST", f"/quarantine/{quote(request_id, safe='')}/replay", read)
    except NotFoundError:
        return Replayed(request_id, Outcome.NOT_KEPT)
    except FailedCallError as error:
        return Replayed(request_id, Outcome.FAILED, error=error.message)


def discard(api: Api, request_id: str) -> Discarded:
    """Delete it. The API does not say whether it was there."""

    def read(content: Any) -> Discarded:
        return Discarded(str(content["discarded"]), Outcome.DISCARDED)

    try:
        return api.call("DELETE", f"/quarantine/{quote(request_id, safe='')}", read)
    except FailedCallError as error:
        return Discarded(request_id, Outcome.FAILED, error=error.message)
