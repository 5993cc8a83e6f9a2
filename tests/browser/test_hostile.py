"""A hostile address, hostile words of a provider, calls that end badly or while nobody looks."""

from threading import Event
from typing import Any

import pytest

from tests.browser.answers import CODES, PROVIDERS, QUARANTINE
from tests.browser.conftest import SESSION, watched
from tests.browser.site import Answer, Call, Site, examples, problem

pytestmark = pytest.mark.browser

REQUEST_ID = "52fdfc07-2182-454f-963f-5f0f9a621d72"
MARKUP = '"><img src=x onerror="window.ran=1"><script>window.ran=1</script>'
TOLD = f"Made up: Not now. Request {REQUEST_ID}"
TIMED = ["overview", "compare", "messages", "exports", "access?part=audit"]


def addresses() -> list[str]:
    """Of which a part has no meaning."""
    nonsense = ["range=constructor", "range=__proto__", "from=garbage", "from=2026-11-01&to=x"]
    places = (f"{page}{'&' if '?' in page else '?'}" for page in TIMED)
    return [
        *(f"{place}{each}" for place in places for each in nonsense),
        "suppressions?part=constructor",
        "suppressions?part=__proto__",
        "exports?kind=constructor",
        "messages?message=1",
        "messages?message=1&of=%2e%2e%2f%2e%2e",
        "codes?action=constructor&provider=__proto__",
        "providers/__proto__",
        "%E0%A4%A",
    ]


@pytest.mark.parametrize("address", addresses())
def test_an_address_without_meaning_breaks_no_page(chromium: Any, site: Site, address: str) -> None:
    with watched(chromium, site) as window:
        page = window.open(address)
        assert page.get_by_text("This page cannot be shown").count() == 0
        assert page.get_by_text("undefined").count() == 0
    assert {call.path.split("/")[1] for call in site.calls} <= {
        *("stats", "messages", "providers", "status", "exports", "audit", "codes", "suppressions"),
        *("tail", "sessions", "openapi.json"),
    }


def test_a_page_that_breaks_says_so_and_leaves_the_way_to_the_others(
    chromium: Any, site: Site
) -> None:
    site.answers["GET /status"] = {**examples()["GET /status"], "held": [None]}
    with watched(chromium, site) as window:
        page = window.page
        page.goto(f"{site.url}#/suppressions?part=held")
        page.get_by_text("This page cannot be shown").wait_for()
        assert any("TypeError" in each for each in window.wrong)
        window.wrong.clear()
        page.get_by_role("link", name="Codes").click()
        page.get_by_role("heading", name="Codes").wait_for()


def test_what_a_provider_says_is_text_wherever_it_is_shown(chromium: Any, site: Site) -> None:
    message = examples()["GET /messages/{provider}/{message_id}"]
    report = {**message["history"][0], "provider_status": MARKUP, "provider_text": MARKUP}
    words = dict.fromkeys(("sender", "network", "client_reference"), MARKUP)
    found = {**message, **words, "metadata": {MARKUP: MARKUP}, "history": [report]}
    row = {**examples()["GET /messages"]["items"][0], "message_id": MARKUP, "code": MARKUP}
    request = {**QUARANTINE[0], "error": MARKUP, "body": MARKUP, "query": MARKUP}
    site.answers |= {
        "GET /messages": {**examples()["GET /messages"], "items": [{**row, "sender": MARKUP}]},
        "GET /messages/{provider}": found,
        "GET /messages/{provider}/{message_id}": found,
        "GET /quarantine": {"items": [request], "next": None},
    }
    with watched(chromium, site) as window:
        page = window.open("messages?of=smsmode&message=%3Cimg%3E")
        assert page.get_by_text(MARKUP).count() >= 6
        page = window.open(f"quarantine?id={request['id']}")
        assert page.get_by_text(MARKUP).count() >= 3
        assert page.evaluate("window.ran") is None
        assert page.locator("img").count() == 0


def test_an_address_that_is_no_page_becomes_no_link(chromium: Any, site: Site) -> None:
    address = "javascript:window.ran=1"
    message = examples()["GET /messages/{provider}"]
    code = {**CODES[0], "code": message["history"][0]["provider_code"], "source": address}
    setup = f"Enter it in [the settings]({address}), see [this](https://example.com/)."
    site.answers |= {
        "GET /codes": {"items": [code], "next": None},
        "GET /messages/{provider}": message,
        "GET /providers": {"items": [{**PROVIDERS[0], "setup": setup}], "next": None},
    }
    with watched(chromium, site) as window:
        page = window.open("messages?of=smsmode&message=m")
        page.get_by_role("dialog").get_by_text(address).wait_for()
        assert page.locator('a[href^="javascript"]').count() == 0
        page = window.open(f"providers/{PROVIDERS[0]['name']}")
        page.get_by_role("link", name="this", exact=True).wait_for()
        page.get_by_text("Enter it in the settings, see").wait_for()
        assert page.locator('a[href^="javascript"]').count() == 0


