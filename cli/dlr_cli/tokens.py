"""The API's tokens, and its audit of who did what."""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar
from urllib.parse import quote

from dlr_cli.api import Api, Item

T = TypeVar("T")
SCOPES = ("read", "check", "pii", "write", "erase", "admin")


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token."""

    id: str
    name: str
    scopes: str
    created_by: str
    expires_at: str
    last_used: str
    revoked_at: str

    @classmethod
    def read(cls, content: Any) -> Self:
        """From the API's JSON; fields that this version does not know are left out."""
        texts = {name: str(content[name] or "") for name in cls.__slots__ if name != "scopes"}
        return cls(scopes=" ".join(map(str, content["scopes"])), **texts)


@dataclass(frozen=True, slots=True)
class NewToken:
    """A new token, with the token."""

    id: str
    name: str
    token: str
    expires_at: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One act."""

    at: str
    name: str
    note: str
    route: str
    outcome: str
    status: str
    target: str
    subject: str
    request_id: str

    @classmethod
    def read(cls, content: Any) -> Self:
        """From the API's JSON."""
        values = {name: content[name] for name in cls.__slots__}
        return cls(**{name: "" if value is None else str(value) for name, value in values.items()})


def create(api: Api, name: str, scopes: Sequence[str], days: int) -> NewToken:
    """A new token."""

    def read(content: Any) -> NewToken:
        return NewToken(**{field: str(content[field]) for field in NewToken.__slots__})

    wanted = {"name": name, "scopes": list(scopes), "days": days}
    return api.call("POST", "/tokens", read, wanted)


def revoke(api: Api, token_id: str) -> Token:
    """It is refused within a minute. Raises NotFoundError."""
    return api.call("DELETE", f"/tokens/{quote(token_id, safe='')}", Token.read)


def tokens(api: Api) -> Iterator[Token]:
    """Those that have not expired, in parts as they are read."""
    return _each(api, Token.read, api.pages("/tokens"))


def audit(api: Api, start: str | None, end: str | None) -> Iterator[Entry]:
    """The entries of a time, newest first; without a begin those of a day."""
    return _each(api, Entry.read, api.pages("/audit", {"from": start, "to": end}))


def _each(api: Api, read: Callable[[Any], T], items: Iterable[Item]) -> Iterator[T]:
    for item in items:
        yield api.understood(functools.partial(read, item))
