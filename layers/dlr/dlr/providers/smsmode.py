"""smsmode: the REST webhook (JSON) and the older HTTP one (GET or form), told apart by content.

Wire:  REST `callbackUrlStatus`, https://dev.smsmode.com (OpenAPI); HTTP `notification_url`,
       "API HTTP 3.4" p. 21 (the parameter is `statut`; integrations also write `status`).
Codes: "Understanding SMS Delivery Status and Error Codes (DLR)" (`codes` below), "Acknowledgement
       of receipt and delivery" (`statuses`), API HTTP 3.4 annex p. 31 (`annex`).  Read 2026-11-22.
Times: without a zone on both; read as Europe/Paris, where smsmode runs. Documented nowhere.

An inbound message (MO, or a reply) often comes to the same URL. It is no report and yields none.
smsmode calls the 352x permanent and says to remove the number. The verdict is kept in `permanent`;
the cause says what really failed, for 3524 and 3525 the message and for 3527 the place.
"""

from collections.abc import Iterator
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AliasChoices, Discriminator, Field, Tag

from dlr.causes import Cause
from dlr.providers.base import Meaning, ParsedReport, Provider, WireModel
from dlr.providers.times import read_iso
from dlr.report import Status
from dlr.wire.verify import all_of, hmac_body, token_in_path, where_configured

PARIS = ZoneInfo("Europe/Paris")

_codes = "smsmode: Understanding SMS Delivery Status and Error Codes"
_statuses = "smsmode: Acknowledgement of receipt and delivery of campaigns"
_annex = "smsmode: API HTTP 3.4, summary list of statuses"
_rest = "smsmode: REST API, status"


class Recipient(WireModel):
    to: str = ""


class Lookup(WireModel):
    mccMnc: str = ""
    network: str = ""


class RestStatus(WireModel):
    value: str
    detail: str = ""
    deliveryDate: str = ""
    lookup: Lookup = Lookup()


class Amount(WireModel):
    amount: str = ""
    currency: str = ""


class RestReport(WireModel):
    messageId: str
    status: RestStatus
    recipient: Recipient = Recipient()
    refClient: str = ""
    price: Amount = Amount()


class HttpReport(WireModel):
    smsID: str
    statut: str = Field(validation_alias=AliasChoices("statut", "status"))
    numero: str = ""
    date_reception: str = ""
    refClient: str = ""
    mcc_mnc: str = ""
    cost: str = ""


class Inbound(WireModel):
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


Report = Annotated[
    Annotated[RestReport, Tag("rest")]
    | Annotated[HttpReport, Tag("http")]
    | Annotated[Inbound, Tag("inbound")],
    Discriminator(_kind),
]

STATES = {
    "SCHEDULED": Meaning(Status.SCHEDULED, says="Waiting for its dispatch time"),
    "ENROUTE": Meaning(Status.ENROUTE, says="In progress"),
    "DELIVERED": Meaning(Status.DELIVERED, says="Delivered"),
    "READ": Meaning(Status.READ, says="Read; met in production, not in the documented list"),
    "UNDELIVERABLE": Meaning(Status.UNDELIVERED, Cause.UNSPECIFIED, says="Failed"),
    "UNDELIVERED": Meaning(Status.UNDELIVERED, Cause.UNSPECIFIED, says="Failed"),
}


def _failed(
    cause: Cause,
    says: str,
    permanent: bool | None = None,
    source: str = _codes,
    status: Status = Status.UNDELIVERED,
) -> Meaning:
    return Meaning(status, cause, permanent, says, source)


def _refused(cause: Cause, says: str, source: str = _codes) -> Meaning:
    """It never left smsmode."""
    return _failed(cause, says, source=source, status=Status.REJECTED)


