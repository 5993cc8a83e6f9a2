"""What follows from the code or from a library's data: `make docs` writes it."""

import ast
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import phonenumbers

from dlr.causes import TABLE, Actions
from dlr.lake.expiry import EXPIRED_FOR
from dlr.messages.event import ReportEvent
from dlr.providers.about import about, signed
from dlr.providers.base import Provider, load_provider, provider_names
from dlr.providers.catalogue import rows_of
from local import openapi, template
from local.provider_pages import page
from local.recordings import EVENTS
from local.rooms import rooms_picture, rooms_table

ROOT = Path(__file__).parent.parent
TTL_DAYS = 2
"""DynamoDB deletes what has expired "within a few days"."""
BACKUP = "PointInTimeRecoveryDays"
KEPT = {
    "a delivered message": ("RetentionDeliveredDays",),
    "a failed message": ("RetentionFailedDays",),
    "an unfinished message": ("RetentionUnfinishedDays",),
    "one that fails at last, since its first report": (
        "RetentionUnfinishedDays",
        "RetentionFailedDays",
    ),
    "a request in quarantine": ("QuarantineDays",),
    "the keyed hash of a dead number": ("NumberSuppressionDays",),
}
"""By which parameters, one after the other."""
IN_THE_LAKE = {f"id and code of {what}, in the lake": names for what, names in [*KEPT.items()][:4]}
LAKE_DAYS = EXPIRED_FOR.days + 1
"""Merge takes them out in the night after that; S3 keeps no backup."""


SECRET, WATCHED = "secret", "metric that an alarm watches"
CUSTOM = "custom metric, in a month in which it is written every hour"
USD = {SECRET: 0.40, WATCHED: 0.10, CUSTOM: 0.30}
"""https://aws.amazon.com/secrets-manager/pricing/, https://aws.amazon.com/cloudwatch/pricing/"""
METRICS = {
    "ingest": (
        *("Duplicate", "Apart", "Ignored", "Unreadable", "UnknownCode", "NoRecipient"),
        *("Unauthorized", "Probe", "MethodNotAllowed", "TooLarge", "NotStored", "NotKept"),
        "NotStored…",  # one for each kind of error that happens
    ),
    "publish": ("New", "Stale", "Published", "PublishFailed", "LookupFailed", "LiveFailed"),
    "lake": ("Rows",),
    "merge": ("Merged",),
    "suppress": ("Active", "Watching", "Held", "Lifted", "OptedOut", "Nothing", "SuppressFailed"),
    "api": ("ApiRequest",),
    "query": ("ApiRequest",),
    "access log": ("Throttled", "Denied"),
}
"""The metrics of the stack, by who writes them, without those of single providers."""
ONLY_IF_ASKED = {"condition": "HasAccessLog", "metrics": "access log"}
"""What the default settings leave out of that."""


def generated() -> Iterator[tuple[Path, str]]:
    """Each file that is made, wholly or in part, and what should stand in it."""
    yield _parts("README.md", providers=providers_table())
    yield _parts("docs/deploy.md", signing=signing_table(), fixed=fixed_cost())
    yield _parts("docs/privacy.md", bounds=bounds_table())
    yield _parts("docs/architecture.md", levels=rooms_picture(), rooms=rooms_table())
    yield _parts("docs/command-line.md", commands=commands_table())
    yield ROOT / "docs" / "causes.md", causes_page()
    for provider in map(load_provider, provider_names()):
        yield ROOT / "docs" / "providers" / f"{provider.name}.md", page(provider)
    schema = ReportEvent.model_json_schema(mode="serialization")
    path = ROOT / "docs" / "delivery-report.schema.json"
    yield path, json.dumps(schema, indent=2) + "\n"
    yield ROOT / "layers" / "dlr" / "dlr" / "numbering.py", numbering_plans()
    yield ROOT / "functions/api/samples.json", json.dumps(samples(), indent=1) + "\n"
    described = openapi.document()
    yield ROOT / "functions/api/openapi.json", json.dumps(described, indent=1) + "\n"
    yield ROOT / "docs" / "api.md", openapi.page(described)


def _parts(page: str, **texts: str) -> tuple[Path, str]:
    """A page with the parts between their marks replaced, by the name in the marks."""
    path = ROOT / page
    content = path.read_text()
    for name, text in texts.items():
        begin, end = f"<!-- {name}: written by `make docs` -->\n", f"<!-- /{name} -->\n"
        before, _, rest = content.partition(begin)
        content = before + begin + text + end + rest.partition(end)[2]
    return path, content


