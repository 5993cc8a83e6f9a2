"""The team's API: a resolver whose every route passes the gate and whose every error is a problem.

app = TeamApi(gate, os.environ["PUBLIC_URL"], (messages.router, stats.router))

@redact_errors
@metrics.log_metrics
def handler(event, context):
    return answer(app, metrics, event, context)
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel

from dlr.access.scopes import Caller
from dlr.http.gate import Gate, caller_of
from dlr.http.problem import Problem, ProblemError, problem_answer
from dlr.phone import NotANumberError
from dlr.runtime.batch import UnprocessedError
from dlr.runtime.errors import redacted
from dlr.wire.request import body_of, mapped_path

BRACES = str.maketrans("<>", "{}")
READ_RAW = frozenset({"POST /suppressions/import"})
"""They read a body that is no JSON."""
NOTHING = frozenset({b"", b"{}", b"null"})
"""Bodies that clients send where they have nothing to say."""
TARGET = "target"
"""In the resolver's context: what a route tells the audit, an id that is no number."""
SHOWN = "shown"
"""There too: that the answer has what is to be audited (`Audit.WITH_LINKS`)."""


def read_json(text: str) -> Any:
    """What Powertools turns into 422; Python has three kinds of error for it, and takes NaN."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise json.JSONDecodeError("no JSON", "", 0) from None


class TeamApi(APIGatewayHttpResolver):
    """Powertools' resolver, with the gate between the choice of a route and its run."""

    def __init__(self, gate: Gate, public_url: str, routers: Iterable[Any] = ()) -> None:
        super().__init__(
            enable_validation=True,
            json_body_deserializer=read_json,
            strip_prefixes=[mapped_path(public_url)],
        )
        self._gate = gate
        self._register()
        for router in routers:
            self.include_router(router)

    def _call_route(self, route: Any, route_arguments: dict[str, str]) -> Any:
        """Powertools calls this with the route that it chose, before it looks at parameters."""
        key = f"{route.method} {route.path}".translate(BRACES)
        event = self.current_event.raw_event
        try:
            entry = self._gate.enter(key, event, self.request_id)
        except (ProblemError, BotoCoreError, ClientError) as error:
            return self._call_exception_handler(error, route)
        self.append_context(caller=caller_of(event))
        try:
            built = self._refuse(_not_read(route, key, event), route)
            if built is None:
                built = super()._call_route(route, route_arguments)
            if entry is None and self.context.get(SHOWN):
                entry = self._gate.begin(key, event, self.request_id)
        except (BotoCoreError, ClientError) as error:
            return self._call_exception_handler(error, route)
        except Exception:
            self._gate.leave(entry, 500, self.context.get(TARGET))
            raise
        status = built.response.status_code
        if entry is None and status == Problem.REFUSED.status:
            self._gate.refuse(key, event, self.request_id)
        self._gate.leave(entry, status, self.context.get(TARGET))
        return built

    def _refuse(self, detail: str | None, route: Any) -> Any:
        if detail is None:
            return None
        return self._call_exception_handler(ProblemError(Problem.INVALID, detail), route)

    @property
    def request_id(self) -> str:
        """Of this call: the answer, the log line and the audit have it."""
        request_id: str = self.lambda_context.aws_request_id
        return request_id

    def problem(self, kind: Problem, detail: str) -> Response[str]:
        """The answer of this call."""
        return problem_answer(kind, detail, self.request_id)

    def _register(self) -> None:
        """What each exception that a route may raise is answered with."""

        @self.exception_handler(ProblemError)
        def answer_problem(error: ProblemError) -> Response[str]:
            return self.problem(error.kind, error.detail)

        @self.exception_handler(NotANumberError)
        def answer_not_a_number(error: NotANumberError) -> Response[str]:
            return self.problem(Problem.NOT_A_NUMBER, str(error))

        @self.exception_handler(RequestValidationError)
        def answer_invalid(error: RequestValidationError) -> Response[str]:
            return self.problem(Problem.INVALID, "; ".join(map(_finding, error.errors()[:5])))

        @self.exception_handler(UnicodeDecodeError)
        def answer_no_text(_: UnicodeDecodeError) -> Response[str]:
            return self.problem(Problem.UNREADABLE, "The body is not UTF-8.")

        @self.exception_handler([BotoCoreError, ClientError, UnprocessedError])
        def answer_unavailable(error: Exception) -> Response[str]:
            Metrics().add_metadata("error", redacted(error))
            return self.problem(Problem.UNAVAILABLE, "AWS did not do its part. Try again.")

        @self.not_found
        def answer_not_found(_: Exception) -> Response[str]:
            return self.problem(Problem.NO_SUCH_ROUTE, "There is no such route.")


def _not_read(route: Any, key: str, event: Mapping[str, Any]) -> str | None:
    """What of a call its route would not read, so that nobody takes a default for what was asked.

    A misspelt `since` of a revert would mean from the beginning.
    """
    known = _parameters_of(route)
    pairs = parse_qsl(event.get("rawQueryString", ""), keep_blank_values=True)
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        return "A parameter comes twice."
    if not set(names) <= set(known):
        return f"Unknown parameter; there {'are ' + ', '.join(known) if known else 'is none'}."
    is_read = route.method == "GET" or route.dependant.body_params or key in READ_RAW
    if not is_read and body_of(event).strip() not in NOTHING:
        return "This call takes no body."
    return None


def _parameters_of(route: Any) -> list[str]:
    """The names in the query that it knows."""
    names: list[str] = []
    for each in route.dependant.query_params:
        if isinstance(each.type_, type) and issubclass(each.type_, BaseModel):
            fields = each.type_.model_fields.items()
            names += [field.alias or name for name, field in fields]
        else:
            names.append(each.alias)
    return names


def _finding(error: Mapping[str, Any]) -> str:
    """Where and what. The name of a field that is not known is the caller's own text."""
    if error["type"] == "extra_forbidden":
        return f"{'.'.join(map(str, error['loc'][:-1]))}: a field is not known"
    says = error["msg"].removeprefix("Value error, ")  # pydantic's, before a text of ours
    return f"{'.'.join(map(str, error['loc']))}: {says}"


def caller_in(router: Any) -> Caller:
    """Who calls, for a route: `caller_in(router)`."""
    caller: Caller = router.context["caller"]
    return caller


def answer(app: TeamApi, metrics: Metrics, event: dict[str, Any], context: Any) -> dict[str, Any]:
    """API Gateway's event in, its answer out, with a line in the log.

    No answer is to be kept by what it passes, nor by a browser: most are about people.
    """
    event["headers"]["content-type"] = "application/json"  # `curl -d` calls everything a form
    metrics.clear_metrics()  # a call that failed leaves its operator behind
    result = app.resolve(event, context)
    result["headers"]["cache-control"] = "no-store"
    metrics.add_metric("ApiRequest", MetricUnit.Count, 1)
    metrics.add_metadata("route", event["routeKey"])
    metrics.add_metadata("status", result["statusCode"])
    metrics.add_metadata("request_id", context.aws_request_id)
    return result
