"""`dlr`, the operator's command, against an API that answers as the test wants it."""

import ast
import contextlib
import json
import os
import pty
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import pytest
from click.testing import CliRunner, Result

from dlr_cli.__main__ import dlr
from dlr_cli.aws import explained
from dlr_cli.connection import find_address
from dlr_cli.errors import CommandError
from tests.support.cases import ROOT
from tests.support.fake_api import JSON, PROBLEM, Answer, Call, FakeApi, answered, serving

TOKEN = "hush-admin-token"
NUMBER = "447700900123"
CLI = [sys.executable, "-m", "dlr_cli"]
PYTHONPATH = os.pathsep.join(str(ROOT / part) for part in ("layers/dlr", "cli"))


def request(name: str, **other: str) -> dict[str, str]:
    """A request as the API shows it."""
    return {
        "id": name,
        "provider": "smsmode",
        "error": "to: Field required",
        "received_at": "2026-11-22T10:00:00Z",
        "method": "POST",
        "query": "",
        "content_type": "application/json",
        "body": f'{{"to": "+{NUMBER}"}}',
        **other,
    }


def page(*requests: dict[str, str], after: str | None = None) -> Answer:
    return 200, JSON, json.dumps({"items": requests, "next": after})


def replayed(error: str | None = None, new: int = 0) -> Answer:
    return 200, JSON, json.dumps({"new": new, "stale": 0, "duplicate": 0, "error": error})


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serving(FakeApi()) as fake:
        yield fake


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A home without a profile, and no wait before a call is made again."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("dlr_cli.patience.BACKOFF_S", 0)


Run = Callable[..., Result]


@pytest.fixture
def run(api: FakeApi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Calls the command in a folder without .local, with the fake API in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLR_URL", api.url)
    monkeypatch.setenv("DLR_TOKEN", TOKEN)
    return lambda *arguments: CliRunner().invoke(dlr, arguments)


def everything_of(result: Result) -> str:
    return f"{result.output}{result.exception!r}"


# Start


def loaded_by(*arguments: str, **environment: str) -> set[str]:
    """The packages that a fresh process has imported when the command ends."""
    code = "import sys\nfrom dlr_cli.__main__ import main\ntry:\n    main()\nfinally:\n"
    code += "    print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={"PYTHONPATH": PYTHONPATH, "PATH": "", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.split())


HEAVY = {"local", "cfnlint", "samtranslator", "boto3", "botocore", "dlr", "pydantic"}


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["redrive", "--help"], ["smoke", "--help"], ["quarantine", "list", "--help"]],
)
def test_help_imports_nothing_that_only_a_call_needs(arguments: list[str]) -> None:
    loaded = loaded_by(*arguments)
    assert "dlr_cli" in loaded
    assert loaded & {*HEAVY, "urllib3", "rich"} == set()


def test_a_command_that_asks_the_api_needs_no_boto3(api: FakeApi) -> None:
    api.answers["GET /quarantine"] = page(request("a"))
    loaded = loaded_by("quarantine", "list", DLR_URL=api.url, DLR_TOKEN=TOKEN)
    assert api.calls == ["GET /quarantine?limit=200"]
    assert loaded & HEAVY == set()


