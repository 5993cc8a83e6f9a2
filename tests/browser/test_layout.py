"""What of a page's looks a script can judge, in every part of the console and at four widths."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.answers import ANSWERS, NUMBER, QUARANTINE
from tests.browser.conftest import SESSION, watched
from tests.browser.site import Call, Site, examples
from tests.browser.test_pages import ADDRESSES

pytestmark = pytest.mark.browser

WIDTHS = (360, 390, 1440, 2560)
FLAWS = (Path(__file__).parent / "flaws.js").read_text()


def press(name: str) -> Callable[[Any], None]:
    """Presses the first button of that name."""
    return lambda page: page.get_by_role("button", name=name, exact=True).first.click()


def look_up(page: Any) -> None:
    """Asks for the number, and then to lift it."""
    page.get_by_label("Number").fill(NUMBER)
    page.get_by_role("button", name="Look up").last.click()
    press("Lift")(page)


def revert(page: Any) -> None:
    """Fills in the form until it asks."""
    page.get_by_label("Provider").select_option("smsmode")
    page.get_by_label("Received from (UTC)").fill("2026-11-24T09:00")
    press("Revert …")(page)


def make_token(page: Any) -> None:
    """Until the token is shown."""
    press("New token")(page)
    page.get_by_label("Name").fill("shop")
    press("Make it")(page)
    page.get_by_text("Copy it now").wait_for()


def erase(page: Any) -> None:
    """Finds a person and asks to erase them."""
    page.get_by_label("Number").fill(NUMBER)
    press("Find")(page)
    press("Erase …")(page)


WINDOWS: dict[str, tuple[str, Callable[[Any], None]]] = {
    "lift": ("suppressions", look_up),
    "release": ("suppressions?part=held", press("Release what is held of smsmode")),
    "discard": ("suppressions?part=held", press("Discard what is held of smsmode")),
    "revert": ("suppressions?part=revert", revert),
    "replay": ("quarantine", press("Replay 3 …")),
    "discard-request": (f"quarantine?id={QUARANTINE[0]['id']}", press("Discard …")),
    "new-token": ("access", press("New token")),
    "token": ("access", make_token),
    "revoke": ("access", lambda page: page.get_by_role("button", name="Revoke").first.click()),
    "erase": ("people", erase),
}
"""By window over a page: the page, and what opens it."""

LONG = "a-very-long-word-without-any-place-to-break-it-" * 4


def flaws_of(window: Any, widths: tuple[int, ...] = WIDTHS) -> dict[int, list[str]]:
    """By width, what is wrong there."""
    found = {}
    for width in widths:
        window.page.set_viewport_size({"width": width, "height": 900})
        window.page.wait_for_timeout(100)  # the charts are drawn again a frame later
        if flaws := window.page.evaluate(FLAWS):
            found[width] = flaws
    return found


@pytest.mark.parametrize("address", ADDRESSES)
def test_everything_stays_in_its_place(chromium: Any, site: Site, address: str) -> None:
    with watched(chromium, site) as window:
        window.open(address)
        assert flaws_of(window) == {}
        charts = window.page.get_by_role("button", name="Show as table")
        while charts.count():
            charts.first.click()
        assert flaws_of(window) == {}


def test_the_sign_in_page_stays_in_its_place(chromium: Any, site: Site) -> None:
    with watched(chromium, site, session=None) as window:
        page = window.open("overview")
        assert flaws_of(window) == {}
        tall = page.evaluate("document.documentElement.scrollHeight - innerHeight")
        assert tall <= 0


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", WINDOWS)
def test_a_window_over_a_page_has_no_flaw(chromium: Any, site: Site, name: str, dark: bool) -> None:
    address, act = WINDOWS[name]
    with watched(chromium, site, dark=dark) as window:
        page = window.open(address)
        act(page)
        page.get_by_role("dialog").last.wait_for()
        window.settle()
        assert flaws_of(window) == {}
        window.shoot(f"window-{name}-2560-{'dark' if dark else 'light'}")
        assert window.violations() == []


def long_messages(call: Call) -> Any:
    """Each word of a message as long as a provider may make it."""
    answer = ANSWERS["GET /messages"](call)
    words = {"message_id": LONG, "code": LONG, "network": "234-10", "sender": LONG[:20]}
    return {**answer, "items": [{**each, **words} for each in answer["items"]]}


def test_long_words_are_cut_and_can_be_read_whole(chromium: Any, site: Site) -> None:
    site.answers["GET /messages"] = long_messages
    with watched(chromium, site) as window:
        page = window.open("messages")
        assert flaws_of(window) == {}
        page.set_viewport_size({"width": 1440, "height": 900})
        table = page.get_by_role("region", name="Messages")
        assert table.evaluate("box => box.scrollWidth - box.clientWidth") <= 0
        page.get_by_role("row").nth(1).get_by_role("link").first.click()
        drawer = page.get_by_role("dialog")
        drawer.get_by_text(LONG).first.wait_for()
        assert flaws_of(window) == {}


def test_a_long_code_of_a_number_stays_in_its_place(chromium: Any, site: Site) -> None:
    site.answers["POST /suppressions/lookup"] = {
        **examples()["POST /suppressions/lookup"],
        "provider_code": LONG[:90],
    }
    with watched(chromium, site) as window:
        page = window.open("suppressions")
        page.get_by_label("Number").fill(NUMBER)
        page.get_by_role("button", name="Look up").last.click()
        page.get_by_text(LONG[:90]).wait_for()
        assert flaws_of(window) == {}


def test_a_page_that_is_not_allowed_stays_in_its_place(chromium: Any, site: Site) -> None:
    with watched(chromium, site, session={**SESSION, "scopes": ["read"]}) as window:
        window.open("quarantine")
        assert flaws_of(window) == {}


def test_a_flaw_is_seen(chromium: Any, site: Site) -> None:
    """The script finds what it looks for."""
    with watched(chromium, site) as window:
        page = window.open("codes")
        page.evaluate(
            """() => {
              const panel = document.querySelector(".panel");
              const add = (classes, text, width) => {
                const made = document.createElement("div");
                made.className = classes;
                made.textContent = text;
                made.style.width = width;
                panel.append(made);
              };
              add("", "wide", "9000px");
              add("cut", "a long text that is cut", "20px");
              add("", "opt_out", "");
            }"""
        )
        told = flaws_of(window, (1440,))[1440]
    assert [each.split(":")[0] for each in told] == [
        "wider than what it stands in",
        "cut, and nowhere whole",
        "a word of the API",
        "the page is wider than the window",
    ]


def test_on_paper_a_page_stands_without_the_navigation_and_whole(chromium: Any, site: Site) -> None:
    with watched(chromium, site, width=700) as window:
        page = window.open("overview")
        page.emulate_media(media="print")
        assert not page.get_by_role("navigation", name="Pages").is_visible()
        assert page.get_by_role("heading", name="Overview").is_visible()
        flow = page.locator(".scroll").first.evaluate("box => getComputedStyle(box).overflowX")
        assert flow == "visible"
