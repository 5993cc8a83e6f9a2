"""Authorizes callers of the team's API: `Authorization: Bearer <token>`."""

import os
from datetime import UTC, datetime
from typing import Any

import boto3

from dlr.access.authorize import ADMIN_MAX_AGE_S, Authorizer
from dlr.access.tokens import TokenStore
from dlr.runtime import aws
from dlr.runtime.errors import redact_errors
from dlr.runtime.secret import Secret

secrets = boto3.client("secretsmanager", config=aws.CALLS)
admin = Secret(secrets, os.environ["ADMIN_SECRET"], max_age_s=ADMIN_MAX_AGE_S)
dynamodb = boto3.client("dynamodb", config=aws.CALLS)
verify = None
if issuer := os.environ["OIDC_ISSUER"]:
    from dlr.access.oidc import Verifier  # here, because only an identity provider needs it

    verify = Verifier(
        issuer,
        os.environ["OIDC_AUDIENCE"],
        os.environ["OIDC_SCOPES_CLAIM"],
        os.environ["OIDC_CLIENT_ID"],
        os.environ["OIDC_NAME_CLAIM"],
    )
authorize = Authorizer(TokenStore(dynamodb, os.environ["DESK_TABLE"]), admin, verify)


@redact_errors
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """An HTTP API authorizer with simple responses, payload format 2.0."""
    # API Gateway writes the names in lower case, `sam local` does not.
    headers = {name.lower(): value for name, value in event["headers"].items()}
    caller = authorize(headers.get("authorization", ""), datetime.now(UTC))
    if caller is None:
        return {"isAuthorized": False}
    return {"isAuthorized": True, "context": caller.to_context()}