def imports_of(path: Path) -> set[str]:
    """The packages that a module imports, at its start or later."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {each.name.split(".")[0] for each in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_the_command_stands_on_its_own_and_only_redrive_and_smoke_on_the_layer() -> None:
    root = ROOT / "cli" / "dlr_cli"
    needed = {str(path.relative_to(root)): imports_of(path) for path in root.rglob("*.py")}
    others = set().union(*needed.values()) - sys.stdlib_module_names - {"_typeshed"}
    assert others == {"dlr_cli", "dlr", "click", "rich", "urllib3", "boto3", "botocore"}
    on_the_layer = {name for name, packages in needed.items() if "dlr" in packages}
    smoke = {f"smoke/{name}.py" for name in ("listener", "run", "webhook")}
    assert on_the_layer == {"redrive.py", *smoke}
    assert {n for n, packages in needed.items() if packages & {"boto3", "botocore"}} == {"aws.py"}


def all_commands(command: click.Command, *path: str) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from all_commands(inner, *path, name)


def test_every_command_explains_itself() -> None:
    paths = list(all_commands(dlr))
    assert {("redrive",), ("smoke",), ("quarantine", "discard")} <= set(paths)
    for path in paths:
        result = CliRunner().invoke(dlr, [*path, "--help"])
        lines = result.stdout.splitlines()
        assert result.exit_code == 0
        assert lines[2].strip(), f"{path} has no description"
        assert max(map(len, lines)) <= 80


def test_the_extra_asks_for_the_layers_versions() -> None:
    layer = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    command = tomllib.loads((ROOT / "cli" / "pyproject.toml").read_text())["project"]
    extra = set(command["optional-dependencies"]["aws"])
    assert {each for each in extra if not each.startswith("boto3")} <= set(layer["dependencies"])


# Which API


def of_environment(**environment: str) -> tuple[str, str]:
    address = find_address(None, None, None, environment)
    return address.url, address.token


@pytest.fixture
def stacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any stack is there; its name is in what is found."""
    monkeypatch.setattr(
        "dlr_cli.aws.base_url_and_token", lambda stack: (f"https://{stack}.test/", "of-the-stack")
    )


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """What `make run` writes, in the folder in which the command is called."""
    monkeypatch.chdir(tmp_path)
    path = Path(".local", "outputs.json")
    path.parent.mkdir()
    path.write_text(json.dumps({"base_url": "http://127.0.0.1:4566/x", "admin_token": "local"}))
    return path


FULL = {"DLR_URL": "https://env.test", "DLR_TOKEN": "of-env"}


@pytest.mark.usefixtures("stacks", "outputs")
@pytest.mark.parametrize(
    ("url", "token", "stack", "environment", "found"),
    [
        ("https://flag.test", "flag", None, FULL, ("https://flag.test", "flag")),
        ("https://flag.test/", None, None, FULL, ("https://flag.test", "of-env")),
        (None, "flag", None, FULL, ("https://env.test", "flag")),
        (None, None, "prod", FULL, ("https://prod.test", "of-the-stack")),
        (None, None, None, FULL, ("https://env.test", "of-env")),
        (None, None, "prod", {}, ("https://prod.test", "of-the-stack")),
        (None, None, None, {}, ("http://127.0.0.1:4566/x", "local")),
    ],
)
def test_what_is_given_is_asked_before_what_is_found(
    url: str | None,
    token: str | None,
    stack: str | None,
    environment: dict[str, str],
    found: tuple[str, str],
) -> None:
    address = find_address(url, token, stack, environment)
    assert (address.url, address.token) == found


@pytest.mark.usefixtures("stacks", "outputs")
@pytest.mark.parametrize(
    ("url", "token", "stack", "environment"),
    [
        ("https://flag.test", None, None, {}),
        (None, "flag", None, {}),
        (None, None, None, {"DLR_URL": "https://env.test"}),
        (None, None, None, {"DLR_TOKEN": "of-env"}),
        ("https://flag.test", "flag", "prod", {}),
        ("flag.test", "flag", None, {}),
        ("https://[flag", "flag", None, {}),
        ("https://flag.test", "fl\nag", None, {}),
        ("https://flag.test", "flág", None, {}),
        ("https://flag.test", " ", None, {}),
        ("https://flag.test?x=1", "flag", None, {}),
        ("https://flag.test#x", "flag", None, {}),
        ("https://flag.test/\nx", "flag", None, {}),
        ("http://flag.test", "flag", None, {}),
        ("http://127.0.0.1.flag.test/", "flag", None, {}),
        ("http://127.0.0.1@flag.test/", "flag", None, {}),
        ("https://user:flag@api.test", "flag", None, {}),
        ("", "", None, {"DLR_URL": "https://env.test", "DLR_TOKEN": "of-env"}),
        (None, None, "", {"DLR_URL": "https://env.test", "DLR_TOKEN": "of-env"}),
    ],
)
def test_half_an_answer_is_wrong_usage(
    url: str | None, token: str | None, stack: str | None, environment: dict[str, str]
) -> None:
    with pytest.raises(click.UsageError) as caught:
        find_address(url, token, stack, environment)
    assert "flag" not in caught.value.message


