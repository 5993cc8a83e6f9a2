"""The AWS account of the shell's settings, by boto3, which the extra [aws] brings."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from dlr_cli.errors import CommandError, NotFoundError, RefusedError

STACK = "dlr"
"""The stack's name in samconfig.toml."""

INSTALL = "This needs {}, which the extra [aws] brings: pipx install './cli[aws]'"
TEST_CREDENTIALS = {
    "aws_access_key_id": "test",
    "aws_secret_access_key": "test",
    "region_name": "us-east-1",
}
REFUSALS = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
"""Some services send these with HTTP 400."""

ClientMaker = Callable[[str], Any]
"""The name of a service to its boto3 client."""


@contextmanager
def explained() -> Iterator[None]:
    """Turns what goes wrong with AWS into a message that a person can act on."""
    try:
        import boto3  # noqa: F401
        from botocore.exceptions import BotoCoreError, ClientError
    except ModuleNotFoundError as error:
        raise CommandError(INSTALL.format(error.name)) from None
    try:
        yield
    except ModuleNotFoundError as error:
        raise CommandError(INSTALL.format(error.name)) from None
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        raise _error_of(error.operation_name, error.response["Error"]["Code"], status) from None
    except (BotoCoreError, ValueError) as error:  # ValueError: an endpoint that is no URL
        raise CommandError(f"AWS: {error}") from None


def client_maker(endpoint_url: str | None = None) -> ClientMaker:
    """For the account of the shell's settings, or for an embedded AWS at this address."""
    import boto3

    session = boto3.Session(**(TEST_CREDENTIALS if endpoint_url else {}))
    return lambda service: session.client(service, endpoint_url=endpoint_url)


def base_url_and_token(stack: str) -> tuple[str, str]:
    """Of the API of a stack."""
    with explained():
        client = client_maker()
        return api_of(client, stack, _described(client, stack).outputs)


def api_of(client: ClientMaker, stack: str, outputs: Mapping[str, str]) -> tuple[str, str]:
    """Address and token of the API that a stack's outputs name."""
    try:
        url, secret_id = outputs["BaseUrl"], outputs["AdminSecret"]
    except KeyError:
        raise CommandError(f"Stack {stack} has no API of this system.") from None
    secret = client("secretsmanager").get_secret_value(SecretId=secret_id)
    try:
        return url, str(json.loads(secret["SecretString"])["current"])
    except (ValueError, TypeError, LookupError):
        raise CommandError(f"The admin secret of stack {stack} holds no token.") from None


@dataclass(frozen=True, slots=True)
class Stack:
    """What CloudFormation knows of a stack."""

    name: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    resources: Mapping[str, str] = field(default_factory=dict)
    """Logical id to physical id."""


def read_stack(client: ClientMaker, name: str) -> Stack:
    """The whole stack of this name."""
    return replace(_described(client, name), resources=resources(client, name))


def _described(client: ClientMaker, name: str) -> Stack:
    """The stack without its resources."""
    (found,) = client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return Stack(
        name=name,
        outputs={each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", ())},
        parameters={
            each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", ())
        },
    )


def resources(client: ClientMaker, stack: str) -> dict[str, str]:
    """Logical id to physical id."""
    pages = client("cloudformation").get_paginator("list_stack_resources")
    return {
        each["LogicalResourceId"]: each["PhysicalResourceId"]
        for page in pages.paginate(StackName=stack)
        for each in page["StackResourceSummaries"]
        if "PhysicalResourceId" in each
    }


def _error_of(operation: str, code: str, status: int) -> CommandError:
    """By the error's code alone: AWS's message names accounts, people and resources."""
    if code in REFUSALS or status in (401, 403):
        return RefusedError(f"AWS refuses {operation} ({code}).")
    if code == "ValidationError" and operation in ("DescribeStacks", "ListStackResources"):
        return NotFoundError("There is no such stack in this account and region.")
    return CommandError(f"AWS failed at {operation} ({code}).")
