"""A page for each provider, `docs/providers/<name>.md`: `make docs` writes them.

What they say stands in the module (its docstring and its declaration), in the CSV, and in
`events/<name>/setup.md`.
"""

import shlex
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from dlr.causes import Action, Cause
from dlr.ingest.normalize import Normalizer
from dlr.providers.about import LABELS, About, about
from dlr.providers.base import Provider
from dlr.providers.catalogue import Row, rows_of
from dlr.wire.request import Request
from dlr.wire.schemes.password import Basic
from dlr.wire.verify import Scheme
from local.recordings import EVENTS
from local.sample import Step, sample

_LAYER = "../../layers/dlr/dlr/providers/"
_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
_DELIVERED = Step("1000000001", "447700900121", "delivered", _AT)
_DEAD = Step("1000000002", "447700900122", "dead", _AT)
_STOP = Step("1000000003", "447700900123", "stop", _AT)
"""Each has a message and a number of its own: a number that was delivered to is not dead."""
_ACTIONS = {
    Action.KEEP: "keep",
    Action.STRIKE: "strike",
    Action.SUPPRESS_NUMBER: "**suppress number**",
    Action.SUPPRESS_OPT_OUT: "**opt-out**",
}


def page(provider: Provider) -> str:
    """The whole page."""
    said = about(provider.name)
    setup = (EVENTS / provider.name / "setup.md").read_text().strip()
    rows = list(rows_of(provider))
    parts = [
        f"# {provider.title}",
        f"Written by `make docs` from [the module]({_LAYER}{provider.name}.py), "
        f"[the table]({_LAYER}{provider.name}.csv) "
        f"and [the recorded requests](../../events/{provider.name}/).",
        f"Name in the URL: `{provider.name}`. It sends {said.sends}.",
        "## Set it up",
        _first_steps(provider),
        setup,
        _key_step(provider),
        "## What it sends, what it gets",
        _facts(provider, said),
        "## Try it in its place",
        _requests(provider),
        _signed_request(provider),
        "## What to know",
        said.notes,
        "## Words and codes",
        "What each does to the number under both [policies](../causes.md). Of a code: under a word "
        "that says that the message failed.",
        _table(rows),
        "## Sources",
        "\n".join(f"- {source}" for source in dict.fromkeys(row.source for row in rows)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _first_steps(provider: Provider) -> str:
    name = provider.name
    return (
        f"Deploy with `{name}` in `Providers` ([how](../deploy.md)). The address of the webhook, "
        "with its token, by the functions at the top of [Operate](../operate.md#calls-of-the-api):"
        f'\n\n```\nWEBHOOK="$(output Webhook{name})$(token TokenSecret{name})"\n```\n\n'
        "Or, of what `make run` runs, in its folder:\n\n"
        f"```\nWEBHOOK=$(jq -r .webhooks.{name} .local/outputs.json)\n```"
    )


def _key_step(provider: Provider) -> str:
    if provider.signing is None:
        return ""
    without = "Without one **every request is refused**."
    if not provider.needs_signature:
        without = "Without one the token in the URL alone counts."
    return (
        f"Signing key: {provider.signing.key_name}. Put it into `signing_keys` of the secret "
        f"([more](../deploy.md#signing-keys)). {without}\n\n"
        f'```\nset_key TokenSecret{provider.name} "$KEY"\n```'
    )


def _facts(provider: Provider, said: About) -> str:
    lines = ["| | |", "|---|---|", f"| method | {', '.join(sorted(provider.methods))} |"]
    lines += [f"| {label.lower()} | {said.facts[label]} |" for label in LABELS[2:]]
    if provider.signing is not None:
        lines += _of_signature(provider)
    lines.append(f"| what we answer | {_given(provider)} |")
    return "\n".join(lines)


def _given(provider: Provider) -> str:
    answer = provider.answer
    if callable(answer):
        return "200 with a text that is made from the request"
    if answer.text is None and answer.status == 200:
        return "200 with the number of reports by outcome, as JSON"
    return f"{answer.status}, `{answer.text or 'an empty body'}`"


def _of_signature(provider: Provider) -> list[str]:
    scheme = provider.signing
    assert scheme is not None  # noqa: S101
    headers = ", ".join(f"`{name}`" for name in scheme.headers) or "none: it is a parameter"
    window = "none" if scheme.window_s is None else f"{scheme.window_s / 60:,.0f} minutes"
    own = "kept" if scheme.covers_query else "ignored once a signing key is set"
    return [
        f"| a signature covers | {scheme.covers} |",
        f"| how it is made, with the signing key | {scheme.recipe} |",
        f"| headers of it | {headers} |",
        f"| window of the signed time | {window} |",
        f"| your own parameters in the URL | {own} |",
        f"| a bad signature is answered | {provider.unsigned_status} |",
    ]


def _requests(provider: Provider) -> str:
    """A request for each fate of a message, and what becomes of it."""
    parts = ["Requests with made-up values, and what becomes of message and number:\n\n```"]
    for step in (_DELIVERED, _DEAD, _STOP):
        request = sample(provider.name, step)
        outcomes = "; ".join(_outcomes(provider, request, step))
        parts += [f"# {outcomes}", _curl('"$WEBHOOK"', request)]
    asked = f"`dlr check +{_DEAD.number}` then says whether that number may be sent to."
    return "\n".join([*parts, f"```\n\n{asked}"])


def _signed_request(provider: Provider) -> str:
    scheme = provider.signing
    if scheme is None:
        return ""
    key = _example_key(provider.name, scheme)
    address = f"https://dlr.example.com/webhooks/{provider.name}/token"
    request = sample(provider.name, _DELIVERED)
    url = f"{address}?{request.query}" if request.query else address
    try:
        signed = scheme.sign(replace(request, url=url), key, _AT)
    except NotImplementedError:
        return "Once a signing key is set, these requests are refused: only it can sign."
    return (
        "Once a signing key is set, each must be signed as well. The first as it is signed with "
        f"the signing key `{scheme.verifying_key(key)}` at {_AT:%Y-%m-%dT%H:%M:%SZ} "
        f"({_AT.timestamp():.0f}), to compare yours with:\n\n```\n{_curl(address, signed)}\n```"
    )


def _example_key(name: str, scheme: Scheme) -> str:
    if scheme.key_name == Basic.key_name:
        return "user:password"
    is_base64 = "whsec_" in scheme.key_name
    return f"whsec_{b64encode(name.encode()).decode()}" if is_base64 else f"key-of-{name}"


def _outcomes(provider: Provider, request: Request, step: Step) -> Iterator[str]:
    for report in Normalizer(provider)(request, step.at).reports:
        cause = "" if report.cause is Cause.NONE else f", {report.cause}"
        yield f"{report.status}{cause}: {_ACTIONS[report.action].strip('*')}"


def _curl(address: str, request: Request) -> str:
    """The command that sends it; `address` is as the shell reads it."""
    query = shlex.quote(f"?{request.query}") if request.query else ""
    words = [f"curl {address}{query}"]
    words += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in request.headers.items()]
    if request.body:
        words.append(f"--data-binary {shlex.quote(request.body.decode())}")
    return " \\\n  ".join(words)


def _table(rows: list[Row]) -> str:
    head = "| | key | its words | status | cause | permanent | policy `cause` | policy `provider` |"
    lines = [head, "|---|---|---|---|---|---|---|---|"]
    for row in rows:
        verdict = {True: "yes", False: "no", None: ""}[row.permanent]
        says = row.says + (f" ({row.note.rstrip('.')})" if row.note else "")
        actions = (_ACTIONS[row.action_cause], _ACTIONS[row.action_provider])
        cells = (row.table, f"`{row.key}`", says, row.status or "", row.cause, verdict, *actions)
        lines.append(f"| {' | '.join(str(cell).replace('|', '/') for cell in cells)} |")
    return "\n".join(lines)
