"""The description of the team's API, over all functions that serve it (OpenAPI 3.1).

Each function describes its own routes; what all have in common comes from the table of scopes and
from `local/api_examples.py`. `make docs` writes `functions/api/openapi.json` and `docs/api.md`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from dlr.access.scopes import ROUTES, Audit, Rule, Scope
from dlr.http.problem import CONTENT_TYPE, Problem
from local import runtime, template
from local.api_examples import EXAMPLES, PARAMETERS
from local.cloud import ENVIRONMENT
from local.stack import ROOT

Schema = dict[str, Any]
MARK = "TeamApi("
"""What a function's `app.py` has in it when it serves routes of the team's API."""
DESCRIBE = "import app; print(app.app.get_openapi_json_schema(title='x', version='1'))"
ABOUT = """\
Every call needs `Authorization: Bearer <token>`. What a token may do is its scopes; a route says
which it needs, and `admin` is all of them. Errors are problem documents (RFC 9457) with `type`,
`title`, `status`, `detail` and `request_id`; those of API Gateway itself (no or a wrong token, no
such route, too many requests) are `{"message": …}`. No answer is to be kept
(`Cache-Control: no-store`). Times have a zone, ranges are half-open, and `next` of a list begins
its next part."""
SCOPES = {
    Scope.READ: "messages and figures, without numbers",
    Scope.CHECK: "ask whether a number may be sent to",
    Scope.PII: "see numbers, and everything stored about a person",
    Scope.WRITE: "change the suppression list and the quarantine",
    Scope.ERASE: "erase a person",
    Scope.ADMIN: "all of these, tokens and the audit",
}
COMMON = {
    "400": "Not a phone number, or a body that is no text",
    "401": "No token, or one that has expired",
    "403": "The token does not allow it",
    "404": "No such thing is kept (any more)",
    "422": "The request is not as described",
    "429": "Too many requests; come again after `Retry-After`",
    "503": "AWS does not answer; nothing was begun, or the call may be repeated",
}
CONFLICT = {"409": "The provider signs nothing, or no report can be signed for it"}
CONFLICTING = {"POST /providers/{provider}/test", "PUT /providers/{provider}/key"}
OF_THE_GATEWAY = {"401", "403", "429"}
"""API Gateway answers these too, before any function is called."""


def document() -> Schema:
    """All routes of all functions."""
    found: Schema = {
        "openapi": "3.1.0",
        "info": {"title": "SMS delivery reports", "version": "1", "description": ABOUT},
        "servers": [{"url": ".", "description": "Where this document is"}],
        "paths": {},
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Problem": problem_schema(), "GatewayAnswer": gateway_schema()},
        },
    }
    for name in functions():
        described = _described(name)
        for path, methods in described["paths"].items():
            found["paths"].setdefault(path, {}).update(methods)
        _add(found["components"]["schemas"], described.get("components", {}).get("schemas", {}))
    found["paths"]["/openapi.json"] = {"get": {"summary": "This document", "responses": _self()}}
    for route, operation in operations(found):
        _complete(route, operation)
    for unused in ("HTTPValidationError", "ValidationError"):  # Powertools' own; ours are problems
        found["components"]["schemas"].pop(unused, None)
    return found


def _add(known: Schema, schemas: Mapping[str, Schema]) -> None:
    """Raises ValueError where two functions mean different things by one name."""
    for name, schema in schemas.items():
        if known.setdefault(name, schema) != schema:
            raise ValueError(f"two functions describe {name} differently")


def operations(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Each as `GET /path` and its description."""
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def functions() -> list[str]:
    """The template's functions that serve routes of the team's API."""
    source = template.functions(template.load(template.PATH, {}))
    return [
        name
        for name, each in source.items()
        if MARK in (ROOT / each["CodeUri"] / "app.py").resolve().read_text()
    ]


def problem_schema() -> Schema:
    """RFC 9457, with the id under which the log and the audit have the call."""
    text = {"type": "string"}
    return {
        "type": "object",
        "title": "Problem",
        "required": ["type", "title", "status", "detail", "request_id"],
        "properties": {
            "type": {"type": "string", "enum": [each.type for each in Problem]},
            "title": text,
            "status": {"type": "integer"},
            "detail": {**text, "description": "For a person; it never quotes the request"},
            "request_id": {**text, "description": "Of the log line and of the audit"},
        },
    }


