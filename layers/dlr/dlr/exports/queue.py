"""The queue of the export's work: a message for a job, then one for each of its parts."""

import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

MAX_ENTRIES = 10
"""The most that one SendMessageBatch takes."""


class Step(BaseModel):
    """A queue message. Without a part: put the job's parts into the queue."""

    model_config = ConfigDict(frozen=True)

    job: str
    part: str | None = None


class UnsentError(RuntimeError):
    """The queue has refused messages."""


class StepQueue:
    """Sends steps. `client` is a boto3 SQS client."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, steps: Sequence[Step]) -> None:
        """All of them, in batches. Raises UnsentError or botocore's errors: some may be sent."""
        for start in range(0, len(steps), MAX_ENTRIES):
            entries = [
                {"Id": str(n), "MessageBody": step.model_dump_json(exclude_none=True)}
                for n, step in enumerate(steps[start : start + MAX_ENTRIES])
            ]
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            if answer.get("Failed"):
                raise UnsentError("the queue refused messages")


def read_step(body: str) -> Step:
    """Raises ValueError for what is no step."""
    return Step.model_validate(json.loads(body))
