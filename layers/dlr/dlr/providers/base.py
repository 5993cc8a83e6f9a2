"""What a provider module declares, and how one is found."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar, Union, get_args

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Tag,
    TypeAdapter,
)

from dlr.providers.codes import FOLDER, CodeTables, read_err_table, read_tables
from dlr.wire.decode import TextReader
from dlr.wire.redact import without_secrets
from dlr.wire.request import Request
from dlr.wire.verify import Credentials, Scheme, token_in_path

_NAME = re.compile(r"[a-z0-9]+")
"""At once module, CSV, folder of events, part of the URL, of logical ids and of keys."""

_MAX_DIGITS = 4
_NO_TABLES = CodeTables({}, None)


def _count_of(value: Any) -> int | None:
    text = value if isinstance(value, str) else ""
    return int(text) if text.isdecimal() and len(text) <= _MAX_DIGITS else None


LooseText = Annotated[str, BeforeValidator(lambda value: value if isinstance(value, str) else "")]
"""A text that no verdict depends on. A value of another type is read as empty, so that it does not
make the report unreadable."""

LooseCount = Annotated[int | None, BeforeValidator(_count_of)]
"""A number of parts, of at most four digits, and None for every other value."""

_T = TypeVar("_T")
Loose = Annotated[_T, BeforeValidator(lambda value: value if isinstance(value, dict) else {})]
"""An object that no verdict depends on: `Loose[Price]`. Anything else is read as an empty one."""


class PayloadModel(BaseModel):
    """A provider's own shape: its field names untouched, unknown fields ignored."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, hide_input_in_errors=True, populate_by_name=True
    )

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        return []


def one_of(kind: Callable[[Any], str], **models: type[PayloadModel]) -> Any:
    """A payload of several shapes. `kind` gets the raw item and names the model that reads it."""
    tagged = tuple(Annotated[model, Tag(name)] for name, model in models.items())
    return Annotated[Union[tagged], Discriminator(kind)]  # noqa: UP007


def mcc_mnc(mcc: str, mnc: str) -> str:
    """A network's code of its two halves; nothing if one is missing: an MCC alone is a country."""
    return mcc + mnc if mcc and mnc else ""


class ParsedReport(NamedTuple):
    """One report as the provider sent it: read, not yet given a meaning.

    `words` are status keys of the provider's CSV, the most precise first; `code` is a code key;
    case does not matter. `provider_status` and `provider_code` are what was sent, where it differs.
    """

    message_id: str
    words: tuple[str, ...] = ()
    code: str = ""
    provider_status: str = ""
    provider_code: str = ""
    permanent: bool | None = None
    recipient: str = ""
    occurred_at: datetime | None = None
    text: str = ""
    """The provider's words on the failure. Never the message itself: nobody keeps that."""
    client_reference: str = ""
    network: str = ""
    """MCC and MNC, however they are parted, or a name."""
    segments: int | None = None
    price: str = ""
    currency: str = ""
    sender: str = ""
    sent_at: datetime | None = None
    """When the message was handed over for sending."""

    def __repr__(self) -> str:
        """Without its content: a recipient or a sender may be a person's number."""
        return f"ParsedReport({len(self.words)} words)"


class Answer(NamedTuple):
    """What tells the provider that its reports are stored.

    `text` is the exact body that the provider waits for; without one it is a JSON object with the
    number of reports by outcome.
    """

    status: int = 200
    text: str | None = None


_USUAL = Answer()


class Handshake(NamedTuple):
    """What a provider waits for before it sends its first report: an answer, or a call of ours.

    An answer is given to whoever knows the URL. `visit` is an address to call, and counts in a
    signed request only.
    """

    body: Mapping[str, Any] = {}
    headers: Mapping[str, str] = {}
    visit: str = ""


