"""template.yaml as plain CloudFormation for the embedded AWS.

cfn-lint writes out the loops and aws-sam-translator does what the SAM transform does on AWS. The
rest of this module bridges what the embedded AWS lacks, each bridge saying what that is.

`python -m local.template FILE` writes the template with its loops written out, for checkov.
"""

import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cfnlint.decode import cfn_yaml
from cfnlint.template import Template as LintedTemplate
from samtranslator.translator.transform import transform

from local.cloud import REGION

logging.getLogger("samtranslator.metrics").setLevel(logging.ERROR)  # warns that nobody reads them

Template = dict[str, Any]
PATH = Path(__file__).parent.parent / "template.yaml"
PROVIDERS = "Providers"
LOOPED = {PROVIDERS, "AwsEvents"}
"""What a loop goes over. Other parameters change nothing but their own default."""
EVERYTHING = {
    "CrmUrl": "https://crm.example.com",
    "HardBounceTopic": "yes",
    "AlarmEmail": "a@b.example",
}
"""Parameters that ask for every optional resource."""
MAX_RESOURCES = 500
"""Of one stack: CloudFormation's quota, which nobody can raise."""
CODE_PROPERTIES = ("CodeUri", "ContentUri")
READS_OF_THE_STACK = ("cloudformation:DescribeStackResource", "cloudwatch:DescribeAlarms")
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


def providers(path: Path = PATH) -> list[str]:
    """Every provider that the template knows."""
    return _known(cfn_yaml.load(str(path)))


def _known(source: Template) -> list[str]:
    rule = source["Rules"]["ProvidersAreKnown"]["Assertions"][0]["Assert"]
    names: list[str] = rule["Fn::EachMemberIn"][1]
    return names


def load(path: Path, parameters: Mapping[str, str]) -> Template:
    """The template with its loops written out for these parameters; the others keep defaults.

    All providers where the parameters name none. Raises ValueError for an unknown parameter.
    """
    stamp = path.stat().st_mtime_ns
    looped = tuple(sorted((name, parameters[name]) for name in LOOPED & parameters.keys()))
    template: Template = json.loads(_written_out(path, stamp, looped))
    for name in parameters.keys() - LOOPED:
        if name not in template["Parameters"]:
            raise ValueError(f"{path.name} has no parameter {name}")
        template["Parameters"][name]["Default"] = parameters[name]
    return template


@cache
def _written_out(path: Path, stamp: int, looped: tuple[tuple[str, str], ...]) -> str:
    """As JSON. It takes a second, so it is kept until the file changes."""
    source = cfn_yaml.load(str(path))
    known = _known(source)
    source["Parameters"][PROVIDERS]["Default"] = ",".join(known)
    for name, value in looped:
        source["Parameters"][name]["Default"] = value
    named = [name.strip() for name in source["Parameters"][PROVIDERS]["Default"].split(",")]
    source["Parameters"][PROVIDERS]["Default"] = ",".join(named)
    if unknown := set(named) - set(known):
        there = ", ".join(known)
        raise ValueError(f"there is no provider {min(unknown) or '(empty)'}; there are {there}")
    if len(set(named)) < len(named):
        raise ValueError("a provider is named twice")
    linted = LintedTemplate(str(path), source, [REGION])
    problems = linted.transform()
    if problems:
        raise ValueError(f"{path.name}: {problems[0].message}")
    return json.dumps(linted.template)


