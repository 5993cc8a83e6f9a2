"""Text from outside, made safe to show; text for the API."""

from collections.abc import Mapping, Sequence


def printable(text: str, keep: str = "") -> str:
    """Characters that could steer a terminal are written as escapes."""
    return "".join(
        each if each.isprintable() or each in keep else each.encode("unicode_escape").decode()
        for each in text
    )


def joined(wanted: Mapping[str, Sequence[str] | str | None]) -> dict[str, str | None]:
    """Values of a filter as the API takes them: between commas. None where there are none."""
    return {
        name: values if isinstance(values, str) else ",".join(values or ()) or None
        for name, values in wanted.items()
    }
