"""seven.io: webhooks of the event `dlr`, a JSON POST per change; also the older flat form or GET.

Wire:  https://docs.seven.io/en/rest-api/webhooks
Codes: https://github.com/seven-io/js-client, src/constants/enums/StatusReportCode.ts; there are no
       reasons.  Read 2026-11-30.
Signed: `X-Signature` over `X-Timestamp`, `X-Nonce`, the method, the address and the body. No vector
       is published: look at a real webhook before you set the key.
Times: `webhook_timestamp`, ISO with an offset; `data.timestamp` is the same clock without one.
Answer: 2xx within 5 seconds.
Retries: up to 14 attempts in 3.5 days after 429, 5xx and network errors. Any other answer is final,
       so a wrong signature is answered 503.

A report names neither the number nor a reason: no failure suppresses anybody. Give each message
its number by an address of its own, `to` in the query, if your contract allows one; otherwise the
reports stand in the table of messages alone. Inbound messages, voice, RCS and clicks come to the
same address and yield nothing.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from dlr.providers.base import LooseText, ParsedReport, PayloadModel, Provider, one_of
from dlr.providers.times import read_iso
from dlr.wire.schemes.seven import SevenHmac


class Data(PayloadModel):
    msg_id: str
    status: str


class Webhook(PayloadModel):
    data: Data
    webhook_event: LooseText = ""
    webhook_timestamp: LooseText = ""


class Flat(PayloadModel):
    msg_id: str
    status: str
    timestamp: LooseText = ""


class Other(PayloadModel):
    """Another event."""


def _kind(item: Any) -> str:
    event = item.get("webhook_event") if isinstance(item, dict) else None
    if isinstance(event, str) and event != "dlr":
        return "other"
    return "webhook" if isinstance(item, dict) and "data" in item else "flat"


Payload = one_of(_kind, webhook=Webhook, flat=Flat, other=Other)


def parse(payload: Webhook | Flat | Other) -> Iterator[ParsedReport]:
    """One report; none for another event."""
    if isinstance(payload, Webhook):
        yield ParsedReport(
            message_id=payload.data.msg_id,
            words=(payload.data.status,),
            occurred_at=_with_offset(payload.webhook_timestamp),
        )
    elif isinstance(payload, Flat):
        yield ParsedReport(message_id=payload.msg_id, words=(payload.status,))


def _with_offset(text: str) -> datetime | None:
    """The time, if it names its zone."""
    return read_iso(text) if "+" in text or text.endswith("Z") else None


PROVIDER = Provider(
    title="seven.io",
    payload=Payload,
    methods=frozenset({"GET", "POST"}),
    parse=parse,
    signing=SevenHmac(),
    unsigned_status=503,
)
