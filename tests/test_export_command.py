"""`dlr export` on the running system."""

import json
from pathlib import Path

import pytest
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
    assert (result.exit_code, list(tmp_path.iterdir())) == (1, [])
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
