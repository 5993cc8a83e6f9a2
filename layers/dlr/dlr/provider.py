"""What a provider module declares, and how one is found."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple, get_args

from pydantic import AliasChoices, BaseModel, ConfigDict, TypeAdapter

from dlr.causes import Cause
from dlr.decode import TextReader
from dlr.report import FAILED, Status
from dlr.verify import Verifier, token_in_path

_NAME = re.compile(r"[a-z0-9]+")
"""At once module, folder of events, part of the URL, of logical ids and of keys."""


class Wire(BaseModel):
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


class Receipt(NamedTuple):
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
    """A `Wire`, or an annotated union of them that pydantic can tell apart."""
    to_reports: Callable[[Any], Iterator[Receipt]]
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
    def adapter(self) -> TypeAdapter[Any]:
        """Validates an item into the wire model."""
        return TypeAdapter(self.wire)

    @cached_property
    def fields(self) -> frozenset[str]:
        """Every name on the wire that means something to this provider."""
        return frozenset().union(*(wire_names(model) for model in _models(self.wire)))


def wire_names(model: type[Wire]) -> frozenset[str]:
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
    if not _NAME.fullmatch(name) or find_spec(module) is None:
        raise LookupError(f"there is no provider {name!r}")
    provider: Provider = import_module(module).PROVIDER
    if code_table == "default" or not provider.code_tables:
        return provider
    if code_table not in provider.code_tables:
        known = ", ".join(sorted(provider.code_tables))
        raise LookupError(f"{name} has no code table {code_table!r}; it has: default, {known}")
    return replace(provider, codes=provider.code_tables[code_table])


def judge(states: Table, words: tuple[str, ...], codes: Table, code: str) -> Meaning:
    """One meaning of a status and a code: the words say where, the code says why.

    The first word that decides counts. A detailed code overrules a coarse word (`UNDELIV` and
    "absent subscriber" is soft) with its verdict. Only a failure has a cause: progress and
    delivery have none, whatever code they carry. A word or code that nobody has seen is
    `unknown`, and an unseen word is never taken for a failure.
    """
    state, why = _first_decisive(states, words), _look_up(codes, code)
    status = (why.status if state is NOTHING else state.status) or Status.UNKNOWN
    if status in FAILED:
        told = why if why.cause is not Cause.NONE else state
        return Meaning(status, told.cause, told.permanent)
    if status is not Status.UNKNOWN:
        return Meaning(status)
    unseen = state is UNSEEN or (state is NOTHING and why is UNSEEN)
    return Meaning(status, Cause.UNKNOWN if unseen else Cause.UNSPECIFIED)


def _first_decisive(states: Table, words: tuple[str, ...]) -> Meaning:
    meanings = [_look_up(states, word) for word in words if word]
    decisive = (m for m in meanings if m.status not in {None, Status.UNKNOWN})
    return next(decisive, None) or next(iter(meanings), NOTHING)


def _look_up(table: Table, key: str) -> Meaning:
    return table.get(key, UNSEEN) if key else NOTHING


def _models(wire: Any) -> Iterator[type[Wire]]:
    if isinstance(wire, type) and issubclass(wire, Wire):
        yield wire
    for part in get_args(wire):
        yield from _models(part)
