"""The tokens in DeskTable, each under the beginning of its SHA-256: create, find, list, revoke.

Keys: pk `token#<first digit of the id>`, so that no flood of wrong tokens heats one partition; sk
the id. The sessions of a token are named in one item beside them, pk `token#sessions#<its id>`.
"""

import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from dlr.access.scopes import Caller, Scope
from dlr.access.token import ID, digest, id_of, new_token
from dlr.runtime.aws import is_refused_by_condition, lost_race

DIGITS = "0123456789abcdef"
MOST_SESSIONS = 20
"""Of one token at a time. The oldest ends where there would be more."""
TRIES = 8
"""Of making a session, while others of the same token are made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What is known of a token, without the token."""

    id: str
    name: str
    scopes: list[Scope]
    created_at: datetime
    created_by: str
    expires_at: datetime
    last_used: date | None = None
    """To the day, UTC."""
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    parent: str = ""
    """Of a session: the id of the token that made it."""

    def is_live(self, now: datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and now < self.expires_at

    def caller(self) -> Caller:
        """Whoever holds it."""
        return Caller(
            name=self.name,
            scopes=frozenset(self.scopes),
            token_id=self.id,
            expires_at=int(self.expires_at.timestamp()),
            parent=self.parent,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken(Token):
    """A new token. Nobody can show `token` a second time."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenPage:
    """`next` begins the next part and is null at the end."""

    items: list[Token]
    next: str | None


class TokenStore:
    """`client` is a boto3 DynamoDB client."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def create(
        self,
        name: str,
        scopes: Iterable[Scope],
        expires_at: datetime,
        by: str,
        now: datetime,
        parent: str = "",
    ) -> NewToken:
        """Makes and stores one; whoever asks for it must hold the scopes.

        With a parent it is a session.
        """
        token = new_token()
        token_digest = digest(token)
        made = NewToken(
            id=id_of(token_digest),
            name=name,
            scopes=sorted(scopes),
            created_at=now,
            created_by=by,
            expires_at=expires_at.replace(microsecond=0),
            parent=parent,
            token=token,
        )
        item = {
            **_key(made.id),
            "digest": {"S": token_digest},
            "name": {"S": name},
            "scopes": {"SS": [scope.value for scope in made.scopes]},
            "created_at": {"S": now.isoformat()},
            "created_by": {"S": by},
            "expires_at": {"N": str(int(made.expires_at.timestamp()))},
            **({"parent": {"S": parent}} if parent else {}),
        }
        put = {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        if parent:
            self._put_session(put, made, by, now)
        else:
            self._client.put_item(**put)
        return made

    def _put_session(self, put: Mapping[str, Any], made: Token, by: str, now: datetime) -> None:
        """Together with its name among the parent's, and the end of those that are too many."""
        key = {"pk": {"S": f"token#sessions#{made.parent}"}, "sk": {"S": "sessions"}}
        for left in reversed(range(TRIES)):
            found = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
            item = found.get("Item", {"version": {"N": "0"}, "live": {"L": []}})
            version, named = int(item["version"]["N"]), [each["M"] for each in item["live"]["L"]]
            live = [each for each in named if int(each["until"]["N"]) > now.timestamp()]
            live.append({"id": {"S": made.id}, "until": put["Item"]["expires_at"]})
            ended, live = live[:-MOST_SESSIONS], live[-MOST_SESSIONS:]
            names = {
                **key,
                "version": {"N": str(version + 1)},
                "live": {"L": [{"M": each} for each in live]},
                "expires_at": {"N": max((each["until"]["N"] for each in live), key=int)},
            }
            steps: list[dict[str, Any]] = [
                {"Put": put},
                {
                    "Put": {
                        "TableName": self._table,
                        "Item": names,
                        "ConditionExpression": "attribute_not_exists(pk) OR version = :version",
                        "ExpressionAttributeValues": {":version": {"N": str(version)}},
                    }
                },
                *({"Update": self._revocation(each["id"]["S"], by, now)} for each in ended),
            ]
            try:
                self._client.transact_write_items(TransactItems=steps)
                return
            except ClientError as error:
                if not left or not lost_race(error):
                    raise

    def find(self, token: str) -> Token | None:
        """Whatever is stored of a token, also when it is revoked or has expired. Consistent."""
        token_digest = digest(token)
        item = self._get(id_of(token_digest))
        if item is None or not hmac.compare_digest(item["digest"]["S"], token_digest):
            return None
        return _token_of(item)

    def get(self, token_id: str) -> Token | None:
        """By its id. Consistent."""
        item = self._get(token_id)
        return None if item is None else _token_of(item)

    def is_live(self, caller: Caller, now: datetime) -> bool:
        """Whether a caller's token is live and, of a session, the one that made it. Consistent.

        For what must not be done in the time for which API Gateway remembers the authorizer's
        answer. Callers without a stored token are: nothing is known of them here.
        """
        stored = filter(ID.fullmatch, (caller.token_id, caller.parent))
        found = map(self.get, stored)
        return all(token is not None and token.is_live(now) for token in found)

    def touch(self, token: Token, today: date) -> None:
        """Notes that it was used, once a day. What cannot be noted holds up nobody."""
        if token.last_used == today:
            return
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(token.id),
                UpdateExpression="SET last_used = :today",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues={":today": {"S": today.isoformat()}},
            )
        except (BotoCoreError, ClientError):
            return

    def revoke(self, token_id: str, by: str, now: datetime) -> Token | None:
        """Refuses it from now on. Of two revocations the first stays; None: no such token."""
        try:
            answer = self._client.update_item(
                **self._revocation(token_id, by, now), ReturnValues="ALL_NEW"
            )
        except ClientError as error:
            if is_refused_by_condition(error):
                return None
            raise
        return _token_of(answer["Attributes"])

    def _revocation(self, token_id: str, by: str, now: datetime) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "Key": _key(token_id),
            "UpdateExpression": "SET revoked_at = if_not_exists(revoked_at, :at), "
            "revoked_by = if_not_exists(revoked_by, :by)",
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeValues": {":at": {"S": now.isoformat()}, ":by": {"S": by}},
        }

    def page(self, after: str | None, limit: int, now: datetime) -> TokenPage:
        """Those that have not expired, sessions and revoked ones too, by their ids."""
        found: list[Token] = []
        for token in self._after(after or ""):
            if now >= token.expires_at:
                continue
            if len(found) == limit:
                return TokenPage(items=found, next=found[-1].id)
            found.append(token)
        return TokenPage(items=found, next=None)

    def _after(self, after: str) -> Iterator[Token]:
        for digit in DIGITS:
            if digit < after[:1]:
                continue
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND sk > :after",
                ExpressionAttributeValues={
                    ":pk": {"S": f"token#{digit}"},
                    ":after": {"S": after or "0"},
                },
                ConsistentRead=True,
            )
            for page in pages:
                yield from map(_token_of, page["Items"])

    def _get(self, token_id: str) -> dict[str, Any] | None:
        answer = self._client.get_item(
            TableName=self._table, Key=_key(token_id), ConsistentRead=True
        )
        item: dict[str, Any] | None = answer.get("Item")
        return item


def _key(token_id: str) -> dict[str, Any]:
    return {"pk": {"S": f"token#{token_id[:1]}"}, "sk": {"S": token_id}}


def _token_of(item: Mapping[str, Any]) -> Token:
    last_used, revoked_at = _text(item, "last_used"), _text(item, "revoked_at")
    return Token(
        id=item["sk"]["S"],
        name=item["name"]["S"],
        scopes=sorted(map(Scope, item["scopes"]["SS"])),
        created_at=datetime.fromisoformat(item["created_at"]["S"]),
        created_by=item["created_by"]["S"],
        expires_at=datetime.fromtimestamp(int(item["expires_at"]["N"]), UTC),
        last_used=date.fromisoformat(last_used) if last_used else None,
        revoked_at=datetime.fromisoformat(revoked_at) if revoked_at else None,
        revoked_by=_text(item, "revoked_by"),
        parent=_text(item, "parent") or "",
    )


def _text(item: Mapping[str, Any], name: str) -> str | None:
    text: str | None = item.get(name, {}).get("S")
    return text
