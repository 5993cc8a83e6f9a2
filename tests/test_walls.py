"""Which part of the project may import which."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.cases import ROOT


def imports_of(path: Path) -> Iterator[str]:
    """The full names that a source imports, wherever in it: `a.b` for `from a import b`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_test_module_is_imported() -> None:
    """What tests share is in `tests/support/`."""
    sources = sorted((ROOT / "tests").rglob("*.py"))
    found = [(path.name, name) for path in sources for name in imports_of(path)]
    assert ("test_walls.py", "tests.support.cases.ROOT") in found
    assert [each for each in found if each[1].startswith("tests.test_")] == []
