"""Whatever is sent to a provider's URL is answered, never with 5xx, and soon."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from dlr.ingest.normalize import Normalizer
from dlr.ingest.quarantine import Quarantine
from dlr.ingest.receive import MAX_BODY_BYTES, Receiver
from dlr.messages.store import ReportStore, Retention
from dlr.phone import RecipientHasher, read_number
from dlr.providers.base import load_provider, provider_names
from dlr.providers.receipt_text import read_receipt
from dlr.providers.times import read_iso, read_javascript, read_smpp
from dlr.runtime.secret import Secret
from dlr.wire.decode import UnreadableError, read_items
from dlr.wire.request import Request
from local.http_event import Event
from local.recordings import NOW, recordings_of
from tests.support.dynamodb import Strict
from tests.support.hostile import events, is_soon, posted
from tests.support.secrets import SecretsManager

pytestmark = pytest.mark.untraced

EVERY_PROVIDER = pytest.mark.parametrize("name", provider_names())
EVERYDAY = 7
"""Of so many pairs of provider and piece one is tried every day, the others by `make test-slow`.
It divides no number of pieces, so each provider and each piece has its everyday pairs."""
SPOILT = 15
"""Spoilt requests for each provider, let in or not; `MANY_SPOILT` in the slow tests."""
MANY_SPOILT = 60
DAY = timedelta(days=1)
HASHER = RecipientHasher(lambda: ["key"])
SECRET = json.dumps({"current": "token", "signing_keys": ["a key of 32 bytes or more for tests"]})


class WebhookHarness:
    """A provider's webhook. `is_open` lets in everybody with the token, signed or not."""

    def __init__(self, name: str, is_open: bool) -> None:
        self.table = Strict()
        provider = load_provider(name)
        if is_open:
            provider = replace(provider, signing=None)
        self.statuses = {200, 400, 401, 405, provider.unsigned_status}
        self._normalize = Normalizer(provider, hasher=HASHER)
        self._receive = Receiver(
            self._normalize,
            ReportStore(self.table.client, "reports", Retention(DAY, DAY, DAY)),
            Quarantine(self.table.client, "quarantine", HASHER, DAY),
            Secret(SecretsManager(SECRET), "arn"),
            lambda: NOW,
        )

    def __call__(self, event: dict[str, Any]) -> int:
        """The status; JSON or it raises."""
        request = Request.from_api_gateway(event, "https://dlr.example.com")
        response = self._receive(request)[0]
        answer = response.to_api_gateway("r")
        if response.text is None:
            json.loads(answer["body"])
        return int(answer["statusCode"])

    def read(self, event: dict[str, Any]) -> None:
        """All that the size of a request can draw out; the writes take their own time."""
        try:
            self._normalize(Request.from_api_gateway(event), NOW)
        except UnreadableError as error:
            assert str(error)


@pytest.fixture(scope="module")
def webhooks() -> dict[tuple[str, bool], WebhookHarness]:
    return {
        (name, is_open): WebhookHarness(name, is_open)
        for name in provider_names()
        for is_open in (1, 0)
    }


@EVERY_PROVIDER
@pytest.mark.parametrize("is_open", [True, False], ids=["let in", "not let in"])
@pytest.mark.parametrize("count", [SPOILT, pytest.param(MANY_SPOILT, marks=pytest.mark.slow)])
def test_a_spoilt_request_is_answered_and_soon(
    webhooks: dict[tuple[str, bool], WebhookHarness], name: str, is_open: bool, count: int
) -> None:
    webhook = webhooks[name, is_open]

    @settings(max_examples=count, suppress_health_check=list(HealthCheck))
    @given(event=events(name))
    def try_it(event: Event) -> None:
        statuses: list[int] = []
        assert is_soon(lambda: statuses.append(webhook(event)))
        assert set(statuses) <= webhook.statuses, webhook.table.refused

    try_it()


# ---------------------------------------------------------------- as large as can be

N = MAX_BODY_BYTES
FIELD_BYTES = 50_000
"""Of one field: enough for what takes the square of it to stand out."""
PIECES = ["[", '{"a":', '"', "\\", "1", " ", "&", "=", "a=1&", "%41", "%", "+", "\r", "é", "\x00"]
PIECES += [
    "id:",
    "text:",
    "err: ",
    "stat:A id:1 ",
    "submit date:",
    "[1,",
    "{},",
    '{"":1},',
    "\u2028",
    "<a>",
    "--a\n",
]
NUMBERS = [" ", "0", "1", "+", "(", ".", "\u00a0", "٣", "00"]
TIMES = ["1", "0", "2026-", "T", ":", "Wed Jul 19 2017 20:53:46 GMT+0100", "9", "+", " "]


