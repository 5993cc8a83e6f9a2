"""What the template says."""

from typing import Any

from local.template import load
from tests.support.cases import ROOT


def resources() -> dict[str, Any]:
    """Its resources by logical id, loops expanded, with the parameters' defaults."""
    found: dict[str, Any] = load(ROOT / "template.yaml", {})["Resources"]
    return found


def as_list(value: Any) -> list[Any]:
    """CloudFormation takes one value or a list of them."""
    return value if isinstance(value, list) else [value]
