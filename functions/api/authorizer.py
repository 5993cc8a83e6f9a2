"""Lets in who knows the admin token: `Authorization: Bearer <token>`."""

import os
from typing import Any

import boto3

from dlr.discreet import discreet
from dlr.secret import Secret
from dlr.verify import matches_any

admin_token = Secret(boto3.client("secretsmanager"), os.environ["ADMIN_SECRET"])


@discreet
def handler(event: dict[str, Any], context: object) -> dict[str, bool]:
    """An HTTP API authorizer with simple responses, payload format 2.0."""
    scheme, _, token = event["headers"].get("authorization", "").partition(" ")
    is_known = matches_any(token, admin_token.values()) or matches_any(token, admin_token.fresh())
    return {"isAuthorized": scheme.lower() == "bearer" and is_known}
