"""The SMS Works: JSON POST, one report per call.

Wire:  the message object of https://api.thesmsworks.co.uk (OpenAPI `MessageResponse`); the
       webhook's own schema is not published.
Codes: "SMS delivery reports: a complete guide", thesmsworks.co.uk.  Read 2026-11-22.
Times: `modified`, ISO with `Z` or JavaScript's Date text with an offset.
Unsigned: the token is in the URL.

The guide marks a phone that is off (5006), roaming (5008), flooding (5020) and a system failure
(5034) as permanent: that speaks of the message. The flag that comes with the report is kept as
`permanent`; only the cause suppresses. The guide promises 16 codes and lists these 11.
"""

from collections.abc import Iterator

from pydantic import AliasChoices, Field

from dlr.causes import Cause
from dlr.providers.base import Meaning, ParsedReport, Provider, WireModel
from dlr.providers.times import read_iso, read_javascript
from dlr.report import Status


class FailureReason(WireModel):
    code: str = ""
    details: str = ""
    permanent: bool | None = None


class Report(WireModel):
    messageid: str = Field(validation_alias=AliasChoices("messageid", "id"))
    status: str
    destination: str = ""  # a JSON number, without `+`
    failurereason: FailureReason = FailureReason()
    modified: str = ""
    tag: str = ""


STATES = {
    "SCHEDULED": Meaning(Status.SCHEDULED, says="Accepted, to be sent at the time specified"),
    "SENT": Meaning(Status.ENROUTE, says="Sent to the network, no word on delivery yet"),
    "DELIVERED": Meaning(Status.DELIVERED, says="Delivered successfully"),
    "UNDELIVERABLE": Meaning(
        Status.UNDELIVERED, Cause.UNSPECIFIED, says="Accepted by the network, not deliverable"
    ),
    "UNDELIVERED": Meaning(
        Status.UNDELIVERED, Cause.UNSPECIFIED, says="Accepted by the network, not deliverable"
    ),
    "EXPIRED": Meaning(Status.EXPIRED, Cause.EXPIRED, says="Expiry time reached"),
    "REJECTED": Meaning(Status.REJECTED, Cause.UNSPECIFIED, says="Not accepted by the network"),
}


def _why(cause: Cause, permanent: bool, says: str) -> Meaning:
    return Meaning(None, cause, permanent, says)


CODES = {
    "5001": _why(Cause.UNKNOWN_SUBSCRIBER, True, "Number does not exist or is not assigned"),
    "5004": _why(Cause.UNSPECIFIED, True, "The operator rejected the request"),
    "5006": _why(Cause.ABSENT, True, "No response: switched off or low signal"),
    "5008": _why(Cause.ROAMING, True, "Roaming not allowed"),
    "5009": _why(Cause.UNSPECIFIED, True, "The operator reported UNDELIVERED"),
    "5010": _why(Cause.DO_NOT_DISTURB, True, "Subscribed to Do Not Disturb services"),
    "5011": _why(Cause.SUSPENDED, True, "Service suspended by the operator"),
    "5013": _why(Cause.HANDSET_ERROR, False, "Device set to Do Not Disturb; may still arrive"),
    "5015": _why(Cause.EXPIRED, False, "Pending until the validity period expired"),
    "5020": _why(Cause.RATE_LIMITED, True, "Anti-flooding: 20 varied or 6 identical an hour"),
    "5034": _why(Cause.NETWORK_ERROR, True, "Handset error: system failure"),
}


def parse(report: Report) -> Iterator[ParsedReport]:
    """One receipt."""
    reason = report.failurereason
    yield ParsedReport(
        message_id=report.messageid,
        words=(report.status.upper(),),
        status=report.status,
        code=reason.code,
        permanent=reason.permanent,
        recipient=report.destination,
        occurred_at=read_iso(report.modified) or read_javascript(report.modified),
        text=reason.details,
        client_reference=report.tag,
    )


PROVIDER = Provider(
    name="thesmsworks",
    title="The SMS Works",
    source="The SMS Works: SMS delivery reports, a complete guide",
    wire=Report,
    states=STATES,
    codes=CODES,
    parse=parse,
)