def test_an_act_that_fails_behind_a_window_that_was_closed_is_told(
    chromium: Any, site: Site
) -> None:
    going_on = Event()

    def fail(_: Call) -> Any:
        going_on.wait(10)
        return problem(503, "Not now.")

    site.answers["DELETE /tokens/{id}"] = fail
    with watched(chromium, site) as window:
        page = window.open("access")
        page.get_by_role("button", name="Revoke").first.click()
        page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="detached")
        going_on.set()
        page.get_by_text(TOLD).wait_for()
    assert len(site.asked("DELETE /tokens/{id}")) == 1


def test_what_happened_to_who_was_signed_in_is_told_to_nobody_else(
    chromium: Any, site: Site
) -> None:
    going_on = Event()

    def revoke_one(_: Call) -> Any:
        if len(site.asked("DELETE /tokens/{id}")) == 1:
            return None
        going_on.wait(10)
        return problem(503, "Not now.")

    site.answers["DELETE /tokens/{id}"] = revoke_one
    with watched(chromium, site) as window:
        page = window.open("access")
        for _ in range(2):
            page.get_by_role("button", name="Revoke").first.click()
            page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
            page.locator(".toast").get_by_text("is revoked").wait_for()
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("Token").wait_for()
        assert page.locator(".toast").count() == 0
        going_on.set()
        window.settle()
        assert page.locator(".toast").count() == 0


def test_two_clicks_at_once_are_one_act(chromium: Any, site: Site) -> None:
    with watched(chromium, site) as window:
        page = window.open("exports?kind=messages")
        make = page.get_by_role("button", name="Make the file")
        make.evaluate("button => { button.click(); button.click(); }")
        page.get_by_text("It is being made.").first.wait_for()
        window.settle()
    assert len(site.asked("POST /exports")) == 1


@pytest.mark.parametrize("is_reached", [True, False])
def test_who_signs_out_hears_whether_the_server_knows(
    chromium: Any, site: Site, is_reached: bool
) -> None:
    if not is_reached:
        site.answers["DELETE /sessions/current"] = problem(503, "Not now.")
    with watched(chromium, site) as window:
        page = window.open("codes")
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("Token").wait_for()
        page.wait_for_load_state("networkidle")
        page.get_by_text("You are signed out").wait_for()
        told = page.get_by_text("the server could not be told")
        if not is_reached:
            told.wait_for()
        assert (told.count() == 0) == is_reached


def begin_import(page: Any) -> None:
    """Of 2,500 numbers below a header: three calls."""
    lines = ["number", *(f"+4477009{place:05d}" for place in range(2500))]
    file = {"name": "list.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Import 2,500 rows").click()


def test_an_import_stops_with_its_session_and_the_next_person_sees_none_of_it(
    chromium: Any, site: Site
) -> None:
    going_on = Event()

    def take(_: Call) -> Any:
        going_on.wait(10)
        return {"imported": 999, "skipped": 0, "errors": ["row 2: of the one before"]}

    site.answers |= {
        "POST /suppressions/import": take,
        "POST /sessions": {**SESSION, "id": "0000000000000002", "name": "bob"},
    }
    with watched(chromium, site) as window:
        page = window.open("suppressions?part=import")
        begin_import(page)
        page.get_by_text("0 of 2,500 rows read").wait_for()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("Token").fill("dlr_of-bob")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Import", exact=True).wait_for()
        going_on.set()
        page.wait_for_load_state("networkidle")
        assert page.get_by_text("of 2,500").count() == 0
        assert page.get_by_text("of the one before").count() == 0
        assert page.get_by_label("Or paste it").input_value() == ""
    assert len(site.asked("POST /suppressions/import")) == 1


