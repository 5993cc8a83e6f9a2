"""What an operator watches: the state of the stack, and reports as they come."""

from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, Field

import services
from dlr.alarms import Alarm
from dlr.http.parameters import MAX_CURSOR, cursor
from dlr.live import TailPage, is_place
from dlr.settings import VERSION

router = Router()
COUNTED_PAGES = 1
"""Of a megabyte, some 10,000 held entries: more of them are only told to be more."""
Place = Annotated[
    str | None,
    Query(max_length=MAX_CURSOR, description="`next` of the answer before"),
    cursor(is_place),
]


class Waiting(BaseModel):
    """What waits in quarantine."""

    waiting: int
    more: bool = Field(description="whether there are more than were counted")


class Held(BaseModel):
    """What the mass-bounce guard holds."""

    provider: str
    n: int
    more: bool = Field(description="whether there are more than were counted")


class Heard(BaseModel):
    """When a provider's report last changed a message, to the minute."""

    name: str
    last_seen: datetime | None


class StatusAnswer(BaseModel):
    """The stack at a glance."""

    alarms: list[Alarm]
    quarantine: Waiting
    held: list[Held]
    providers: list[Heard] = Field(description="those deployed")
    as_of: datetime
    version: str


def _held(provider: str) -> Held:
    n, more = services.suppressions.count_held(provider, COUNTED_PAGES)
    return Held(provider=provider, n=n, more=more)


@router.get("/status", summary="Alarms, what waits for an operator, when providers were heard of")
def get_status() -> StatusAnswer:
    now = services.now()
    waiting, more = services.quarantine.count(now)
    held = (_held(name) for name in services.deployed)
    heard = services.live.heard()
    return StatusAnswer(
        alarms=services.alarms(),
        quarantine=Waiting(waiting=waiting, more=more),
        held=[each for each in held if each.n],
        providers=[Heard(name=name, last_seen=heard.get(name)) for name in services.deployed],
        as_of=now,
        version=VERSION,
    )


@router.get(
    "/tail",
    summary="Changes of messages as they come, without numbers",
    description="While somebody asks, and for 30 seconds after, up to 20 changes a second are kept "
    "for ten minutes. Without `after` it begins with the newest of these.",
)
def get_tail(after: Place = None) -> TailPage:
    return services.live.tail(after)