def gateway_schema() -> Schema:
    """What API Gateway says by itself."""
    return {
        "type": "object",
        "title": "GatewayAnswer",
        "required": ["message"],
        "properties": {"message": {"type": "string"}},
    }


@cache
def _described(function: str) -> Schema:
    """What the function itself says, in a process of its own: all of them have an `app`."""
    built = next(each for each in runtime.functions() if each.name == function)
    source = template.functions(template.load(template.PATH, {}))[function]
    folder = (ROOT / source["CodeUri"]).resolve()
    path = os.pathsep.join(map(str, (folder, ROOT / "layers/dlr")))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DESCRIBE],
        env={**ENVIRONMENT, **built.variables, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{function} cannot describe itself: {done.stderr[-2000:]}")
    described: Schema = json.loads(done.stdout)
    return described


def _complete(route: str, operation: Schema) -> None:
    """Security, problems and examples."""
    rule = ROUTES[route]
    operation["security"] = [{"token": [] if rule.scope is None else [rule.scope.value]}]
    operation["description"] = _says(rule, operation.get("description", ""))
    responses = operation["responses"]
    responses.pop("422", None)
    for status, what in (COMMON | (CONFLICT if route in CONFLICTING else {})).items():
        content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        if status in OF_THE_GATEWAY:
            gateway = {"schema": {"$ref": "#/components/schemas/GatewayAnswer"}}
            content["application/json"] = gateway
        responses[status] = {"description": what, "content": content}
    example = EXAMPLES.get(route, {})
    if "body" in example:
        media = operation.setdefault("requestBody", {"content": {}})["content"]
        kind = "text/csv" if isinstance(example["body"], str) else "application/json"
        media.setdefault(kind, {"schema": {"type": "string"}})["example"] = example["body"]
    if "answer" in example:
        success = next(status for status in responses if status.startswith("2"))
        responses[success]["content"]["application/json"]["example"] = example["answer"]
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in PARAMETERS:
            parameter["example"] = PARAMETERS[parameter["name"]]


def _says(rule: Rule, text: str) -> str:
    scope = f"Scope `{rule.scope}`." if rule.scope else "Any token."
    audited = {
        Audit.NEVER: "",
        Audit.ALWAYS: " Audited.",
        Audit.WITH_NUMBERS: " Audited where the token has scope `pii`.",
        Audit.WITH_LINKS: " Audited when it gives links.",
    }[rule.audit]
    return f"{text} {scope}{audited}".strip()


def _self() -> Schema:
    return {
        "200": {
            "description": "OpenAPI 3.1",
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    }


def page(schema: Schema) -> str:
    """`docs/api.md`."""
    lines = [
        "# API",
        "",
        "Written by `make docs` from the routes. `GET /openapi.json` has the same, field by field.",
        "",
        ABOUT,
        "",
        "| scope | allows |",
        "|---|---|",
        *(f"| `{scope}` | {what} |" for scope, what in SCOPES.items()),
        "",
        "| problem | status | title |",
        "|---|---|---|",
        *(f"| `{each.type}` | {each.status} | {each.title} |" for each in Problem),
        "",
        "## Routes",
        "",
        "| route | does | scope | audited |",
        "|---|---|---|---|",
    ]
    found = sorted(operations(schema), key=lambda each: (each[0].split()[1], each[0]))
    for route, operation in found:
        rule = ROUTES[route]
        cells = (
            f"`{route}`",
            operation.get("summary", ""),
            f"`{rule.scope}`" if rule.scope else "any",
            "" if rule.audit is Audit.NEVER else rule.audit.value,
        )
        lines.append(f"| {' | '.join(cells)} |")
    for route, operation in found:
        lines += ["", f"### {route}", "", *_details(route, operation)]
    return "\n".join(lines) + "\n"


def _details(route: str, operation: Schema) -> Iterator[str]:
    yield f"{operation.get('summary', '')}. {operation['description']}"
    parameters = operation.get("parameters", ())
    if parameters:
        yield from ("", "| parameter | in | |", "|---|---|---|")
        for each in parameters:
            needed = "needed. " if each.get("required") else ""
            yield f"| `{each['name']}` | {each['in']} | {needed}{each.get('description', '')} |"
    example: Mapping[str, Any] = EXAMPLES.get(route, {})
    for title, name in (("Body", "body"), ("Answer", "answer")):
        if name in example:
            content = example[name]
            text = content if isinstance(content, str) else json.dumps(content, indent=2)
            yield from ("", f"{title}:", "", "```", text.rstrip("\n"), "```")
