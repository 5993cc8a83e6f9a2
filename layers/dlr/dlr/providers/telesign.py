"""Telesign: delivery reports of its SMS and verification APIs, a JSON POST each.

Wire:  https://developer.telesign.com/enterprise/reference/smsdeliveryreports;
       https://github.com/api-evangelist/telesign, openapi/telesign-sms-callbacks-api-openapi.yml
Codes: https://developer.telesign.com/enterprise/docs/all-status-and-error-codes, in the copy of
       https://github.com/api-evangelist/telesign, errors (2026-10-07);
       https://developer.telesign.com/enterprise/reference/getsmsstatus.  Read 2026-11-30.
Signed: `X-TS-Authorization` and `Authorization`, `TSA <customer id>:<MAC>`:
       https://developer.telesign.com/enterprise/docs/authenticate-callbacks
Times: `status.updated_on`, ISO 8601 with its zone.
Answer: 200.
Retries: not documented.

A signature has no time in it: an old report can be sent again, and changes nothing then. 203 is the
operator's gateway, not the handset; 250 and 251 say that nobody knows what became of the message.
210 and 211 call themselves a temporary and a permanent phone error: the latter mixes handsets,
blacklists and wrong provisioning and is a strike. 229, 237 and 238 are blocks of your account and
say nothing about the number; 230 is Telesign's own list. 510 is the person's block. The recipient
is named only where support has turned on `cleansed_phone_number`; a `to` in your own address is not
covered by the signature, and is read without a signing key only.
"""

from collections.abc import Iterator

from dlr.providers.base import LooseCount, LooseText, ParsedReport, PayloadModel, Provider, mcc_mnc
from dlr.providers.times import read_iso
from dlr.wire.schemes.telesign import Tsa


class State(PayloadModel):
    code: str
    description: LooseText = ""
    updated_on: LooseText = ""


class Info(PayloadModel):
    mcc: LooseText = ""
    mnc: LooseText = ""
    price: LooseText = ""
    currency: LooseText = ""
    message_parts_count: LooseCount = None
    sender_id: LooseText = ""
    cleansed_phone_number: LooseText = ""


class Payload(PayloadModel):
    reference_id: str
    status: State
    additional_info: Info = Info()
    external_id: LooseText = ""
    submit_timestamp: LooseText = ""


def parse(payload: Payload) -> Iterator[ParsedReport]:
    """One report."""
    status, info = payload.status, payload.additional_info
    yield ParsedReport(
        message_id=payload.reference_id,
        words=(status.code,),
        recipient=info.cleansed_phone_number,
        occurred_at=read_iso(status.updated_on),
        text=status.description,
        client_reference=payload.external_id,
        network=mcc_mnc(info.mcc, info.mnc),
        segments=info.message_parts_count,
        price=info.price,
        currency=info.currency,
        sender=info.sender_id,
        sent_at=read_iso(payload.submit_timestamp),
    )


PROVIDER = Provider(title="Telesign", payload=Payload, parse=parse, signing=Tsa())
