"""The query of a webhook's URL: the team's own parameters, and when they count."""

import json
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from dlr.ingest.normalize import MAX_METADATA, Normalizer
from dlr.providers.base import Provider, load_provider, provider_names
from dlr.report import DeliveryReport
from dlr.wire.request import Request
from dlr.wire.schemes.any_of import AnyOf
from dlr.wire.schemes.body import HmacBody
from dlr.wire.schemes.ed25519 import Ed25519Body
from dlr.wire.schemes.jws import JwtHoldsBody
from dlr.wire.schemes.messagebird import MessageBirdJwt
from dlr.wire.schemes.password import Basic
from dlr.wire.schemes.plivo import PlivoV3
from dlr.wire.schemes.seven import SevenHmac
from dlr.wire.schemes.signalwire import SignalWire
from dlr.wire.schemes.sinch import SinchHmac
from dlr.wire.schemes.standard import StandardWebhooks
from dlr.wire.schemes.vonage import JwtWithBodyHash, VonageSig
from dlr.wire.verify import Credentials, Scheme
from local.cloud import Cloud
from local.recordings import NOW
from local.sample import Step, sample
from tests.support.ingest import IngestHarness
from tests.support.sns import provider_that_signs

KEY = "a key of at least thirty-two bytes, please"
OWN, FORGED = "+447700900123", "+447700900666"
TEAMS = f"to=%2B{OWN[1:]}&shop=42"
URL = "https://dlr.example.com/webhooks/x/token"
PROVIDERS = [provider_that_signs(name) for name in provider_names()]


def read(name: str, request: Request) -> DeliveryReport:
    (report,) = Normalizer(load_provider(name))(request, NOW).reports
    return report


def bulk(**fields: str) -> Request:
    content = {"message_id": "m", "status": "UNDELIV", "error_code": "001", **fields}
    return Request("POST", body=json.dumps(content).encode(), query=TEAMS)


@pytest.mark.parametrize("raw", ["07700900123", "ACME", "36180", ""])
def test_to_in_the_url_is_the_recipient_where_the_providers_cannot_be_read(raw: str) -> None:
    report = read("bulksmsrates", bulk(to=raw))
    assert (report.recipient, report.provider_recipient) == (OWN, None)


def test_the_providers_recipient_wins_where_it_can_be_read() -> None:
    assert read("bulksmsrates", bulk(to="+447700900124")).recipient == "+447700900124"


@pytest.mark.parametrize("place", [0, MAX_METADATA - 1, MAX_METADATA, 3 * MAX_METADATA])
def test_to_in_the_url_counts_wherever_it_stands(place: int) -> None:
    others = [(f"p{number}", "x" * 400) for number in range(3 * MAX_METADATA)]
    query = urlencode([*others[:place], ("to", OWN), *others[place:]])
    assert read("bulksmsrates", replace(bulk(), query=query)).recipient == OWN
    get = Request("GET", query=f"sms_unique_id=m&stat=UNDELIV&err=003&{query}")
    assert read("messente", get).recipient == OWN


def signed(provider: Provider, query: str = TEAMS, body: bytes = b"") -> Request:
    """By default a report without a recipient."""
    assert provider.signing
    made = sample(provider.name, Step("m", "0", "delivered", NOW))
    body = body or made.body or made.query.encode()
    request = Request("POST", query=query, body=body, url=f"{URL}?{query}", token="token")
    return provider.signing.sign(request, KEY, NOW)


def vonage_message(query: str) -> Request:
    body = b'{"message_uuid": "m", "status": "undeliverable", "error": {"title": 1190}}'
    request = Request("POST", body=body, query=query, url=f"{URL}?{query}", token="token")
    return JwtWithBodyHash().sign(request, KEY, NOW)


def credentials(provider: Provider) -> Credentials:
    assert provider.signing
    return Credentials(("token",), NOW, (provider.signing.verifying_key(KEY),))


SIGNING = [provider for provider in PROVIDERS if provider.signing]


