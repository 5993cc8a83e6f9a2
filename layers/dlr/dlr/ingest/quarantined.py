"""A quarantined request as items of QuarantineTable, in DynamoDB's attribute format, and back.

The numbers in a request are found once, when it comes. For each of them a pointer stands beside the
request: an item with the number's keyed hash, by which access and erasure find the request. A
request with more numbers than `MAX_POINTERS` has one pointer, to `MANY`: whoever is erased may
stand in it. Keys begin with the provider: `acme.<hash>` a request, `acme.<hash>.0` a pointer.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from dlr.ingest.unread import Unread
from dlr.phone import PhoneNumber, RecipientHasher
from dlr.wire.request import Request

MANY = "many"
MAX_POINTERS = 1_000
"""Of the requests that came in one call."""
CONTENT = ("body", "query", "content_type", "error")
"""The attributes that may hold numbers."""

Item = dict[str, Any]


class Quarantined(BaseModel):
    """One request with the reason why it could not be read."""

    model_config = ConfigDict(frozen=True)

    id: str
    provider: str
    error: str
    received_at: datetime
    method: str
    query: str = Field(repr=False)
    content_type: str
    body: str = Field(repr=False, description="bytes that are no UTF-8 are shown as \\xNN")


class Kept(NamedTuple):
    """A request as it came, and until when it is kept, in Unix seconds."""

    provider: str
    received_at: datetime
    expires_at: int
    request: Request


class Items(NamedTuple):
    """Pointers are written first: a request must not stand there and not be found."""

    pointers: list[Item]
    requests: list[Item]

    @property
    def size(self) -> int:
        """About what DynamoDB counts: names and values."""
        return sum(
            len(name) + len(next(iter(value.values())))
            for item in (*self.pointers, *self.requests)
            for name, value in item.items()
        )


def by_id(provider: str, unread: Sequence[Unread]) -> dict[str, Unread]:
    """Each request once. The id is the same for the same content."""
    return {id_of(provider, each.request): each for each in unread}


def id_of(provider: str, request: Request) -> str:
    """The key of a request, from its content."""
    content = (provider.encode(), request.method.encode(), request.query.encode(), request.body)
    digest = sha256(b"\x1f".join(content)).hexdigest()
    return f"{provider}.{digest[:32]}"


def items_of(
    provider: str,
    unread: Mapping[str, Unread],
    hasher: RecipientHasher,
    received_at: datetime,
    expires_at: int,
) -> Items:
    """Everything that is to be written for these requests, which came in one call."""
    items = Items([], [])
    ends = {"expires_at": {"N": str(expires_at)}}
    for (id_, (request, error)), hashes in zip(
        unread.items(), _hashes(unread, hasher), strict=True
    ):
        for key, recipient_hash in zip(pointer_keys(id_, len(hashes)), hashes, strict=True):
            items.pointers.append({**key, "recipient_hash": {"S": recipient_hash}, **ends})
        content = {
            "id": {"S": id_},
            "provider": {"S": provider},
            "error": {"S": error},
            "received_at": {"S": received_at.isoformat()},
            "method": {"S": request.method},
            "query": {"S": request.query},
            "content_type": {"S": request.headers.get("content-type", "")},
            "body": {"B": request.body},
            "pointers": {"N": str(len(hashes))},
        }
        items.requests.append(content | ends)
    return items


def _hashes(unread: Mapping[str, Unread], hasher: RecipientHasher) -> Iterator[list[str]]:
    """For each request the hashes to find it by, in the same order every time.

    What searches for numbers is imported here: most functions never need it.
    """
    from dlr.ingest.candidates import find_numbers

    left = MAX_POINTERS
    heads: dict[str, frozenset[PhoneNumber] | None] = {}
    for request, _ in unread.values():
        head = f"{request.query}\n{request.headers.get('content-type', '')}"
        if head not in heads:  # once for all items of a batch
            heads[head] = find_numbers(head.encode("utf-8", "surrogatepass"))
        outside, inside = heads[head], find_numbers(request.body)
        if outside is None or inside is None or len(outside | inside) > left:
            yield [MANY]
            continue
        left -= len(outside | inside)
        yield sorted(map(hasher.hash, outside | inside))


def pointer_keys(quarantine_id: str, count: int) -> list[Item]:
    """Of all pointers to a request."""
    return [{"id": {"S": f"{quarantine_id}.{place}"}} for place in range(count)]


def target_of(pointer: Mapping[str, Any]) -> str:
    """The id of the request that it points to."""
    target: str = pointer["id"]["S"].rpartition(".")[0]
    return target


def is_over(item: Mapping[str, Any], now: datetime) -> bool:
    """Whether it counts as deleted, whether DynamoDB has done so or not."""
    return int(item["expires_at"]["N"]) <= now.timestamp()


def is_request(item: Mapping[str, Any], now: datetime) -> bool:
    """Whether it is a request that is kept. A pointer, a counter, or what an unfinished deletion
    left, has no body."""
    return "body" in item and not is_over(item, now)


def kept_of(item: Mapping[str, Any]) -> Kept:
    """The exact request."""
    request = Request(
        method=item["method"]["S"],
        query=item["query"]["S"],
        headers={"content-type": item["content_type"]["S"]},
        body=item["body"]["B"],
    )
    received_at = datetime.fromisoformat(item["received_at"]["S"])
    return Kept(item["provider"]["S"], received_at, int(item["expires_at"]["N"]), request)


def shown(item: Mapping[str, Any]) -> Quarantined:
    """For a person to read."""
    texts = {name: value["S"] for name, value in item.items() if "S" in value}
    body = bytes(item["body"]["B"]).decode("utf-8", "backslashreplace")
    return Quarantined.model_validate({**texts, "body": body})
