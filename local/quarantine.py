"""`make quarantine`: the requests that could not be read; list, show, replay or discard them.

Through the team's API, so an operator needs no more rights than to read the admin token.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

import boto3

from local.client import Client
from local.cloud import Cloud, forget_real_aws
from local.stack import ROOT, STACK, Deployment, describe

CALLS = {"replay": ("POST", "/replay"), "discard": ("DELETE", "")}


def on_aws(stack: str) -> Deployment:
    """Address and token of a stack in the account of the shell's AWS settings."""
    (found,) = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=outputs["AdminSecret"])
    token: str = json.loads(secret["SecretString"])["current"]
    return Deployment(outputs["BaseUrl"], token, webhooks={}, resources={})


def requests_of(client: Client, provider: str | None = None) -> Iterator[dict[str, Any]]:
    """All that are kept, or those of one provider."""
    after: str | None = ""
    while after is not None:
        _, page = client.api("GET", f"/quarantine?after={after}" if after else "/quarantine")
        yield from (r for r in page["requests"] if provider in (None, r["provider"]))
        after = page["next"]


def by_id(client: Client, provider: str | None) -> dict[str, dict[str, Any]]:
    """The same, to be found by their ids."""
    return {each["id"]: each for each in requests_of(client, provider)}


def settle(client: Client, command: str, ids: list[str]) -> bool:
    """Replay or discard each; print what became of it; answers whether all are settled."""
    method, end = CALLS[command]
    answers = {each: client.api(method, f"/quarantine/{each}{end}") for each in ids}
    for each, (_, answer) in answers.items():
        print(each, json.dumps(answer))
    return all(status == 200 and not answer.get("error") for status, answer in answers.values())


def main() -> int:
    """Exit status 1 if a request is still not settled."""
    parser = argparse.ArgumentParser(prog="python -m local.quarantine")
    parser.add_argument("command", nargs="?", choices=["list", "show", *CALLS], default="list")
    parser.add_argument("ids", nargs="*", metavar="ID")
    parser.add_argument("--provider", help="every request of this provider")
    parser.add_argument(
        "--stack", default=STACK, help="in the account of your shell's AWS settings"
    )
    parser.add_argument("--port", type=int, help="rather in what `make run` runs on this port")
    arguments = parser.parse_args()
    if arguments.command in CALLS and not arguments.ids and not arguments.provider:
        parser.error(f"{arguments.command} what? Give ids, or --provider")
    if arguments.port:
        forget_real_aws()
        client = Client(describe(Cloud(arguments.port, ROOT / ".local")))
    else:
        client = Client(on_aws(arguments.stack))
    kept = {} if arguments.command in CALLS and arguments.ids else by_id(client, arguments.provider)
    wanted: list[str] = arguments.ids or list(kept)
    if arguments.command in CALLS:
        return 0 if settle(client, arguments.command, wanted) else 1
    for missing in set(wanted) - kept.keys():
        print(f"no such request is kept: {missing}", file=sys.stderr)
    for each in (kept[wish] for wish in wanted if wish in kept):
        line = f"{each['id']}  {each['received_at']}  {each['provider']:<14}{each['error']}"
        print(json.dumps(each, indent=2) if arguments.command == "show" else line)
    return 0 if kept.keys() >= set(wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
