"""The API against its own description: schemathesis finds no call that ends in 5xx, and no answer
that the description does not have."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from local.client import Client
from local.stack import Deployment

EXAMPLES = 15
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)

pytestmark = pytest.mark.slow


def test_no_call_ends_in_5xx_or_in_an_answer_that_is_not_described(
    client: Client, deployment: Deployment, tmp_path: Path
) -> None:
    status, schema = client.api("GET", "/openapi.json")
    assert status == 200
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(schema))
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(path)]
    command += ["--url", deployment.base_url, "--checks", ",".join(CHECKS)]
    command += ["--header", f"Authorization: Bearer {deployment.admin_token}"]
    command += ["--max-examples", str(EXAMPLES), "--mode", "all", "--workers", "1", "--no-color"]
    command += ["--phases", "examples,coverage,fuzzing", "--generation-database", "none"]
    run = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False
    )
    print(run.stdout[-4000:])  # noqa: T201
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
