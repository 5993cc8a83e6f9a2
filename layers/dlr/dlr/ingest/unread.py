"""What of a request could not be read: the whole of it, or items of its batch."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from dlr.wire.decode import split_list
from dlr.wire.request import Request

_GZIP = (b"\x1f\x8b", "\x1f\ufffd".encode())
_ZLIB = (b"x\x01", b"x\x5e", b"x\x9c", b"x\xda", "x\ufffd".encode())
_COMPRESSED = (*_GZIP, *_ZLIB, b"\x28\xb5\x2f\xfd", b"BZh")
"""How bodies in gzip, zlib, zstd and bzip2 begin."""


class Unread(NamedTuple):
    """A request, and why it cannot be read."""

    request: Request
    error: str


def unread_of(
    request: Request, error: str, errors: Mapping[int, str], batch: str = ""
) -> list[Unread]:
    """The unreadable items, each as a request of its own, so that one can go without the others.

    `errors` are the items' errors by their place in a batch. Without them nothing of the request
    could be read, and the whole of it is returned where it is no list. `batch` as in `read_items`.
    """
    parts = split_list(request.body, batch)
    if not parts:
        return [Unread(request, error)]
    by_place = errors or dict.fromkeys(range(len(parts)), error)
    return [
        Unread(replace(request, body=parts[place]), reason) for place, reason in by_place.items()
    ]


def is_compressed(request: Request) -> bool:
    """Whether no text can be found in the body without unpacking it.

    Under a content type of text, API Gateway puts U+FFFD in place of what is no UTF-8.
    """
    if "\ufffd" not in request.body.decode("utf-8", "replace"):
        return False
    encoding = request.headers.get("content-encoding", "").strip().lower()
    return encoding not in {"", "identity"} or request.body.startswith(_COMPRESSED)
