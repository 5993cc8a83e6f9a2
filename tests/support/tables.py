"""Real tables on the embedded AWS, as the template describes them, and what is asked of them."""

from collections import Counter
from typing import Any
from uuid import uuid4

from local.cloud import Cloud
from tests.support.template import resources

KEPT_BY_CREATE_TABLE = {
    "AttributeDefinitions",
    "KeySchema",
    "GlobalSecondaryIndexes",
    "BillingMode",
}


def make_table(cloud: Cloud, logical_id: str) -> str:
    """A new table like the template's; its name."""
    properties = resources()[logical_id]["Properties"]
    name = f"{logical_id}-{uuid4().hex}"
    wanted = {key: value for key, value in properties.items() if key in KEPT_BY_CREATE_TABLE}
    if "GlobalSecondaryIndexes" in wanted:  # CloudFormation decides whether they are warm
        wanted["GlobalSecondaryIndexes"] = [
            {key: value for key, value in index.items() if key != "WarmThroughput"}
            for index in wanted["GlobalSecondaryIndexes"]
        ]
    if "StreamSpecification" in properties:  # CloudFormation leaves out what the API wants said
        wanted["StreamSpecification"] = {"StreamEnabled": True, **properties["StreamSpecification"]}
    cloud.client("dynamodb").create_table(TableName=name, **wanted)
    return name


class Calls:
    """Counts the calls that a client makes, by operation, retries included."""

    def __init__(self, client: Any) -> None:
        self.made: Counter[str] = Counter()
        client.meta.events.register("before-send", self._count)

    def _count(self, event_name: str, **_: Any) -> None:
        self.made[event_name.rpartition(".")[2]] += 1
