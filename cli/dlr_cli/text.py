"""Text from outside, made safe to show; text for the API."""

import re
from collections.abc import Mapping, Sequence

_NUMBER = re.compile(r"\+\d(?:[ ().-]{0,2}\d)*|\d(?:[ ().-]{0,2}\d){6,}")


def printable(text: str, keep: str = "") -> str:
    """Characters that could steer a terminal are written as escapes."""
    return "".join(
        each if each.isprintable() or each in keep else each.encode("unicode_escape").decode()
        for each in text
    )


def masked(text: str) -> str:
    """Without what may be a phone number: seven digits and more, apart or not, or any after `+`.

    No number is shorter: the shortest that are given out have seven digits with their country's.
    """
    return _NUMBER.sub("…", text)


def counted(n: int, one: str) -> str:
    """`1 request`, `2 requests`."""
    return f"{n:,} {one}" if n == 1 else f"{n:,} {one}s"


def joined(wanted: Mapping[str, Sequence[str] | str | None]) -> dict[str, str | None]:
    """Values of a filter as the API takes them: between commas. None where there are none."""
    return {
        name: values if isinstance(values, str) else ",".join(values or ()) or None
        for name, values in wanted.items()
    }
