"""Problems (RFC 9457): every answer of the team's API that is no success."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from aws_lambda_powertools.event_handler import Response

from dlr.wire.request import PROBLEM

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_S = 5


class _Kind(NamedTuple):
    status: int
    title: str


class Problem(_Kind, Enum):
    """The kinds. A kind's name is the end of its `type`, with hyphens."""

    UNREADABLE = 400, "Unreadable request"
    NOT_A_NUMBER = 400, "Not a phone number"
    EXPIRED = 401, "Expired token"
    REFUSED = 403, "Refused"
    NO_SUCH_ROUTE = 404, "Not found"
    NOT_KEPT = 404, "Not kept"
    CONFLICT = 409, "Conflict"
    INVALID = 422, "Invalid request"
    TOO_MANY = 429, "Too many requests"
    UNAVAILABLE = 503, "Unavailable"

    @property
    def type(self) -> str:
        """`urn:dlr:problem:not-a-number`."""
        return PROBLEM + self.name.lower().replace("_", "-")


@dataclass
class ProblemError(Exception):
    """Ends a call with a problem. `detail` is for a person and never quotes the request."""

    kind: Problem
    detail: str


def problem_answer(
    kind: Problem, detail: str, request_id: str, headers: Mapping[str, str] | None = None
) -> Response[str]:
    """The answer. After a 429 or 503 of ours the caller may come again, when its header says."""
    content = {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "request_id": request_id,
    }
    again = {"retry-after": str(RETRY_AFTER_S)} if kind.status in (429, 503) else {}
    return Response(kind.status, CONTENT_TYPE, json.dumps(content), {**again, **(headers or {})})
