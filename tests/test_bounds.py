"""How large things may become: a report, an item, what a request yields."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from time import thread_time
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlr.ingest.normalize import (
    MAX_METADATA,
    MAX_METADATA_BYTES,
    MAX_METADATA_NAME,
    MAX_SHORT_TEXT,
    MAX_TEXT,
    Normalizer,
)
from dlr.ingest.receive import MAX_BODY_BYTES
from dlr.messages.item import entry_of, fingerprint_of, key_of
from dlr.messages.order import rank_of
from dlr.messages.store import MAX_HISTORY, ReportReader, ReportStore, Retention
from dlr.phone import RecipientHasher
from dlr.providers.base import ParsedReport, load_provider, provider_names
from dlr.report import DeliveryReport
from dlr.wire.decode import MAX_ITEMS, UnreadableError
from dlr.wire.request import Request
from local.cloud import Cloud
from local.recordings import NOW, recordings_of
from tests.support.dynamodb import MAX_ITEM, size_of
from tests.support.hostile import is_soon
from tests.support.reports import make_report
from tests.support.tables import make_table

DAY = timedelta(days=1)
WIDE = "\U0001f600"
"""A character of four bytes."""
LONG = WIDE * 20_000
REQUEST = Request("POST", body=b'{"messageid": "m", "status": "SENT"}')
HASHER = RecipientHasher(lambda: ["key"])


def read(parsed: ParsedReport, query: str = "") -> DeliveryReport:
    """A report of these texts, whichever provider sent it."""
    provider = replace(load_provider("thesmsworks"), parse=lambda _: iter([parsed]))
    (report,) = Normalizer(provider, hasher=HASHER)(replace(REQUEST, query=query), NOW).reports
    return report


def greatest(place: int) -> DeliveryReport:
    """A failed report in which every text is longer than anything that is kept."""
    query = "&".join(f"{WIDE * 5}{name:02}{LONG[:200]}={LONG[:200]}" for name in range(30))
    parsed = ParsedReport(
        message_id=WIDE * 256,
        words=("UNDELIVERABLE",),
        code="5001",
        provider_status=f"{place}{LONG}",
        provider_code=LONG,
        permanent=True,
        recipient=LONG,
        occurred_at=NOW + timedelta(seconds=place),
        text=LONG,
        client_reference=LONG,
        network=LONG,
        segments=9999,
        price=LONG,
        currency=LONG,
        sender=LONG,
        sent_at=NOW,
    )
    return read(parsed, query)


def test_the_greatest_item_fits_dynamodb(cloud: Cloud) -> None:
    """A full history, and a state beside it."""
    client, table = cloud.client("dynamodb"), make_table(cloud, "ReportsTable")
    store = ReportStore(client, table, Retention(DAY, DAY, DAY))
    for place in range(MAX_HISTORY + 10, 0, -1):
        report = greatest(place)
        store.put(report)
    item = ReportReader(client, table).get(report.provider, report.message_id, NOW)
    assert item is not None
    assert len(item["history"]["L"]) == MAX_HISTORY
    assert size_of({"M": item}) < MAX_ITEM * 3 / 4  # the rest is for attributes yet to come


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=700)


@given(text=texts, name=st.sampled_from(["text", "network", "client_reference", "sender"]))
def test_a_text_is_cut_by_bytes_to_a_beginning_of_whole_characters(text: str, name: str) -> None:
    most = MAX_SHORT_TEXT if name == "sender" else MAX_TEXT
    report = read(ParsedReport("m", ("SENT",), **{name: text}))
    kept = getattr(report, "provider_text" if name == "text" else name) or ""
    assert text.startswith(kept)
    assert len(kept.encode()) <= most
    assert kept == text or len(kept.encode()) > most - 4


@given(st.dictionaries(texts.filter(bool), texts, max_size=MAX_METADATA + 5))
def test_metadata_is_bounded_in_number_name_value_and_total(query: dict[str, str]) -> None:
    metadata = read(ParsedReport("m", ("SENT",)), urlencode(query)).metadata
    sizes = [(len(name.encode()), len(value.encode())) for name, value in metadata.items()]
    assert len(metadata) <= MAX_METADATA
    assert all(name <= MAX_METADATA_NAME and value <= MAX_TEXT for name, value in sizes)
    assert sum(map(sum, sizes)) <= MAX_METADATA_BYTES


def test_metadata_of_the_usual_size_is_kept_whole() -> None:
    query = "&".join(f"name{place}=value{place}" for place in range(MAX_METADATA + 1))
    metadata = read(ParsedReport("m", ("SENT",)), query).metadata
    assert metadata == {f"name{place}": f"value{place}" for place in range(MAX_METADATA)}


def telnyx(count: int, errors: int = 0) -> Request:
    """One event of a group message."""
    to = [{"phone_number": f"+1{place}", "status": "delivered"} for place in range(count)]
    pointing = [{"source": {"pointer": f"/to/{place}"}, "code": "1"} for place in range(errors)]
    payload = {"id": "m", "to": to, "errors": pointing}
    event = {"data": {"event_type": "message.finalized", "payload": payload}}
    return Request("POST", body=json.dumps(event, separators=(",", ":")).encode())


def test_a_request_yields_as_many_reports_as_a_batch_may_have() -> None:
    normalize = Normalizer(load_provider("telnyx"))
    assert len(normalize(telnyx(MAX_ITEMS), NOW).reports) == MAX_ITEMS
    with pytest.raises(UnreadableError, match=f"more than {MAX_ITEMS} reports at once"):
        normalize(telnyx(MAX_ITEMS + 1), NOW)


def test_reports_are_counted_over_the_items_of_a_batch() -> None:
    normalize = Normalizer(load_provider("telnyx"))
    body = b"[" + b",".join([telnyx(MAX_ITEMS // 2).body] * 3) + b"]"
    with pytest.raises(UnreadableError, match="reports at once"):
        normalize(Request("POST", body=body), NOW)


@pytest.mark.parametrize("request_", [telnyx(2500, 2500), telnyx(5500)], ids=["errors", "none"])
def test_a_group_of_thousands_is_refused_soon(request_: Request) -> None:
    normalize = Normalizer(load_provider("telnyx"))
    assert 200_000 < len(request_.body) < MAX_BODY_BYTES

    def refuse() -> None:
        with pytest.raises(UnreadableError, match="reports at once"):
            normalize(request_, NOW)

    assert is_soon(refuse)


def test_parsing_a_group_takes_linear_time() -> None:
    provider = load_provider("telnyx")

    def payload_of(count: int) -> Any:
        return provider.adapter.validate_python(json.loads(telnyx(count, count).body))

    def seconds(payload: Any) -> float:
        return min(_cpu_s(provider.parse(payload)) for _ in range(5))

    assert seconds(payload_of(2000)) < 8 * seconds(payload_of(500))  # four times if it is linear


def _cpu_s(reports: Iterator[ParsedReport]) -> float:
    started = thread_time()
    for _ in reports:
        pass
    return thread_time() - started


def entries(provider: str, final: bool) -> list[Any]:
    """Of the recorded reports, as they stand in a history, the smallest first."""
    normalize = Normalizer(load_provider(provider), hasher=HASHER)
    reports = [
        r
        for case in recordings_of(provider)
        if case.reports
        for r in normalize(case.request, NOW).reports
    ]
    return sorted((entry_of(r) for r in reports if r.final is final), key=size_of)


@pytest.mark.parametrize("provider", provider_names())
def test_the_item_of_a_message_that_was_queued_sent_and_ended_fits_one_write_unit(
    provider: str,
) -> None:
    """The largest recorded reports of each kind; a provider may report only the end."""
    end = entries(provider, True)[-1]
    *_, progress = entries(provider, False) or [end]
    report = make_report(message_id="SM" + "0123456789abcdef" * 2, provider=provider)
    item = {
        **key_of(report.provider, report.message_id),
        "state": end,
        "history": {"L": [progress, progress, end]},
        "seen": {"SS": [fingerprint_of(report)] * 3},
        "rank": {"S": rank_of(report)},
        "expires_at": {"N": "1764000000"},
        "recipient": {"S": report.recipient},
        "recipient_hash": {"S": report.recipient_hash},
    }
    assert size_of({"M": item}) <= 1024
