"""The queue of the export's work: a message for a job, then one for each of its parts."""

import json
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict


class Step(BaseModel):
    """A queue message. Without a part: put the job's parts into the queue."""

    model_config = ConfigDict(frozen=True)

    job: str
    part: str | None = None


class StepQueue:
    """Sends steps. `client` is a boto3 SQS client."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, steps: Iterable[Step]) -> None:
        """One after the other. Raises botocore's errors: some may be sent then."""
        for step in steps:
            body = step.model_dump_json(exclude_none=True)
            self._client.send_message(QueueUrl=self._url, MessageBody=body)


def read_step(body: str) -> Step:
    """Raises ValueError for what is no step."""
    return Step.model_validate(json.loads(body))
