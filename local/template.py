"""template.yaml as plain CloudFormation for the embedded AWS.

cfn-lint writes out the loops and aws-sam-translator does what the SAM transform does on AWS. The
rest of this module bridges what the embedded AWS lacks, each bridge saying what that is.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cfnlint.decode import cfn_yaml
from cfnlint.template import Template as LintedTemplate
from samtranslator.translator.transform import transform

from local.cloud import REGION

Template = dict[str, Any]
CODE_PROPERTIES = ("CodeUri", "ContentUri")
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


def load(path: Path, parameters: Mapping[str, str]) -> Template:
    """The template with its loops written out for these parameters; the others keep defaults."""
    source = cfn_yaml.load(str(path))
    unknown = parameters.keys() - source["Parameters"].keys()
    if unknown:
        raise ValueError(f"{path.name} has no parameter {min(unknown)}")
    for name, value in parameters.items():
        source["Parameters"][name]["Default"] = value
    linted = LintedTemplate(str(path), source, [REGION])
    problems = linted.transform()
    if problems:
        raise ValueError(f"{path.name}: {problems[0].message}")
    template: Template = json.loads(json.dumps(linted.template))
    return template


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
    result: Template = transform(template, {}, _NoManagedPolicies())
    _name_the_punctuation(result)
    return result


def time_to_live(template: Template) -> dict[str, str]:
    """Table (logical id) to the attribute that says when its items expire.

    The embedded AWS drops this property of a table, so the deployment sets it by API call.
    """
    return {
        name: resource["Properties"]["TimeToLiveSpecification"]["AttributeName"]
        for name, resource in template["Resources"].items()
        if "TimeToLiveSpecification" in resource.get("Properties", {})
    }


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
