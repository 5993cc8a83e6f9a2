"""The SAM CLI: builds the template, serves its API from containers, invokes its functions there."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import template
from local.cloud import LOCALHOST, in_use
from local.process import running
from local.stack import ROOT

COMMAND = str(ROOT / ".venv-sam" / "bin" / "sam")
BUILT = ROOT / ".aws-sam" / "build"
ARCHITECTURE = "x86_64"
"""Of the containers that `sam local` runs. What is built runs on both."""
START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 60.0
"""It removes its containers meanwhile."""
TIMEOUT_S = 120
"""Of a function and of whoever waits for it: a busy machine starts a container slowly."""


class SamFailed(Exception):
    """The SAM CLI ended with an error; the text holds its words."""


def sam(*arguments: str, **variables: str) -> str:
    """Run a command of the SAM CLI in the project's folder; answers what it prints."""
    answer = subprocess.run(
        [COMMAND, *arguments],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise SamFailed(f"sam {arguments[0]} failed:\n{answer.stdout}{answer.stderr}")
    return answer.stdout


def build() -> None:
    """Build the functions of every provider."""
    known = ",".join(template.providers(ROOT / "template.yaml"))
    sam("build", "--parameter-overrides", f"Providers={known}")


def for_sam_local(built: Path = BUILT) -> Path:
    """The built template with its loops written out, beside it.

    `sam local` (1.170) writes out loops by itself, but then takes the references to other resources
    in `Fn::Sub` and `Fn::Join` for text, and so finds no function behind any route. Without loops
    it reads the same template well.
    """
    expanded = template.load(built / "template.yaml", {"Architecture": ARCHITECTURE})
    expanded["Transform"] = "AWS::Serverless-2016-10-31"
    # Only variables that the template knows can be set from outside.
    expanded["Globals"]["Function"]["Environment"]["Variables"]["AWS_ENDPOINT_URL"] = ""
    expanded["Globals"]["Function"]["Timeout"] = TIMEOUT_S
    path = built / "sam-local.json"
    path.write_text(json.dumps(expanded, indent=2))
    return path


@dataclass(frozen=True)
class SamLocal:
    """`sam local` with one template, image and set of variables. `host` is the engine's."""

    host: str
    image: str
    template: Path
    variables: Mapping[str, Mapping[str, str]]  # logical id of a function to its environment
    folder: Path

    @contextmanager
    def api(self, port: int) -> Iterator[None]:
        """Serves the API on 127.0.0.1. Each function's container stays warm."""
        command = self._command(
            "start-api",
            *("--host", LOCALHOST, "--port", str(port)),
            *("--warm-containers", "LAZY", "--no-watch"),
        )
        with running(
            "sam local start-api",
            command,
            ready=lambda: in_use(port),
            log=self.folder / "start-api.log",
            env=self._environment(),
            start_timeout_s=START_TIMEOUT_S,
            stop_timeout_s=STOP_TIMEOUT_S,
        ):
            yield

    def invoke(self, function: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """What the function answers. A failed one answers too: with `errorMessage`."""
        answer = subprocess.run(
            [*self._command("invoke", "--event", "-"), function],
            env=self._environment(),
            input=json.dumps(event),
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode != 0:
            raise SamFailed(f"sam local invoke {function} failed:\n{answer.stderr}")
        payload: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
        return payload

    def _command(self, name: str, *options: str) -> list[str]:
        variables = self.folder / "variables.json"
        variables.write_text(json.dumps(self.variables))
        return [
            *(COMMAND, "local", name, "--template-file", str(self.template)),
            *("--invoke-image", self.image, "--skip-pull-image"),
            *("--env-vars", str(variables), "--container-host-interface", LOCALHOST),
            *("--layer-cache-basedir", str(self.folder / "layers")),
            *("--add-host", "host.docker.internal:host-gateway"),
            *options,
        ]

    def _environment(self) -> dict[str, str]:
        return os.environ | {
            "DOCKER_HOST": self.host,
            "SAM_CLI_TELEMETRY": "0",
            "TMPDIR": str(self.folder),  # SAM leaves locks there, and waits minutes for stale ones
        }
