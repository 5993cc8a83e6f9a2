"""`dlr import` and `dlr check --file`: files of any size, killed and resumed."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dlr_cli.__main__ import dlr
from dlr_cli.errors import CommandError
from dlr_cli.sheet import parts_of
from tests.support.cases import ROOT
from tests.support.fake_api import JSON, Answer, Call, FakeApi, answered, serving

TOKEN = "hush-admin-token"
IMPORT, CHECK = "POST /suppressions/import", "POST /suppressions/check"

Run = Callable[..., Result]


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serving(FakeApi()) as fake:
        yield fake


@pytest.fixture
def environment(api: FakeApi, tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path), "DLR_URL": api.url, "DLR_TOKEN": TOKEN}


@pytest.fixture
def run(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("dlr_cli.patience.BACKOFF_S", 0)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return lambda *arguments, typed=None: CliRunner().invoke(dlr, arguments, input=typed)


def numbers(count: int) -> list[str]:
    """Fictitious ones; the same again after 1,000."""
    return [f"+447700900{n % 1000:03}" for n in range(count)]


def rows_of(call: Call) -> list[list[str]]:
    """The CSV that came, with its header."""
    return list(csv.reader(io.StringIO(call.body, newline="")))


def importing(errors: Callable[[list[list[str]]], list[str]] = lambda _: []) -> Any:
    """What the API answers to an import: `errors` says of its rows what is wrong."""

    def answer(call: Call) -> Answer:
        rows = rows_of(call)
        found = errors(rows)
        imported = len(rows) - 1 - len(found)
        return answered({"imported": imported, "skipped": 0, "errors": found})

    return answer


def checking(call: Call) -> Answer:
    """Those that end in 7 are suppressed, and those of letters are no numbers."""
    asked = json.loads(call.body)["numbers"]
    suppressed = [{"number": each, "suppressed": True} for each in asked if each.endswith("7")]
    unread = [each for each in asked if each.isalpha()]
    return answered({"checked": len(asked), "suppressed": suppressed, "not_numbers": unread})


def state_files(home: Path) -> list[Path]:
    return sorted((home / ".local" / "state" / "dlr").glob("*"))


# How a file is read


@pytest.mark.parametrize(
    ("text", "columns", "rows", "places"),
    [
        ("+1\n+2\n", ["number"], [["+1"], ["+2"]], [1, 2]),
        ("\n+1\n\n\n+2", ["number"], [["+1"], ["+2"]], [2, 5]),
        ("Number\n+1\n", ["number"], [["+1"]], [2]),
        ("number,list\r\n+1,opt_out\r\n", ["number", "list"], [["+1", "opt_out"]], [2]),
        ("Recipient-Hash;CAUSE\nh;x\n", ["recipient_hash", "cause"], [["h", "x"]], [2]),
        (
            'number,list\n"+1\nx",a\n"+2",b\n',
            ["number", "list"],
            [["+1\nx", "a"], ["+2", "b"]],
            [2, 3],
        ),
        ("number\n", [], [], []),
        ("", [], [], []),
    ],
)
def test_a_file_is_read_as_a_spreadsheet_counts(
    text: str, columns: list[str], rows: list[list[str]], places: list[int]
) -> None:
    parts = list(parts_of(io.StringIO(text, newline=""), 1))
    assert [list(part.columns) for part in parts] == [columns] * len(rows)
    assert [row for part in parts for row in part.rows] == rows
    assert [place for part in parts for place in part.places] == places


@pytest.mark.parametrize("text", ["a,b\n1,2\n", 'number\n"+447700900123\n'])
def test_what_is_no_table_is_said_without_quoting_it(text: str) -> None:
    with pytest.raises(CommandError) as caught:
        list(parts_of(io.StringIO(text, newline=""), 10))
    assert "7700" not in caught.value.message


# Import


def test_a_file_goes_in_parts_of_a_thousand_rows_each_with_the_header(
    api: FakeApi, run: Run, tmp_path: Path
) -> None:
    api.answers[IMPORT] = importing()
    lines = [f"{each};opt_out" for each in numbers(2500)]
    Path("in.csv").write_text("\ufeffNumber;List\r\n" + "\r\n".join(lines))
    result = run("import", "in.csv", "--json", "--country", "GB", "--note", "alice")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {
        "imported": 2500,
        "skipped": 0,
        "errors": 0,
        "rows": 2500,
        "errors_file": None,
    }
    assert api.calls == [f"{IMPORT}?country=GB"] * 3
    sent = [rows_of(each) for each in api.requests]
    assert [len(each) for each in sent] == [1001, 1001, 501]
    assert {tuple(each[0]) for each in sent} == {("number", "list")}
    assert [row for each in sent for row in each[1:]] == [line.split(";") for line in lines]
    assert {each.headers["x-operator"] for each in api.requests} == {"alice"}
    assert state_files(tmp_path) == []
    assert not Path("in.csv.errors.csv").exists()


def test_the_errors_of_an_import_before_do_not_stay(api: FakeApi, run: Run) -> None:
    api.answers[IMPORT] = importing()
    Path("in.txt").write_text(numbers(1)[0])
    Path("in.txt.errors.csv").write_text("row,error\r\n1,old\r\n")
    assert run("import", "in.txt").exit_code == 0
    assert not Path("in.txt.errors.csv").exists()


def test_each_error_is_written_with_the_row_of_the_file_and_without_the_number(
    api: FakeApi, run: Run
) -> None:
    """The API counts in the part, with the header and without the blank rows."""

    def errors(rows: list[list[str]]) -> list[str]:
        return [f"row {n}: not, a number" for n, row in enumerate(rows, 1) if row[0] == "garbage"]

    api.answers[IMPORT] = importing(errors)
    lines = numbers(1500)
    lines[3] = lines[1200] = "garbage"
    Path("in.txt").write_text("\n\n" + "\n".join(lines))
    result = run("import", "in.txt")
    assert result.exit_code == 1
    assert result.stdout == "1,498 imported, 0 skipped, 2 errors, in in.txt.errors.csv\n"
    found = list(csv.reader(Path("in.txt.errors.csv").read_text().splitlines()))
    assert found == [["row", "error"], ["6", "not, a number"], ["1203", "not, a number"]]
    assert Path("in.txt.errors.csv").stat().st_mode & 0o077 == 0


def slow(rows: int, status: int, answer: Any) -> Any:
    """What the API answers if it has the time for so many rows."""
    return lambda call: answer(call) if len(rows_of(call)) - 1 <= rows else (status, JSON, "{}")


@pytest.mark.parametrize("status", [502, 503, 504])
def test_an_import_goes_on_in_smaller_parts_where_the_api_is_too_slow(
    api: FakeApi, run: Run, status: int
) -> None:
    errors = importing(lambda rows: [f"row {len(rows)}: bad"])
    api.answers[IMPORT] = slow(300, status, errors)
    lines = numbers(2100)
    Path("in.txt").write_text("\n".join(lines))
    result = run("import", "in.txt")
    taken = [rows_of(each)[1:] for each in api.requests if len(rows_of(each)) - 1 <= 300]
    assert [row[0] for each in taken for row in each] == lines
    assert [len(each) for each in taken] == [250] * 8 + [100]
    assert len(api.requests) - len(taken) == 4, "two sizes, each tried twice"
    assert result.stdout == "2,091 imported, 0 skipped, 9 errors, in in.txt.errors.csv\n"
    assert "1,000 rows took the API too long: on with 500 at a time." in result.stderr
    found = list(csv.reader(Path("in.txt.errors.csv").read_text().splitlines()))
    assert [int(row[0]) for row in found[1:]] == [*range(250, 2001, 250), 2100]


def test_an_import_ends_where_the_api_is_too_slow_for_the_smallest_part(
    api: FakeApi, run: Run
) -> None:
    api.answers[IMPORT] = slow(0, 504, importing())
    Path("in.txt").write_text("\n".join(numbers(1000)))
    result = run("import", "in.txt")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "HTTP 504" in result.stderr
    assert len(api.requests) == 5 * 2 + 6


@pytest.mark.parametrize("error", ["row 1: column 2 is unknown", "line 3: no CSV", "row 9999: x"])
def test_what_is_wrong_with_all_of_it_ends_the_import(api: FakeApi, run: Run, error: str) -> None:
    api.answers[IMPORT] = answered({"imported": 0, "skipped": 0, "errors": [error]})
    Path("in.csv").write_text("number,x\n" + "\n".join(f"{each},x" for each in numbers(3000)))
    result = run("import", "in.csv")
    assert (result.exit_code, result.stdout, len(api.calls)) == (1, "", 1)
    assert error in result.stderr


def test_standard_input_can_be_imported(api: FakeApi, run: Run, tmp_path: Path) -> None:
    api.answers[IMPORT] = importing()
    result = run("import", "-", typed="\n".join(numbers(1200)))
    assert result.stdout == "1,200 imported, 0 skipped, 0 errors\n"
    assert state_files(tmp_path) == []


def test_an_import_that_failed_goes_on_behind_what_was_taken(
    api: FakeApi, run: Run, tmp_path: Path
) -> None:
    one_error: Callable[[Any], list[str]] = lambda rows: ["row 2: bad"]  # noqa: E731
    good = importing(one_error)
    answers: list[Any] = [good, good, (500, JSON, "{}")]
    api.answers[IMPORT] = lambda call: _next(answers, call)
    Path("in.txt").write_text("\n".join(numbers(4500)))
    result = run("import", "in.txt")
    assert result.exit_code == 1
    assert "Done so far: 2,000 rows. Call it again to go on." in result.stderr
    (state,) = state_files(tmp_path)
    assert json.loads(state.read_text()) == {
        "imported": 1998,
        "skipped": 0,
        "errors": 2,
        "rows": 2000,
        "bytes": Path("in.txt.errors.csv").stat().st_size,
    }
    with Path("in.txt.errors.csv").open("a") as file:
        file.write("2002,of a part that was not noted\r\n")
    answers[:] = [good]
    api.requests.clear()
    result = run("import", "in.txt", "--json")
    assert "Goes on after 2,000 rows" in result.stderr
    assert json.loads(result.stdout)["imported"] == 4495
    assert len(api.calls) == 3
    found = list(csv.reader(Path("in.txt.errors.csv").read_text().splitlines()))
    assert [row[0] for row in found] == ["row", "1", "1001", "2001", "3001", "4001"]
    assert state_files(tmp_path) == []


def _next(answers: list[Any], call: Call) -> Answer:
    found = answers.pop(0) if len(answers) > 1 else answers[0]
    answer: Answer = found(call) if callable(found) else found
    return answer


@pytest.mark.parametrize(
    ("change", "calls"),
    [
        (lambda: Path("in.txt").write_text("\n".join(numbers(2999))), 3),
        (lambda: Path("in.txt.errors.csv").unlink(), 3),
        (lambda: None, 1),
    ],
    ids=["another content", "the errors are gone", "nothing"],
)
def test_only_the_same_import_goes_on(
    api: FakeApi, run: Run, change: Callable[[], object], calls: int
) -> None:
    good = importing(lambda _: ["row 2: bad"])
    answers: list[Any] = [good, good, (500, JSON, "{}"), good]
    api.answers[IMPORT] = lambda call: _next(answers, call)
    Path("in.txt").write_text("\n".join(numbers(3000)))
    run("import", "in.txt")
    change()
    api.requests.clear()
    run("import", "in.txt")
    assert len(api.calls) == calls


def test_another_api_or_country_or_a_restart_begins_anew(api: FakeApi, run: Run) -> None:
    answers: list[Any] = [importing(), (500, JSON, "{}")]
    api.answers[IMPORT] = lambda call: _next(answers, call)
    Path("in.txt").write_text("\n".join(numbers(1500)))
    run("import", "in.txt")
    for other in (["--country", "FR"], ["--url", f"{api.url}/x"], ["--restart"]):
        assert "Goes on" not in run("import", "in.txt", *other).stderr
    assert "Goes on" in run("import", "in.txt").stderr


# Killed


def test_a_killed_import_goes_on_and_every_row_is_sent(
    api: FakeApi, environment: dict[str, str], tmp_path: Path
) -> None:
    """SIGKILL while a part is on its way: that part is sent again, no other, none is left out."""
    seen = Event()

    def answer(call: Call) -> Answer:
        if len(api.requests) == 4 and not seen.is_set():
            seen.set()
            time.sleep(30)
        return importing()(call)

    api.answers[IMPORT] = answer
    source = tmp_path / "in.csv"
    source.write_text("number,list\n" + "".join(f"+1555010{n:07},number\n" for n in range(6500)))
    command = [sys.executable, "-m", "dlr_cli", "import", str(source), "--json"]
    settings = {**environment, "PYTHONPATH": str(ROOT / "cli"), "PATH": ""}
    with subprocess.Popen(
        command, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert seen.wait(30)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    (state,) = state_files(tmp_path)
    assert json.loads(state.read_text())["rows"] == 3000
    content = state.read_text() + state.name
    assert "1555010" not in content
    assert TOKEN not in content
    assert state.parent.stat().st_mode & 0o077 == 0

    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["imported"] == 6500
    assert "Goes on after 3,000 rows" in done.stderr
    sent = [row[0] for each in api.requests for row in rows_of(each)[1:]]
    assert len(api.requests) == 8
    assert sent[:3000] + sent[4000:] == [f"+1555010{n:07}" for n in range(6500)]
    assert state_files(tmp_path) == []


def test_no_process_list_and_no_message_has_the_token(
    api: FakeApi, environment: dict[str, str], tmp_path: Path
) -> None:
    """Of the command and of everything that it starts."""
    seen: list[str] = []

    def answer(call: Call) -> Answer:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                seen.append((folder / "cmdline").read_bytes().decode(errors="replace"))
            except OSError:
                continue
        return importing()(call)

    if not Path("/proc/self/cmdline").exists():
        pytest.skip("there is no /proc")
    api.answers[IMPORT] = answer
    source = tmp_path / "in.txt"
    source.write_text("+447700900123\n")
    settings = {**environment, "PYTHONPATH": str(ROOT / "cli"), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-m", "dlr_cli", "import", str(source)],
        env=settings,
        capture_output=True,
        text=True,
        check=True,
    )
    assert any("dlr_cli" in each for each in seen)
    assert not any(TOKEN in each or "7700900123" in each for each in seen)
    assert TOKEN not in done.stdout + done.stderr


# Check


def test_a_file_is_checked_and_what_is_free_is_left_out(api: FakeApi, run: Run) -> None:
    api.answers[CHECK] = checking
    Path("in.csv").write_text(
        "name,number\n" + "".join(f"x,{n}\n" for n in [*numbers(1500), "oops"])
    )
    result = run("check", "--file", "in.csv", "--json")
    assert result.exit_code == 0
    found = [json.loads(line) for line in result.stdout.splitlines()]
    expected = [*(n for n in numbers(1500) if n.endswith("7")), "oops"]
    assert [each["number"] for each in found] == expected
    assert result.stderr.endswith("1,350 free, 150 suppressed, 1 not a number\n")


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_a_check_into_a_file_goes_on_after_a_failure(
    api: FakeApi, run: Run, as_json: list[str], tmp_path: Path
) -> None:
    Path("in.txt").write_text("\n".join(f"+1555010{n:07}" for n in range(3500)))
    api.answers[CHECK] = checking
    arguments = ("check", "--file", "in.txt", "--parallel", "1", *as_json)
    assert run(*arguments, "--output", "whole").exit_code == 0
    answers: list[Any] = [checking, checking, (500, JSON, "{}"), checking]
    api.answers[CHECK] = lambda call: _next(answers, call)
    assert run(*arguments, "--output", "parts").exit_code == 1
    assert len(state_files(tmp_path)) == 1
    with Path("parts").open("a") as file:
        file.write("half a li")
    result = run(*arguments, "--output", "parts")
    assert "Goes on after 2,000 rows" in result.stderr
    assert result.stderr.endswith("3,150 free, 350 suppressed, 0 not a number\n")
    assert Path("parts").read_text() == Path("whole").read_text()
    assert Path("parts").stat().st_mode & 0o077 == 0
    assert state_files(tmp_path) == []


def test_a_check_onto_standard_output_begins_anew(api: FakeApi, run: Run, tmp_path: Path) -> None:
    """What the first run printed may be gone: a number left out would be sent to."""
    Path("in.txt").write_text("\n".join(numbers(1500)))
    answers: list[Any] = [checking, (500, JSON, "{}"), checking]
    api.answers[CHECK] = lambda call: _next(answers, call)
    arguments = ("check", "--file", "in.txt", "--parallel", "1")
    assert run(*arguments).exit_code == 1
    assert state_files(tmp_path) == []
    assert len(run(*arguments).stdout.splitlines()) == 150


def test_answers_come_in_the_order_of_the_file_however_many_calls_go_at_a_time(
    api: FakeApi, run: Run
) -> None:
    def slow_first(call: Call) -> Answer:
        if json.loads(call.body)["numbers"][0] == "+15550100000000":
            time.sleep(0.2)
        return checking(call)

    api.answers[CHECK] = slow_first
    wanted = [f"+1555010{n:07}" for n in range(5000)]
    Path("in.txt").write_text("\n".join(wanted))
    result = run("check", "--file", "in.txt", "--show", "all", "--parallel", "4")
    assert [line.split("\t")[0] for line in result.stdout.splitlines()] == wanted


def test_off_a_terminal_progress_is_some_lines(api: FakeApi, run: Run) -> None:
    api.answers[IMPORT] = importing()
    Path("in.txt").write_text("\n".join(f"+1555010{n:07}" for n in range(25_000)))
    result = run("import", "in.txt")
    assert result.stderr.splitlines() == [
        "Importing: 10,000 of about 24,999 rows",
        "Importing: 20,000 of about 24,999 rows",
    ]


# What lies where results are written


@pytest.mark.parametrize("act", ["import", "check"])
def test_results_are_never_written_over_the_file_that_is_read(
    api: FakeApi, run: Run, act: str
) -> None:
    Path("numbers.csv").write_text("+447700900123\n")
    Path("same").symlink_to("numbers.csv")
    for into in ("numbers.csv", "./numbers.csv", "same"):
        arguments = {
            "import": ("import", "numbers.csv", "--errors", into),
            "check": ("check", "--file", "numbers.csv", "--output", into),
        }
        assert run(*arguments[act]).exit_code == 2
        assert Path("numbers.csv").read_text() == "+447700900123\n"
    assert api.calls == []


def test_a_device_that_takes_the_errors_is_still_there_afterwards(api: FakeApi, run: Run) -> None:
    api.answers[IMPORT] = importing(lambda rows: ["row 2: not a phone number"])
    Path("numbers.csv").write_text("+447700900123\n")
    os.mkfifo("device")
    reader = os.open("device", os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert run("import", "numbers.csv", "--errors", "device").exit_code == 1
        assert os.read(reader, 1000) == b"row,error\r\n1,not a phone number\r\n"
        assert Path("device").is_fifo()
    finally:
        os.close(reader)


def test_only_its_owner_reads_what_a_check_writes_whoever_could_before(
    api: FakeApi, run: Run
) -> None:
    api.answers[CHECK] = checking
    Path("numbers.txt").write_text("+447700900007\n")
    Path("out.csv").write_text("old")
    Path("out.csv").chmod(0o644)
    assert run("check", "--file", "numbers.txt", "--output", "out.csv").exit_code == 0
    assert Path("out.csv").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ('=HYPERLINK("https://x.test")', '\'=HYPERLINK("https://x.test")'),
        ("@sum", "'@sum"),
        ("-x", "'-x"),
        ("+x", "'+x"),
        ("\uff1dx", "'\uff1dx"),
        ("a;=x", "a;'=x"),
        ("a\n+x", "a\n'+x"),
        ("+447700900123", "+447700900123"),
        ("+44 (0) 7700 900-123", "+44 (0) 7700 900-123"),
    ],
)
def test_no_cell_that_a_check_writes_is_a_formula_and_numbers_stay_as_they_are(
    api: FakeApi, run: Run, cell: str, written: str
) -> None:
    api.answers[CHECK] = answered({"checked": 1, "suppressed": [], "not_numbers": []})
    with Path("in.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["number"], [cell]])
    run("check", "--file", "in.csv", "--show", "all", "--output", "out.csv")
    rows = list(csv.reader(io.StringIO(Path("out.csv").read_bytes().decode(), newline="")))
    assert rows[1][:2] == [written, "free"]


@pytest.mark.parametrize("place", ["/dev/full", "out"])
def test_what_cannot_be_written_is_told_without_a_traceback(
    api: FakeApi, environment: dict[str, str], tmp_path: Path, place: str
) -> None:
    api.answers[CHECK] = checking
    Path(tmp_path, "numbers.txt").write_text("+447700900007\n")
    arguments = ["check", "--file", str(tmp_path / "numbers.txt"), "--output"]
    environment["XDG_STATE_HOME"] = "/dev/null"  # no folder can be made in it
    run = subprocess.run(
        [sys.executable, "-m", "dlr_cli", *arguments, place],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(ROOT / "cli")},
        capture_output=True,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr.startswith(b"Error: Something cannot be read or written (")
    assert b"Traceback" not in run.stderr
