"""From a provider's request to delivery reports. Pure; an unseen code is a report, not an error."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from dlr.causes import BOUNCE, Action, Policy, action_for
from dlr.ingest.meaning import resolve_meaning
from dlr.phone import RecipientHasher, read_number
from dlr.providers.base import ParsedReport, Provider, wire_names
from dlr.report import FAILED, FINAL, DeliveryReport, Price, Status, event_id_of
from dlr.wire.decode import UnreadableError, read_items
from dlr.wire.request import Request

MAX_TEXT = 500
MAX_METADATA = 20
MAX_SEGMENTS = 9999
_MESSAGE_ID = re.compile(r"[^\x00-\x1f\x7f]{1,256}")
"""Opaque and verbatim: no case change, no stripping. Line breaks would forge log lines and keys."""


@dataclass(slots=True)
class Normalized:
    """The items of a request: reports, items without a report, and items that cannot be read."""

    reports: list[DeliveryReport] = field(default_factory=list)
    ignored: int = 0
    errors: list[str] = field(default_factory=list)


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

    def __call__(self, request: Request, received_at: datetime) -> Normalized:
        """Every item of the request. Raises UnreadableError if none of it can be read."""
        provider = self.provider
        items, query = read_items(request, provider.fields, provider.read_text)
        normalized = Normalized()
        for item in items:
            try:
                reports = list(self._read(item, query, received_at))
            except UnreadableError as error:
                normalized.errors.append(str(error))
                continue
            normalized.reports += reports
            normalized.ignored += not reports
        if len(normalized.errors) == len(items) > 0:
            raise UnreadableError(normalized.errors[0])
        return normalized

    def _read(
        self, item: Any, query: dict[str, str], received_at: datetime
    ) -> Iterator[DeliveryReport]:
        try:
            payload = self.provider.adapter.validate_python(item)
        except ValidationError as error:
            raise UnreadableError(_reason(error)) from None
        own = wire_names(type(payload)) if item is query else frozenset[str]()
        extra = [(name, value) for name, value in query.items() if name and name not in own]
        metadata = {name: value[:MAX_TEXT] for name, value in extra[:MAX_METADATA]}
        for parsed in self.provider.parse(payload):
            if not _MESSAGE_ID.fullmatch(parsed.message_id):
                raise UnreadableError(
                    "the message id is empty, has control characters or more than 256 characters"
                )
            yield self._report(parsed, metadata, received_at)

    def _report(
        self, parsed: ParsedReport, metadata: dict[str, str], received_at: datetime
    ) -> DeliveryReport:
        provider = self.provider
        meaning = resolve_meaning(provider.tables, parsed.words, parsed.code)
        status = meaning.status or Status.UNKNOWN
        permanent = meaning.permanent if parsed.permanent is None else parsed.permanent
        raw_recipient = parsed.recipient or metadata.get("to", "")
        recipient = read_number(raw_recipient)
        word = _clip(parsed.provider_status or next(filter(None, parsed.words), ""))
        code = _clip(parsed.provider_code or parsed.code)
        return DeliveryReport(
            event_id=event_id_of(provider.name, parsed.message_id, word, code, parsed.occurred_at),
            provider=provider.name,
            message_id=parsed.message_id,
            client_reference=_clip(parsed.client_reference),
            recipient=recipient,
            recipient_hash=self._hasher.hash(recipient) if self._hasher and recipient else None,
            status=status,
            final=status in FINAL,
            permanent=permanent,
            cause=meaning.cause,
            bounce=BOUNCE[meaning.cause],
            action=(
                action_for(meaning.cause, permanent, self._policy)
                if status in FAILED
                else Action.KEEP
            ),
            provider_status=word,
            provider_code=code,
            provider_text=_clip(parsed.text),
            provider_recipient=None if recipient else _clip(raw_recipient),
            occurred_at=parsed.occurred_at,
            received_at=received_at,
            network=_clip(parsed.network),
            segments=_plausible(parsed.segments),
            price=_price(parsed),
            metadata=metadata,
        )


def _price(parsed: ParsedReport) -> Price | None:
    if not parsed.price:
        return None
    return Price(amount=parsed.price[:MAX_TEXT], currency=_clip(parsed.currency))


def _plausible(segments: int | None) -> int | None:
    """None for an implausible count: DynamoDB would refuse a number of 39 digits at every retry."""
    return segments if segments is not None and 0 <= segments <= MAX_SEGMENTS else None


def _clip(text: str) -> str | None:
    return text[:MAX_TEXT] or None


def _reason(error: ValidationError) -> str:
    """pydantic's findings without the input: `status: Field required`."""
    findings = error.errors(include_url=False, include_context=False, include_input=False)[:5]
    return "; ".join(": ".join((*_place_of(finding), _words_of(finding))) for finding in findings)


def _place_of(finding: ErrorDetails) -> list[str]:
    return [".".join(map(str, finding["loc"]))] if finding["loc"] else []


def _words_of(finding: ErrorDetails) -> str:
    return "should be an object" if finding["type"] == "model_type" else finding["msg"]
