"""Sinch: delivery reports of the SMS API (XMS) by recipient or by batch, a JSON POST each.

Wire:  https://developers.sinch.com/docs/sms/api-reference/sms/tag/Webhooks/
       https://github.com/sinch/sinch-sdk-java (2026-07-21)
Codes: https://developers.sinch.com/docs/sms/api-reference/sms/tag/Delivery-reports/;
       https://developers.sinch.com/docs/sms/smpp/error-codes/ (the SMPP numbers, as of
       https://github.com/sinch/docs, sms-smpp-error-specification.md, 2021-07-11);
       https://developers.sinch.com/docs/sms/smpp/10dlc-errors.  Read 2026-11-24.
Signed: `x-sinch-webhook-signature` over the body, a nonce and the time. Off until your account
       manager turns it on.
Times: `at` and `operator_status_at`, ISO with `Z`. A report by batch has none.
Answer: 2xx. After 429 and 5xx Sinch tries again; any other 4xx is final.
Retries: after 5 seconds, then twice as long each time, up to 81,920 seconds. A bad signature is
       answered 503, so that a wrong signing key loses no report.

A batch has one id and many recipients, who fare differently: each recipient's report is stored as
a message of its own. Ask for reports `per_recipient`. `full` works for batches of up to 500
recipients. `summary` names nobody and yields nothing. Recipients come without `+`. `code` is of
Sinch's REST table or of its SMPP table. "Permanent" speaks of the message: 100 is permanent, and
200, the same words from another switch, temporary. Deleted may be a bad number or an opt-out: no
proof of either. A report of Delivered with a code is delivered. Inbound messages yield nothing.
"""

from collections.abc import Iterator
from typing import Any

from dlr.providers.base import LooseCount, LooseText, ParsedReport, PayloadModel, Provider, one_of
from dlr.providers.times import read_iso
from dlr.wire.schemes.sinch import SinchHmac


class RecipientReport(PayloadModel):
    batch_id: str
    status: str
    recipient: str = ""
    code: str = ""
    at: LooseText = ""
    operator_status_at: LooseText = ""
    operator: LooseText = ""
    applied_originator: LooseText = ""
    number_of_message_parts: LooseCount = None
    client_reference: LooseText = ""
    status_message: LooseText = ""


class Fate(PayloadModel):
    status: str
    code: str = ""
    recipients: tuple[LooseText, ...] = ()


class BatchReport(PayloadModel):
    batch_id: str
    statuses: tuple[Fate, ...]
    client_reference: LooseText = ""


class Other(PayloadModel):
    """A message from a handset."""


def _kind(item: Any) -> str:
    name = item.get("type") if isinstance(item, dict) else None
    if isinstance(name, str) and name.startswith("mo_"):
        return "other"
    return "batch" if isinstance(item, dict) and "statuses" in item else "recipient"


Payload = one_of(_kind, recipient=RecipientReport, batch=BatchReport, other=Other)


def parse(payload: RecipientReport | BatchReport | Other) -> Iterator[ParsedReport]:
    """One report a recipient; none for an inbound message, or where no recipient is named."""
    if isinstance(payload, RecipientReport):
        yield ParsedReport(
            message_id=payload.batch_id,
            words=(payload.status,),
            code=payload.code,
            recipient=payload.recipient,
            occurred_at=read_iso(payload.at or payload.operator_status_at),
            text=payload.status_message,
            client_reference=payload.client_reference,
            network=payload.operator,
            segments=payload.number_of_message_parts,
            sender=payload.applied_originator,
        )
    elif isinstance(payload, BatchReport):
        for fate in payload.statuses:
            for recipient in fate.recipients:
                yield ParsedReport(
                    message_id=payload.batch_id,
                    words=(fate.status,),
                    code=fate.code,
                    recipient=recipient,
                    client_reference=payload.client_reference,
                )


PROVIDER = Provider(
    title="Sinch",
    payload=Payload,
    parse=parse,
    signing=SinchHmac(),
    shares_ids=True,
    unsigned_status=503,
)
