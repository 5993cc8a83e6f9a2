"""What `sam build` made is what a cold start wants. `make build` runs this after building."""

import json
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import botocore
import pytest

from local.runtime import BUILD, LAYER, Built, functions, python

pytestmark = pytest.mark.built

FUNCTIONS = list(functions())
INGEST = [each for each in FUNCTIONS if each.name.startswith("Ingest")]
UNCHECKED_HASH = 1
MAX_LAYER_BYTES = 30_000_000
MAX_UNZIPPED_BYTES = 250_000_000
MAX_INGEST_MODULES = 460  # see docs/decisions/0007-lean-start.md
PROBE = """
import json, sys
from importlib.machinery import SourceFileLoader
compiled, original = [], SourceFileLoader.source_to_code
def source_to_code(self, data, path, **options):
    compiled.append(path)
    return original(self, data, path, **options)
SourceFileLoader.source_to_code = source_to_code
__import__(sys.argv[1])
print(json.dumps({"compiled": compiled, "modules": sorted(sys.modules)}))
"""


@cache
def runtime() -> str:
    found = python()
    if found is None:
        assert "CI" not in os.environ, "CI needs the runtime's Python"
        pytest.skip("there is no Python of the runtime's version here, so no bytecode was built")
    return found


@cache
def imported(name: str, **variables: str) -> Any:
    """The function's handler module, imported in a fresh process as Lambda does it."""
    (function,) = (each for each in FUNCTIONS if each.name == name)
    packages = Path(botocore.__file__).parents[1]
    finished = subprocess.run(
        [runtime(), "-S", "-c", PROBE, function.handler.partition(".")[0]],
        env=function.environment(packages) | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda each: each.name)
def test_a_cold_start_compiles_nothing_of_ours(function: Built) -> None:
    compiled = imported(function.name)["compiled"]
    assert [path for path in compiled if path.startswith(str(BUILD))] == []


@pytest.mark.parametrize("function", INGEST, ids=lambda each: each.name)
def test_ingest_starts_with_few_modules(function: Built) -> None:
    modules = imported(function.name)["modules"]
    heavy = ("boto3", "s3transfer", "phonenumbers", "aws_xray_sdk")
    heavy += tuple(
        f"aws_lambda_powertools.{part}"
        for part in ("event_handler", "utilities.parser", "utilities.idempotency")
    )
    assert [name for name in modules if name.startswith(heavy)] == []
    assert len(modules) <= MAX_INGEST_MODULES


def test_a_provider_with_a_zone_starts_where_the_system_has_no_zones() -> None:
    (smsmode,) = (each for each in INGEST if each.variables["PROVIDER"] == "smsmode")
    assert "tzdata" in imported(smsmode.name, PYTHONTZPATH="")["modules"]


def test_every_source_has_bytecode_that_is_never_checked() -> None:
    runtime()
    sources = list(BUILD.rglob("*.py"))
    assert len(sources) > len(FUNCTIONS)
    for source in sources:
        bytecode = source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc"
        assert bytecode.exists(), source
        flags = int.from_bytes(bytecode.read_bytes()[4:8], "little")
        assert flags == UNCHECKED_HASH, bytecode


def test_every_compiled_library_is_there_for_both_architectures() -> None:
    libraries = {str(path.relative_to(BUILD)) for path in BUILD.rglob("*.so")}
    assert any("pydantic_core" in path for path in libraries)
    assert {path for path in libraries if "-x86_64-" in path} == {
        path.replace("-aarch64-", "-x86_64-") for path in libraries if "-aarch64-" in path
    }
    assert {path for path in libraries if "-x86_64-" not in path} == {
        path for path in libraries if "-aarch64-" in path
    }


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda each: each.name)
def test_a_function_and_its_layers_fit_lambda(function: Built) -> None:
    folders = [function.folder, *(BUILD / layer for layer in function.layers)]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MAX_UNZIPPED_BYTES


def test_the_layer_holds_what_runs_and_nothing_else() -> None:
    files = [path for path in LAYER.rglob("*") if path.is_file()]
    packages = {path.name for path in LAYER.iterdir() if not path.name.endswith(".dist-info")}
    assert packages - {"__pycache__"} == {
        "annotated_types",
        "aws_lambda_powertools",
        "dlr",
        "jmespath",
        "phonenumbers",
        "pydantic",
        "pydantic_core",
        "typing_extensions.py",
        "typing_inspection",
        "tzdata",
    }
    assert [path for path in files if path.suffix == ".pyi" or "tests" in path.parts] == []
    assert sum(path.stat().st_size for path in files) < MAX_LAYER_BYTES