def providers_table() -> str:
    """One row a provider, from its declaration."""
    lines = [
        "| provider | name in the URL | what it sends | signed | words, codes | answer |",
        "|---|---|---|---|---|---|",
    ]
    for name in provider_names():
        provider, said = load_provider(name), about(name)
        cells = (
            f"[{provider.title}](docs/providers/{name}.md)",
            f"`{name}`",
            said.sends,
            signed(provider),
            _counts(provider),
            said.facts["Answer"].rstrip("."),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def commands_table() -> str:
    """What each command of `dlr` does. Its package is not this one's to import, so it is read."""
    module = ast.parse((ROOT / "cli/dlr_cli/__main__.py").read_text())
    (table,) = (
        ast.literal_eval(node.value)
        for node in module.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "COMMANDS"
    )
    lines = ["| command | does |", "|---|---|"]
    for title, section in table.items():
        lines.append(f"| **{title}** | |")
        lines += [f"| `dlr {name}` | {does} |" for name, does in section.items()]
    return "\n".join(lines) + "\n"


def _counts(provider: Provider) -> str:
    """The provider's own words and codes, then the code tables that a deployment may choose."""
    rows = Counter(row.table for row in rows_of(provider))
    own = f"{rows.pop('status', 0)}, {rows.pop('code', 0) or 'none'}"
    tables = [f"{name.removeprefix('code ').strip('()')} {rows[name]}" for name in sorted(rows)]
    return f"{own}; tables: {', '.join(tables)}" if tables else own


def signing_table() -> str:
    """What each provider signs with, from its declaration."""
    lines = [
        "| provider | signing key | it covers | without a key | your parameters |",
        "|---|---|---|---|---|",
    ]
    unsigned = []
    for provider in map(load_provider, provider_names()):
        if provider.signing is None:
            unsigned.append(provider.title)
            continue
        key, covers = provider.signing.key_name, provider.signing.covers
        without = "**every request is refused**" if provider.needs_signature else "the token alone"
        bound = provider.signing.covers_query
        own = "kept" if bound else "ignored" + " with a key" * (not provider.needs_signature)
        lines.append(f"| {provider.title} | {key} | {covers} | {without} | {own} |")
    lines.append(f"| {', '.join(unsigned)} | they sign nothing | | the token alone | kept |")
    return "\n".join(lines) + "\n"


def samples() -> dict[str, dict[str, str]]:
    """What the API needs of `events/`: a made-up request of each provider, and how it is set up."""
    return {
        name: {
            "sample": (EVENTS / name / "sample.toml").read_text(),
            "setup": (EVENTS / name / "setup.md").read_text().strip(),
        }
        for name in provider_names()
    }


def fixed_cost() -> str:
    """What AWS charges a month before any report comes, and the stack's resources."""
    names = template.providers()
    one, two = (_countable(names[:number]) for number in (1, 2))
    lines = ["| a month | USD | the stack | each provider |", "|---|---|---|---|"]
    sums = [0.0, 0.0]
    for thing, usd in USD.items():
        each = two[thing] - one[thing]
        counts = (one[thing] - each, each)
        sums = [total + usd * count for total, count in zip(sums, counts, strict=True)]
        lines.append(f"| {thing} | {usd:.2f} | {counts[0]} | {counts[1]} |")
    lines.append(f"| **together** | | **{sums[0]:.2f}** | **{sums[1]:.2f}** |")
    first, second = (_resources(names[:number]) for number in (1, 2))
    each = second - first
    most = 1 + (template.MAX_RESOURCES - first) // each
    lines += ["", f"| providers | 8 | 25 | 40 | {most}, the most |", "|---|---|---|---|---|"]
    counts_of = [first + each * (number - 1) for number in (8, 25, 40, most)]
    lines.append(f"| resources, of CloudFormation's 500 | {' | '.join(map(str, counts_of))} |")
    return "\n".join(lines) + "\n"


def _resources(names: Sequence[str]) -> int:
    """Of a stack with everything optional."""
    return template.count_resources({"Providers": ",".join(names)} | template.EVERYTHING)


def _countable(names: Sequence[str]) -> dict[str, int]:
    """How much there is of what AWS charges for, by the names in `USD`."""
    source = template.load(template.PATH, {"Providers": ",".join(names)})
    resources = [
        each
        for each in source["Resources"].values()
        if each.get("Condition") != ONLY_IF_ASKED["condition"]
    ]
    kinds = Counter(each["Type"] for each in resources)
    alarms = [each["Properties"] for each in resources if _is_alarm(each)]
    watched = [metric for alarm in alarms for metric in template.metrics_of(alarm)]
    own = {(metric["MetricName"], str(metric.get("Dimensions"))) for metric in watched}
    own = {(name, dimensions) for name, dimensions in own if "provider" in dimensions}
    filtered = sum("Dimensions" in str(each) for each in _metric_filters(source))
    return {
        SECRET: kinds["AWS::SecretsManager::Secret"],
        WATCHED: len(watched),
        CUSTOM: sum(len(names) for who, names in METRICS.items() if who != ONLY_IF_ASKED["metrics"])
        + len(own)
        + filtered * len(names),
    }


def _metric_filters(source: template.Template) -> Iterator[dict[str, Any]]:
    """Those with a dimension count by provider."""
    for each in source["Resources"].values():
        if each["Type"] == "AWS::Logs::MetricFilter":
            yield each


def _is_alarm(resource: dict[str, Any]) -> bool:
    kind: str = resource["Type"]
    return kind == "AWS::CloudWatch::Alarm"


def causes_page() -> str:
    """The one table from cause to action."""
    lines = [
        "# Causes, bounces, actions",
        "",
        "Written by `make docs` from `layers/dlr/dlr/causes.py`.",
        "",
        "| scope | cause | bounce | action |",
        "|---|---|---|---|",
    ]
    for scope, causes, bounce, actions in TABLE:
        names = " ".join(f"`{cause}`" for cause in causes)
        lines.append(f"| {scope} | {names} | `{bounce}` | {_by_verdict(actions)} |")
    lines += [
        "",
        "Under policy `provider` every failure that the provider calls permanent is",
        "`suppress_number`, whatever its cause; an opt-out stays `suppress_opt_out`.",
    ]
    return "\n".join(lines) + "\n"


def _by_verdict(actions: Actions) -> str:
    """`strike` if `permanent` is true or null, else `keep`."""
    verdicts = {"true": actions.permanent, "null": actions.silent, "false": actions.temporary}
    first, last = actions.permanent, actions.temporary
    if first is last:
        return f"`{first}`"
    named = " or ".join(verdict for verdict, action in verdicts.items() if action is first)
    return f"`{first}` if `permanent` is {named}, else `{last}`"


def bounds_table() -> str:
    """How long each thing can live, by the template's defaults."""
    parameters = template.load(template.PATH, {})["Parameters"]
    lines = ["| what | days since its last change | by default |", "|---|---|---|"]
    for what, names in KEPT.items():
        total = TTL_DAYS + sum(int(parameters[name]["Default"]) for name in (*names, BACKUP))
        terms = [f"`{name}`" for name in names] + [str(TTL_DAYS), f"`{BACKUP}`"]
        lines.append(f"| {what} | {' + '.join(terms)} | {total} |")
    for what, names in IN_THE_LAKE.items():
        total = LAKE_DAYS + sum(int(parameters[name]["Default"]) for name in names)
        terms = [f"`{name}`" for name in names] + [str(LAKE_DAYS)]
        lines.append(f"| {what} | {' + '.join(terms)} | {total} |")
    return "\n".join(lines) + "\n"


def numbering_plans() -> str:
    """What `read_number` needs of phonenumbers' metadata, as a module that imports in no time."""
    lines = [
        '"""Calling code to trunk prefix (a pattern) and possible lengths of a national number.',
        "",
        "Written by `make docs` from the metadata of phonenumberslite.",
        '"""',
        "",
        "# fmt: off",
        "# ruff: noqa: E501",
        "PLANS: dict[str, tuple[str, tuple[int, ...]]] = {",
    ]
    for code, (main, *_) in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()):
        plan: Any = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, main)
        trunk, lengths = plan.national_prefix_for_parsing or "", plan.general_desc.possible_length
        lines.append(f'    "{code}": (r"{trunk}", {lengths}),')
    return "\n".join([*lines, "}"]) + "\n"


def main() -> None:
    """Write what has changed."""
    for path, text in generated():
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
