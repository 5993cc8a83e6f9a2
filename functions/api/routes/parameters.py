"""Parameters and errors that several routes share."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query

MAX_KEY = 256  # characters: DynamoDB refuses a key over 2,048 bytes

Operator = Annotated[
    str, Header(name="x-operator", max_length=100, description="Who, for the audit")
]
Provider = Annotated[str, Path(max_length=MAX_KEY)]
MessageId = Annotated[str, Path(max_length=MAX_KEY)]
QuarantineId = Annotated[str, Path(max_length=MAX_KEY)]
After = Annotated[str | None, Query(max_length=MAX_KEY)]


class NotKeptError(LookupError):
    """The requested thing is unknown or has expired. The text names its kind: `message`."""
