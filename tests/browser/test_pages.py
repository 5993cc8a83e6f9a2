"""Every page of the console in every look: nothing wrong in it, for the eye or a screen reader."""

import re
from typing import Any

import pytest

from tests.browser.answers import QUARANTINE
from tests.browser.conftest import PAGES, watched
from tests.browser.site import Site, examples, problem

pytestmark = pytest.mark.browser

ADDRESSES = [
    *PAGES,
    *(f"suppressions?part={part}" for part in ("import", "held", "revert")),
    "compare?by=network",
    "messages?message=f1d2d2f9-1&of=smsmode",
    f"exports?kind=backtest&job={'3' * 32}",
    "access?part=audit",
    "providers/smsmode",
    f"quarantine?id={QUARANTINE[0]['id']}",
]
"""Each page, and what of pages has an address of its own."""
ASKING = [
    each.replace("suppressions", "suppressions?part=held") for each in PAGES if each != "people"
]
"""Those that ask for something by themselves: a page that begins with a question asks nothing."""
WIDTHS = (390, 1440)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_has_no_flaw(
    chromium: Any, site: Site, address: str, width: int, dark: bool
) -> None:
    with watched(chromium, site, width=width, dark=dark) as window:
        window.open(address)
        window.shoot(f"{re.sub(r'[/?=.&]', '-', address)}-{width}-{'dark' if dark else 'light'}")
        assert window.overflow() <= 0
        assert window.violations() == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_sign_in_page_has_no_flaw(chromium: Any, site: Site, width: int, dark: bool) -> None:
    with watched(chromium, site, width=width, dark=dark, session=None) as window:
        window.open("overview")
        window.shoot(f"sign-in-{width}-{'dark' if dark else 'light'}")
        assert window.overflow() <= 0
        assert window.violations() == []


@pytest.mark.parametrize("address", ASKING)
def test_a_page_whose_data_cannot_be_had_says_so_with_the_request_id(
    chromium: Any, site: Site, address: str
) -> None:
    site.answers = dict.fromkeys(examples(), problem(503, "Not now. Try again."))
    with watched(chromium, site) as window:
        page = window.open(address)
        window.shoot(f"{address}-failed")
        assert page.get_by_text("52fdfc07-2182-454f-963f-5f0f9a621d72").count() >= 1
        assert window.violations() == []
