"""The locks: what is known against them is said, and what could not be asked is said too."""

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from local.audit import (
    ACCEPTED,
    CANARY,
    Answer,
    Ask,
    Finding,
    NoAnswer,
    Pin,
    accepted_in,
    answer_in,
    audit,
    missing_from,
    pins_of,
    pip_audit,
)
from tests.support.cases import ROOT

LOCK = """# made by
boto3==1.40.1 ; python_version >= '3.10' \\
    --hash=sha256:00
boto3==1.39.0 ; python_version < '3.10' \\
    --hash=sha256:01
    # via dlr (pyproject.toml)
pyjwt[crypto]==2.10.1 \\
    --hash=sha256:02
zope.interface==7.0
"""
PINS = {
    Pin("boto3", "1.40.1"),
    Pin("boto3", "1.39.0"),
    Pin("pyjwt", "2.10.1"),
    Pin("zope.interface", "7.0"),
}
OF_CANARY = Finding(CANARY, "PYSEC-2014-8", ("CVE-2014-1402",), ("2.7.2",))
OF_BOTO = Finding(Pin("boto3", "1.39.0"), "PYSEC-2030-1", ("CVE-2030-1",), ())


def index(*findings: Finding, unknown: Iterable[str] = (), knows: bool = True) -> Ask:
    """An index with these findings; unless it `knows`, it answers and says nothing."""

    def ask(pins: Iterable[Pin]) -> Answer:
        every = (OF_CANARY, *findings) if knows else ()
        return Answer([each for each in every if each.pin in set(pins)], list(unknown))

    return ask


def refusing(_: Iterable[Pin]) -> Answer:
    raise NoAnswer("cannot connect")


def breaking(pins: Iterable[Pin]) -> Answer:
    return index()(pins) if CANARY in set(pins) else refusing(pins)


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], str]:
    """A pip-audit that runs this code."""

    def write(code: str) -> str:
        path = tmp_path / "pip-audit"
        path.write_text(f"#!{sys.executable}\nimport json, sys\nfrom pathlib import Path\n{code}")
        path.chmod(0o755)
        return str(path)

    return write


def test_every_version_in_a_lock_is_seen() -> None:
    assert set(pins_of(LOCK)) == PINS


def test_no_lock_of_the_project_holds_a_requirement_that_is_not_seen() -> None:
    locks = [*ROOT.glob("requirements-*.txt"), *ROOT.glob("functions/ingest/*.txt")]
    for lock in [*locks, ROOT / "layers/dlr/requirements.txt"]:
        text = lock.read_text()
        required = [line for line in text.splitlines() if line and line[0] not in " #"]
        assert len(list(pins_of(text))) == len(required) > 0, lock


def test_nothing_known_is_a_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(PINS, index(), set())
    assert "NOT CHECKED" not in capsys.readouterr().out


def test_a_known_vulnerability_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert not audit(PINS, index(OF_BOTO), set())
    assert "boto3 1.39.0: PYSEC-2030-1, CVE-2030-1" in capsys.readouterr().out


@pytest.mark.parametrize("id", ["PYSEC-2030-1", "CVE-2030-1"])
def test_one_that_was_accepted_does_not(id: str) -> None:
    assert audit(PINS, index(OF_BOTO), accepted_in(f"# why\n\n{id} # it never signs\n"))


@pytest.mark.parametrize("ask", [index(OF_BOTO, knows=False), refusing])
def test_an_index_that_knows_no_vulnerabilities_is_no_pass_in_silence(
    ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit(PINS, ask, set())
    assert "NOT CHECKED for known vulnerabilities" in capsys.readouterr().out


def test_a_package_that_the_index_does_not_know_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert audit(PINS, index(unknown=["zope.interface is not there"]), set())
    assert "NOT CHECKED: zope.interface is not there" in capsys.readouterr().out


def test_a_check_that_breaks_off_fails() -> None:
    assert not audit(PINS, breaking, set())


def test_every_version_is_asked_for(program: Callable[[str], str]) -> None:
    ask = pip_audit(
        program(
            "files = [value for name, value in zip(sys.argv, sys.argv[1:]) "
            "if name == '--requirement']\n"
            "pins = [line.split('==') for file in files "
            "for line in Path(file).read_text().split()]\n"
            "one_each = [Path(file).read_text().count('boto3') <= 1 for file in files]\n"
            "print(json.dumps({'dependencies': [{'name': name, 'skip_reason': f'{name} {version}'} "
            "for name, version in pins if all(one_each)]}))\nsys.exit(1)"
        )
    )
    assert set(ask(PINS).unknown) == {f"{name} {version}" for name, version in PINS}


def test_an_error_instead_of_an_answer_is_quoted(program: Callable[[str], str]) -> None:
    with pytest.raises(NoAnswer, match="cannot resolve"):
        pip_audit(program("sys.exit('first\\ncannot resolve')"))(PINS)


def test_what_pip_audit_prints_is_read() -> None:
    found = {"id": "PYSEC-2030-1", "aliases": ["CVE-2030-1"], "fix_versions": [], "description": ""}
    content = {
        "dependencies": [
            {"name": "boto3", "version": "1.39.0", "vulns": [found]},
            {"name": "pyjwt", "version": "2.10.1", "vulns": []},
            {"name": "zope.interface", "skip_reason": "not found"},
        ],
        "fixes": [],
    }
    assert answer_in(json.dumps(content)) == Answer([OF_BOTO], ["not found"])


def test_each_accepted_vulnerability_has_its_reason() -> None:
    lines = [line for line in ACCEPTED.read_text().splitlines() if line and line[0] != "#"]
    assert [line for line in lines if not line.partition("#")[2].strip()] == []


def test_a_package_that_the_sbom_leaves_out_is_named() -> None:
    named = [{"name": name, "version": version} for name, version in PINS if name != "pyjwt"]
    assert missing_from(json.dumps({"components": named}), PINS) == {Pin("pyjwt", "2.10.1")}