def every_provider_and(pieces: list[str]) -> pytest.MarkDecorator:
    """Each provider with each piece."""
    pairs = [
        pytest.param(name, piece, marks=pytest.mark.slow if place % EVERYDAY else ())
        for place, (name, piece) in enumerate(product(provider_names(), pieces))
    ]
    return pytest.mark.parametrize(("name", "piece"), pairs, ids=repr)


def filled(piece: str) -> bytes:
    """As much of it as a request may hold."""
    return (piece * N).encode()[:N].decode(errors="ignore").encode()


@every_provider_and(PIECES)
def test_a_body_full_of_one_thing_is_answered_soon(
    webhooks: dict[tuple[str, bool], WebhookHarness], name: str, piece: str
) -> None:
    check_soon(webhooks[name, True], name, filled(piece))


LISTS = ["[%s]", "[%s", "[[%s]]"]


def list_of(item: str, piece: str) -> bytes:
    return (piece % (f"{item}," * ((N - 5) // (len(item.encode()) + 1) - 1) + item)).encode()


@pytest.mark.parametrize(
    ("name", "piece"),
    [
        pytest.param(
            name, piece, marks=() if (row - column) % len(LISTS) == 0 else pytest.mark.slow
        )
        for row, name in enumerate(provider_names())
        for column, piece in enumerate(LISTS)
    ],
)
def test_a_list_full_of_one_report_is_answered_soon(
    webhooks: dict[tuple[str, bool], WebhookHarness], name: str, piece: str
) -> None:
    check_soon(webhooks[name, True], name, list_of(smallest_item(name), piece))


@pytest.mark.parametrize("item", ["1", "{}", "[]", '""', "null"])
@pytest.mark.parametrize("piece", LISTS)
def test_a_list_full_of_one_thing_is_answered_soon(
    webhooks: dict[tuple[str, bool], WebhookHarness], item: str, piece: str
) -> None:
    """It is refused before the provider's own code sees it, so one provider stands for all."""
    name = provider_names()[0]
    check_soon(webhooks[name, True], name, list_of(item, piece))


def check_soon(webhook: WebhookHarness, name: str, body: bytes) -> None:
    event = posted(recordings_of(name)[0].request, body)
    statuses: list[int] = []
    answered_soon = is_soon(lambda: statuses.append(webhook(event)), tries=1)
    assert set(statuses) <= {200, 400}, webhook.table.refused
    assert answered_soon or is_soon(lambda: webhook.read(event))


@cache
def smallest_item(name: str) -> str:
    """Of the recorded reports, as JSON: the body, or what is read of one that is a form."""
    provider = load_provider(name)
    requests = [each.request for each in recordings_of(name) if each.reports]
    bodies = [each.body.decode() for each in requests if each.body.startswith(b"{")]
    items = (
        json.dumps(item)
        for each in requests
        for item in read_items(each, provider.fields, provider.read_text, provider.batch)[0]
    )
    return min(bodies or items, key=len)


@every_provider_and(NUMBERS + TIMES)
def test_a_field_full_of_one_thing_is_answered_soon(
    webhooks: dict[tuple[str, bool], WebhookHarness], name: str, piece: str
) -> None:
    item = json.loads(smallest_item(name))
    text = piece * (FIELD_BYTES // len(piece.encode()))
    for changed in with_every_text(item, text):
        body = json.dumps(changed, ensure_ascii=False).encode()
        check_soon(webhooks[name, True], name, body)


def with_every_text(content: Any, text: str) -> Iterator[Any]:
    """Each leaf in turn another."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield from ({**content, key: changed} for changed in with_every_text(value, text))
    elif isinstance(content, list):
        for place, value in enumerate(content):
            for changed in with_every_text(value, text):
                yield [*content[:place], changed, *content[place + 1 :]]
    else:
        yield text


@pytest.mark.parametrize(
    "read",
    [read_iso, read_javascript, read_smpp, read_number, read_receipt, str],
    ids=lambda read: read.__name__,
)
def test_no_reader_has_a_slow_text(read: Callable[[str], object]) -> None:
    for piece in {*PIECES, *NUMBERS, *TIMES}:
        text = filled(piece).decode()
        assert is_soon(lambda: read(text)), piece  # noqa: B023


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_query_is_slow(method: str) -> None:
    for piece in PIECES:
        request = Request(method, query=filled(piece).decode())

        def read(request: Request = request) -> None:
            try:
                read_items(request, frozenset({"a", "id"}))
            except UnreadableError as error:
                assert str(error)

        assert is_soon(read), piece
