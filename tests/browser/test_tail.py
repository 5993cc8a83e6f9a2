"""The live tail when the connection goes, and when more comes than can be shown."""

from typing import Any

import pytest

from tests.browser.answers import CHANGES
from tests.browser.conftest import watched
from tests.browser.site import Call, Site

pytestmark = pytest.mark.browser

PLACE = "2026-11-24T13:00:02.000000Z#00"
LIVE = "Live: changes show within seconds"


def changes(first: int, n: int) -> list[dict[str, Any]]:
    """Changes of different messages, from the `first` on."""
    return [
        {**CHANGES[0], "id": f"{place:032x}", "message_id": f"m-{place}"}
        for place in range(first, first + n)
    ]


def test_a_tail_without_connection_says_so_and_goes_on_by_itself(chromium: Any, site: Site) -> None:
    from playwright.sync_api import expect

    with watched(chromium, site) as window:
        page = window.page
        page.clock.install()
        window.open("providers")
        rows = page.get_by_role("region", name="Messages as they change").get_by_role("row")
        before = rows.count()
        page.get_by_text(LIVE).wait_for()
        page.context.set_offline(True)
        page.clock.run_for(2_000)
        page.get_by_text("Not live: it is asked again every two seconds.").wait_for()
        expect(page.get_by_text("No connection")).to_have_count(1)
        assert rows.count() == before > 1
        page.clock.run_for(20_000)
        expect(page.get_by_text("No connection")).to_have_count(1)
        site.answers["GET /tail"] = {"items": changes(9, 1), "next": PLACE}
        page.context.set_offline(False)
        page.clock.run_for(2_000)
        page.get_by_text(LIVE).wait_for()
        expect(page.get_by_text("No connection")).to_have_count(0)
        expect(rows).to_have_count(before + 1)
        expect(page.get_by_text("Not complete")).to_have_count(0)


def test_a_tail_says_when_nobody_looked(chromium: Any, site: Site) -> None:
    with watched(chromium, site) as window:
        page = window.page
        page.clock.install()
        window.open("providers")
        page.get_by_role("button", name="Pause").click()
        page.clock.run_for(60_000)
        page.get_by_role("button", name="Go on").click()
        page.clock.run_for(2_000)
        page.get_by_text("Not complete: nobody looked from").wait_for()
        assert window.violations() == []


def test_a_flood_is_followed_to_its_newest_and_told(chromium: Any, site: Site) -> None:
    from playwright.sync_api import expect

    sent = 0

    def flood(call: Call) -> Any:
        nonlocal sent
        sent += 100
        return {"items": changes(sent, 100), "next": PLACE}

    with watched(chromium, site) as window:
        page = window.page
        page.clock.install()
        window.open("providers")
        region = page.get_by_role("region", name="Messages as they change")
        site.answers["GET /tail"] = flood
        page.clock.run_for(2_000)
        page.get_by_text("Many changes at once: not all are shown.").wait_for()
        page.clock.run_for(2_000)
        expect(region.get_by_role("row")).to_have_count(101)
        assert any("after" not in call.query for call in site.asked("GET /tail")[2:])
        site.answers["GET /tail"] = {"items": [], "next": PLACE}
        page.clock.run_for(2_000)
        expect(page.get_by_text("Many changes at once")).to_have_count(0)
        assert region.get_by_role("link").first.inner_text() == f"m-{sent + 99}"
