"""Made-up requests of a provider, one for each step of a message.

No function needs it: the demo, the tests and `dlr smoke` do. A sample is a TOML text with the
request and its placeholders: `$id`, `$number` (E.164 without the `+`), `$time`, and those of its
stages. Each provider has one, `events/<provider>/sample.toml`.
"""

import tomllib
from datetime import datetime
from functools import cache
from string import Template
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from dlr.wire.request import Request

Stage = Literal["queued", "sent", "delivered", "absent", "dead", "stop"]
"""Where the made-up message is. docs/add-a-provider.md says what each must lead to."""


class Step(NamedTuple):
    """One step of a message. `number` is E.164 without the `+`; `at` is UTC."""

    message_id: str
    number: str
    stage: Stage
    at: datetime


def fill(text: str, step: Step) -> Request:
    """A request as the provider would send it at this step, without a signature.

    Raises KeyError for a placeholder without a value.
    """
    written = _read(text)
    at = step.at.astimezone(ZoneInfo(written.get("zone", "UTC")))
    values = {
        "id": step.message_id,
        "number": step.number,
        "time": at.strftime(written.get("time", "")),
    }
    values |= written["stages"][step.stage]

    def filled(name: str) -> str:
        return Template(written.get(name, "")).substitute(values)

    headers = {"content-type": written["content_type"]} if "content_type" in written else {}
    return Request(
        written["method"], headers=headers, query=filled("query"), body=filled("body").encode()
    )


@cache
def _read(text: str) -> dict[str, Any]:
    return tomllib.loads(text)