def test_without_any_api_the_places_are_named(tmp_path: Path, run: Run) -> None:
    result = CliRunner(env={"DLR_URL": None, "DLR_TOKEN": None}).invoke(dlr, ["quarantine", "list"])
    assert result.exit_code == 2
    assert all(
        word in result.stderr
        for word in ("--url", "--stack", "DLR_TOKEN", "config.toml", "make run")
    )


@pytest.mark.parametrize("host", ["127.0.0.1:4566", "localhost", "api.localhost:1", "[::1]:4566"])
def test_this_machine_is_asked_over_http(host: str) -> None:
    address = find_address(f"http://{host}/x", "flag", None, {})
    assert address.url == f"http://{host}/x"


def test_outputs_that_name_another_machine_are_not_those_of_make_run(outputs: Path) -> None:
    outputs.write_text(json.dumps({"base_url": "https://strange.test", "admin_token": "x"}))
    with pytest.raises(CommandError, match="another machine"):
        of_environment()


def test_outputs_that_cannot_be_read_are_an_error_without_a_traceback(outputs: Path) -> None:
    outputs.write_text("[]")
    with pytest.raises(CommandError, match="cannot be read"):
        of_environment()


def test_a_token_out_of_a_file_may_end_in_a_newline() -> None:
    assert of_environment(DLR_URL="https://env.test", DLR_TOKEN="of-env\n")[1] == "of-env"


# Exit status, and what may be said


@pytest.mark.parametrize(
    ("answer", "exit_code"),
    [
        (page(request("a")), 0),
        (page(), 0),
        ((401, JSON, '{"message": "Unauthorized"}'), 4),
        ((403, JSON, '{"message": "Forbidden"}'), 4),
        ((404, PROBLEM, '{"title": "Not found"}'), 3),
        ((404, JSON, '{"message": "Not Found"}'), 1),
        ((422, PROBLEM, '{"detail": "no such word"}'), 2),
        ((429, JSON, "{}"), 1),
        ((500, JSON, f"{TOKEN} {NUMBER}"), 1),
        ((302, JSON, ""), 1),
        ((200, "text/html", f"<p>{NUMBER}"), 1),
        ((200, JSON, f'{{"{NUMBER}": 1}}'), 1),
        ((200, JSON, "[1]"), 1),
        ((200, JSON, '{"items": [{}], "next": null}'), 1),
    ],
)
def test_the_exit_status_says_how_it_went(
    api: FakeApi, run: Run, answer: Answer, exit_code: int
) -> None:
    api.answers["GET /quarantine"] = answer
    result = run("quarantine", "list")
    assert result.exit_code == exit_code
    assert api.tokens == {f"Bearer {TOKEN}"}
    assert result.stderr.startswith("Error: ") == (exit_code != 0)
    assert TOKEN not in everything_of(result)
    assert NUMBER not in everything_of(result)


@pytest.mark.parametrize(
    "arguments",
    [
        ["quarantine", "list", "--url", "http://127.0.0.1:1"],
        ["quarantine", "list", "--url", f"http://{TOKEN}@127.0.0.1:1/{TOKEN}"],
        ["quarantine", "list", "--url", f"http://127.0.0.1:1{'1' * 9}/"],
        ["quarantine", "list", "--url", f"{TOKEN}"],
        ["quarantine", "list", "--token", TOKEN],
        ["quarantine", "list", f"--token={TOKEN}"],
        ["quarantine", "list", "--token-file", "bad"],
        ["quarantine", "list", "--token-file", "worse"],
        ["quarantine", "list", "--stack", "x", "--token-file", "good"],
        ["quarantine", "list", "--profile", "x", "--token-file", "good"],
        ["quarantine", "show"],
        ["quarantine", "nothing"],
        ["quarantine", "show", "a", "--help"],
    ],
)
def test_no_output_holds_the_token(run: Run, arguments: list[str]) -> None:
    for name, text in {"bad": f"{TOKEN}\r\nx: y", "worse": f"{TOKEN}é", "good": TOKEN}.items():
        Path(name).write_text(text)
    result = run(*arguments)
    assert result.exit_code in (0, 1, 2)
    assert isinstance(result.exception, SystemExit | None)
    assert TOKEN not in everything_of(result)


