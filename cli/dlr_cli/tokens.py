"""The API's tokens, and its audit of who did what."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote, urlencode

from dlr_cli.api import Api
from dlr_cli.errors import CommandError

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
    return _all(api, "/tokens", Token.read, {})


def audit(api: Api, start: str | None, end: str | None) -> Iterator[Entry]:
    """The entries of a time, newest first; without a begin those of a day."""
    limits = {name: value for name, value in (("from", start), ("to", end)) if value}
    return _all(api, "/audit", Entry.read, limits)


def _all(
    api: Api, path: str, read: Callable[[Any], Any], query: Mapping[str, str]
) -> Iterator[Any]:
    cursor: str | None = None

    def page(content: Any) -> tuple[list[Any], str | None]:
        following = content["next"]
        return [read(each) for each in content["items"]], following and str(following)

    while True:
        asked = {**query, "limit": "200", **({"cursor": cursor} if cursor else {})}
        items, following = api.call("GET", f"{path}?{urlencode(asked)}", page)
        yield from items
        if following is None:
            return
        if following == cursor:
            raise CommandError("The API answers the same page again and again.")
        cursor = following
