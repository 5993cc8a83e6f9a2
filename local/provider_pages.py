"""A page for each provider, `docs/providers/<name>.md`: `make docs` writes them.

What they say stands in the module (its docstring and its declaration), in the CSV, and in
`events/<name>/setup.md`.
"""

from dlr.causes import Action
from dlr.providers.about import LABELS, About, about
from dlr.providers.base import Provider
from dlr.providers.catalogue import Row, rows_of
from local.recordings import EVENTS

_LAYER = "../../layers/dlr/dlr/providers/"
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
        "with its token, by the two functions at the top of [Operate](../operate.md):\n\n"
        f'```\nWEBHOOK="$(output Webhook{name})$(token TokenSecret{name})"\n```'
    )


def _key_step(provider: Provider) -> str:
    if provider.signing is None:
        return ""
    without = "Without one **every request is refused**."
    if not provider.needs_signature:
        without = "Without one the token in the URL alone counts."
    return (
        f"Signing key: {provider.signing.key_name}. Put it into `signing_keys` of the secret "
        f"([how](../deploy.md#signing-keys)). {without}"
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
        f"| headers of it | {headers} |",
        f"| window of the signed time | {window} |",
        f"| your own parameters in the URL | {own} |",
        f"| a bad signature is answered | {provider.unsigned_status} |",
    ]


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
