"""The made-up report that the API sends to a webhook: what it cannot sign is refused in words."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import urllib3

from dlr import webhooks
from dlr.providers.base import load_provider
from dlr.webhooks import CannotSignError
from tests.support.cases import ROOT

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
URL = "https://dlr.example.com/webhooks/x/token"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:sms"

pytestmark = pytest.mark.unit


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    calls: list[tuple[Any, ...]] = []

    def request(pool: Any, *given: Any, **named: Any) -> Any:
        calls.append((*given, named))
        return urllib3.HTTPResponse(status=200)

    monkeypatch.setattr(urllib3.PoolManager, "request", request)
    return calls


@pytest.fixture
def tester() -> webhooks.Tester:
    samples = json.loads((ROOT / "functions/api/samples.json").read_text())
    return webhooks.Tester({name: each["sample"] for name, each in samples.items()})


@pytest.mark.parametrize(
    ("name", "keys", "why"),
    [
        ("awssms", (TOPIC,), "Only the provider can sign"),
        ("twilio", (), "Set its signing key first"),
    ],
)
def test_what_only_the_provider_can_sign_is_refused_and_not_sent(
    tester: webhooks.Tester, sent: list[Any], name: str, keys: tuple[str, ...], why: str
) -> None:
    with pytest.raises(CannotSignError, match=why):
        tester(load_provider(name), URL, keys, NOW)
    assert not sent


def test_what_a_key_can_sign_is_sent(tester: webhooks.Tester, sent: list[Any]) -> None:
    assert tester(load_provider("twilio"), URL, ("public test key",), NOW).status == 200
    ((*_, named),) = sent
    assert {name.lower() for name in named["headers"]} >= {"x-twilio-signature"}
