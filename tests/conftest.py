"""What tests share. No test can reach a real AWS account."""

from collections.abc import Iterator

import pytest

from local.client import Client
from local.cloud import Cloud, forget_real_aws, free_port
from local.stack import Deployment, deploy, describe

forget_real_aws()


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The embedded AWS with the whole system on it, started once."""
    with Cloud(free_port(), tmp_path_factory.mktemp("cloud")) as cloud:
        deploy(cloud)
        yield cloud


@pytest.fixture(scope="session")
def deployment(cloud: Cloud) -> Deployment:
    """Its addresses and tokens."""
    return describe(cloud)


@pytest.fixture(scope="session")
def client(deployment: Deployment) -> Client:
    """Speaks to it."""
    return Client(deployment)
