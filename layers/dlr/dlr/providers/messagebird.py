"""MessageBird: status reports of its old REST API, a GET per change.

Wire:  https://support.messagebird.com/hc/en-us/articles/360001869258;
       https://github.com/nyaruka/courier, handlers/messagebird (2026-08-19)
Codes: https://docs.bird.com/connectivity-platform/sending-sms/sms-delivery-statuses (the reasons);
       https://docs.bird.com/api/channels-api/message-status-and-interactions/message-failure-sources/sms-platform-extended-error-codes
       Read 2026-11-30.
Signed: `MessageBird-Signature-JWT`, which binds the URL with its query, and the body if there is
       one. The older `MessageBird-Signature` leaves the address out and is refused.
Times: `statusDatetime`, ISO with an offset.
Answer: 200.
Retries: not documented.

A message to several recipients has one id and a report for each of them. It gets reports only if
it was sent with a `reference`. The error code is the network's and comes with some failures;
without one, or with 0, the reason counts. Of the codes that the document lists under "unknown
subscriber" only 1 and 11 are proof: the names of 2, 3, 9 and 10 say something else, and 12 is a
barred line here, although the network's 12 is a handset's. "DLR not received" says that no receipt
came: the status is then unknown, whatever the word. 103 is a STOP. The events of Bird's API of 2026
are another provider's, `bird`. Inbound messages yield nothing.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from dlr.providers.base import LooseCount, LooseText, ParsedReport, PayloadModel, Provider, one_of
from dlr.providers.times import read_iso
from dlr.wire.schemes.messagebird import MessageBirdJwt

_NO_RECEIPT = "dlr not received"


class StatusReport(PayloadModel):
    id: str
    status: str
    recipient: str = ""
    reference: LooseText = ""
    statusReason: str = ""
    statusErrorCode: str = ""
    statusDatetime: LooseText = ""
    mccmnc: LooseText = ""
    messagePartCount: LooseCount = None
    messageLength: LooseText = ""
    datacoding: LooseText = ""
    ported: LooseText = ""
    amount: LooseText = Field("", validation_alias="price[amount]")
    currency: LooseText = Field("", validation_alias="price[currency]")


class Inbound(PayloadModel):
    """A message from a handset."""

    originator: LooseText = ""


def _kind(item: Any) -> str:
    is_inbound = isinstance(item, dict) and "status" not in item and "originator" in item
    return "inbound" if is_inbound else "report"


Payload = one_of(_kind, report=StatusReport, inbound=Inbound)


def parse(payload: StatusReport | Inbound) -> Iterator[ParsedReport]:
    """One report; none for an inbound message."""
    if isinstance(payload, Inbound):
        return
    code, reason = payload.statusErrorCode, payload.statusReason
    is_without_receipt = reason.lower() == _NO_RECEIPT
    if is_without_receipt or code in {"", "0"}:
        code, reason = reason or code, ""
    yield ParsedReport(
        message_id=payload.id,
        words=() if is_without_receipt else (payload.status,),
        provider_status=payload.status,
        code=code,
        recipient=payload.recipient,
        occurred_at=read_iso(payload.statusDatetime),
        text=reason,
        client_reference=payload.reference,
        network=payload.mccmnc,
        segments=payload.messagePartCount,
        price=payload.amount,
        currency=payload.currency,
    )


PROVIDER = Provider(
    title="MessageBird",
    payload=Payload,
    methods=frozenset({"GET", "POST"}),
    parse=parse,
    signing=MessageBirdJwt(),
    shares_ids=True,
)
