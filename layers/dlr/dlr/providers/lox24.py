"""LOX24: event `sms.delivery` of its webhooks (JSON), and the older GET.

Wire:  https://doc.lox24.eu/api/webhooks/webhookssms-delivery-webhook/;
       https://doc.lox24.eu/info/notifications/; of the GET
       https://doc.lox24.eu/pt/info/sms-delivery-report-codes-dlr/
Codes: https://doc.lox24.eu/info/sms-delivery-report-codes-dlr/ (`dlr_code`);
       https://doc.lox24.eu/info/sms-status-codes/ (`status_code`).  Read 2026-11-30.
Signed: nothing.
Times: `created_at`, Unix seconds, is the event's.
Answer: any 2xx.
Retries: four attempts at most (`attempt_number` of `attempt_total`); the GET is repeated for
       DELIVERY_OK only.

`dlr_code` is what became of the message; `status_code` 100 says only that the operator has it, and
counts where there is no `dlr_code` yet: the table has it as `0/100`. `data.id` is the message's id,
`id` the event's. Nothing names the recipient, and the address is the account's: LOX24's reports
suppress nobody. Other events, dry runs among them, yield nothing.
"""

from collections.abc import Iterator
from typing import Any

from dlr.providers.base import LooseText, ParsedReport, PayloadModel, Provider, one_of
from dlr.providers.times import read_unix


class Data(PayloadModel):
    id: str
    dlr_code: str
    status_code: str = ""
    callback_data: LooseText = ""


class Event(PayloadModel):
    data: Data
    name: LooseText = ""
    created_at: LooseText = ""


class Get(PayloadModel):
    """Of the older notifications."""

    uuid: str
    dlr_code: str
    callback_data: LooseText = ""


class Other(PayloadModel):
    """An event of something else."""


def _kind(item: Any) -> str:
    names = item if isinstance(item, dict) else {}
    if "uuid" in names:
        return "get"
    return "event" if names.get("name", "sms.delivery") == "sms.delivery" else "other"


Payload = one_of(_kind, event=Event, get=Get, other=Other)
_NO_REPORT = "0"


def parse(payload: Event | Get | Other) -> Iterator[ParsedReport]:
    """One report; none for another event."""
    if isinstance(payload, Event):
        data = payload.data
        dlr, status = data.dlr_code, data.status_code
        yield ParsedReport(
            message_id=data.id,
            words=(f"{dlr}/{status}" if dlr == _NO_REPORT and status else "", dlr),
            occurred_at=read_unix(payload.created_at),
            client_reference=data.callback_data,
        )
    elif isinstance(payload, Get):
        yield ParsedReport(
            message_id=payload.uuid,
            words=(payload.dlr_code,),
            client_reference=payload.callback_data,
        )


PROVIDER = Provider(title="LOX24", payload=Payload, methods=frozenset({"GET", "POST"}), parse=parse)
