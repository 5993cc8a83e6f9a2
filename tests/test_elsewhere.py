"""The normalization alone: the page's example, without AWS's libraries, in an own environment."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from dlr.wire.request import Request
from local.recordings import TOKEN, Recording, recordings_of
from tests.support.cases import ROOT

PAGE = (ROOT / "docs" / "normalize-elsewhere.md").read_text()
LAYER = ROOT / "layers" / "dlr"
HOST = "https://dlr.example.com"
MAX_LINES = 20
ABSENT = ["aws_lambda_powertools", "boto3", "botocore", "jmespath", "urllib3"]
BLOCKED = f"import sys; sys.modules.update(dict.fromkeys({ABSENT}))\n"
SERVE = """
import io, json, sys
for line in sys.stdin:
    environ = json.loads(line)
    environ["wsgi.input"] = io.BytesIO(environ.pop("body").encode())
    answers = []
    b"".join(app(environ, lambda status, headers: answers.append(status)))
    print("answer", *answers)
"""
READ_ALL = """
from dlr.ingest.normalize import Normalizer
from dlr.providers.base import load_provider
from local.recordings import recordings

for case in recordings():
    provider = load_provider(case.provider)
    assert provider.verify(case.request, case.credentials), case.id
    if case.status == 200:
        found = Normalizer(provider)(case.request, case.credentials.now)
        assert len(found.reports) == len(case.reports), case.id
