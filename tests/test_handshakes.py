"""What a provider asks before it sends reports, and who gets an answer."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from dlr.ingest.normalize import Normalizer
from dlr.ingest.quarantine import Quarantine
from dlr.ingest.receive import Receiver
from dlr.messages.store import ReportStore
from dlr.providers.base import Handshake, Provider, load_provider
from dlr.runtime.secret import Secret
from dlr.wire.fetch import UnreachableError
from dlr.wire.request import Request, Response
from dlr.wire.schemes.password import Bearer
from local.recordings import NOW, recordings
from tests.support.secrets import SecretsManager, value

KEY = "a-token-of-the-team"
NOBODY: Any = None
"""A handshake reaches neither table."""


def answer(
    provider: Provider | str,
    request: Request,
    keys: tuple[str, ...] = (),
    visit: Callable[[str], bytes] = lambda _: b"",
) -> Response:
    declared = load_provider(provider) if isinstance(provider, str) else provider
    receive = Receiver(
        Normalizer(declared),
        cast(ReportStore, NOBODY),
        cast(Quarantine, NOBODY),
        Secret(SecretsManager(value("token", signing_keys=keys)), "arn"),
        lambda: NOW,
        visit,
    )
    return receive(request)[0]


def options(**headers: str) -> Request:
    return Request("OPTIONS", headers=headers, token="token")


def validation(
    data: Any, type_: str = "Microsoft.EventGrid.SubscriptionValidationEvent"
) -> Request:
    event = {"id": "1", "eventType": type_, "data": data, "eventTime": "2026-11-22T11:59:58Z"}
    return Request("POST", body=json.dumps([event]).encode(), token="token")


CODE = {"validationCode": "512d38b6", "validationUrl": "https://evil.example.com/x"}


@pytest.mark.parametrize("keys", [(), (KEY,)])
def test_event_grid_gets_its_code_back_whether_or_not_it_has_a_token_yet(
    keys: tuple[str, ...],
) -> None:
    given = answer("azure", validation(CODE), keys).to_api_gateway("request-1")
    assert (given["statusCode"], given["headers"]["content-type"]) == (200, "application/json")
    assert json.loads(given["body"]) == {"validationResponse": "512d38b6"}


@pytest.mark.parametrize("keys", [(), (KEY,)])
def test_cloud_events_hears_that_it_may_send(keys: tuple[str, ...]) -> None:
    given = answer("azure", options(**{"webhook-request-origin": "eventgrid.azure.net"}), keys)
    headers = given.to_api_gateway("request-1")["headers"]
    assert given.status == 200
    assert headers["webhook-allowed-origin"] == "eventgrid.azure.net"
    assert headers["webhook-allowed-rate"] == "*"


@pytest.mark.parametrize(
    "request_", [validation(CODE), options(**{"webhook-request-origin": "eventgrid.azure.net"})]
)
def test_who_does_not_know_the_address_gets_no_answer(request_: Request) -> None:
    given = answer("azure", replace(request_, token="other"))
    assert (given.status, "validationResponse" in given.body, dict(given.headers)) == (
        401,
        False,
        {},
    )


def test_options_without_a_question_is_another_method() -> None:
    assert answer("azure", options()).status == 405


@pytest.mark.parametrize(
    "request_",
    [
        validation("no object"),
        validation(CODE, "Microsoft.Communication.SMSReceived"),
        Request("POST", body=b"Microsoft.EventGrid.SubscriptionValidationEvent", token="token"),
        Request("POST", body=b"[]", token="token"),
        Request("GET", headers={"webhook-request-origin": "eventgrid.azure.net"}, token="token"),
    ],
)
def test_what_is_no_question_is_no_handshake(request_: Request) -> None:
    ask = load_provider("azure").handshake
    assert ask
    assert ask(request_) is None


def test_no_recorded_report_is_taken_for_a_question() -> None:
    for case in recordings():
        ask = load_provider(case.provider).handshake
        assert ask is None or not case.reports or ask(case.request) is None, case.id


# ---------------------------------------------------------------- an address to call

URL = "https://confirm.example.com/?a=1"
VISITING = replace(
    load_provider("thesmsworks"), signing=Bearer(), handshake=lambda _: Handshake(visit=URL)
)
SIGNED = Request("POST", headers={"authorization": f"Bearer {KEY}"}, body=b"{}", token="token")


def visited(request: Request, keys: tuple[str, ...]) -> tuple[int, list[str]]:
    seen: list[str] = []

    def visit(url: str) -> bytes:
        seen.append(url)
        return b""

    return answer(VISITING, request, keys, visit).status, seen


def test_an_address_is_called_for_a_signed_request_only() -> None:
    assert visited(SIGNED, (KEY,)) == (200, [URL])
    assert visited(SIGNED, ("another",)) == (401, [])
    assert visited(SIGNED, ()) == (401, [])
    assert visited(replace(SIGNED, token="other"), (KEY,)) == (401, [])
    assert visited(replace(SIGNED, headers={}), (KEY,)) == (401, [])


def test_an_address_that_cannot_be_called_now_is_asked_for_again() -> None:
    def visit(url: str) -> bytes:
        raise UnreachableError("TimeoutError")

    given = answer(VISITING, SIGNED, (KEY,), visit)
    assert (given.status, given.body["title"]) == (503, "Not stored")


def test_an_address_that_refuses_is_no_reason_to_ask_again() -> None:
    def visit(url: str) -> bytes:
        raise ValueError("the answer is 403, of 0 bytes")

    assert answer(VISITING, SIGNED, (KEY,), visit).status == 400
