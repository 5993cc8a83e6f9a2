"""The providers: what they send, their webhooks, their keys, a test report; the codes."""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import AfterValidator, BaseModel, Field

import services
from dlr.access.scopes import Scope
from dlr.causes import Action, Bounce, Cause
from dlr.http.api import caller_in
from dlr.http.parameters import Note
from dlr.http.problem import Problem, ProblemError
from dlr.providers.about import about, signed
from dlr.providers.base import Provider as Declared
from dlr.providers.base import load_provider, provider_names
from dlr.providers.catalogue import Row, rows_of
from dlr.report import Status
from dlr.runtime.times import Time
from dlr.webhooks import CannotSignError, WebhookSecret, address
from routes.parameters import KnownProvider, known_provider, note_act

router = Router()
MAX_KEY = 4096


class Signing(BaseModel):
    """How a provider's requests are proven."""

    required: bool = Field(description="whether unsigned requests are refused without a key, too")
    key: Literal["set", "missing", "none"] = Field(description="none: it signs nothing")
    name: str | None = Field(description="what the key is called at the provider")


class ProviderItem(BaseModel):
    """A provider, deployed or not."""

    name: str
    title: str
    sends: str
    answer: str
    signed: str
    docs: str | None = Field(description="the provider's own page on its reports")
    setup: str = Field(description="where its address is entered at the provider; Markdown")
    enabled: bool = Field(description="whether this stack has its webhook")
    signing: Signing
    last_seen: Time | None = Field(
        description="when a report last changed a message, to the minute"
    )
    url: str | None = Field(description="of the webhook, with its token; for scope `admin` only")


class ProviderList(BaseModel):
    """Those deployed first."""

    items: list[ProviderItem]
    next: None = None


class Tested(BaseModel):
    """What the webhook answered to a made-up report."""

    provider: str
    message_id: str
    status: int | None = Field(description="of HTTP; null where nobody answered")
    detail: str


class KeyRequest(BaseModel):
    """The key as the provider shows it."""

    key: str = Field(min_length=1, max_length=MAX_KEY, repr=False)


class KeySet(BaseModel):
    """It is never shown again."""

    provider: str
    key: Literal["set"] = "set"


class CodeItem(BaseModel):
    """What one word or code of a provider leads to."""

    provider: str
    kind: str = Field(description="status, code, or code and the name of an SMSC's table")
    code: str
    words: str = Field(description="the provider's own")
    status: Status | None = Field(description="null: the report's word decides it")
    cause: Cause
    bounce: Bounce
    permanent: bool | None
    action: Action = Field(description="under the policy `cause`")
    action_provider_policy: Action
    source: str
    note: str


class CodeList(BaseModel):
    """All of them."""

    items: list[CodeItem]
    next: None = None


CodesOf = Annotated[
    str | None,
    Query(description="Only this provider's"),
    AfterValidator(lambda name: name and known_provider(name)),
]


@router.get(
    "/providers",
    summary="Every provider: its webhook, its signing key, when it was last heard of",
    description="Who has scope `admin` also gets the addresses with their tokens.",
)
def list_providers() -> ProviderList:
    deployed = [name for name in provider_names() if name in services.deployed]
    kept = services.webhooks.read_all(deployed)
    heard = services.live.heard()
    shows = caller_in(router).has(Scope.ADMIN)
    items = [
        _item(load_provider(name), kept.get(name), heard.get(name), shows)
        for name in sorted(provider_names(), key=lambda name: (name not in kept, name))
    ]
    return ProviderList(items=items)


def _item(
    provider: Declared, kept: WebhookSecret | None, heard: Time | None, shows: bool
) -> ProviderItem:
    said = about(provider.name)
    url = None
    if kept and shows:
        url = address(services.base_url(router.current_event), provider.name, kept.token)
    key: Literal["set", "missing", "none"] = "none"
    if provider.signing:
        key = "set" if kept and any(kept.keys) else "missing"
    return ProviderItem(
        name=provider.name,
        title=provider.title,
        sends=said.sends,
        answer=said.facts["Answer"],
        signed=signed(provider),
        docs=said.documentation,
        setup=services.samples[provider.name]["setup"],
        enabled=kept is not None,
        signing=Signing(
            required=bool(provider.signing)
            and (provider.needs_signature or services.requires_signatures),
            key=key,
            name=provider.signing.key_name if provider.signing else None,
        ),
        last_seen=heard,
        url=url,
    )


@router.post(
    "/providers/<provider>/test",
    summary="Send a made-up report of a provider through its webhook",
    description="A message to a number of nobody, `+447700900123`, that was delivered. It is "
    "stored and counted like any other.",
)
def send_test(provider: KnownProvider, note: Note = None) -> Tested:
    note_act(router, note, provider)
    _need_deployed(provider)
    kept = services.webhooks.read(provider)
    url = address(services.base_url(router.current_event), provider, kept.token)
    try:
        tried = services.try_webhook(services.declared(provider), url, kept.keys, services.now())
    except CannotSignError as error:
        raise ProblemError(Problem.CONFLICT, str(error)) from None
    return Tested(
        provider=provider, message_id=tried.message_id, status=tried.status, detail=tried.detail
    )


@router.put(
    "/providers/<provider>/key",
    summary="Set what a provider signs with",
    description="From then on this key alone counts, within five minutes and usually at once.",
)
def set_key(
    provider: KnownProvider, wanted: Annotated[KeyRequest, Body()], note: Note = None
) -> KeySet:
    note_act(router, note, provider)
    _need_deployed(provider)
    if load_provider(provider).signing is None:
        raise ProblemError(Problem.CONFLICT, "This provider signs nothing.")
    if not wanted.key.strip():
        raise ProblemError(Problem.INVALID, "The key is empty.")
    services.webhooks.set_key(provider, wanted.key.strip())
    return KeySet(provider=provider)


def _need_deployed(provider: str) -> None:
    if provider not in services.deployed:
        raise ProblemError(Problem.NOT_KEPT, "This provider is not deployed: add it to Providers.")


@router.get("/codes", summary="Every word and code of the providers, and what it leads to")
def list_codes(provider: CodesOf = None) -> CodeList:
    names = [provider] if provider else provider_names()
    rows = (row for name in names for row in rows_of(load_provider(name)))
    return CodeList(items=[_code(row) for row in rows])


def _code(row: Row) -> CodeItem:
    return CodeItem(
        provider=row.provider,
        kind=row.table,
        code=row.key,
        words=row.says,
        status=row.status,
        cause=row.cause,
        bounce=row.bounce,
        permanent=row.permanent,
        action=row.action_cause,
        action_provider_policy=row.action_provider,
        source=row.source,
        note=row.note,
    )
