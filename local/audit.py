"""`make audit` and `make sbom`: what the locks hold, and what is known against it.

pip-audit asks the package index for known vulnerabilities. An index that does not know them looks
like one that has found none. So a version that is known to be vulnerable is asked for first: if
nothing is said against that one, nothing is checked, and the output says so.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from local.stack import ROOT

ACCEPTED = ROOT / ".ci" / "accepted-vulnerabilities.txt"
PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)
TIMEOUT_S = 900


class Pin(NamedTuple):
    """A version that a lock has chosen."""

    name: str
    version: str


class Finding(NamedTuple):
    """A known vulnerability, and the versions without it."""

    pin: Pin
    id: str
    aliases: tuple[str, ...]
    fixed_in: tuple[str, ...]


class Answer(NamedTuple):
    """What the service knows, and the packages that it does not know."""

    findings: list[Finding]
    unknown: list[str]


class NoAnswer(Exception):
    """The service could not be asked; the text says why."""


CANARY = Pin("jinja2", "2.4.1")
"""Has had known vulnerabilities since 2014. It is asked for and never installed."""

Ask = Callable[[Iterable[Pin]], Answer]


def pins_of(text: str) -> Iterator[Pin]:
    """Everything in a lock, for whatever Python and system it is meant."""
    yield from (Pin(*found) for found in PIN.findall(text))


def accepted_in(text: str) -> set[str]:
    """The vulnerabilities that somebody has looked at: an id a line, then the reason."""
    lines = (line.split("#")[0].split() for line in text.splitlines())
    return {words[0] for words in lines if words}


def answer_in(output: str) -> Answer:
    """Read pip-audit's JSON."""
    dependencies: list[dict[str, Any]] = json.loads(output)["dependencies"]
    findings = [
        Finding(
            Pin(each["name"], each["version"]),
            found["id"],
            tuple(found["aliases"]),
            tuple(found["fix_versions"]),
        )
        for each in dependencies
        for found in each.get("vulns", [])
    ]
    return Answer(findings, [each["skip_reason"] for each in dependencies if "skip_reason" in each])


def pip_audit(program: str) -> Ask:
    """Asks by this pip-audit. One file may hold one version of a package, so there are several."""

    def ask(pins: Iterable[Pin]) -> Answer:
        files: list[dict[str, Pin]] = []
        for pin in sorted(set(pins)):
            free = next((each for each in files if pin.name not in each), None)
            if free is None:
                files.append(free := {})
            free[pin.name] = pin
        with tempfile.TemporaryDirectory() as folder:
            command = [program, "--no-deps", "--disable-pip", "--format", "json"]
            command += ["--progress-spinner", "off"]
            for number, each in enumerate(files):
                path = Path(folder, f"{number}.txt")
                path.write_text("".join(f"{pin.name}=={pin.version}\n" for pin in each.values()))
                command += ["--requirement", str(path)]
            return _run(command)

    return ask


def _run(command: list[str]) -> Answer:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
        )
        return answer_in(done.stdout)
    except subprocess.TimeoutExpired:
        raise NoAnswer(f"no answer in {TIMEOUT_S} s") from None
    except ValueError:  # it prints JSON, or else its error
        last = (done.stderr.strip() or "no output").splitlines()[-1]
        raise NoAnswer(last) from None


def audit(pins: Iterable[Pin], ask: Ask, accepted: set[str]) -> bool:
    """Print what is known. False for a finding that nobody has accepted, or a broken check."""
    if reason := _why_not(ask):
        print(f"\n{'!' * 72}\nNOT CHECKED for known vulnerabilities: {reason}\n{'!' * 72}\n")
        return True
    try:
        answer = ask(pins)
    except NoAnswer as error:
        print(f"The check for known vulnerabilities broke off: {error}")
        return False
    for text in answer.unknown:
        print(f"NOT CHECKED: {text}")
    open_ones = [each for each in answer.findings if accepted.isdisjoint((each.id, *each.aliases))]
    for each in open_ones:
        name, version = each.pin
        names = ", ".join((each.id, *each.aliases))
        print(f"{name} {version}: {names}; fixed in {', '.join(each.fixed_in) or 'no version'}")
    print(f"Known vulnerabilities: {len(open_ones)}, {len(answer.findings)} with the accepted ones")
    return not open_ones


def _why_not(ask: Ask) -> str | None:
    try:
        found = ask([CANARY]).findings
    except NoAnswer as error:
        return str(error)
    return None if found else f"the index says nothing against {CANARY.name} {CANARY.version}"


def missing_from(sbom: str, pins: Iterable[Pin]) -> set[Pin]:
    """The pins that a CycloneDX document in JSON leaves out."""
    components = json.loads(sbom).get("components", [])
    return set(pins) - {Pin(each["name"], each["version"]) for each in components}


def main() -> int:
    """Exit status 0 if all is well, or if it could not be checked and the output says so."""
    parser = argparse.ArgumentParser(prog="python -m local.audit", description=__doc__)
    known = parser.add_mutually_exclusive_group(required=True)
    known.add_argument("--pip-audit", help="the program that asks the index")
    known.add_argument("--sbom", type=Path, help="check that this document names every pin")
    parser.add_argument("locks", nargs="+", type=Path)
    arguments = parser.parse_args()
    pins = {pin for path in arguments.locks for pin in pins_of(path.read_text())}
    if arguments.pip_audit:
        accepted = accepted_in(ACCEPTED.read_text())
        return 0 if audit(pins, pip_audit(arguments.pip_audit), accepted) else 1
    missing = missing_from(arguments.sbom.read_text(), pins)
    print(f"{arguments.sbom}: {len(pins)} packages, {len(missing)} left out", *sorted(missing))
    return 1 if missing or not pins else 0


if __name__ == "__main__":
    sys.exit(main())
