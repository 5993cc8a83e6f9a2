"""`dlr export` on the running system."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3
from click.testing import CliRunner, Result

from dlr_cli import exports
from dlr_cli.__main__ import dlr
from dlr_cli.errors import CommandError
from local.stack import Deployment


def call(deployment: Deployment, *arguments: str) -> Result:
    environment = {"DLR_URL": deployment.base_url, "DLR_TOKEN": deployment.admin_token}
    return CliRunner(env=environment).invoke(dlr, ["export", *arguments])


def test_the_list_is_asked_for_waited_for_and_fetched(
    deployment: Deployment, tmp_path: Path
) -> None:
    result = call(deployment, "numbers_to_clean", "--into", str(tmp_path), "--json")
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    file = json.loads(line)
    (path,) = tmp_path.iterdir()
    assert (file["path"], file["bytes"]) == (str(path), path.stat().st_size)
    assert path.read_bytes().startswith(b"number,cause,advice")
    assert "Job " in result.stderr


def test_what_cannot_be_asked_for_fails_and_writes_nothing(
    deployment: Deployment, tmp_path: Path
) -> None:
    result = call(deployment, "messages", "--provider", "nobody", "--into", str(tmp_path))
    assert (result.exit_code, list(tmp_path.iterdir())) == (2, [])
    assert call(deployment, "everything").exit_code == 2


def test_an_export_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    states = iter(["running", "failed"])

    class Failing:
        def call(self, *_: object) -> exports.Job:
            return exports.Job("x", next(states), "its token was revoked", 1, 3, 10, ())

    told: list[exports.Job] = []
    job = exports.Job("x", "queued", "", 0, 3, 0, ())
    with pytest.raises(CommandError, match="its token was revoked"):
        exports.wait(Failing(), job, told.append, every_s=0)  # type: ignore[arg-type]
    assert [each.state for each in told] == ["running", "failed"]


def test_a_file_that_is_there_is_kept(deployment: Deployment, tmp_path: Path) -> None:
    link = f"{deployment.base_url}/nothing"
    with pytest.raises(CommandError, match="HTTP 4"):
        exports.fetch(link, tmp_path, 1)
    assert list(tmp_path.iterdir()) == []


class Sent:
    """A file as it comes; its end may not."""

    status = 200

    def __init__(self, name: str, end: type[BaseException] | None = None) -> None:
        self.headers = {"content-disposition": f'attachment; filename="{name}"'}
        self.end = end

    def stream(self, _: int) -> Iterator[bytes]:
        yield b"+447700900123\r\n"
        if self.end:
            raise self.end("in the middle")


def fetched(monkeypatch: pytest.MonkeyPatch, folder: Path, sent: Sent) -> list[Path]:
    """The files that are there afterwards."""
    monkeypatch.setattr(urllib3, "request", lambda *_, **__: sent)
    exports.fetch("https://bucket.test/x", folder, 1)
    return sorted(folder.iterdir())


def test_only_its_owner_reads_a_file_that_was_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (path,) = fetched(monkeypatch, tmp_path, Sent("clean.csv"))
    assert (path.name, path.stat().st_mode & 0o777) == ("clean.csv", 0o600)


@pytest.mark.parametrize("end", [urllib3.exceptions.ProtocolError, KeyboardInterrupt])
def test_half_a_file_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, end: type[BaseException]
) -> None:
    with pytest.raises((CommandError, KeyboardInterrupt)):
        fetched(monkeypatch, tmp_path, Sent("clean.csv", end))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [".bashrc", "..", "../up.csv", "/etc/x", "a/b"])
def test_a_file_gets_no_hidden_name_and_no_other_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    (path,) = fetched(monkeypatch, tmp_path, Sent(name))
    assert path.name == "part-1"
