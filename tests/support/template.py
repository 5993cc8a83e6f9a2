"""Reads what the template says."""

from typing import Any


def as_list(value: Any) -> list[Any]:
    """CloudFormation takes one value or a list of them."""
    return value if isinstance(value, list) else [value]
