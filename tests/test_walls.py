"""Which part of the project may import which: as `local/rooms.py` says, and nothing else."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from local.cloud import ENVIRONMENT
from local.rooms import FUNCTIONS, PARTS, ROOMS
from local.runtime import functions
from tests.support.cases import ROOT

OURS = {"dlr", "dlr_cli", "functions", "local", "bench", "tests"}
MODULES = {
    ".".join(path.relative_to(ROOT / "layers/dlr").with_suffix("").parts): path
    for path in sorted((ROOT / "layers/dlr/dlr").rglob("*.py"))
}


@cache
def nodes_of(path: Path) -> list[ast.AST]:
    """All that a source is made of."""
    return list(ast.walk(ast.parse(path.read_text())))


def imports_of(path: Path) -> Iterator[str]:
    """The full names that a source imports, wherever in it: `a.b` for `from a import b`."""
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def sources_in(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found, f"nothing in {folder}"
    return found


def rooms_in(path: Path) -> set[str]:
    """The layer's rooms that a source imports from."""
    return {name.split(".")[1] for name in imports_of(path) if name.startswith("dlr.")}


def modules_of(room: str) -> list[Path]:
    """The sources of one of the layer's rooms."""
    return [path for name, path in MODULES.items() if name.split(".")[1] == room]


def packages_in(path: Path) -> set[str]:
    """The project's packages that a source imports from."""
    return {name.partition(".")[0] for name in imports_of(path)} & OURS


def module_of(name: str) -> str:
    """The layer's module that an imported name is, or is in."""
    while name not in MODULES:
        name = name.rpartition(".")[0] or "dlr.__init__"
    return name


def test_every_room_is_in_the_table() -> None:
    assert {name.split(".")[1] for name in MODULES} - {"__init__"} == ROOMS.keys()


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    allowed = {room, *ROOMS[room].imports}
    mine = modules_of(room)
    assert {path.name: rooms_in(path) - allowed for path in mine} == {p.name: set() for p in mine}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_everything_that_it_may(room: str) -> None:
    """So the table has no permission that nobody uses."""
    assert ROOMS[room].imports <= set().union(*map(rooms_in, modules_of(room)))


def test_the_rooms_and_the_layers_modules_have_no_circle() -> None:
    TopologicalSorter({name: room.imports for name, room in ROOMS.items()}).prepare()
    graph = {
        name: {module_of(each) for each in imports_of(path) if each.startswith("dlr.")} - {name}
        for name, path in MODULES.items()
    }
    assert graph["dlr.ingest.receive"] >= {"dlr.ingest.normalize", "dlr.wire.request"}
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_the_project_imports_only_what_it_may(part: str) -> None:
    own = Path(part).name if part in {"layers/dlr/dlr", "cli/dlr_cli"} else part.partition("/")[0]
    found = set().union(*map(packages_in, sources_in(part)))
    assert found - {own} == PARTS[part].imports


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_imports_only_what_it_may(function: str) -> None:
    rooms = set().union(*map(rooms_in, sources_in(function)))
    assert rooms == FUNCTIONS[function].imports


def loaded_by(function: str, folder: str, **settings: str) -> set[str]:
    """The modules that an instance of a function has loaded when it can take calls."""
    variables = next(each.variables for each in functions() if each.name.startswith(function))
    path = os.pathsep.join(str(ROOT / part) for part in ("layers/dlr", folder))
    done = subprocess.run(
        [sys.executable, "-c", "import app, json, sys; print(json.dumps(sorted(sys.modules)))"],
        env={**ENVIRONMENT, **variables, **settings, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_the_ingest_function_loads_neither_the_suppression_list_nor_boto3() -> None:
    loaded = loaded_by("Ingest", "functions/ingest")
    assert {"app", "dlr.ingest.receive", "botocore.session"} <= loaded
    assert {"boto3", "dlr.suppression"} & loaded == set()


def test_the_authorizer_loads_no_library_for_jwts_before_there_is_an_identity_provider() -> None:
    loaded = loaded_by("Authorizer", "functions/authorizer")
    assert {"app", "dlr.access.tokens", "botocore.session"} <= loaded
    assert {"jwt", "cryptography", "pydantic", "dlr.access.oidc"} & loaded == set()
    provider = {"OIDC_ISSUER": "https://id.example", "OIDC_AUDIENCE": "dlr"}
    assert {"jwt", "cryptography"} <= loaded_by("Authorizer", "functions/authorizer", **provider)


def test_no_test_module_is_imported() -> None:
    """What tests share is in `tests/support/`."""
    sources = sources_in("tests")
    found = [(path.name, name) for path in sources for name in imports_of(path)]
    assert ("test_walls.py", "tests.support.cases.ROOT") in found
    assert [each for each in found if each[1].startswith("tests.test_")] == []


def test_only_a_fixture_makes_an_embedded_aws() -> None:
    """So every test that starts one is marked as such."""
    makers = [
        path.name
        for path in sources_in("tests")
        for node in nodes_of(path)
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Cloud"
    ]
    assert makers == ["conftest.py"]
