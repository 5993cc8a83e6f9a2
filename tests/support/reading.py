"""Whether two requests say the same to a provider's parser."""

from typing import Any

from pydantic import ValidationError

from dlr.providers.base import load_provider
from dlr.wire.decode import UnreadableError, read_items
from dlr.wire.request import Request


def is_read_alike(provider: str, one: Request, other: Request) -> bool:
    """Whether the parser gets the same: a space more or less in JSON, an escape in a form, or a
    change in what it does not read."""
    declared = load_provider(provider)

    def payloads(request: Request) -> Any:
        try:
            items, _ = read_items(request, declared.fields, declared.read_text, declared.batch)
            return [declared.adapter.validate_python(item).model_dump() for item in items]
        except (UnreadableError, ValidationError):
            return None

    return payloads(one) is not None and payloads(one) == payloads(other)
