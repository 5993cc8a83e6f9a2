"""GatewayAPI: delivery status notifications, a JSON POST per change.

Wire:  https://github.com/onlinecity/gatewayapi-docs, docs/rest.rst (2021-05-05)
Codes: the same, docs/errors.rst; states in docs/rest.rst.  Read 2026-11-24.
Signed: `X-Gwapi-Signature`, a JWT whose payload is the report, with the authentication token of
       the webhook. No time is signed: a replay is recognized by its event id.
Times: `time`, Unix seconds.
Answer: 2xx within 15 seconds.
Retries: after 60, 120 and 360 seconds, 24 minutes, 2 hours and 12 hours.

`id` and `msisdn` are numbers, kept as the text they were sent as. A transient status may come
after a final one and changes nothing. UNDELIVERABLE is called permanent, "most likely an invalid
number": no proof unless the code agrees. The document gives 0x1081 and 0x1082 five meanings. An
inbound message comes to the same webhook and yields nothing.
"""

import re
from collections.abc import Iterator
from typing import Any

from dlr.providers.base import LooseText, ParsedReport, PayloadModel, Provider, one_of
from dlr.providers.times import read_unix
from dlr.wire.schemes.jws import JwtHoldsBody

_BARE_HEX = re.compile(r"[0-9A-Fa-f]{4}")


class Notification(PayloadModel):
    id: str
    status: str
    msisdn: str = ""
    time: LooseText = ""
    error: LooseText = ""
    code: str = ""
    userref: LooseText = ""


class Inbound(PayloadModel):
    """A message from a handset: `msisdn` is its sender."""


def _kind(item: Any) -> str:
    is_inbound = isinstance(item, dict) and "status" not in item and "receiver" in item
    return "inbound" if is_inbound else "notification"


Payload = one_of(_kind, notification=Notification, inbound=Inbound)


def _code(code: str) -> str:
    """The code with `0x` before it."""
    return f"0x{code}" if _BARE_HEX.fullmatch(code) else code


def parse(payload: Notification | Inbound) -> Iterator[ParsedReport]:
    """One report; none for an inbound message."""
    if isinstance(payload, Notification):
        yield ParsedReport(
            message_id=payload.id,
            words=(payload.status,),
            code=_code(payload.code),
            provider_code=payload.code,
            recipient=payload.msisdn,
            occurred_at=read_unix(payload.time),
            text=payload.error,
            client_reference=payload.userref,
        )


PROVIDER = Provider(
    title="GatewayAPI",
    payload=Payload,
    shares_ids=True,
    parse=parse,
    signing=JwtHoldsBody(
        "X-Gwapi-Signature", "the authentication token that you gave to the webhook"
    ),
)