print(len({case.provider for case in recordings()}), "providers")
"""
TRUST = "from local.certificates import *; read_certificates_from_the_recordings()\n"


def example() -> str:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    return str(code)


def environ_of(request: Request) -> dict[str, Any]:
    """As a WSGI server gives it, with the body in place of a file."""
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    headers = {f"HTTP_{n.upper().replace('-', '_')}": v for n, v in request.headers.items()}
    environ |= headers | {
        "CONTENT_TYPE": headers.pop("HTTP_CONTENT_TYPE", ""),
        "REQUEST_METHOD": request.method,
        "PATH_INFO": request.path,
        "QUERY_STRING": request.query,
        "CONTENT_LENGTH": str(len(request.body)),
        "body": request.body.decode(),
    }
    return {name: value for name, value in environ.items() if not name.startswith("wsgi.")}


def run(python: Path | str, script: str, given: str = "", **variables: str) -> list[str]:
    done = subprocess.run(
        [python, "-c", script],
        input=given,
        env={"PATH": "", "TOKEN": TOKEN, "PUBLIC_URL": HOST, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def serve(python: Path | str, cases: list[Recording], script: str, **variables: str) -> list[str]:
    """What the example prints for these requests: its reports and its answers."""
    given = "".join(json.dumps(environ_of(case.request)) + "\n" for case in cases)
    keys = {key for case in cases for key in case.credentials.signing_keys}
    return run(python, script, given, SIGNING_KEYS=" ".join(keys), **variables)


def expected_of(cases: list[Recording]) -> list[tuple[str, str | None]]:
    """Message id and action of each report, in order."""
    return [(r["message_id"], r["action"]) for case in cases for r in case.reports]


def check_served(printed: list[str], cases: list[Recording]) -> None:
    read = [json.loads(line) for line in printed if not line.startswith("answer")]
    assert [(each["message_id"], each["action"]) for each in read] == expected_of(cases)
    codes = [int(line.split()[1]) for line in printed if line.startswith("answer")]
    assert codes == [case.status for case in cases]


SERVED = [
    [case for case in recordings_of(name) if bool(case.credentials.signing_keys) is is_signed]
    for name, is_signed in (
        ("twilio", True),
        ("plivo", True),
        ("plivo", False),
        ("thesmsworks", False),
        ("smsapi", False),
        ("linkmobility", False),
    )
]


@pytest.mark.parametrize("cases", SERVED, ids=lambda cases: cases[0].id)
def test_the_pages_example_reads_what_the_webhooks_read(cases: list[Recording]) -> None:
    script = BLOCKED + example() + SERVE
    check_served(serve(sys.executable, cases, script, PYTHONPATH=str(LAYER)), cases)


def test_the_pages_example_refuses_a_wrong_token_and_a_missing_signature() -> None:
    (case, *_) = recordings_of("twilio")
    unsigned = environ_of(case.request) | {"HTTP_X_TWILIO_SIGNATURE": ""}
    astray = environ_of(case.request)
    astray["PATH_INFO"] = astray["PATH_INFO"].replace("/token", "/other")
    given = "".join(json.dumps(each) + "\n" for each in (unsigned, astray))
    (key,) = case.credentials.signing_keys
    script = BLOCKED + example() + SERVE
    printed = run(sys.executable, script, given, SIGNING_KEYS=key, PYTHONPATH=str(LAYER))
    assert printed == ["answer 401 Unauthorized"] * 2


def test_the_example_is_short() -> None:
    application = example().partition("def app")[2]
    assert len(application.strip().splitlines()) <= MAX_LINES


def test_every_provider_verifies_and_normalizes_without_awss_libraries() -> None:
    path = f"{LAYER}:{ROOT}"
    (line,) = run(sys.executable, BLOCKED + TRUST + READ_ALL, PYTHONPATH=path)
    assert int(line.split()[0]) >= 26


@pytest.mark.parametrize(
    ("path", "token", "own"),
    [
        ("/webhooks/x/a%20b", "a b", "/webhooks/x/a%20b"),
        ("/webhooks/x/caf\u00c3\u00a9", "café", "/webhooks/x/caf%C3%A9"),
        ("/webhooks/x/t", "t", "/webhooks/x/t"),
    ],
)
def test_a_path_is_as_the_provider_called_it(path: str, token: str, own: str) -> None:
    """A server gives it unquoted, its bytes as letters of Latin-1."""
    environ = environ_of(Request("GET", path=path, query="a=1"))
    with_input = environ | {"wsgi.input": None, "CONTENT_LENGTH": ""}
    with_input["wsgi.input"] = type("Nothing", (), {"read": lambda self, size: b""})()
    request = Request.from_wsgi(with_input, HOST + "/")
    assert (request.token, request.url) == (token, f"{HOST}{own}?a=1")


def test_its_requirements_are_those_of_the_project() -> None:
    """Written twice, for the root is no package."""
    root = tomllib.loads((ROOT / "pyproject.toml").read_text())
    alone = tomllib.loads((LAYER / "pyproject.toml").read_text())["project"]
    extras = alone["optional-dependencies"]
    assert set(alone["dependencies"]) < set(root["project"]["dependencies"])
    rest = set(root["project"]["dependencies"]) - set(alone["dependencies"])
    assert rest < set(extras["aws"])
    for provider in ("awssms", "telnyx", "vonage"):
        assert extras[provider] == root["dependency-groups"][provider]
    assert alone["requires-python"] == root["project"]["requires-python"]


@pytest.mark.slow
def test_it_can_be_installed_alone(tmp_path: Path) -> None:
    """In an environment with nothing else; then with what three providers' signatures need."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "alone"], check=True)
    python = tmp_path / "alone" / "bin" / "python"
    install: list[str | Path] = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    subprocess.run([*install, str(LAYER)], check=True)
    (found,) = run(python, "from importlib.util import find_spec as f; print(f('boto3'), f('jwt'))")
    assert found == "None None"
    for cases in SERVED:
        check_served(serve(python, cases, example() + SERVE), cases)
    assert run(python, "from dlr.__main__ import main; main(['codes', 'azure'])")
    subprocess.run([*install, f"{LAYER}[awssms,telnyx,vonage]"], check=True)
    (line,) = run(python, TRUST + READ_ALL, PYTHONPATH=str(ROOT))
    assert int(line.split()[0]) >= 26
