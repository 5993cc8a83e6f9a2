"""Made-up requests of a provider: what its module needs to write one for any step of a message.

The demo, the load test, the fuzzers and the signature tests send them.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode

from dlr.wire.request import Request

FORM = "application/x-www-form-urlencoded"


Stage = Literal["queued", "sent", "delivered", "absent", "dead", "stop"]
"""Where the made-up message is."""
ENDS: tuple[Stage, ...] = ("delivered", "absent", "dead", "stop")
"""The stages that a message ends in."""


class Step(NamedTuple):
    """One step of a message. `number` is E.164 without the `+`; `at` is UTC."""

    message_id: str
    number: str
    stage: Stage
    at: datetime


class StageWords(NamedTuple):
    """The status word and the code that a provider sends at each stage, as `word/code`."""

    queued: str
    sent: str
    delivered: str
    absent: str
    """Not reached for now; suppresses nobody."""
    dead: str
    """The number does not exist. Suppresses it; without such a code, any failure that keeps it."""
    stop: str
    """The recipient opted out. Suppresses the person; without such a code, any failure that keeps
    the number. A permanent word without a code is a strike, so take a code with a cause."""

    def at(self, stage: Stage) -> tuple[str, str]:
        """Word and code at this stage, either may be empty."""
        word, _, code = getattr(self, stage).partition("/")
        return word, code


def post_json(content: Mapping[str, Any]) -> Request:
    """A POST of a JSON object."""
    return _post(json.dumps(content), "application/json")


def post_form(content: Mapping[str, str]) -> Request:
    """A POST of a form."""
    return _post(urlencode(content), FORM)


def get(content: Mapping[str, str]) -> Request:
    """A GET with a query string."""
    return Request("GET", query=urlencode(content))


def _post(body: str, content_type: str) -> Request:
    return Request("POST", headers={"content-type": content_type}, body=body.encode())
