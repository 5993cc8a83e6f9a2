"""What the template says."""

from collections.abc import Iterable, Mapping
from typing import Any

from local.template import load, metrics_of
from tests.support.cases import ROOT

Metric = tuple[str, frozenset[tuple[str, str]]]
"""Its name and its dimensions."""


def resources() -> dict[str, Any]:
    """Its resources by logical id, loops expanded, with the parameters' defaults."""
    found: dict[str, Any] = load(ROOT / "template.yaml", {})["Resources"]
    return found


def watched_metrics(provider: str) -> set[Metric]:
    """Every metric of our own that an alarm is on, in a stack with one provider."""
    alarms = [
        each["Properties"]
        for each in load(ROOT / "template.yaml", {"Providers": provider})["Resources"].values()
        if each["Type"] == "AWS::CloudWatch::Alarm"
    ]
    metrics = [metric for alarm in alarms for metric in metrics_of(alarm)]
    return {
        (each["MetricName"], _pairs(each.get("Dimensions", ())))
        for each in metrics
        if each["Namespace"] == {"Ref": "AWS::StackName"}
    }


def _pairs(dimensions: Iterable[Mapping[str, Any]]) -> frozenset[tuple[str, str]]:
    return frozenset((each["Name"], each["Value"]) for each in dimensions)


def as_list(value: Any) -> list[Any]:
    """CloudFormation takes one value or a list of them."""
    return value if isinstance(value, list) else [value]
