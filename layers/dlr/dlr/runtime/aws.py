"""How every function calls AWS."""

from botocore.config import Config
from botocore.exceptions import ClientError

CALLS = Config(
    connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3}
)
"""Three tries of 2 s end before a provider hangs up, after 5 to 15 seconds, and before Lambda stops
the function, after 10 to 30. botocore by itself would wait for 60."""
OFTEN = CALLS.merge(Config(parameter_validation=False, user_agent="dlr"))
"""For the functions that every report passes. AWS checks the parameters as well, and botocore's
check and its description of itself in a header are a quarter of a call's CPU."""
OBJECTS = CALLS.merge(Config(read_timeout=20))
"""For S3's objects of up to 100 MB, in functions that nobody waits for."""


def is_refused_by_condition(error: ClientError) -> bool:
    """Whether a condition refused the write because the item had changed."""
    code: str = error.response["Error"]["Code"]
    return code == "ConditionalCheckFailedException"


def lost_race(error: ClientError) -> bool:
    """The same of a transaction, or somebody writes one of its items at this moment."""
    reasons = {each.get("Code") for each in error.response.get("CancellationReasons", ())}
    return bool(reasons & {"ConditionalCheckFailed", "TransactionConflict"})
