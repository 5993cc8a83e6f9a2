"""MMG: delivery receipts, a JSON POST each.

Wire:  https://github.com/alphagov/notifications-api,
       app/notifications/notifications_sms_callback.py (2026-08-20); the vendor publishes no page
Codes: the same, app/clients/sms/mmg.py: `substatus`, whose meaning depends on `status`.
       Read 2026-11-30.
Signed: nothing.
Times: `deliverytime`, the United Kingdom's clock without a zone.
Answer: 200.
Retries: not documented.

`substatus` are Infobip's numbers, of its statuses under 3 and 5 and of its errors under 2 and 4:
5, 6, 8, 11 and 13 mean two things each. So the table's codes are both numbers, `status/substatus`;
a substatus under a status where nobody has seen it decides nothing. Under 3, 2 says that the
operator has the message: not delivered yet. Under 4, 29 says that no receipt came: no failure.
`CID` is your own reference, and the message's id where MMG names none of its own.
"""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from dlr.providers.base import LooseText, ParsedReport, PayloadModel, Provider
from dlr.providers.times import read_iso

LONDON = ZoneInfo("Europe/London")
_OVERRULE = {"3/2", "4/29"}
"""What says where the message is better than its status does."""


class Payload(PayloadModel):
    CID: str
    status: str
    substatus: str = ""
    reference: LooseText = ""
    MSISDN: str = ""
    deliverytime: LooseText = ""


def parse(payload: Payload) -> Iterator[ParsedReport]:
    """One report."""
    status, substatus = payload.status, payload.substatus
    both = f"{status}/{substatus}"
    yield ParsedReport(
        message_id=payload.reference or payload.CID,
        words=() if both in _OVERRULE else (status,),
        provider_status=status,
        code=both if substatus else "",
        provider_code=substatus,
        recipient=payload.MSISDN,
        occurred_at=read_iso(payload.deliverytime, LONDON),
        client_reference=payload.CID,
    )


PROVIDER = Provider(title="MMG", payload=Payload, parse=parse)
