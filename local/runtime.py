"""The built functions as Lambda starts them: its Python, the layer, the template's environment."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import template
from local.cloud import ENVIRONMENT
from local.stack import ROOT

VERSION = "3.13"
BUILD = ROOT / ".aws-sam" / "build"
LAYER = BUILD / "Layer" / "python"


@dataclass(frozen=True)
class Built:
    """One function that `sam build` made."""

    name: str
    handler: str
    variables: Mapping[str, str]
    layers: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where its code is; on Lambda `/var/task`."""
        return BUILD / self.name

    def environment(self, packages: Path) -> dict[str, str]:
        """Of its process. `packages` stands for `/var/runtime`, where Lambda has boto3."""
        layers = (BUILD / layer / "python" for layer in self.layers)
        path = os.pathsep.join(map(str, (self.folder, *layers, packages)))
        fixed = {"PATH": os.environ["PATH"], "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        return {**ENVIRONMENT, **fixed, **self.variables}


def functions() -> Iterator[Built]:
    """Every function of the template, with its parameters' defaults."""
    source = template.load(ROOT / "template.yaml", {})
    for name, properties in template.functions(source).items():
        variables = properties["Environment"]["Variables"]
        values = {key: _value(source, value) for key, value in variables.items()}
        layers = tuple(layer["Ref"] for layer in properties["Layers"])
        yield Built(name, properties["Handler"], values, layers)


def python() -> str | None:
    """A Python of the runtime's version on this machine, as the layer's Makefile looks for it."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [shutil.which(f"python{VERSION}"), *pyenv.glob(f"{VERSION}*/bin/python")]
    return next((str(each) for each in candidates if each and _works(str(each))), None)


def _works(candidate: str) -> bool:
    """A version manager's shim is there for versions that are not."""
    tried = subprocess.run([candidate, "-c", ""], capture_output=True, check=False)
    return tried.returncode == 0


def _value(source: template.Template, value: Any) -> str:
    """A parameter's default; the logical id of anything else."""
    if not isinstance(value, dict):
        return str(value)
    if "Fn::Join" in value:
        separator, joined = value["Fn::Join"]
        return str(separator.join(map(str.strip, _value(source, joined).split(","))))
    name = value.get("Ref") or value["Fn::GetAtt"][0]
    return str(source["Parameters"].get(name, {}).get("Default", name))


if __name__ == "__main__":
    print(python() or f"No Python {VERSION} here")
