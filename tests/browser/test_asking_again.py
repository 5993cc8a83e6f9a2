"""What the console asks more than once, and what that costs."""

import threading
from typing import Any

import pytest

from tests.browser.answers import ANSWERS, provider
from tests.browser.conftest import SESSION, watched
from tests.browser.site import Answer, Call, Site, examples

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


def test_half_an_answer_is_none_and_is_not_kept(chromium: Any, site: Site) -> None:
    findings, breaks_off = examples()["GET /stats/findings"], iter([True])
    site.answers["GET /stats/findings"] = lambda call: Answer(
        200, findings, next(breaks_off, False)
    )
    with watched(chromium, site) as window:
        page = window.open("overview")
        page.get_by_role("button", name="Try again").click()
        page.get_by_role("link", name="Its messages").first.wait_for()


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


def test_who_signs_in_next_sees_nothing_that_was_kept_for_another(
    chromium: Any, site: Site
) -> None:
    """Not even what was asked before and is answered late, and with the same session's id."""
    may_answer = threading.Event()

    def late(call: Call) -> Any:
        assert may_answer.wait(5)
        return ANSWERS["GET /providers"]

    def words_of(words: str) -> dict[str, Any]:
        (like,) = ANSWERS["GET /codes"](Call("", "", {"provider": "smpp"}, None))["items"]
        return {"items": [{**like, "code": "3501", "words": words}], "next": None}

    site.answers["GET /providers"] = late
    site.answers["GET /codes"] = words_of("Words of the first")
    site.answers["POST /sessions"] = {**SESSION, "token": "dlr_another"}
    with watched(chromium, site) as window:
        page = window.page
        page.goto(f"{site.url}#/messages")
        page.get_by_text("Words of the first").first.wait_for()
        page.get_by_role("button", name="Sign out").click()
        site.answers["GET /providers"] = {"items": [provider("smsmode", "Another title")]}
        site.answers["GET /codes"] = words_of("Words of the second")
        page.get_by_label("Token").fill("a token of another")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("cell", name="Another title").first.wait_for()
        may_answer.set()
        window.settle()
        page.get_by_role("cell", name="Another title").first.wait_for()
        page.get_by_text("Words of the second").first.wait_for()
        assert page.get_by_text("Words of the first").count() == 0
        assert page.get_by_label("Provider").first.inner_text().split("\n") == [
            "All",
            "Another title",
        ]
