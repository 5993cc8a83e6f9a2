"""What a provider module declares, and how one is found."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import AliasChoices, BaseModel, ConfigDict, TypeAdapter

from dlr.causes import Cause
from dlr.report import Status
from dlr.wire.decode import TextReader
from dlr.wire.verify import Verifier, token_in_path

FOLDER = Path(__file__).parent
_NAME = re.compile(r"[a-z0-9]+")
"""At once module, folder of events, part of the URL, of logical ids and of keys."""


class WireModel(BaseModel):
    """A provider's own shape: its field names untouched, unknown fields ignored."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, hide_input_in_errors=True, populate_by_name=True
    )

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        return []


class Meaning(NamedTuple):
    """What one of a provider's words or codes means. A row of its table.

    `status` is None where a code says why but not where. `permanent` is the provider's documented
    verdict to the letter, None where it is silent. `says` is the provider's wording, `source` the
    document (the provider's own where empty).
    """

    status: Status | None = None
    cause: Cause = Cause.NONE
    permanent: bool | None = None
    says: str = ""
    source: str = ""


Table = Mapping[str, Meaning]

NOTHING = Meaning()
UNSEEN = Meaning(cause=Cause.UNKNOWN)


class ParsedReport(NamedTuple):
    """One report as the provider told it: read, not yet judged.

    `words` are keys of its STATES, the most precise first; `code` is the key of its CODES. The
    words and the code are kept verbatim in `status` and `shown_code` where the keys differ.
    """

    message_id: str
    words: tuple[str, ...] = ()
    code: str = ""
    status: str = ""
    shown_code: str = ""
    permanent: bool | None = None
    recipient: str = ""
    occurred_at: datetime | None = None
    text: str = ""
    client_reference: str = ""
    network: str = ""
    segments: int | None = None
    price: str = ""
    currency: str = ""


@dataclass(frozen=True)
class Provider:
    """The declaration of a provider: everything the pipeline needs to know of it."""

    name: str
    wire: Any
    """A `WireModel`, or an annotated union of them that pydantic can tell apart."""
    parse: Callable[[Any], Iterator[ParsedReport]]
    """Yields nothing for what is authentic but no report (an inbound message)."""
    states: Table
    codes: Table
    source: str
    """Address or name of the document that the tables follow."""
    title: str = ""
    methods: frozenset[str] = frozenset({"POST"})
    verify: Verifier = token_in_path
    """Beside the token in the URL, whatever the provider signs its requests with."""
    unsigned_status: int = 401
    """The answer to a good token with a bad signature, where 401 would not bring it again."""
    read_text: TextReader | None = None
    code_tables: Mapping[str, Table] = field(default_factory=dict)
    """Other meanings of the codes, by name, where they depend on who sends them (SMPP)."""

    @cached_property
    def adapter(self) -> TypeAdapter[WireModel]:
        """Validates an item into the wire model."""
        return TypeAdapter(self.wire)

    @cached_property
    def fields(self) -> frozenset[str]:
        """Every name on the wire that means something to this provider."""
        return frozenset().union(*(wire_names(model) for model in _models(self.wire)))


@cache
def wire_names(model: type[WireModel]) -> frozenset[str]:
    """The names under which a wire model's fields arrive."""
    names: set[str] = set()
    for name, info in model.model_fields.items():
        alias = info.validation_alias
        if isinstance(alias, AliasChoices):
            names.update(str(choice) for choice in alias.choices)
        else:
            names.add(str(alias or name))
    return frozenset(names)


def load_provider(name: str, code_table: str = "default") -> Provider:
    """The provider of that name, with the named code table if it has several.

    Raises LookupError for a provider or a table that does not exist.
    """
    module = f"dlr.providers.{name}"
    if not _NAME.fullmatch(name) or not (FOLDER / f"{name}.csv").exists():
        raise LookupError(f"there is no provider {name!r}")
    provider: Provider = import_module(module).PROVIDER
    if code_table == "default" or not provider.code_tables:
        return provider
    if code_table not in provider.code_tables:
        known = ", ".join(sorted(provider.code_tables))
        raise LookupError(f"{name} has no code table {code_table!r}; it has: default, {known}")
    return replace(provider, codes=provider.code_tables[code_table])


def _models(wire: Any) -> Iterator[type[WireModel]]:
    if isinstance(wire, type) and issubclass(wire, WireModel):
        yield wire
    for part in get_args(wire):
        yield from _models(part)
