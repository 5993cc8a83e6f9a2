"""Before a route runs: whether the caller may, and that it is written down."""

import json
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import BotoCoreError, ClientError

from dlr.access.audit import AuditLog, Entry, Outcome, subject_of
from dlr.access.names import name_or_none
from dlr.access.scopes import ROUTES, Audit, Caller, Rule, Scope, Subject
from dlr.http.problem import Problem, ProblemError
from dlr.phone import PhoneNumber, RecipientHasher, read_number
from dlr.runtime.errors import redacted
from dlr.wire.request import body_of

logger = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class Gate:
    """One table for every function: `routes` names what each route asks for."""

    def __init__(
        self,
        audit: AuditLog,
        hasher: RecipientHasher,
        routes: Mapping[str, Rule] = ROUTES,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._audit = audit
        self._hasher = hasher
        self._routes = routes
        self._clock = clock

    def enter(self, route: str, event: Mapping[str, Any], request_id: str) -> Entry | None:
        """The entry that was begun in the audit, or None where none is to be.

        `route` is the one that will run, not the one that API Gateway saw: `/suppressions/exp%6Frt`
        is a number to the one and the export to the other. Raises ProblemError: nothing may be done
        then. A refusal is put into the audit too; it stands where that fails.
        """
        rule, caller = self._routes.get(route), caller_of(event)
        if rule is None:
            raise ProblemError(Problem.NO_SUCH_ROUTE, "There is no such route.")
        if caller is None:
            raise ProblemError(Problem.REFUSED, "The call came without a token.")
        if caller.is_expired(self._clock().timestamp()):
            raise ProblemError(Problem.EXPIRED, "The token has expired.")
        is_allowed = caller.has(rule.scope)
        if is_allowed and not _is_audited(rule, caller):
            return None
        entry = self._entry(route, caller, event, request_id)
        if not is_allowed:
            self._try_to_put(entry, Outcome.REFUSED, Problem.REFUSED.status, is_refusal=True)
            raise ProblemError(Problem.REFUSED, f"The token has no scope `{rule.scope}`.")
        self._audit.put(entry)
        return entry

    def begin(self, route: str, event: Mapping[str, Any], request_id: str) -> Entry | None:
        """Puts an entry for what a route is about to show. Where that fails nothing is shown."""
        caller = caller_of(event)
        if caller is None:
            return None
        entry = self._entry(route, caller, event, request_id)
        self._audit.put(entry)
        return entry

    def refuse(self, route: str, event: Mapping[str, Any], request_id: str) -> None:
        """Puts into the audit what the route itself refused, where no entry was begun for it."""
        caller = caller_of(event)
        if caller is not None:
            entry = self._entry(route, caller, event, request_id)
            self._try_to_put(entry, Outcome.REFUSED, Problem.REFUSED.status, is_refusal=True)

    def leave(self, entry: Entry | None, status: int, target: str | None = None) -> None:
        """Puts the outcome over the entry that was begun. The act is done, so no failure undoes it:
        the entry then says `begun`."""
        if entry is not None:
            outcome = Outcome.DONE if status < 400 else Outcome.FAILED
            outcome = Outcome.REFUSED if status == Problem.REFUSED.status else outcome
            self._try_to_put(entry.model_copy(update={"target": target}), outcome, status)

    def _entry(
        self, route: str, caller: Caller, event: Mapping[str, Any], request_id: str
    ) -> Entry:
        return Entry(
            at=self._clock(),
            name=caller.name,
            token_id=caller.token_id,
            route=route,
            request_id=request_id,
            note=name_or_none(event["headers"].get("x-operator")),
            subject=self._subject(self._routes[route].subject, event),
        )

    def _try_to_put(
        self, entry: Entry, outcome: Outcome, status: int, *, is_refusal: bool = False
    ) -> None:
        ended = entry.model_copy(update={"outcome": outcome, "status": status})
        try:
            self._audit.put(ended, is_refusal=is_refusal)
        except (BotoCoreError, ClientError) as error:
            logger.warning("no outcome in the audit: %s", redacted(error))

    def _subject(self, where: Subject, event: Mapping[str, Any]) -> str | None:
        number = _number_in(where, event)
        return None if number is None else subject_of(number, self._hasher)


def caller_of(event: Mapping[str, Any]) -> Caller | None:
    """Whom the authorizer let in; None where the event has no such word of it."""
    try:
        return Caller.from_context(event["requestContext"]["authorizer"]["lambda"])
    except (KeyError, TypeError, ValueError):
        return None


def _is_audited(rule: Rule, caller: Caller) -> bool:
    return rule.audit is Audit.ALWAYS or (
        rule.audit is Audit.WITH_NUMBERS and caller.has(Scope.PII)
    )


def _number_in(where: Subject, event: Mapping[str, Any]) -> PhoneNumber | None:
    """None where there is none, or none that can be read: the route then says so."""
    if where is Subject.PATH:
        return read_number(unquote(event["rawPath"].rpartition("/")[2]))
    if where is Subject.BODY:
        try:
            found = json.loads(body_of(event))["number"]
        except (ValueError, LookupError, TypeError, RecursionError):
            return None
        return read_number(found) if isinstance(found, str) else None
    return None
