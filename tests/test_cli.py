"""`python -m dlr`, as a person and a script use it."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dlr.__main__ import main
from dlr.providers.base import provider_names
from local.recordings import Recording, recordings_of
from tests.support.cases import ROOT


def run(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *arguments: str,
    lines: str = "",
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    code = main(list(arguments))
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def line_of(case: Recording) -> str:
    request = case.request
    return json.dumps(
        {
            "method": request.method,
            "headers": dict(request.headers),
            "query": request.query,
            "body": request.body.decode(),
        }
    )


@pytest.mark.parametrize("name", provider_names())
def test_one_line_in_is_one_line_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    cases = recordings_of(name)
    lines = "\n".join(line_of(case) for case in cases) + "\n\n"
    code, out, _ = run(monkeypatch, capsys, "normalize", name, lines=lines)
    answers = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    for case, answer in zip(cases, answers, strict=True):
        assert answer["ok"] == (case.status == 200)
        assert (answer["error"] is None) == answer["ok"]
        got = [event["status"] for event in answer["events"]]
        assert got == [report["status"] for report in case.reports]


@pytest.mark.parametrize("line", ["not json", "[]", "1", '{"body": 5}', '{"headers": []}'])
def test_a_line_that_is_no_request_is_answered_and_the_next_one_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    lines = f'{line}\n{{"body": "[]"}}\n'
    code, out, _ = run(monkeypatch, capsys, "normalize", "smsmode", lines=lines)
    first, second = map(json.loads, out.splitlines())
    assert (code, first["ok"], second["ok"]) == (0, False, True)


def test_the_policy_and_the_code_table_can_be_chosen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spam = '{"query": "smsID=1&statut=3524", "method": "GET"}'
    _, out, _ = run(monkeypatch, capsys, "normalize", "smsmode", "--policy", "provider", lines=spam)
    assert json.loads(out)["events"][0]["action"] == "suppress_number"
    dead = '{"body": "id:1 stat:UNDELIV err:1"}'
    _, out, _ = run(monkeypatch, capsys, "normalize", "smpp", "--code-table", "gsm", lines=dead)
    assert json.loads(out)["events"][0]["cause"] == "unknown_subscriber"


def test_the_catalogue_has_every_provider_in_both_shapes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run(monkeypatch, capsys, "codes", "--json")
    rows = json.loads(out)
    assert {row["provider"] for row in rows} == set(provider_names())
    _, out, _ = run(monkeypatch, capsys, "codes", "smsmode")
    header, *lines = out.splitlines()
    assert header.split()[:3] == ["provider", "table", "key"]
    assert len(lines) == sum(row["provider"] == "smsmode" for row in rows)


@pytest.mark.parametrize("command", ["normalize", "codes"])
def test_an_unknown_provider_is_an_error_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    code, out, err = run(monkeypatch, capsys, command, "nobody")
    known = ", ".join(provider_names())
    assert (code, out) == (2, "")
    assert err == f"dlr: there is no provider 'nobody'; there are: {known}\n"


def test_a_reader_that_has_read_enough_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in `python -m dlr codes twilio | head -1`."""
    readable, writable = os.pipe()
    os.close(readable)
    with os.fdopen(writable, "w") as closed:
        monkeypatch.setattr("sys.stdout", closed)
        assert main(["codes", "twilio"]) == 0


def test_it_runs_as_a_module_without_any_aws_setting(tmp_path: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "dlr", "codes", "smpp"],
        env={"PYTHONPATH": str(ROOT / "layers" / "dlr"), "PATH": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "message_state 5" in found.stdout
