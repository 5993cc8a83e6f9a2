"""46elks: delivery reports, a form POST per change.

Wire:  https://46elks.se/docs/sms-delivery-reports
Codes: the same; there are no reasons.  Read 2026-11-30.
Signed: nothing. The address may hold a user and a password (basic authentication): put
       `user:password` into the signing keys.
Times: `delivered`, UTC without a zone.
Answer: 200 to 204.
Retries: for at least 6 hours and at least 5 times.

A report names neither the number nor a reason. Give each message an address with its number, `to`
in the query: 46elks calls it as it stands. So no failure suppresses anybody. `delivered` has been
seen in reports of failures: the status counts.
"""

from collections.abc import Iterator

from dlr.providers.base import LooseText, ParsedReport, PayloadModel, Provider
from dlr.providers.times import read_iso
from dlr.wire.schemes.password import Basic


class Payload(PayloadModel):
    id: str
    status: str
    delivered: LooseText = ""


def parse(payload: Payload) -> Iterator[ParsedReport]:
    """One report."""
    yield ParsedReport(
        message_id=payload.id,
        words=(payload.status,),
        occurred_at=read_iso(payload.delivered),
    )


PROVIDER = Provider(title="46elks", payload=Payload, parse=parse, signing=Basic())
