"""From a provider's request to delivery reports. Pure; an unseen code is a report, not an error."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from dlr.causes import BOUNCE, Action, Bounce, Cause, Policy
from dlr.ingest.meaning import resolve_meaning
from dlr.phone import RecipientHasher, read_number
from dlr.providers.base import ParsedReport, PayloadModel, Provider, wire_names
from dlr.report import (
    FINAL,
    DeliveryReport,
    Price,
    Status,
    action_of,
    event_id_of,
    network_of,
    trusted_report,
)
from dlr.wire.decode import MAX_ITEMS, TOO_MANY, UnreadableError, read_items
from dlr.wire.request import Request

MAX_TEXT = 500
"""Bytes of UTF-8 of one text; what is longer is cut. With these bounds a message with a full
history of the largest reports stays below 400 KB, which is all that DynamoDB stores in an item."""
MAX_SHORT_TEXT = 64
"""Bytes of a sender, a price and a currency."""
MAX_METADATA = 20
MAX_METADATA_NAME = 100
MAX_METADATA_BYTES = 2048
"""Of all names and values of the metadata together: what does not fit any more is left out."""
CONTENT_NAMES = frozenset({"body", "content", "message", "msg", "short_message", "text"})
"""What providers call the message itself: no metadata in a query that a provider fills."""
MAX_SEGMENTS = 9999
MAX_VERDICTS = 64
"""Remembered: those of a usual day, and little memory if each is as large as a request may be."""
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""A provider's time before it is no time of an SMS: an empty date, or digits misread."""
MAX_AHEAD = timedelta(days=1)
"""How far a provider's time may lie after our receipt: a time zone that it does not name, and no
more."""
_LONGEST_CHARACTER = 4
"""Bytes of UTF-8."""
BAD_ID = "the message id is empty, has control characters or more than 256 characters"
_MESSAGE_ID = re.compile(r"[^\x00-\x1f\x7f]{1,256}")
"""Opaque and verbatim: no case change, no stripping. Line breaks would forge log lines and keys."""


@dataclass(slots=True)
class Normalized:
    """The items of a request: reports, items without a report, and items that cannot be read.

    `errors` say why, by the item's place. Of an item with several reports some may be there all the
    same.
    """

    reports: list[DeliveryReport] = field(default_factory=list)
    ignored: int = 0
    errors: dict[int, str] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """The first few errors in one line."""
        return "; ".join(list(self.errors.values())[:5])


class _Verdict(NamedTuple):
    status: Status
    final: bool
    permanent: bool | None
    cause: Cause
    bounce: Bounce
    action: Action


class Normalizer:
    """Turns one provider's requests into delivery reports."""

    def __init__(
        self,
        provider: Provider,
        policy: Policy = Policy.CAUSE,
        hasher: RecipientHasher | None = None,
    ) -> None:
        self.provider = provider
        self._policy = policy
        self._hasher = hasher
        self._verdict = lru_cache(MAX_VERDICTS)(self._judge)

    def __call__(self, request: Request, received_at: datetime) -> Normalized:
        """Every item of the request. Raises UnreadableError if none of it can be read."""
        provider = self.provider
        items, query = read_items(request, provider.fields, provider.read_text, provider.batch)
        normalized = Normalized()
        for place, item in enumerate(items):
            try:
                reports, has_bad_id = self._read(item, query, received_at)
            except UnreadableError as error:
                normalized.errors[place] = str(error)
                continue
            if has_bad_id:
                normalized.errors[place] = BAD_ID
            normalized.reports += reports
            normalized.ignored += not reports
            if len(normalized.reports) > MAX_ITEMS:
                raise UnreadableError(TOO_MANY)
        if not normalized.reports and len(normalized.errors) == len(items) > 0:
            raise UnreadableError(normalized.errors[0], normalized.errors)
        return normalized

    def _read(
        self, item: Any, query: dict[str, str], received_at: datetime
    ) -> tuple[list[DeliveryReport], bool]:
        """The reports of an item, and whether others of it have no id that could be kept.

        Raises UnreadableError if none can be read.
        """
        try:
            payload = self.provider.adapter.validator.validate_python(item)
        except ValidationError as error:
            raise UnreadableError(_reason(error)) from None
        own = _team_parameters(query, type(payload) if item is query else None) if query else query
        metadata = _metadata(own)
        parsed = list(islice(self.provider.parse(payload), MAX_ITEMS + 1))
        good = [each for each in parsed if _MESSAGE_ID.fullmatch(each.message_id)]
        if parsed and not good:
            raise UnreadableError(BAD_ID)
        to = own.get("to", "")
        reports = [self._report(each, to, metadata, received_at) for each in good]
        return reports, len(good) < len(parsed)

    def _report(
        self, parsed: ParsedReport, to: str, metadata: dict[str, str], received_at: datetime
    ) -> DeliveryReport:
        """`to` is the team's own word for the recipient, where the provider's cannot be read."""
        provider = self.provider
        verdict = self._verdict(parsed.words, parsed.code, parsed.permanent)
        recipient = read_number(parsed.recipient) or read_number(to)
        word = _clip(parsed.provider_status or next(filter(None, parsed.words), ""))
        code = _clip(parsed.provider_code or parsed.code)
        occurred_at = _plausible_time(parsed.occurred_at, received_at)
        return trusted_report(
            event_id=event_id_of(provider.name, parsed.message_id, word, code, occurred_at),
            provider=provider.name,
            message_id=parsed.message_id,
            client_reference=_clip(parsed.client_reference),
            recipient=recipient,
            recipient_hash=self._hasher.hash(recipient) if self._hasher and recipient else None,
            status=verdict.status,
            final=verdict.final,
            permanent=verdict.permanent,
            cause=verdict.cause,
            bounce=verdict.bounce,
            action=verdict.action,
            provider_status=word,
            provider_code=code,
            provider_text=_clip(parsed.text),
            provider_recipient=None if recipient else _clip(parsed.recipient or to),
            sender=_clip(parsed.sender, MAX_SHORT_TEXT),
            sent_at=_plausible_time(parsed.sent_at, received_at),
            occurred_at=occurred_at,
            received_at=received_at,
            network=_clip(network_of(parsed.network)),
            segments=_plausible(parsed.segments),
            price=_price(parsed),
            metadata=metadata,
        )

    def _judge(self, words: tuple[str, ...], code: str, permanent: bool | None) -> _Verdict:
        """What words and code mean. The report's own flag `permanent` overrules the table's."""
        meaning = resolve_meaning(self.provider.tables, words, code)
        status = meaning.status or Status.UNKNOWN
        permanent = meaning.permanent if permanent is None else permanent
        action = action_of(status, meaning.cause, permanent, self._policy)
        bounce = BOUNCE[meaning.cause]
        return _Verdict(status, status in FINAL, permanent, meaning.cause, bounce, action)


