"""The five commonest tasks by keys alone: the focus is always seen, never lost, never caught."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.browser.answers import NUMBER, QUARANTINE
from tests.browser.conftest import watched
from tests.browser.site import Answer, Call, Site, examples

pytestmark = pytest.mark.browser

MOST = 80
"""Presses of Tab that any page takes at most, from its top to its end."""
FOCUS = """() => {
  const one = document.activeElement;
  const drawn = one.matches("input[type=radio]") ? one.nextElementSibling : one;
  const { outlineStyle, outlineWidth } = getComputedStyle(drawn);
  const { top, bottom, width } = drawn.getBoundingClientRect();
  const control = one.labels?.[0]?.innerText ?? one.getAttribute("aria-label");
  return {
    tag: one.tagName.toLowerCase(),
    name: (control ?? one.innerText ?? "").trim(),
    outlined: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
    inView: width > 0 && bottom > 0 && top < innerHeight,
    inDialog: Boolean(one.closest("dialog")),
  };
}"""


class Keys:
    """Somebody with a keyboard and nothing else."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def focus(self) -> dict[str, Any]:
        """Where it is."""
        return self.page.evaluate(FOCUS)

    def press(self, *keys: str) -> None:
        """One after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def write(self, text: str) -> None:
        """Into what has the focus."""
        self.page.keyboard.type(text)

    def tab_to(self, name: str, *, back: bool = False) -> dict[str, Any]:
        """By Tab alone, to the control of that name; the focus is seen on all the way."""
        passed: list[str] = []
        for _ in range(MOST):
            self.press("Shift+Tab" if back else "Tab")
            here = self.focus()
            passed.append(f"{here['tag']} {here['name'][:40]}")
            if here["tag"] == "body":
                continue  # the browser's own controls come here
            assert here["outlined"], f"The focus is not seen: {passed[-1]}"
            assert here["inView"], f"The focus is out of view: {passed[-1]}"
            if here["name"].startswith(name):
                return here
        raise AssertionError(f"{name!r} is out of reach: {passed}")

    def is_on(self, tag: str, name: str = "") -> None:
        """Soon: what has the focus is this."""
        for _ in range(50):
            here = self.focus()
            if here["tag"] == tag and here["name"].startswith(name):
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"The focus is on {here}")


@contextmanager
def keyboard(chromium: Any, site: Site, address: str) -> Iterator[Keys]:
    """At a page that shows its data; no mouse."""
    with watched(chromium, site) as window:
        yield Keys(window.open(address))


@pytest.mark.parametrize("address", ["overview", "messages", "suppressions", "providers/smsmode"])
def test_tab_leads_through_a_page_and_out_of_it(chromium: Any, site: Site, address: str) -> None:
    with keyboard(chromium, site, address) as keys:
        seen = []
        for _ in range(MOST):
            keys.press("Tab")
            here = keys.focus()
            if here["tag"] == "body":
                break
            assert here["outlined"], here
            assert here["inView"], here
            seen.append(here["name"])
        assert seen[:2] == ["Skip to the page", "Overview"]
        assert keys.focus()["tag"] == "body", seen  # it has come to the end
        assert len(seen) > 12


def test_a_number_is_looked_up_and_lifted(chromium: Any, site: Site) -> None:
    site.answers["POST /suppressions/lift"] = {
        **examples()["POST /suppressions/lookup"],
        "suppressed": False,
        "list": None,
        "state": "lifted",
    }
    with keyboard(chromium, site, "overview") as keys:
        keys.tab_to("Suppressions")
        keys.press("Enter")
        keys.is_on("main")
        keys.tab_to("Number")
        keys.write(NUMBER)
        keys.press("Enter")
        keys.page.get_by_text("No: it is suppressed").wait_for()
        keys.page.get_by_text("Number does not exist").wait_for()
        keys.tab_to("Lift")
        keys.press("Enter")
        keys.is_on("input", "Reason")
        keys.press("Escape")
        keys.is_on("button", "Lift")
        assert site.asked("POST /suppressions/lift") == []
        keys.press("Enter")
        keys.is_on("input", "Reason")
        keys.write("asked by mail")
        assert keys.tab_to("Lift")["inDialog"]
        keys.press("Space")
        keys.page.get_by_text("Yes: it may be sent to").wait_for()
        keys.is_on("main")  # the button is no more
        keys.tab_to("Put on the opt-outs")
    (call,) = site.asked("POST /suppressions/lift")
    assert call.body == {"number": NUMBER}


def test_a_dialog_keeps_the_focus_in_it(chromium: Any, site: Site) -> None:
    with keyboard(chromium, site, "quarantine") as keys:
        keys.tab_to("Replay 3")
        keys.press("Enter")
        keys.is_on("input", "Reason")
        seen = []
        for _ in range(12):
            keys.press("Tab")
            here = keys.focus()
            assert here["inDialog"] or here["tag"] == "body", here
            seen.append(here["name"])
        assert {"Close", "Cancel", "Replay", "Reason"} <= {*seen}
        keys.press("Escape")
        keys.is_on("button", "Replay 3")


def test_a_quarantined_request_is_replayed(chromium: Any, site: Site) -> None:
    first = QUARANTINE[0]

    def listed(_: Call) -> Any:
        is_gone = bool(site.asked("POST /quarantine/{id}/replay"))
        return {"items": QUARANTINE[1:] if is_gone else QUARANTINE, "next": None}

    site.answers["GET /quarantine"] = listed
    with keyboard(chromium, site, "quarantine") as keys:
        time = keys.page.locator(f'td a[href*="{first["id"]}"]').inner_text()
        keys.tab_to(time)
        keys.press("Enter")
        drawer = keys.page.get_by_role("dialog")
        drawer.wait_for()
        assert keys.focus()["inDialog"]
        keys.press("Escape")
        drawer.wait_for(state="detached")
        keys.is_on("a", time)
        keys.press("Enter")
        drawer.wait_for()
        keys.tab_to("Replay")
        keys.press("Enter")
        drawer.get_by_text("Read: 1 new").wait_for()
        assert keys.focus()["inDialog"]
        keys.press("Escape")
        drawer.wait_for(state="detached")
        keys.page.get_by_role("link", name=time).wait_for(state="detached")
        keys.is_on("main")
    (call,) = site.asked("POST /quarantine/{id}/replay")
    assert call.path.split("/")[2] == first["id"]


def test_a_message_is_found_and_its_timeline_is_read(chromium: Any, site: Site) -> None:
    with keyboard(chromium, site, "overview") as keys:
        keys.tab_to("Messages")
        keys.press("Enter")
        keys.is_on("main")
        keys.page.get_by_role("row").nth(1).wait_for()
        keys.tab_to("Status")
        keys.press("ArrowDown", "ArrowDown", "ArrowDown")
        keys.page.wait_for_url("**status=undelivered**")
        keys.is_on("select", "Status")  # a filter that is chosen takes nobody away
        link = keys.page.get_by_role("row").nth(2).get_by_role("link")
        link.wait_for()
        time = link.inner_text()
        keys.tab_to(time)
        keys.press("Enter")
        drawer = keys.page.get_by_role("dialog")
        drawer.get_by_text("“Number does not exist”").wait_for()
        assert drawer.get_by_role("list").get_by_role("listitem").count() >= 2
        assert keys.focus()["inDialog"]
        keys.tab_to("Show the number")
        keys.press("Enter")
        drawer.get_by_text(NUMBER).wait_for()
        assert keys.focus()["inDialog"]
        keys.press("Escape")
        drawer.wait_for(state="detached")
        keys.is_on("a", time)


def test_a_file_is_made_and_fetched(chromium: Any, site: Site) -> None:
    job = {**examples()["POST /exports"], "id": "9" * 32}
    done = {**job, "state": "done", "done": 2, "total": 2, "rows": 7}
    link = site.url.replace("/console/", "/file.csv")
    site.answers |= {
        "POST /exports": Answer(202, job),
        "GET /exports": lambda _: {
            "items": [done] if site.asked("POST /exports") else [],
            "next": None,
        },
        "GET /exports/{id}": {**done, "links": [link]},
        "GET /file.csv": "a,b",
    }
    with keyboard(chromium, site, "exports") as keys:
        keys.tab_to("Messages", back=False)
        keys.press("Enter")
        keys.is_on("main")
        keys.tab_to("Export these")
        keys.press("Enter")
        keys.is_on("main")
        keys.tab_to("Messages")  # of the four kinds
        keys.press("ArrowRight")
        keys.page.get_by_text("Every number with a hard bounce").wait_for()
        keys.is_on("input", "Numbers to clean")
        keys.tab_to("Make the file")
        keys.press("Enter")
        keys.page.get_by_text("7 rows").first.wait_for()
        keys.is_on("button", "Make the file")
        keys.tab_to("Download")
        with keys.page.expect_download() as download:
            keys.press("Enter")
        assert download.value.url == link
    (call,) = site.asked("POST /exports")
    assert call.body["kind"] == "numbers_to_clean"
