"""`python -m local run`, `demo`, `sam-local` and `rehearse`, called by make."""

import argparse
import json
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from dlr.providers.base import load_provider
from local import template
from local.client import AGAIN, Client, request_to
from local.cloud import Cloud, free_port, in_use
from local.command import exit_status
from local.demo import demo
from local.recordings import Recording, recordings
from local.rehearsal import rehearse
from local.sam_local import sam_local
from local.stack import ROOT, Deployment, deploy, describe

FOLDER = ROOT / ".local"
OUTPUTS = FOLDER / "outputs.json"


def run(port: int, parameters: Mapping[str, str]) -> NoReturn:
    """Start everything, say where it is, and stay until asked to stop."""
    template.load(template.PATH, parameters)  # refuses what it does not know, before anything runs
    with Cloud(port, FOLDER) as cloud:
        try:
            deploy(cloud, parameters=parameters)
            deployment = describe(cloud)
            link = sign_in_link(deployment)
            deployment.write(OUTPUTS)
            welcome(deployment, link)
            cloud.wait()
        finally:
            OUTPUTS.unlink(missing_ok=True)
            print("\nStopping. The data stay in .local/", flush=True)


def sign_in_link(deployment: Deployment) -> str:
    """An address of the console that signs in, with a session of eight hours.

    It stands behind `#`: no browser sends that to a server.
    """
    _, session = Client(deployment, retries=AGAIN).api("POST", "/sessions")
    return f"{deployment.console}#/sign-in?session={session['token']}"


def welcome(deployment: Deployment, link: str) -> None:
    """Print where to begin, and two commands to paste."""
    print(f"\nConsole, signed in for eight hours:\n  {link}")
    print(f"\nAPI    {deployment.base_url}\nToken  {deployment.admin_token}")
    print(
        f"\n{len(deployment.webhooks)} webhooks: see the console's page Providers, or all at once"
    )
    print(f"  jq -r '.webhooks[]' {OUTPUTS.relative_to(ROOT)}")
    if example := next(_examples(deployment), None):
        print_example(deployment, example)
    print("\nA month of made-up messages, in another terminal:\n  make demo")
    print("\nReady. Ctrl-C stops it.", flush=True)


def _examples(deployment: Deployment) -> Iterator[Recording]:
    """Recorded POSTs of a dead number that need no signature, of the deployed providers."""
    unsigned = {name for name in deployment.webhooks if not load_provider(name).needs_signature}
    for each in recordings():
        is_dead = any(report["cause"] == "unknown_subscriber" for report in each.reports)
        if each.provider in unsigned and is_dead and each.suppressed_numbers and each.request.body:
            yield each


def print_example(deployment: Deployment, example: Recording) -> None:
    """Print the recorded request, for curl, and the command that asks for its number."""
    request = request_to(deployment.webhooks[example.provider], example.request)
    post = ["curl", "-i", request.url, "-d", request.body.decode()]
    if content_type := request.headers.get("content-type"):
        post += ["-H", f"content-type: {content_type}"]
    ask = ["dlr", "check", example.suppressed_numbers[0]]
    print(
        f"\nReport a dead number:\n  {shlex.join(post)}\n"
        f"Ask for it, in this folder (once: pipx install ./cli):\n  {shlex.join(ask)}"
    )


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
    commands: dict[str, Callable[[], bool]] = {
        "run": lambda: run(arguments.port, dict(arguments.parameters)),
        "demo": show,
        "sam-local": sam_local,
        "rehearse": rehearse,
    }
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("command", choices=list(commands))
    parser.add_argument("--port", type=int, default=4566)
    parser.add_argument("parameters", nargs="*", metavar="NAME=VALUE", type=parameter)
    arguments = parser.parse_intermixed_args()
    stopped = 0 if arguments.command == "run" else 1  # what runs until it is stopped has not failed
    return exit_status(commands[arguments.command], stopped)


if __name__ == "__main__":
    sys.exit(main())
