"""smsmode: the REST webhook (JSON) and the older HTTP one (GET or form), distinguished by content.

Wire:  REST `callbackUrlStatus`, https://dev.smsmode.com (OpenAPI); HTTP `notification_url`,
       "API HTTP 3.4" p. 21 (the parameter is `statut`; integrations also write `status`).
Codes: "Understanding SMS Delivery Status and Error Codes (DLR)", "Acknowledgement of receipt and
       delivery of campaigns", API HTTP 3.4 annex p. 31.  Read 2026-11-22.
Signed: `X-Smsmode-256` over the body, which the older GET has not: with a key it is refused.
Times: without a zone on both; read as Europe/Paris, where smsmode runs. Documented nowhere.
Answer: 2xx.
Retries: of REST after 30 seconds, 2 and 10 minutes, 1, 5 and 24 hours; of HTTP not documented.

An inbound message (MO, or a reply) often comes to the same URL. It is no report and yields none;
neither does a report of another channel (`type` RCS), which says nothing about SMS.
smsmode calls the 352x permanent and says to remove the number. The verdict is kept in `permanent`;
the cause says what really failed, for 3524 and 3525 the message and for 3527 the place.
"""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import AliasChoices, Field

from dlr.providers.base import Loose, LooseText, ParsedReport, PayloadModel, Provider, one_of
from dlr.providers.times import read_iso
from dlr.wire.schemes.body import HmacBody

PARIS = ZoneInfo("Europe/Paris")


_PHONE = {"", "SMS"}


class Recipient(PayloadModel):
    to: str = ""


class Lookup(PayloadModel):
    mccMnc: LooseText = ""
    network: LooseText = ""


class RestStatus(PayloadModel):
    value: str
    detail: str = ""
    deliveryDate: LooseText = ""
    lookup: Loose[Lookup] = Lookup()


class Amount(PayloadModel):
    amount: LooseText = ""
    currency: LooseText = ""


class RestPayload(PayloadModel):
    messageId: str
    status: RestStatus
    type: str = ""
    recipient: Recipient = Recipient()
    sender: LooseText = Field("", validation_alias="from")
    sentDate: LooseText = ""
    refClient: LooseText = ""
    price: Loose[Amount] = Amount()


class HttpPayload(PayloadModel):
    smsID: str
    statut: str = Field(validation_alias=AliasChoices("statut", "status"))
    numero: str = ""
    date_reception: LooseText = ""
    refClient: LooseText = ""
    mcc_mnc: LooseText = ""
    cost: LooseText = ""


class Inbound(PayloadModel):
    """A message from a handset, on either API."""


def _kind(item: Any) -> str:
    """Which of the three it is. `direction` is sometimes absent, so the status decides."""
    if not isinstance(item, dict):
        return "rest"
    if "smsID" in item or "statut" in item or "numero" in item:
        has_status = "statut" in item or "status" in item
        return "inbound" if not has_status and "message" in item else "http"
    is_inbound = item.get("direction") == "MO" or "body" in item
    return "inbound" if is_inbound and "status" not in item else "rest"


Payload = one_of(_kind, rest=RestPayload, http=HttpPayload, inbound=Inbound)


def parse(payload: RestPayload | HttpPayload | Inbound) -> Iterator[ParsedReport]:
    """One report; none for an inbound message or another channel."""
    if isinstance(payload, RestPayload):
        if payload.type.upper() not in _PHONE:
            return
        status = payload.status
        yield ParsedReport(
            message_id=payload.messageId,
            words=(status.value,),
            code=status.detail,
            recipient=payload.recipient.to,
            occurred_at=read_iso(status.deliveryDate, PARIS),
            client_reference=payload.refClient,
            network=status.lookup.mccMnc or status.lookup.network,
            price=payload.price.amount,
            currency=payload.price.currency,
            sender=payload.sender,
            sent_at=read_iso(payload.sentDate, PARIS),
        )
    elif isinstance(payload, HttpPayload):
        yield ParsedReport(
            message_id=payload.smsID,
            provider_status=payload.statut,
            code=payload.statut,
            recipient=payload.numero,
            occurred_at=read_iso(payload.date_reception, PARIS),
            client_reference=payload.refClient,
            network=payload.mcc_mnc,
            price=payload.cost,
        )


PROVIDER = Provider(
    title="smsmode",
    payload=Payload,
    methods=frozenset({"GET", "POST"}),
    parse=parse,
    signing=HmacBody("X-Smsmode-256", prefix="sha256="),
)
