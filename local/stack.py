"""Deploys the real template to the embedded AWS and says where everything is."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from dlr.lake.key import lake_key
from dlr.lake.refill import refill
from dlr.lake.segment import Segments
from local import template
from local.cloud import Cloud
from local.code import archive
from local.private import write_private
from local.sign import signing_keys

ROOT = Path(__file__).parent.parent
STACK = "dlr"
BUCKET = "code"
BROKEN = {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"}


class DeploymentFailed(Exception):
    """CloudFormation refused; the text holds its reasons."""


@dataclass(frozen=True)
class Deployment:
    """What a user of the deployed system needs to know."""

    base_url: str
    admin_token: str
    webhooks: Mapping[str, str]  # provider to full URL, token included
    resources: Mapping[str, str]  # logical id to physical id

    @property
    def console(self) -> str:
        """The address of the console."""
        return f"{self.base_url}/console/"

    def write(self, path: Path) -> None:
        """Leave a note for scripts of this user: it holds every token."""
        known = {
            "base_url": self.base_url,
            "admin_token": self.admin_token,
            "webhooks": dict(self.webhooks),
            "console": self.console,
        }
        write_private(path, json.dumps(known, indent=2) + "\n")


def deploy(cloud: Cloud, root: Path = ROOT, parameters: Mapping[str, str] | None = None) -> None:
    """Create the stack, or bring the one that is there up to date with the sources."""
    source = template.load(root / "template.yaml", parameters or {})
    template.call_at(source, f"{cloud.url}/_aws/execute-api")
    expiring = template.time_to_live(source)
    code = _upload(cloud, root, template.code_folders(source))
    body = json.dumps(template.plain(source, code)).encode()
    is_new = _create_or_update(cloud, _put(cloud.client("s3"), body))
    _set_time_to_live(cloud, expiring)
    _set_signing_keys(cloud)
    if not is_new:
        _refill_lake(cloud)


def describe(cloud: Cloud) -> Deployment:
    """Ask the stack that runs there for its addresses and tokens."""
    cloudformation = cloud.client("cloudformation")
    found = cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    resources = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}
    base_url = f"{cloud.url}/_aws/execute-api/{resources['HttpApi']}/$default"
    secrets = cloud.client("secretsmanager")
    tokens = {
        name.removeprefix("TokenSecret"): _current(secrets, physical)
        for name, physical in resources.items()
        if name.startswith("TokenSecret")
    }
    return Deployment(
        base_url=base_url,
        admin_token=_current(secrets, resources["AdminSecret"]),
        webhooks={
            provider: f"{base_url}/webhooks/{provider}/{token}"
            for provider, token in sorted(tokens.items())
        },
        resources=resources,
    )


def _current(secrets: Any, name: str) -> str:
    value: str = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])["current"]
    return value


def _upload(cloud: Cloud, root: Path, folders: set[str]) -> dict[str, dict[str, str]]:
    """Zip each folder into S3, as `sam deploy` does it."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    places = {}
    for folder in folders:
        places[folder] = {"Bucket": BUCKET, "Key": _put(s3, archive((root / folder).resolve()))}
    return places


def _put(s3: Any, content: bytes) -> str:
    """Store it under a key that follows from the content."""
    key = hashlib.sha256(content).hexdigest()
    s3.put_object(Bucket=BUCKET, Key=key, Body=content)
    return key


def _create_or_update(cloud: Cloud, template_key: str) -> bool:
    """From S3, because a request may hold no more than 51,200 bytes of template.

    Whether there was none.
    """
    cloudformation = cloud.client("cloudformation")
    status = _status(cloudformation)
    if status in BROKEN:
        cloudformation.delete_stack(StackName=STACK)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=STACK)
    url = f"{cloud.url}/{BUCKET}/{template_key}"
    wanted = {"StackName": STACK, "TemplateURL": url, "Capabilities": ["CAPABILITY_IAM"]}
    is_new = status is None or status in BROKEN
    if is_new:
        cloudformation.create_stack(**wanted)
        waiter = cloudformation.get_waiter("stack_create_complete")
    else:
        try:
            cloudformation.update_stack(**wanted)
        except ClientError as error:
            if "No updates are to be performed" in str(error):
                return is_new
            raise
        waiter = cloudformation.get_waiter("stack_update_complete")
    try:
        waiter.wait(StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    except WaiterError as error:
        raise DeploymentFailed("\n".join(_reasons(cloudformation))) from error
    return is_new


def _status(cloudformation: Any) -> str | None:
    try:
        status: str = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]
    except ClientError:
        return None
    return status


def _reasons(cloudformation: Any) -> list[str]:
    events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    return [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
        for event in events
        if event["ResourceStatus"].endswith("_FAILED")
    ]


def _set_signing_keys(cloud: Cloud) -> None:
    """As an operator does it on AWS: beside the token, into the provider's secret."""
    resources = describe(cloud).resources
    secrets = cloud.client("secretsmanager")
    for provider, key in signing_keys().items():
        name = resources.get(f"TokenSecret{provider}")
        if name is not None:
            content = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
            text = json.dumps(content | {"signing_keys": [key]})
            secrets.put_secret_value(SecretId=name, SecretString=text)


def _refill_lake(cloud: Cloud) -> None:
    """With what waited in the table's stream: the embedded AWS forgets it when it stops."""
    names = describe(cloud).resources
    dynamodb = cloud.client("dynamodb")
    refill(
        dynamodb,
        names["ReportsTable"],
        Segments(cloud.client("s3"), names["LakeBucket"]),
        lake_key(dynamodb, names["DeskTable"])(),
    )


def _set_time_to_live(cloud: Cloud, expiring: Mapping[str, str]) -> None:
    resources = describe(cloud).resources
    dynamodb = cloud.client("dynamodb")
    for table, attribute in expiring.items():
        name = resources[table]
        current = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        if current["TimeToLiveStatus"] == "DISABLED":
            dynamodb.update_time_to_live(
                TableName=name,
                TimeToLiveSpecification={"AttributeName": attribute, "Enabled": True},
            )
