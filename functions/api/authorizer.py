"""Authorizes callers with the admin token: `Authorization: Bearer <token>`."""

import os
from typing import Any

import boto3

from dlr.runtime import aws
from dlr.runtime.errors import redact_errors
from dlr.runtime.secret import Secret
from dlr.wire.verify import matches_any

secrets = boto3.client("secretsmanager", config=aws.CALLS)
admin_token = Secret(secrets, os.environ["ADMIN_SECRET"])


@redact_errors
def handler(event: dict[str, Any], context: object) -> dict[str, bool]:
    """An HTTP API authorizer with simple responses, payload format 2.0."""
    # API Gateway writes the names in lower case, `sam local` does not.
    headers = {name.lower(): value for name, value in event["headers"].items()}
    scheme, _, token = headers.get("authorization", "").partition(" ")
    is_known = matches_any(token, admin_token.values()) or matches_any(token, admin_token.fresh())
    return {"isAuthorized": scheme.lower() == "bearer" and is_known}