def _team_parameters(
    query: Mapping[str, str], payload: type[PayloadModel] | None
) -> dict[str, str]:
    """What the team put into its own URL.

    `payload` reads the query where the provider fills that too: then without what the payload
    names, and without the message itself.
    """
    names = wire_names(payload) if payload else ()
    content = CONTENT_NAMES if payload else ()
    return {
        name: value
        for name, value in query.items()
        if name and name not in names and name.casefold() not in content
    }


def _metadata(parameters: Mapping[str, str]) -> dict[str, str]:
    """The first parameters, as many as fit."""
    metadata: dict[str, str] = {}
    left = MAX_METADATA_BYTES
    for whole_name, whole_value in islice(parameters.items(), MAX_METADATA):
        name, value = _cut(whole_name, MAX_METADATA_NAME), _cut(whole_value, MAX_TEXT)
        left -= len(name.encode()) + len(value.encode())
        if left < 0:
            break
        metadata.setdefault(name, value)
    return metadata


def _price(parsed: ParsedReport) -> Price | None:
    if not parsed.price:
        return None
    currency = _clip(parsed.currency, MAX_SHORT_TEXT)
    return Price(amount=_cut(parsed.price, MAX_SHORT_TEXT), currency=currency)


def _plausible(segments: int | None) -> int | None:
    """None for an implausible count: DynamoDB would refuse a number of 39 digits at every retry."""
    return segments if segments is not None and 0 <= segments <= MAX_SEGMENTS else None


def _plausible_time(time: datetime | None, received_at: datetime) -> datetime | None:
    """None for a time that no report of an SMS has."""
    if time is None or not EARLIEST <= time <= received_at + MAX_AHEAD:
        return None
    return time


def _clip(text: str, most: int = MAX_TEXT) -> str | None:
    """At most so many bytes, and None for nothing."""
    if len(text) * _LONGEST_CHARACTER > most:
        text = _cut(text, most)
    return text or None


def _cut(text: str, most: int) -> str:
    """At most so many bytes of UTF-8, and whole characters."""
    if len(text) * _LONGEST_CHARACTER <= most:
        return text
    return text.encode(errors="ignore")[:most].decode(errors="ignore")


def _reason(error: ValidationError) -> str:
    """pydantic's findings without the input: `status: Field required`."""
    findings = error.errors(include_url=False, include_context=False, include_input=False)[:5]
    return "; ".join(": ".join((*_place_of(finding), _words_of(finding))) for finding in findings)


def _place_of(finding: ErrorDetails) -> list[str]:
    return [".".join(map(str, finding["loc"]))] if finding["loc"] else []


def _words_of(finding: ErrorDetails) -> str:
    return "should be an object" if finding["type"] == "model_type" else finding["msg"]