def functions(template: Template) -> dict[str, dict[str, Any]]:
    """Each function's properties, with those of Globals. cfn-lint adds them, but not in loops."""
    return {
        name: _merged(template["Globals"]["Function"], resource["Properties"])
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def metrics_of(alarm: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The metric that an alarm is on, or those that its metric math names."""
    if "Metrics" not in alarm:
        yield alarm
    for each in alarm.get("Metrics", ()):
        if "MetricStat" in each:
            yield each["MetricStat"]["Metric"]


def call_at(template: Template, url: str) -> None:
    """The address of the API on the embedded AWS, which differs from the one in its events."""
    for properties in _properties(template):
        variables = properties.get("Environment", {}).get("Variables", {})
        if "PUBLIC_URL" in variables:
            variables["PUBLIC_URL"] = {"Fn::Sub": f"{url}/${{HttpApi}}/$default"}


def code_folders(template: Template) -> set[str]:
    """The folders that functions and layers are made of, as the template writes them."""
    return {
        properties[name]
        for properties in _properties(template)
        for name in CODE_PROPERTIES
        if name in properties
    }


def plain(template: Template, code: Mapping[str, Mapping[str, str]]) -> Template:
    """Plain CloudFormation, with `code` saying which S3 object holds each folder."""
    for properties in _properties(template):
        for name in CODE_PROPERTIES:
            if name in properties:
                properties[name] = dict(code[properties[name]])
    result = _transformed(template)
    _name_the_punctuation(result)
    _leave_out_metric_math(result)
    _let_in_without_tls(result)
    _leave_out_scaling(result)
    _widen_reads_of_the_stack(result)
    return result


def count_resources(parameters: Mapping[str, str], path: Path = PATH) -> int:
    """How many resources the stack has, as CloudFormation counts them: after both transforms."""
    template = load(path, parameters)
    for properties in _properties(template):
        for name in CODE_PROPERTIES:
            if name in properties:
                properties[name] = {"Bucket": "bucket", "Key": "key"}
    return len(_transformed(template)["Resources"])


def time_to_live(template: Template) -> dict[str, str]:
    """Table (logical id) to the attribute that says when its items expire.

    The embedded AWS drops this property of a table, so the deployment sets it by API call.
    """
    return {
        name: resource["Properties"]["TimeToLiveSpecification"]["AttributeName"]
        for name, resource in template["Resources"].items()
        if "TimeToLiveSpecification" in resource.get("Properties", {})
    }


def _transformed(template: Template) -> Template:
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)  # the transform needs some region
    result: Template = transform(template, {}, _NoManagedPolicies())
    return result


def _merged(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """As SAM does it: maps are merged and lists joined; of anything else the own value counts."""
    merged = {**shared, **own}
    for name in shared.keys() & own.keys():
        if isinstance(own[name], Mapping):
            merged[name] = _merged(shared[name], own[name])
        elif isinstance(own[name], list):
            merged[name] = [*shared[name], *own[name]]
    return merged


class _NoManagedPolicies:
    """The template names none, and looking them up would need an account."""

    def load(self) -> dict[str, str]:
        return {}


def _properties(template: Template) -> Iterator[dict[str, Any]]:
    return (resource.get("Properties", {}) for resource in template["Resources"].values())


def _name_the_punctuation(template: Template) -> None:
    """The embedded AWS knows ExcludeCharacters but not ExcludePunctuation."""
    for properties in _properties(template):
        generate = properties.get("GenerateSecretString", {})
        if generate.pop("ExcludePunctuation", False):
            generate["ExcludeCharacters"] = PUNCTUATION


def _leave_out_metric_math(template: Template) -> None:
    """The embedded AWS refuses an alarm on more than one metric."""
    resources = template["Resources"]
    for name in [
        name for name, each in resources.items() if "Metrics" in each.get("Properties", {})
    ]:
        del resources[name]


def _leave_out_scaling(template: Template) -> None:
    """The embedded AWS takes a parameter for a text there, and then reads the queue no more."""
    for properties in _properties(template):
        properties.pop("ScalingConfig", None)


def _widen_reads_of_the_stack(template: Template) -> None:
    """The embedded AWS takes every call of CloudFormation and CloudWatch for one on anything."""
    for properties in _properties(template):
        for policy in properties.get("Policies", ()):
            for statement in policy["PolicyDocument"]["Statement"]:
                if statement["Action"] in READS_OF_THE_STACK:
                    statement["Resource"] = "*"


def _let_in_without_tls(template: Template) -> None:
    """The embedded AWS speaks HTTP, and takes its own calls for insecure ones as well."""
    for properties in _properties(template):
        if (policy := properties.get("PolicyDocument")) is not None:
            allowed = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
            policy["Statement"] = allowed


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(load(Path("template.yaml"), {}), indent=2))
