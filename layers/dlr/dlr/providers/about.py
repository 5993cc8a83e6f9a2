"""What a provider's module says of its provider in its docstring, for pages and for the console."""

import re
from importlib import import_module
from typing import NamedTuple

from dlr.providers.base import Provider

LABELS = ("Wire", "Codes", "Signed", "Times", "Answer", "Retries")
"""What every module's docstring says, each in a line of its own."""
_LABEL = re.compile(rf"^({'|'.join(LABELS)}):\s+", re.MULTILINE)
_ADDRESS = re.compile(r"https?://[^\s,;)]+")


class About(NamedTuple):
    """A provider module's docstring, by its parts."""

    sends: str
    facts: dict[str, str]
    """By label."""
    notes: str

    @property
    def documentation(self) -> str | None:
        """The provider's own page on its reports; None where no address is named."""
        found = _ADDRESS.search(self.facts["Wire"])
        return found[0] if found else None


def about(name: str) -> About:
    """What the module says of its provider."""
    first, _, rest = (import_module(f"dlr.providers.{name}").__doc__ or "").partition("\n")
    facts, _, notes = rest.strip().partition("\n\n")
    _, *parts = _LABEL.split(facts)
    values = (" ".join(part.split()) for part in parts[1::2])
    return About(
        sends=first.partition(": ")[2].rstrip("."),
        facts=dict(zip(parts[::2], values, strict=True)),
        notes=notes.strip(),
    )


def signed(provider: Provider) -> str:
    """Whether it signs, in a few words."""
    if provider.signing is None:
        return "no"
    if not provider.signing.covers_body:
        return "no; a password"
    return f"{provider.signing.covers}" + "; always" * provider.needs_signature
