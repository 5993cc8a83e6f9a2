"""A Chromium, a page in it that is watched, and a site with a made-up API."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.chromium import browser
from local.stack import ROOT
from tests.browser.answers import ANSWERS
from tests.browser.site import ASSETS, Site, running_site

AXE = ROOT / "local/vendor/node_modules/axe-core/axe.min.js"
SHOTS = os.environ.get("SHOTS")
SCOPES = ["admin"]
SESSION = {
    "token": "dlr_made-up",
    "id": "3f2a9c1d5e6b7a80",
    "name": "alice",
    "scopes": SCOPES,
    "expires_at": "2099-01-01T00:00:00Z",
}
(TABLE,) = re.findall(r"const PAGES = \[(.*?)\];", (ASSETS / "main.js").read_text(), re.DOTALL)
PAGES = re.findall(r'path: "([a-z-]+)"', TABLE)
"""The paths of the console's own table of pages."""
assert PAGES


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser."""
    with browser() as found:
        yield found


@pytest.fixture(scope="session")
def served() -> Iterator[Site]:
    with running_site() as site:
        yield site


@pytest.fixture
def site(served: Site) -> Site:
    """Every page has something to show."""
    served.answers, served.calls, served.unchanged = dict(ANSWERS), [], []
    return served


class Watched:
    """A page of the browser that keeps what went wrong in it."""

    def __init__(self, page: Any, site: Site) -> None:
        self.page, self.site = page, site
        self.wrong: list[str] = []
        self.asking: set[Any] = set()
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("console", self._hear)
        page.on("request", self._see)
        page.on("requestfinished", lambda request: self.asking.discard(request))
        page.on("requestfailed", lambda request: self.asking.discard(request))

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.wrong.append(f"{message.type}: {message.text}")

    def _see(self, request: Any) -> None:
        self.asking.add(request)
        own = f"{urlsplit(self.site.url)._replace(path='').geturl()}/"
        if not request.url.startswith((own, "data:", "blob:")):
            self.wrong.append(f"foreign: {request.url}")

    def open(self, address: str) -> Any:
        """Goes to a page of the console and waits until it shows its data."""
        self.page.goto(f"{self.site.url}#/{address}")
        self.settle()
        return self.page

    def settle(self) -> None:
        """Until nothing is being asked or loaded. Not by `wait_for_function`: it may need eval."""
        from playwright.sync_api import expect

        self.page.wait_for_load_state("networkidle")  # this one only the first time
        given_up = monotonic() + 30
        while self.asking and monotonic() < given_up:
            self.page.wait_for_timeout(10)
        self.page.locator("h1").first.wait_for()
        expect(self.page.locator(".spin, [aria-busy=true]")).to_have_count(0)

    def violations(self) -> list[str]:
        """What axe finds, of any level."""
        self.page.evaluate(AXE.read_text() + ";0")
        found = self.page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
        return [
            f"{each['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
            for each in found
            for node in each["nodes"]
        ]

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )

    def shoot(self, name: str) -> None:
        """Keeps a picture where SHOTS says."""
        if SHOTS:
            Path(SHOTS).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


@contextmanager
def watched(
    chromium: Any,
    site: Site,
    *,
    width: int = 1440,
    dark: bool = False,
    session: dict[str, Any] | None = SESSION,
) -> Iterator[Watched]:
    """A new window, signed in unless `session` is None. Nothing may go wrong in it."""
    context = chromium.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        bypass_csp=False,
        locale="en-GB",
        timezone_id="Europe/Berlin",
    )
    if session:
        kept = json.dumps(json.dumps(session))
        context.add_init_script(f"sessionStorage.setItem('dlr.session', {kept})")
    context.set_default_timeout(60_000)
    window = Watched(context.new_page(), site)
    try:
        yield window
        assert window.wrong == []
    finally:
        context.close()