def test_an_import_that_ended_with_the_session_says_so_to_who_comes_back(
    chromium: Any, site: Site
) -> None:
    route = "POST /suppressions/import"
    taken = {"imported": 1000, "skipped": 0, "errors": []}
    ended = Answer(403, {"message": "Forbidden"})
    site.answers[route] = lambda _: ended if len(site.asked(route)) == 2 else taken
    site.answers["POST /sessions"] = {**SESSION, "id": "another", "token": "dlr_next"}
    with watched(chromium, site) as window:
        page = window.open("suppressions?part=import")
        begin_import(page)
        page.get_by_text("The session has ended. Sign in again.").wait_for()
        page.get_by_label("Token").fill("dlr_made-up")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_text("1,000 of 2,500 rows read").wait_for()
        page.get_by_text("The session has ended. Sign in again.").wait_for()


@pytest.mark.parametrize("says", ["row 1: column 1 is unknown", "line 7: no CSV"])
def test_a_part_of_an_import_that_is_refused_whole_ends_it_in_words(
    chromium: Any, site: Site, says: str
) -> None:
    whole = {"imported": 0, "skipped": 0, "errors": [says]}
    taken = {"imported": 999, "skipped": 0, "errors": ["row 2: not a phone number"]}
    site.answers["POST /suppressions/import"] = lambda _: (
        whole if len(site.asked("POST /suppressions/import")) == 2 else taken
    )
    with watched(chromium, site) as window:
        page = window.open("suppressions?part=import")
        begin_import(page)
        page.get_by_text(f"Nothing of rows 1,002 to 2,001 was taken: {says}.").wait_for()
        page.get_by_text("1,000 of 2,500 rows read").wait_for()
        page.get_by_text("Row 2: not a phone number").wait_for()
        assert page.get_by_text("Done.").count() == 0
    assert len(site.asked("POST /suppressions/import")) == 2


def test_a_sign_in_link_signs_nobody_in_but_on_this_machine(chromium: Any, site: Site) -> None:
    """Who sends such a link would have others work under the sender's name."""
    site.answers["GET /sessions/current"] = SESSION
    with watched(chromium, site, session=None) as window:
        page = window.page
        strange, ours = "http://console.test/stage/", site.url.removesuffix("console/")
        page.route(
            f"{strange}**",
            lambda route: route.fulfill(
                response=route.fetch(url=route.request.url.replace(strange, ours))
            ),
        )
        page.goto(f"{strange}console/#/sign-in?session=dlr_of-somebody-else")
        page.get_by_label("Token").wait_for()
        page.wait_for_load_state("networkidle")
        assert "dlr_" not in page.url
        assert page.evaluate("sessionStorage.length") == 0
        window.wrong.clear()  # the strange host
    assert site.asked("GET /sessions/current") == []


@pytest.mark.parametrize("session", [None, SESSION], ids=["signed out", "signed in"])
def test_a_sign_in_link_can_be_opened_in_a_tab_that_shows_the_console(
    chromium: Any, site: Site, session: dict[str, Any] | None
) -> None:
    """That loads nothing anew: the address changes behind its `#` alone."""
    site.answers["GET /sessions/current"] = {**SESSION, "id": "0000000000000002", "name": "bob"}
    with watched(chromium, site, session=session) as window:
        page = window.open("codes")
        page.evaluate("location.href = '#/sign-in?session=dlr_of-bob'")
        page.get_by_text("bob", exact=True).wait_for()
        window.settle()
        assert "dlr_" not in page.url
        page.go_back()
        window.settle()
        page.get_by_role("heading", name="Codes").wait_for()
        assert page.get_by_text("bob", exact=True).is_visible()


def test_who_is_signed_in_stays_so_behind_an_answer_that_nobody_asked_for(
    chromium: Any, site: Site
) -> None:
    with watched(chromium, site) as window:
        page = window.page
        page.goto(f"{site.url}?code=of-an-attacker&state=guessed#/codes")
        page.get_by_role("alert").filter(has_text="This tab did not ask").wait_for()
        page.get_by_role("link", name="Go on").click()
        page.get_by_role("heading", name="Overview").wait_for()
        window.settle()
        assert "code=" not in page.url


def test_a_duration_at_the_end_of_a_unit_is_one_of_the_next(chromium: Any, site: Site) -> None:
    with watched(chromium, site) as window:
        page = window.open("codes")
        told = page.evaluate(
            "import('./format.js').then(({ duration }) =>"
            " [59.7, 3599.7, 86399.7, 61, 86461, 9.94, 75.2].map((s) => duration(s)))"
        )
    spoken = [each.replace("\u202f", " ") for each in told]
    assert spoken == ["1 min", "1 h", "1 d", "1 min 1 s", "1 d", "9.9 s", "1 min 15 s"]
