"""What the console asks more than once, and what that costs."""

from typing import Any

import pytest

from tests.browser.conftest import watched
from tests.browser.site import Site, examples

pytestmark = pytest.mark.browser

HIDDEN = (
    "state => Object.defineProperty(document, 'hidden', {configurable: true, get: () => state})"
)
SHOWN = "document.dispatchEvent(new Event('visibilitychange'))"


LATER = "2100-01-01"


def _is_tail(request: Any) -> bool:
    return "/tail" in request.url


def test_what_has_not_changed_is_answered_by_304(chromium: Any, site: Site) -> None:
    with watched(chromium, site) as window:
        page = window.open("overview?range=30d")
        asked = sum(call.path.startswith("/stats") for call in site.calls)
        before = page.locator("main").inner_text()
        assert site.unchanged == []
        page.get_by_role("link", name="Codes").click()
        window.settle()
        page.get_by_role("link", name="Overview").click()
        page.get_by_role("radio", name="30 days").check()
        window.settle()
        assert len(site.unchanged) >= asked >= 5
        assert page.locator("main").inner_text() == before
        site.answers["GET /stats/findings"] = {**examples()["GET /stats/findings"], "rows": []}
        page.reload()
        window.settle()
        page.get_by_text("In the last 24 hours no provider").wait_for()


def test_what_has_changed_is_shown(chromium: Any, site: Site) -> None:
    with watched(chromium, site) as window:
        page = window.open("overview")
        site.answers["GET /stats/findings"] = {**examples()["GET /stats/findings"], "rows": []}
        page.get_by_role("link", name="Codes").click()
        window.settle()
        page.get_by_role("link", name="Overview").click()
        page.get_by_text("In the last 24 hours no provider").wait_for()


def test_a_tab_that_nobody_sees_asks_nothing(chromium: Any, site: Site) -> None:
    with watched(chromium, site) as window:
        page = window.page
        page.clock.install()
        window.open("providers")
        page.clock.pause_at(LATER)  # from here on only `run_for` moves it
        for _ in range(3):
            with page.expect_event("requestfinished", _is_tail):
                page.clock.run_for(2_000)
            window.settle()
        page.evaluate(HIDDEN, True)
        before = len(site.calls)
        page.clock.run_for(120_000)
        window.settle()
        assert len(site.calls) == before
        page.evaluate(HIDDEN, False)
        with page.expect_event("requestfinished", _is_tail):
            page.evaluate(SHOWN)
        assert len(site.calls) == before + 1
