"""`python -m local run`, `demo`, `load`, `sam-local` and `rehearse`, called by make."""

import argparse
import json
import shlex
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from local.client import body_of, webhook_url
from local.cloud import CannotStart, Cloud, forget_real_aws, free_port, in_use
from local.demo import demo, recordings
from local.load import load
from local.rehearsal import rehearse
from local.sam import SamFailed
from local.sam_local import sam_local
from local.stack import ROOT, Deployment, DeploymentFailed, deploy, describe

FOLDER = ROOT / ".local"
OUTPUTS = FOLDER / "outputs.json"
CHECKS = {"sam-local": sam_local, "rehearse": rehearse}


def run(port: int, parameters: Mapping[str, str]) -> None:
    """Start everything, say where it is, and stay until asked to stop."""
    with Cloud(port, FOLDER) as cloud:
        try:
            deploy(cloud, parameters=parameters)
            deployment = describe(cloud)
            deployment.write(OUTPUTS)
            welcome(deployment)
            cloud.wait()
        finally:
            OUTPUTS.unlink(missing_ok=True)
            print("\nStopping. The data stay in .local/", flush=True)


def welcome(deployment: Deployment) -> None:
    """Print the addresses, the tokens and two commands to paste."""
    print("\nWebhooks, to register at the providers (in a shell, between single quotes):")
    for url in deployment.webhooks.values():
        print(f"  {url}")
    print(f"\nAPI    {deployment.base_url}\nToken  {deployment.admin_token}")
    example = next(each for each in recordings() if each.dead_numbers and each.event.get("body"))
    event = example.event
    url = webhook_url(deployment.webhooks[event["rawPath"].split("/")[2]], event)
    post = ["curl", "-i", url, "-d", body_of(event).decode()]
    if content_type := event["headers"].get("content-type"):
        post += ["-H", f"content-type: {content_type}"]
    ask = ["curl", "-i", f"{deployment.base_url}/suppressions/{example.dead_numbers[0]}"]
    ask += ["-H", f"authorization: Bearer {deployment.admin_token}"]
    print(f"\nA number dies:\n  {shlex.join(post)}\nAsk for it:\n  {shlex.join(ask)}")
    print("\nReady. Ctrl-C stops it.", flush=True)


def show() -> bool:
    """The demo, on the system that runs here or else on one of its own."""
    if OUTPUTS.exists():
        port = urlsplit(json.loads(OUTPUTS.read_text())["base_url"]).port
        if port and in_use(port):
            return demo(Cloud(port, FOLDER))
    with tempfile.TemporaryDirectory() as folder, Cloud(free_port(), Path(folder)) as cloud:
        deploy(cloud)
        return demo(cloud)


def parameter(text: str) -> tuple[str, str]:
    """A parameter of the template and its value."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def main() -> int:
    """Exit status 0 if all went well."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("command", choices=["run", "demo", "load", *CHECKS])
    parser.add_argument("--port", type=int, default=4566)
    parser.add_argument("parameters", nargs="*", metavar="NAME=VALUE", type=parameter)
    parser.add_argument("--reports", type=int, default=100_000, help="how much load")
    parser.add_argument("--mode", choices=["webhooks", "in-process"], default="webhooks")
    parser.add_argument("--seed", type=int, default=1, help="which traffic")
    arguments = parser.parse_intermixed_args()
    forget_real_aws()
    # To stop what runs for ever is no failure; to stop a check leaves it undecided.
    stopped = 0 if arguments.command == "run" else 1
    for request_to_stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(request_to_stop, lambda *_: sys.exit(stopped))
    try:
        if arguments.command == "demo":
            return 0 if show() else 1
        if check := CHECKS.get(arguments.command):
            return 0 if check() else 1
        if arguments.command == "load":
            return 0 if load(arguments.reports, arguments.mode, arguments.seed) else 1
        run(arguments.port, dict(arguments.parameters))
    except (CannotStart, DeploymentFailed, SamFailed, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
