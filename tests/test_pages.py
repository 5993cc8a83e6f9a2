"""What stands on a provider's page can be sent as it stands: a newcomer has nothing else."""

import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from dlr.ingest.normalize import Normalizer
from dlr.providers.base import Provider, load_provider, provider_names
from dlr.wire.request import Request
from dlr.wire.verify import Credentials
from local.provider_pages import page

ADDRESS = "https://dlr.example.com/webhooks/acme/token"
CURL = r"""curl() { printf '%s\0' "$@"; printf '\001'; }"""
SIGNED = re.compile(r"with the signing key `([^`]+)` at (\S+) \(\d+\), to compare")


@pytest.mark.parametrize("name", provider_names())
def test_the_requests_of_a_page_lead_to_what_stands_above_them(name: str) -> None:
    provider = load_provider(name)
    block = blocks(provider)[0]
    said = re.findall(r"^# (.*)$", block, re.MULTILINE)
    sent = list(requests(block))
    assert len(sent) == len(said) == 3
    found = [[*outcomes(provider, each)] for each in sent]
    assert [[text for text, _, _ in each] for each in found] == [[text] for text in said]
    assert len({each[0][1:] for each in found}) == 3, "one message's fates would hide each other"


def outcomes(provider: Provider, request: Request) -> Iterator[tuple[str, str, str | None]]:
    actions = {"suppress_number": "suppress number", "suppress_opt_out": "opt-out"}
    for report in Normalizer(provider)(request, datetime.now(UTC)).reports:
        cause = "" if report.cause == "none" else f", {report.cause}"
        action = actions.get(report.action, report.action)
        yield f"{report.status}{cause}: {action}", report.message_id, report.recipient


SIGNING = [name for name in provider_names() if load_provider(name).signing]


@pytest.mark.parametrize("name", [name for name in SIGNING if name != "awssms"])
def test_the_signed_request_of_a_page_is_accepted_and_a_changed_one_is_not(name: str) -> None:
    provider = load_provider(name)
    found = SIGNED.search(page(provider))
    assert found
    [request] = requests(blocks(provider)[1])
    credentials = Credentials(("token",), datetime.fromisoformat(found[2]), (found[1],))
    assert provider.verify(request, credentials)
    assert not provider.verify(request, Credentials(("token",), credentials.now, ("another",)))


@pytest.mark.parametrize("name", SIGNING)
def test_a_page_says_how_a_signature_is_made(name: str) -> None:
    provider = load_provider(name)
    text = page(provider)
    assert provider.signing
    assert f"| {provider.signing.recipe} |" in text
    assert f'set_key TokenSecret{name} "$KEY"' in text


def blocks(provider: Provider) -> list[str]:
    """The shell's lines under "Try it in its place"."""
    part = page(provider).partition("## Try it in its place")[2].partition("\n## ")[0]
    return re.findall(r"^```\n(.*?)\n```$", part, re.MULTILINE | re.DOTALL)


def requests(block: str) -> Iterator[Request]:
    """What the shell would have curl send."""
    script = f"{CURL}\nWEBHOOK={ADDRESS}\n{block}"
    done = subprocess.run(["/bin/bash", "-c", script], capture_output=True, text=True, check=True)
    for call in done.stdout.split("\x01")[:-1]:
        url, *words = call.split("\0")[:-1]
        options = list(zip(words[::2], words[1::2], strict=True))
        given = (value.partition(": ") for option, value in options if option == "-H")
        body = "".join(value for option, value in options if option == "--data-binary").encode()
        yield Request(
            "POST" if body else "GET",
            path=urlsplit(url).path,
            query=urlsplit(url).query,
            headers={header: value for header, _, value in given},
            body=body,
            token="token",
            url=url,
        )
