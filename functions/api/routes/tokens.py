"""Tokens: make, list, revoke; a session of a few hours; the audit."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from pydantic import AfterValidator, BaseModel, Field

import services
from dlr.access.audit import AuditPage, is_cursor
from dlr.access.authorize import ADMIN
from dlr.access.names import RULE, read_name
from dlr.access.scopes import Scope
from dlr.access.token import ID
from dlr.access.tokens import MOST_SESSIONS, NewToken, Token, TokenPage
from dlr.http.api import TARGET, caller_in
from dlr.http.parameters import MAX_CURSOR, From, Limit, Note, To, cursor, half_open
from dlr.http.problem import Problem, ProblemError
from routes.parameters import not_kept, note_act

router = Router()
SESSION = timedelta(hours=8)
AUDIT_DAY = timedelta(days=1)
NEXT = "`next` of the answer before"
NO_SCOPES = (
    "The identity provider knows you and names nothing that you may do here. Ask who looks after "
    "it for a role or a group like `dlr:read`."
)
NO_NAME = "no space around it, none of `:()`, and not `admin`"


def _token_name(name: str) -> str:
    """A name that looks like nobody else's in the audit, like no `name (note)` either."""
    is_admins = "".join(name.split()).lower() == ADMIN
    if is_admins or name != name.strip() or set(name) & set(":()"):
        raise ValueError(f"a token's name has {NO_NAME}")
    return read_name(name)


class TokenRequest(BaseModel):
    """A token to be made."""

    name: Annotated[str, AfterValidator(_token_name)] = Field(
        description=f"The operator's in the audit. {RULE}; {NO_NAME}"
    )
    scopes: list[Scope] = Field(min_length=1, max_length=len(Scope))
    days: int = Field(90, ge=1, le=400, description="It expires after them")


class SessionRequest(BaseModel):
    """What the session may do; without `scopes` all that the token may."""

    scopes: list[Scope] | None = Field(None, min_length=1, max_length=len(Scope))


TokenId = Annotated[str, Path(max_length=64)]
AfterToken = Annotated[
    str | None,
    Query(max_length=MAX_CURSOR, description=NEXT),
    cursor(lambda text: bool(ID.fullmatch(text))),
]
BeforeEntry = Annotated[
    str | None, Query(max_length=MAX_CURSOR, description=NEXT), cursor(is_cursor)
]


@router.post(
    "/tokens",
    summary="Make a token, which is shown this once",
    description="Nobody makes a token with more scopes than their own.",
    status_code=201,
)
def create_token(wanted: Annotated[TokenRequest, Body()], note: Note = None) -> NewToken:
    by = note_act(router, note)
    now = services.now()
    return _made(wanted.name, wanted.scopes, now + timedelta(days=wanted.days), by)


@router.get("/tokens", summary="The tokens and sessions that have not expired, without the tokens")
def list_tokens(cursor: AfterToken = None, limit: Limit = 50) -> TokenPage:
    return services.tokens.page(cursor, limit, services.now())


@router.delete(
    "/tokens/<id>",
    summary="Revoke a token, and with it its sessions",
    description="It is refused within 60 seconds.",
)
def revoke_token(id: TokenId, note: Note = None) -> Token:
    by = note_act(router, note, id)
    revoked = services.tokens.revoke(id, by, services.now()) if ID.fullmatch(id) else None
    if revoked is None:
        raise not_kept("token")
    return revoked


@router.post(
    "/sessions",
    summary="Make a token for eight hours, with the scopes of the one that asks or fewer",
    description="It ends with the token that made it, and makes no session itself. Of more than "
    f"{MOST_SESSIONS} at a time of one token the oldest ends.",
    status_code=201,
)
def create_session(
    wanted: Annotated[SessionRequest | None, Body()] = None, note: Note = None
) -> NewToken:
    by = note_act(router, note)
    caller, end = caller_in(router), services.now() + SESSION
    if caller.parent:
        raise ProblemError(Problem.REFUSED, "A session makes no session.")
    if not caller.scopes:
        raise ProblemError(Problem.REFUSED, NO_SCOPES)
    if caller.expires_at is not None and not caller.is_signing_in:
        end = min(end, datetime.fromtimestamp(caller.expires_at, UTC))
    scopes = (wanted and wanted.scopes) or list(caller.scopes)
    return _made(caller.name, scopes, end, by, caller.token_id)


class Holder(BaseModel):
    """Whose token the call has."""

    id: str
    name: str
    scopes: list[Scope]
    expires_at: datetime | None = Field(description="null of a token without an end")
    parent: str = Field(description="Of a session: the id of the token that made it")


@router.get("/sessions/current", summary="Who calls, with which scopes, until when")
def get_holder() -> Holder:
    caller = caller_in(router)
    end = caller.expires_at
    return Holder(
        id=caller.token_id,
        name=caller.name,
        scopes=sorted(caller.scopes),
        expires_at=None if end is None else datetime.fromtimestamp(end, UTC),
        parent=caller.parent,
    )


@router.delete(
    "/sessions/current",
    summary="End the session that calls",
    description="No scope is needed for it. A token that is no session is revoked by its id.",
)
def end_session(note: Note = None) -> Token:
    caller = caller_in(router)
    by = note_act(router, note, caller.token_id)
    is_session = bool(caller.parent)
    revoked = services.tokens.revoke(caller.token_id, by, services.now()) if is_session else None
    if revoked is None:
        raise not_kept("session")
    return revoked


def _made(
    name: str, scopes: Iterable[Scope], expires_at: datetime, by: str, parent: str = ""
) -> NewToken:
    """Raises ProblemError where the caller asks for more than they have, or is revoked."""
    wanted, caller = frozenset(scopes), caller_in(router)
    if not services.tokens.is_live(caller, services.now()):
        raise ProblemError(Problem.REFUSED, "The token that asks is revoked or has expired.")
    if not caller.may_grant(wanted):
        raise ProblemError(Problem.REFUSED, "Nobody makes a token with more scopes than their own.")
    made = services.tokens.create(name, wanted, expires_at, by, services.now(), parent)
    router.context[TARGET] = made.id
    return made


@router.get("/audit", summary="Who did what, newest first")
def list_audit(
    start: From = None,
    end: To = None,
    cursor: BeforeEntry = None,
    limit: Limit = 50,
) -> AuditPage:
    now = services.now()
    until = end or now + timedelta(minutes=1)
    since, until = half_open(start or until - AUDIT_DAY, until)
    return services.audit.page(since, until, cursor, limit, now)
