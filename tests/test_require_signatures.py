"""The parameter RequireSignatures: whether an unsigned request may come in before a key is set."""

import pytest

from dlr import settings
from dlr.phone import RecipientHasher
from dlr.providers.base import Provider, load_provider, provider_names
from dlr.wire.request import Request
from dlr.wire.verify import Credentials
from local import template
from local.recordings import NOW
from tests.support.cases import ROOT

UNSIGNED = Request("POST", body=b"{}", token="token")
NO_KEY = Credentials(("token",), NOW)


def deployed(name: str, monkeypatch: pytest.MonkeyPatch, **variables: str) -> Provider:
    """The provider as the functions read it from this environment."""
    for variable, value in {
        "SUPPRESSION_POLICY": "cause",
        "SMPP_ERR_TABLE": "default",
        **variables,
    }.items():
        monkeypatch.setenv(variable, value)
    return settings.normalizer(name, RecipientHasher(lambda: ["key"])).provider


@pytest.mark.parametrize("name", provider_names())
def test_who_can_sign_must_if_signatures_are_required(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = deployed(name, monkeypatch, REQUIRE_SIGNATURES="yes")
    assert provider.verify(UNSIGNED, NO_KEY) is (provider.signing is None)


@pytest.mark.parametrize("name", provider_names())
@pytest.mark.parametrize("variables", [{}, {"REQUIRE_SIGNATURES": "no"}])
def test_by_default_the_provider_decides_whether_it_must(
    name: str, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = deployed(name, monkeypatch, **variables)
    assert provider.verify(UNSIGNED, NO_KEY) is not load_provider(name).needs_signature


def test_the_parameter_reaches_every_ingest_function_and_defaults_to_no() -> None:
    source = template.load(ROOT / "template.yaml", {})
    assert source["Parameters"]["RequireSignatures"]["Default"] == "no"
    functions = template.functions(source)
    for name in provider_names():
        variables = functions[f"Ingest{name}"]["Environment"]["Variables"]
        assert variables["REQUIRE_SIGNATURES"] == {"Ref": "RequireSignatures"}