CODES = {
    # `status.detail` of the REST webhook
    "INVALID_PHONE_NUMBER": Meaning(None, Cause.INVALID_NUMBER, None, "Invalid number", _rest),
    "BLACKLISTED": Meaning(None, Cause.OPTED_OUT, None, "The recipient replied STOP", _rest),
    "SPAM": Meaning(None, Cause.SPAM, None, "Blocked as spam", _rest),
    "REJECTED": Meaning(None, Cause.UNSPECIFIED, None, "Rejected, no reason given", _rest),
    # `statut` of the HTTP webhook: progress and delivery
    "0": Meaning(Status.ENROUTE, says="Sent: handed to the operator", source=_codes),
    "1": Meaning(Status.ACCEPTED, says="In progress at smsmode", source=_codes),
    "10": Meaning(Status.SCHEDULED, says="Expected to be sent", source=_codes),
    "11": Meaning(Status.DELIVERED, says="Received on the handset", source=_codes),
    "12": Meaning(
        Status.PARTIALLY_DELIVERED,
        says="Partially delivered: part of a long message, the rest on its way",
        source=_codes,
    ),
    "13": Meaning(
        Status.ENROUTE, says="Delivered to the operator, not yet to the handset", source=_codes
    ),
    "14": Meaning(Status.DELIVERED, says="Delivered on the handset", source=_codes),
    "15": Meaning(Status.PARTIALLY_DELIVERED, says="Partially received", source=_codes),
    "16": Meaning(Status.DELIVERED, says="Listened (voice)", source=_annex),
    "40": Meaning(Status.UNKNOWN, Cause.UNSPECIFIED, says="Model (a template)", source=_annex),
    "100": Meaning(Status.READ, says="Read", source=_annex),
    "101": Meaning(Status.DELIVERED, says="Not read (yet)", source=_annex),
    "999": Meaning(
        Status.UNKNOWN, Cause.UNSPECIFIED, says="Undefined: could not be set", source=_statuses
    ),
    # account, request, platform
    "2": _refused(Cause.PROVIDER_ERROR, "Internal error"),
    "31": _refused(Cause.PROVIDER_ERROR, "Internal error (answer to a request)"),
    "32": _refused(Cause.AUTHENTICATION, "Authentication error (answer to a request)"),
    "33": _refused(Cause.INSUFFICIENT_CREDIT, "Not sent: insufficient credit"),
    "34": _refused(
        Cause.UNROUTABLE, "Routing error: format unrecognized or destination not supported"
    ),
    # in a report 35 is the reception error; "incorrect parameters" is the answer to a request
    "35": _failed(
        Cause.UNSPECIFIED,
        "Reception error: undetermined, the number should not be removed",
        source=_statuses,
    ),
    "36": _failed(Cause.INVALID_MESSAGE, "Message error", source=_annex),
    "37": _failed(Cause.EXPIRED, "Expired message", source=_annex, status=Status.EXPIRED),
    "38": _refused(Cause.INVALID_MESSAGE, "Message too long for the low-cost channel"),
    "39": _failed(Cause.UNSPECIFIED, "Delivery error", source=_annex),
    "61": _refused(Cause.INVALID_REQUEST, "SMS not found (answer to a request)", _annex),
    # no reason given
    "21": _failed(Cause.UNSPECIFIED, "Undeliverable, no specific reason"),
    "22": _failed(
        Cause.UNSPECIFIED, "Rejected: the operator refused the message", status=Status.REJECTED
    ),
    "50": _failed(Cause.UNSPECIFIED, "Undeliverable, no specific reason"),
    # 350x: temporary, keep the number
    "3501": _failed(Cause.NETWORK_ERROR, "Temporary operator error", False),
    "3502": _failed(Cause.ABSENT, "Temporary absence error: not located within 24 hours", False),
    "3503": _failed(Cause.HANDSET_ERROR, "Temporary telephone error: memory full or off", False),
    "3504": _failed(Cause.PORTING, "Temporary portability error: being ported", False),
    # 352x: permanent, for the message
    "3521": _failed(
        Cause.UNKNOWN_SUBSCRIBER, "Permanent operator error: unassigned, invalid, cancelled", True
    ),
    "3522": _failed(Cause.UNKNOWN_SUBSCRIBER, "Permanent absence error: no longer exists", True),
    "3523": _failed(Cause.UNKNOWN_SUBSCRIBER, "Permanent phone error: unallocated number", True),
    "3524": _failed(Cause.SPAM, "Permanent anti-spam error: blocked as spam", True),
    "3525": _failed(Cause.CONTENT, "Permanent content error: text violates the rules", True),
    "3526": _failed(Cause.PORTED_OUT, "Permanent porting error: ported to unknown operator", True),
    "3527": _failed(Cause.ROAMING, "Permanent roaming error: abroad without agreement", True),
    "3560": _failed(Cause.UNROUTABLE, "Non-routable error", source=_annex),
    "3599": _failed(
        Cause.UNSPECIFIED, "Other error: undefined, operator malfunction", source=_statuses
    ),
    # the annex reads 3998 as "invalid recipient"; the current document decides
    "3998": _refused(Cause.INVALID_MESSAGE, "Invalid message: unsupported characters"),
    "3999": _refused(Cause.OPTED_OUT, "Blacklisted: the recipient replied STOP"),
}


def parse(report: RestReport | HttpReport | Inbound) -> Iterator[ParsedReport]:
    """One receipt; none for an inbound message."""
    if isinstance(report, RestReport):
        status = report.status
        yield ParsedReport(
            message_id=report.messageId,
            words=(status.value.upper(),),
            status=status.value,
            code=status.detail.upper(),
            shown_code=status.detail,
            recipient=report.recipient.to,
            occurred_at=read_iso(status.deliveryDate, PARIS),
            client_reference=report.refClient,
            network=status.lookup.mccMnc or status.lookup.network,
            price=report.price.amount,
            currency=report.price.currency,
        )
    elif isinstance(report, HttpReport):
        yield ParsedReport(
            message_id=report.smsID,
            status=report.statut,
            code=report.statut,
            recipient=report.numero,
            occurred_at=read_iso(report.date_reception, PARIS),
            client_reference=report.refClient,
            network=report.mcc_mnc,
            price=report.cost,
        )


PROVIDER = Provider(
    name="smsmode",
    title="smsmode",
    source=_rest,
    wire=Report,
    methods=frozenset({"GET", "POST"}),
    states=STATES,
    codes=CODES,
    parse=parse,
    verify=all_of(token_in_path, where_configured(hmac_body("X-Smsmode-256", prefix="sha256="))),
)