@dataclass(frozen=True)
class Provider:
    """The declaration of a provider: everything that the pipeline and the tools need of it."""

    title: str
    payload: Any
    """A `PayloadModel`, or `one_of` several."""
    parse: Callable[[Any], Iterator[ParsedReport]]
    """Yields nothing for an authentic request that is no delivery report (an inbound message)."""
    methods: frozenset[str] = frozenset({"POST"})
    signing: Scheme | None = None
    """How the provider signs its requests, beside the token in the URL."""
    needs_signature: bool = False
    """Whether an unsigned request is refused even before a signing key is configured."""
    answer: Answer | Callable[[Request], Answer] = _USUAL
    """Or a function from the request, where the answer repeats parts of it. It is asked once the
    request's reports are stored, so the request can be read."""
    handshake: Callable[[Request], Handshake | None] | None = None
    """What a request asks before there are reports; None for every other request."""
    called_by_aws: bool = False
    """Whether AWS itself may call the function with reports, by a queue or from logs."""
    unsigned_status: int = 401
    """The answer to a valid token with an invalid signature; some send it again after 5xx only."""
    read_text: TextReader | None = None
    """What reads a body that is neither JSON nor a plain form: a receipt's text, XML, a form in
    parts."""
    shares_ids: bool = False
    """Whether several recipients' messages can have one id: each is stored under id and recipient,
    and is looked up with both."""
    batch: str = ""
    """The member of a JSON object, or the field of a form, that holds the list of its reports, each
    read on its own."""
    secret_names: frozenset[str] = frozenset()
    """Fields that hold the team's own credentials: nothing reads or keeps what stands in them."""
    code_tables: Mapping[str, Path] = field(default_factory=dict)
    """CSV files with other meanings of the codes, by name (SMPP: each SMSC has its own)."""
    name: str = ""
    """The module's; `load_provider` fills it in."""
    tables: CodeTables = _NO_TABLES
    """Those of the module's CSV; `load_provider` reads them."""

    def verify(self, request: Request, credentials: Credentials) -> bool:
        """Whether the request carries the token and, once keys are configured, a signature."""
        if not token_in_path(request, credentials):
            return False
        scheme = self._scheme(credentials)
        return scheme is None or scheme.verify(request, credentials)

    def verify_signed(self, request: Request, credentials: Credentials) -> bool:
        """Whether the request carries the token and a signature, even where the token would do."""
        is_known = token_in_path(request, credentials)
        return is_known and self.signing is not None and self.signing.verify(request, credentials)

    def bound_part(self, request: Request, credentials: Credentials) -> Request:
        """The verified request without secrets, and without a query that its signature leaves out.

        Anybody who reads the URL could have changed that query, and with it the recipient.
        """
        scheme = self._scheme(credentials)
        if scheme and not scheme.covers_query and request.body:
            request = replace(request, query="")
        return without_secrets(request, self.secret_names)

    def answer_to(self, request: Request) -> Answer:
        """What the provider waits for, once the reports of this request are stored."""
        return self.answer(request) if callable(self.answer) else self.answer

    def _scheme(self, credentials: Credentials) -> Scheme | None:
        """What the request must be signed with, or None where the token alone counts."""
        must_sign = self.needs_signature or credentials.signing_keys
        return self.signing if must_sign else None

    @cached_property
    def adapter(self) -> TypeAdapter[PayloadModel]:
        """Validates an item into the payload."""
        return TypeAdapter(self.payload)

    @cached_property
    def fields(self) -> frozenset[str]:
        """Every name in a request that means something to this provider."""
        return frozenset().union(*(wire_names(model) for model in _models(self.payload)))


@cache
def wire_names(model: type[PayloadModel]) -> frozenset[str]:
    """The names under which a payload's fields arrive."""
    names: set[str] = set()
    for name, info in model.model_fields.items():
        alias = info.validation_alias
        if isinstance(alias, AliasChoices):
            names.update(str(choice) for choice in alias.choices)
        else:
            names.add(str(alias or name))
    return frozenset(names)


def provider_names() -> list[str]:
    """Every provider: each has a CSV of its name."""
    return sorted(path.stem for path in FOLDER.glob("*.csv"))


@cache
def load_provider(name: str, code_table: str = "default") -> Provider:
    """The provider of that name, with the named code table if it has several.

    Raises LookupError for a provider or a table that does not exist.
    """
    if not _NAME.fullmatch(name) or not (FOLDER / f"{name}.csv").exists():
        known = ", ".join(provider_names())
        raise LookupError(f"there is no provider {name!r}; there are: {known}")
    declared: Provider = import_module(f"dlr.providers.{name}").PROVIDER
    tables = read_tables(name)
    if code_table != "default" and declared.code_tables:
        if code_table not in declared.code_tables:
            known = ", ".join(sorted(declared.code_tables))
            raise LookupError(f"{name} has no code table {code_table!r}; it has: default, {known}")
        tables = tables._replace(codes=read_err_table(declared.code_tables[code_table]))
    return replace(declared, name=name, tables=tables)


def _models(payload: Any) -> Iterator[type[PayloadModel]]:
    if isinstance(payload, type) and issubclass(payload, PayloadModel):
        yield payload
    for part in get_args(payload):
        yield from _models(part)