@pytest.mark.parametrize("provider", SIGNING, ids=lambda each: each.name)
def test_a_query_that_the_signature_does_not_cover_is_not_read(provider: Provider) -> None:
    held = credentials(provider)
    request = signed(provider)
    assert provider.verify(request, held)
    report = read(provider.name, provider.bound_part(request, held))
    if provider.signing and provider.signing.covers_query:
        assert (report.recipient, report.metadata["shop"]) == (OWN, "42")
        forged = replace(request, query=f"to=%2B{FORGED[1:]}", url=f"{URL}?to=%2B{FORGED[1:]}")
        assert provider.verify(forged, held) is not provider.signing.covers_body
    else:
        assert (report.recipient, report.metadata) == (None, {})


def test_a_jwt_of_vonages_covers_no_query_either() -> None:
    provider = load_provider("vonage")
    request, held = vonage_message(TEAMS), credentials(provider)
    assert provider.verify(request, held)
    report = read("vonage", provider.bound_part(request, held))
    assert (report.recipient, report.metadata) == (None, {})


def test_a_get_that_vonage_signs_is_read_whole() -> None:
    """Its parameters are what is signed, the team's among them."""
    provider = load_provider("vonage")
    assert provider.signing
    query = "messageId=m&status=failed&err-code=3&msisdn=447700900123&shop=42"
    request = Request("GET", query=query, url=f"{URL}?{query}", token="token")
    request, held = provider.signing.sign(request, KEY, NOW), credentials(provider)
    assert provider.verify(request, held)
    report = read("vonage", provider.bound_part(request, held))
    assert (report.recipient, report.metadata) == (OWN, {"shop": "42"})
    assert not provider.verify(replace(request, query=request.query + "&to=1"), held)


@pytest.mark.parametrize(
    "scheme",
    [
        HmacBody("X-Sig"),
        JwtWithBodyHash(),
        Ed25519Body("x-sig", "x-time"),
        VonageSig(),
        AnyOf(JwtWithBodyHash(), VonageSig()),
        Basic(),
        PlivoV3(),
        SignalWire(),
        SinchHmac(),
        JwtHoldsBody("X-Sig", "the token"),
        StandardWebhooks(),
        MessageBirdJwt(),
        SevenHmac(),
    ],
    ids=lambda each: type(each).__name__,
)
def test_without_a_body_a_scheme_binds_the_query_or_refuses(scheme: Scheme) -> None:
    """Basic binds nothing: its password vouches for the whole request."""
    request = scheme.sign(Request("GET", query="id=1", url=f"{URL}?id=1"), KEY, NOW)
    held = Credentials((), NOW, (scheme.verifying_key(KEY),))
    altered = replace(
        request,
        query=request.query.replace("id=1", "id=2"),
        url=request.url.replace("id=1", "id=2"),
    )
    assert scheme.verify(altered, held) is isinstance(scheme, Basic)


@pytest.mark.parametrize("name", ["messente", "smsmode", "vonage"])
def test_without_a_signing_key_the_teams_parameters_count(name: str) -> None:
    provider = load_provider(name)
    request = replace(signed(provider), headers={})
    held = Credentials(("token",), NOW)
    assert provider.verify(request, held)
    report = read(name, provider.bound_part(request, held))
    assert (report.recipient, report.metadata["shop"]) == (OWN, "42")


@pytest.fixture(scope="module")
def ingest(cloud: Cloud) -> IngestHarness:
    return IngestHarness(cloud)


@pytest.mark.parametrize("name", ["messente", "smsmode", "vonage"])
def test_a_forged_query_beside_a_signed_body_reaches_neither_table_nor_quarantine(
    ingest: IngestHarness, name: str
) -> None:
    provider = load_provider(name)
    query = f"to=%2B{FORGED[1:]}&note=forged"
    ingest.secrets.text = json.dumps({"current": "token", "signing_keys": [KEY]})
    for body, status in ((b"", 200), (b'{"forged": "x"}', 400)):
        response, _ = ingest.receiver(name)(signed(provider, query, body))
        assert response.status == status
    for table in (ingest.reports, ingest.quarantine):
        items = ingest.client.scan(TableName=table)["Items"]
        assert items
        assert FORGED[1:] not in str(items)
        assert "note" not in str(items)