def test_an_api_that_does_not_answer_is_named_by_its_host(run: Run) -> None:
    result = run("quarantine", "list", "--url", "http://127.0.0.1:1/secret")
    assert result.exit_code == 1
    assert "127.0.0.1 cannot be reached" in result.stderr
    assert "secret" not in result.stderr


WITHOUT = "import sys\nsys.modules['{}'] = None\nfrom dlr_cli.__main__ import main\nmain()"


@pytest.mark.parametrize(
    ("missing", "arguments"),
    [
        ("boto3", ["quarantine", "list", "--stack", "x"]),
        ("boto3", ["redrive", "--stack", "x"]),
        ("pydantic", ["redrive", "--stack", "x"]),
        ("boto3", ["smoke", "--stack", "x"]),
        ("pydantic", ["smoke", "--stack", "x"]),
    ],
)
def test_without_what_the_extra_brings_the_extra_is_named(
    missing: str, arguments: list[str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(missing), *arguments],
        env={"PYTHONPATH": PYTHONPATH, "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert f"needs {missing}" in done.stderr
    assert "[aws]" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("operation", "code", "status", "exit_code"),
    [
        ("DescribeStacks", "AccessDenied", 403, 4),
        ("ReceiveMessage", "AccessDeniedException", 400, 4),
        ("DescribeStacks", "SomethingNew", 403, 4),
        ("DescribeStacks", "ValidationError", 400, 3),
        ("UpdateItem", "ValidationError", 400, 1),
        ("Scan", "ProvisionedThroughputExceededException", 400, 1),
    ],
)
def test_an_error_of_aws_is_said_without_its_message(
    operation: str, code: str, status: int, exit_code: int
) -> None:
    from botocore.exceptions import ClientError

    answer: Any = {
        "Error": {"Code": code, "Message": f"{NUMBER} is not authorized"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    with pytest.raises(CommandError) as caught, explained():
        raise ClientError(answer, operation)
    assert caught.value.exit_code == exit_code
    assert NUMBER not in caught.value.message


def test_without_aws_settings_the_missing_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    result = CliRunner().invoke(dlr, ["redrive", "--stack", "x"])
    assert (result.exit_code, result.stderr) == (1, "Error: AWS: You must specify a region.\n")


class FakeAws:
    """A stack with these outputs, and one secret."""

    def __init__(self, secret: str, **outputs: str) -> None:
        self._secret = secret
        self._outputs = outputs

    def describe_stacks(self, StackName: str) -> Any:
        outputs = [{"OutputKey": k, "OutputValue": v} for k, v in self._outputs.items()]
        return {"Stacks": [{"StackName": StackName, "Outputs": outputs}]}

    def get_secret_value(self, SecretId: str) -> Any:
        return {"SecretString": self._secret}


@pytest.mark.parametrize(
    ("stack", "said"),
    [
        (FakeAws("{}"), "Stack prod has no API"),
        (FakeAws(TOKEN, BaseUrl="https://x.test", AdminSecret="s"), "holds no token"),
        (FakeAws(f'{{"x": "{TOKEN}"}}', BaseUrl="https://x.test", AdminSecret="s"), "no token"),
    ],
)
def test_a_stack_without_an_api_or_a_token_is_said(
    monkeypatch: pytest.MonkeyPatch, stack: FakeAws, said: str
) -> None:
    monkeypatch.setattr("dlr_cli.aws.client_maker", lambda: lambda _: stack)
    result = CliRunner().invoke(dlr, ["quarantine", "list", "--stack", "prod"])
    assert result.exit_code == 1
    assert said in result.stderr
    assert TOKEN not in everything_of(result)


# Output


@pytest.fixture
def two(api: FakeApi) -> FakeApi:
    """Two requests, in two parts."""
    api.answers["GET /quarantine"] = page(request("a"), after="a/1")
    api.answers["GET /quarantine?limit=200&cursor=a%2F1"] = page(request("b", provider="smpp"))
    return api


@pytest.mark.usefixtures("two")
def test_json_is_one_object_a_line(run: Run) -> None:
    result = run("quarantine", "list", "--json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert rows[0] == {
        "id": "a",
        "received_at": "2026-11-22T10:00:00Z",
        "provider": "smsmode",
        "error": "to: Field required",
    }
    assert [row["id"] for row in rows] == ["a", "b"]
    result = run("quarantine", "show", "b", "a", "--json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert rows == [request("b", provider="smpp"), request("a")]


@pytest.mark.usefixtures("two")
def test_off_a_terminal_a_list_is_lines_with_tabs(run: Run) -> None:
    result = run("quarantine", "list", "--provider", "smpp")
    assert result.stdout == "b\t2026-11-22T10:00:00Z\tsmpp\tto: Field required\n"
    assert result.stderr == ""


def test_an_empty_list_has_no_data_and_a_message(api: FakeApi, run: Run) -> None:
    api.answers["GET /quarantine"] = page()
    result = run("quarantine", "list")
    assert (result.stdout, result.stderr) == ("", "No such request is in quarantine.\n")


@pytest.mark.parametrize("command", [["list"], ["show", "a"]])
@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_what_a_provider_sends_cannot_steer_the_terminal(
    api: FakeApi, run: Run, command: list[str], as_json: list[str]
) -> None:
    trap = "\x1b[2Jx\x9b5m\u202e\ud800\r"
    api.answers["GET /quarantine"] = page(request("a", body=trap, error=trap, query=trap))
    result = run("quarantine", *command, *as_json)
    assert result.exit_code == 0
    assert "[2Jx" in result.stdout
    assert set(trap) - set("[2Jx5m") & set(result.stdout) == set()


def test_no_id_that_is_typed_or_answered_can_steer_the_terminal(api: FakeApi, run: Run) -> None:
    trap = "\x1b[2Jx[red]"
    api.answers["GET /quarantine"] = page()
    api.answers[f"POST /quarantine/{quote(trap)}/replay"] = replayed("to: missing")
    api.answers[f"DELETE /quarantine/{quote(trap)}"] = answered({"discarded": trap})
    for result in (
        run("quarantine", "show", trap),
        run("quarantine", "replay", trap),
        run("quarantine", "discard", trap, "--yes"),
    ):
        assert "\\x1b[2Jx[red]" in result.output
        assert "\x1b" not in result.output


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("447700900123", "…"),
        ("+44 7700 900 123", "…"),
        ("(020) 7946-0123", "(…"),
        ("+2904567", "…"),
        ("+290 4567.", "…."),
        ("row 12 of 200", "row 12 of 200"),
        ("err:023456", "err:023456"),
    ],
)
def test_an_estimate_shows_no_number_however_short_or_spaced(
    api: FakeApi, run: Run, number: str, shown: str
) -> None:
    api.answers["GET /quarantine"] = page(request("a", error=f"to: {number}"))
    result = run("quarantine", "replay", "--provider", "smsmode")
    assert f"to: {shown}\n" in result.stderr


@pytest.mark.usefixtures("two")
def test_a_request_is_shown_as_it_came(run: Run) -> None:
    head, _, body = run("quarantine", "show", "a").stdout.partition("\n\n")
    assert "provider      smsmode" in head
    assert body.strip() == request("a")["body"]


@pytest.mark.usefixtures("two")
def test_what_is_not_kept_is_said_beside_what_is(run: Run) -> None:
    result = run("quarantine", "show", "b", "c", "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["id"] == "b"
    assert result.stderr == "not in quarantine: c\n"


# Replay and discard


@pytest.mark.parametrize(
    ("answers", "exit_code", "said"),
    [
        ({"a": replayed(new=2)}, 0, ["a  replayed: 2 new, 0 stale, 0 duplicate"]),
        ({"a": replayed("to: missing")}, 1, ["a  still unreadable: to: missing"]),
        ({"a": (404, PROBLEM, "{}")}, 3, ["a  not in quarantine"]),
        ({"a": (404, PROBLEM, "{}"), "b": replayed("x")}, 1, None),
        (
            {"a": (502, JSON, NUMBER), "b": replayed(new=1)},
            1,
            [
                "a  failed: The API answered HTTP 502.",
                "b  replayed: 1 new, 0 stale, 0 duplicate",
            ],
        ),
        ({"a": (403, JSON, NUMBER), "b": replayed(new=1)}, 4, []),
    ],
)
def test_a_replay_says_what_it_came_to(
    api: FakeApi, run: Run, answers: dict[str, Answer], exit_code: int, said: list[str] | None
) -> None:
    for name, answer in answers.items():
        api.answers[f"POST /quarantine/{name}/replay"] = answer
    result = run("quarantine", "replay", *answers)
    assert result.exit_code == exit_code
    if said is not None:
        assert result.stdout.splitlines() == said
    assert NUMBER not in result.output


@pytest.mark.usefixtures("two")
def test_all_of_a_provider_are_replayed(api: FakeApi, run: Run) -> None:
    api.answers["POST /quarantine/b/replay"] = replayed(new=1)
    asked = run("quarantine", "replay", "--provider", "smpp", "--json")
    assert (asked.exit_code, asked.stdout) == (2, "")
    assert "Replay 1 request from" in asked.stderr
    assert "--yes" in asked.stderr
    assert not any(call.startswith("POST") for call in api.calls)
    result = run("quarantine", "replay", "--provider", "smpp", "--json", "--yes")
    assert "      1  " in result.stderr  # so many of this reason
    assert "may suppress numbers" in result.stderr
    expected = {"id": "b", "outcome": "replayed", "new": 1, "stale": 0, "duplicate": 0}
    assert json.loads(result.stdout) == {**expected, "error": None}
    result = run("quarantine", "replay", "--provider", "twilio")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "No such request" in result.stderr


def test_an_id_is_one_part_of_the_path(api: FakeApi, run: Run) -> None:
    run("quarantine", "replay", "a/../b?c")
    run("quarantine", "replay", "a", "a")
    assert api.calls == [
        "POST /quarantine/a%2F..%2Fb%3Fc/replay",
        "POST /quarantine/a/replay",
    ]


@pytest.mark.parametrize("command", ["show", "replay", "discard"])
@pytest.mark.parametrize("arguments", [[], ["a", "--provider", "smsmode"]])
def test_which_requests_has_to_be_said(
    api: FakeApi, run: Run, command: str, arguments: list[str]
) -> None:
    yes = ["--yes"] if command == "discard" else []
    result = run("quarantine", command, *arguments, *yes)
    assert result.exit_code == 2
    assert "--provider" in result.stderr
    assert api.calls == []


def test_off_a_terminal_discard_needs_yes(api: FakeApi, run: Run) -> None:
    api.answers["DELETE /quarantine/a"] = (200, JSON, '{"discarded": "a"}')
    result = run("quarantine", "discard", "a")
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert api.calls == []
    result = run("quarantine", "discard", "a", "--yes")
    assert (result.exit_code, result.stdout) == (0, "a  discarded\n")


def test_a_discard_that_fails_leaves_the_others_to_be_done(api: FakeApi, run: Run) -> None:
    api.answers["DELETE /quarantine/a"] = (500, JSON, "{}")
    api.answers["DELETE /quarantine/b"] = (200, JSON, '{"discarded": "b"}')
    result = run("quarantine", "discard", "a", "b", "--yes", "--json")
    assert result.exit_code == 1
    outcomes = [json.loads(line)["outcome"] for line in result.stdout.splitlines()]
    assert outcomes == ["failed", "discarded"]


@pytest.mark.usefixtures("two")
def test_nothing_to_discard_is_no_question(api: FakeApi, run: Run) -> None:
    result = run("quarantine", "discard", "--provider", "twilio", "--yes")
    assert (result.exit_code, result.stdout) == (0, "")
    assert not any(call.startswith("DELETE") for call in api.calls)


# On a terminal


def on_terminal(
    api: FakeApi, *arguments: str, typed: str = "", is_piped: bool = False, **environment: str
) -> tuple[int, str, bytes]:
    """Exit status, what the person at the terminal sees, and standard output if it is piped."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*CLI, *arguments],
        env={
            "PYTHONPATH": PYTHONPATH,
            "PATH": "",
            "TERM": "xterm-256color",
            "DLR_URL": api.url,
            "DLR_TOKEN": TOKEN,
            **environment,
        },
        stdin=slave,
        stdout=subprocess.PIPE if is_piped else slave,
        stderr=slave,
    )
    os.close(slave)
    os.write(master, typed.encode())
    out = process.stdout.read() if process.stdout else b""
    seen = b""
    with contextlib.suppress(OSError):  # EIO: the other end is closed
        while part := os.read(master, 4096):
            seen += part
    os.close(master)
    if process.stdout:
        process.stdout.close()
    return process.wait(), seen.decode(), out


@pytest.mark.parametrize(("typed", "exit_code", "calls"), [("y\n", 0, 1), ("\n", 1, 0)])
def test_on_a_terminal_discard_asks(api: FakeApi, typed: str, exit_code: int, calls: int) -> None:
    api.answers["DELETE /quarantine/a"] = (200, JSON, '{"discarded": "a"}')
    arguments = ("quarantine", "discard", "a", "--json")
    code, seen, out = on_terminal(api, *arguments, typed=typed, is_piped=True)
    assert (code, len(api.calls)) == (exit_code, calls)
    assert "Discard 1 request from the quarantine of 127.0.0.1, for good? [y/N]" in seen
    assert out.startswith(b"{") == (exit_code == 0)


@pytest.mark.usefixtures("two")
def test_a_terminal_gets_columns_with_titles(api: FakeApi) -> None:
    code, seen, _ = on_terminal(api, "quarantine", "list", NO_COLOR="1")
    title, first, second = seen.splitlines()
    assert code == 0
    assert title.split() == ["id", "received", "at", "provider", "error"]
    assert first.index("to: ") == second.index("to: ") == title.index("error")


def test_a_terminal_gets_no_empty_columns_and_no_fractions_of_seconds(api: FakeApi) -> None:
    rows = [{"id": "j1", "state": "done", "created_at": "2026-11-22T10:00:00.739120Z"}]
    api.answers["GET /exports"] = answered({"items": rows, "next": None})
    code, seen, _ = on_terminal(api, "export", "--jobs", NO_COLOR="1")
    title, row = seen.splitlines()
    assert code == 0
    assert title.split() == ["id", "state", "created", "at"]
    assert row.split() == ["j1", "done", "2026-11-22T10:00:00Z"]


def test_an_import_shows_how_far_it_is(api: FakeApi, tmp_path: Path) -> None:
    api.answers["POST /suppressions/import"] = answered(
        {"imported": 1000, "skipped": 0, "errors": []}
    )
    source = tmp_path / "in.txt"
    source.write_text("+15550100\n" * 3000)
    code, seen, out = on_terminal(
        api, "import", str(source), "--json", is_piped=True, HOME=str(tmp_path)
    )
    assert code == 0
    assert "Importing" in seen
    assert "100%" in seen
    assert json.loads(out)["imported"] == 3000


def test_on_a_terminal_the_number_is_asked_for(api: FakeApi) -> None:
    api.answers["POST /suppressions/check"] = answered({"suppressed": [], "not_numbers": []})
    code, seen, out = on_terminal(api, "check", "--json", typed=f"+{NUMBER}\n", is_piped=True)
    assert (code, json.loads(out)) == (0, {"number": f"+{NUMBER}", "result": "free"})
    assert "Number: " in seen


@pytest.mark.usefixtures("two")
def test_there_are_no_colours_off_a_terminal_or_where_nobody_wants_them(api: FakeApi) -> None:
    assert "\x1b[" in on_terminal(api, "quarantine", "list")[1]
    assert "\x1b[" not in on_terminal(api, "quarantine", "list", NO_COLOR="1")[1]
    wanted = {"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1"}
    assert b"\x1b[" not in on_terminal(api, "quarantine", "list", is_piped=True, **wanted)[2]


def test_progress_is_seen_where_the_data_are_not(api: FakeApi) -> None:
    names = ["a", "b", "c"]
    for name in names:
        api.answers[f"POST /quarantine/{name}/replay"] = replayed(new=1)
    arguments = ("quarantine", "replay", *names, "--json")
    code, seen, out = on_terminal(api, *arguments, is_piped=True)
    assert code == 0
    assert "100%" in seen
    assert [json.loads(line)["id"] for line in out.splitlines()] == names
    code, seen, _ = on_terminal(api, *arguments)
    assert "100%" not in seen


def test_an_api_that_repeats_a_page_is_not_asked_for_ever(api: FakeApi, run: Run) -> None:
    api.answers["GET /quarantine"] = page(after="same")
    result = run("quarantine", "list")
    assert (result.exit_code, "same page" in result.stderr) == (1, True)


# Closed streams


@pytest.mark.parametrize(
    ("closed", "said"),
    [(">&-", "Error: Standard output is closed. Nothing was done.\n"), (">&- 2>&-", "")],
)
def test_with_standard_output_closed_nothing_is_done(api: FakeApi, closed: str, said: str) -> None:
    done = in_shell(api, f"-m dlr_cli quarantine discard a --yes {closed}")
    assert (done.returncode, done.stderr, api.calls) == (1, said, [])


def test_messages_that_nobody_can_read_stop_nothing(api: FakeApi, tmp_path: Path) -> None:
    api.answers["POST /suppressions/import"] = importing
    (tmp_path / "in.txt").write_text("+15550100\n")
    done = in_shell(api, f"-m dlr_cli import {tmp_path}/in.txt --json 2>&-", HOME=str(tmp_path))
    assert (done.returncode, json.loads(done.stdout)["imported"]) == (0, 1)


def test_with_standard_input_closed_there_is_nobody_to_ask(api: FakeApi) -> None:
    for words in ("suppress", "quarantine discard a", "person", "providers key smsmode"):
        done = in_shell(api, f"-m dlr_cli {words} <&-")
        assert "Traceback" not in done.stderr
        assert done.returncode in (1, 2)


def test_a_reader_that_has_read_enough_ends_it_without_a_word(api: FakeApi) -> None:
    api.answers["GET /quarantine"] = page(*(request(f"{n:05}") for n in range(5000)))
    done = in_shell(api, "-m dlr_cli quarantine list | head -1")
    assert (len(done.stdout.splitlines()), done.stderr) == (1, "")


def importing(call: Call) -> Answer:
    return answered({"imported": len(call.body.splitlines()) - 1, "skipped": 0, "errors": []})


def in_shell(api: FakeApi, line: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Python with these arguments, by a shell that redirects."""
    return subprocess.run(  # noqa: S602
        f"{shlex.quote(sys.executable)} {line}",
        shell=True,
        cwd="/",
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "cli"),
            "DLR_URL": api.url,
            "DLR_TOKEN": TOKEN,
            **environment,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


# ---------------------------------------------------------------- by make


def test_make_smoke_works_on_what_make_run_runs_unless_a_stack_is_named() -> None:
    assert "--stack" not in recipe("smoke")
    assert '--stack "prod"' in recipe("smoke", "STACK=prod")
    assert '--stack ""' in recipe("smoke", "STACK=")  # which the command refuses


LEFT_OUT = {"STACK", "MAKEFLAGS"}


def recipe(target: str, *variables: str) -> str:
    """The command that make would run."""
    environment = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
    made = subprocess.run(
        ["make", "--dry-run", target, *variables],  # noqa: S607
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = (each for each in made.stdout.splitlines() if "-m dlr_cli" in each)
    return line
