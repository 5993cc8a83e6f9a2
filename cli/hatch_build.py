"""What the wheel carries from outside this folder beside the layer: of each provider its sample."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CARRIED = "dlr_cli/smoke/samples"


class Samples(BuildHookInterface):  # type: ignore[misc] # hatchling is there while it builds only
    """`dlr smoke` sends the samples."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before each build; `force_include` maps a source to its place in the wheel."""
        for path in sorted((Path(self.root).parent / "events").glob("*/sample.toml")):
            build_data["force_include"][str(path)] = f"{CARRIED}/{path.parent.name}/{path.name}"
