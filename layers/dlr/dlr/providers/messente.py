"""Messente: the older `dlr-url` (GET) and the omnichannel `dlr_url` (JSON POST).

Wire:  https://support.messente.com/article/137-delivery-reports (GET);
       https://github.com/messente/messente-api-python, docs/Omnimessage.md (JSON).
Codes: the same, docs/Status.md and docs/ErrorCodeOmnichannelMachine.md.  Read 2026-11-22.
Signed: `X-Messente-Signature` over the body, which the older GET has not: with a signing key it
       is refused.
Times: the GET has none; the JSON's `timestamp` has no zone and is read as UTC, as the vendor says
       of `time_to_send`.
Answer: 200 to 399.
Retries: five in case of a server failure; when is not said.

The GET names no recipient: put the number into the URL yourself (`?to=…`) or it cannot be
suppressed. `stat`, `err`, `status` and `dlr-mask` may each be missing or empty; the most precise
one that decides counts. 005 mixes "format" with "destination unknown": no proof of a dead number.
The legs of an omnimessage on other channels (Viber, WhatsApp, Telegram) yield nothing: they say
nothing about SMS.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from dlr.providers.base import (
    Loose,
    LooseCount,
    LooseText,
    ParsedReport,
    PayloadModel,
    Provider,
    one_of,
)
from dlr.providers.times import read_iso
from dlr.wire.schemes.body import HmacBody

_PHONE = {"", "sms"}


class HttpPayload(PayloadModel):
    sms_unique_id: str
    status: str = ""
    stat: str = ""
    err: str = ""
    mask: str = Field("", validation_alias="dlr-mask")


class PriceInfo(PayloadModel):
    parts_count: LooseCount = None
    total_price: LooseText = ""


class OmniPayload(PayloadModel):
    message_id: str
    status: str
    to: str = ""
    err: str = ""
    error: LooseText = ""
    sender: LooseText = ""
    channel: str = ""
    omnimessage_id: LooseText = ""
    timestamp: LooseText = ""
    price_info: Loose[PriceInfo] = PriceInfo()


def _kind(item: Any) -> str:
    return "http" if isinstance(item, dict) and "sms_unique_id" in item else "omni"


Payload = one_of(_kind, http=HttpPayload, omni=OmniPayload)


def _word(text: str) -> str:
    """A word as sent. Only our own keys for masks have a space."""
    return text.replace(" ", "_")


def _code(err: str) -> str:
    """The JSON sends the three-digit codes as integers."""
    return err.zfill(3) if err else ""


def parse(payload: HttpPayload | OmniPayload) -> Iterator[ParsedReport]:
    """One report; none for another channel. `message_id` is of one leg of an omnimessage."""
    if isinstance(payload, HttpPayload):
        mask = f"mask {payload.mask}" if payload.mask else ""
        yield ParsedReport(
            message_id=payload.sms_unique_id,
            words=(_word(payload.stat), _word(payload.status), mask),
            provider_status=payload.stat or payload.status or payload.mask,
            code=_code(payload.err),
            provider_code=payload.err,
        )
    elif payload.channel.lower() in _PHONE:
        yield ParsedReport(
            message_id=payload.message_id,
            words=(_word(payload.status),),
            provider_status=payload.status,
            code=_code(payload.err),
            provider_code=payload.err,
            recipient=payload.to,
            occurred_at=read_iso(payload.timestamp),
            text=payload.error,
            client_reference=payload.omnimessage_id,
            segments=payload.price_info.parts_count,
            price=payload.price_info.total_price,
            sender=payload.sender,
        )


PROVIDER = Provider(
    title="Messente",
    payload=Payload,
    methods=frozenset({"GET", "POST"}),
    parse=parse,
    signing=HmacBody("X-Messente-Signature"),
)
