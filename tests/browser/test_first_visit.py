"""The way of somebody who has never seen the system, on a real and empty stack, with a clock."""

from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import pytest

from local.__main__ import sign_in_link
from local.cloud import Cloud
from local.stack import deploy, describe
from tests.browser.conftest import watched
from tests.browser.site import Site

pytestmark = pytest.mark.browser

LIMIT_S = 180
"""Of the whole way; a person thinks and types in it too."""


@pytest.fixture
def link(new_cloud: Callable[..., Cloud]) -> Iterator[str]:
    """What `make run` prints, of a stack that has received nothing."""
    with new_cloud() as cloud:
        deploy(cloud)
        yield sign_in_link(describe(cloud))


def test_from_the_link_to_the_first_report_takes_less_than_three_minutes(
    chromium: Any, link: str
) -> None:
    """Nine acts, of which two are decisions: which provider, and its key."""
    console = link.split("#")[0]
    begin = monotonic()
    with watched(chromium, Site(console), session=None) as window:
        page = window.page
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.set_default_timeout(60_000)  # the functions start for the first time
        page.goto(link)
        page.get_by_text("Receive your first report").wait_for()
        assert "session=" not in page.url
        page.get_by_label("Provider", exact=True).select_option(label="Plivo")
        page.get_by_role("button", name="Set it up").click()
        page.get_by_text("Last seen: never").wait_for()
        page.get_by_role("button", name="Copy the address").click()
        page.get_by_text("Copied the address.").wait_for()
        address = page.evaluate("navigator.clipboard.readText()")
        assert address.startswith(f"{console.removesuffix('console/')}webhooks/plivo/")
        page.get_by_text("You can set it later.").wait_for()
        page.get_by_label("Signing key").fill("a made-up key")
        page.get_by_role("button", name="Set key").click()
        page.get_by_role("dialog").get_by_role("button", name="Set key").click()
        page.get_by_text("Only what it signed is taken.").wait_for()
        page.get_by_role("button", name="Send a test report").click()
        page.get_by_text("it has arrived.").wait_for()
        tail = page.get_by_role("region", name="Messages as they change")
        assert tail.get_by_role("row", name="Plivo Delivered").count() == 1
        page.get_by_text("Last seen: never").wait_for(state="detached")
        tail.get_by_role("link").click()
        page.get_by_role("dialog").get_by_text("It was delivered").wait_for()
    assert monotonic() - begin < LIMIT_S
