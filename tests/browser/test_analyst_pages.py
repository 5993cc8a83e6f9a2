"""Signing in, and what is done on the pages overview, compare, messages, exports and access."""

import re
import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.browser.answers import ANSWERS, AS_OF, CODES, NUMBER, codes, figures, stats
from tests.browser.conftest import SESSION, watched
from tests.browser.site import Answer, Call, Site, examples, problem

pytestmark = pytest.mark.browser

OPENED = {**SESSION, "token": "dlr_opened"}
GATEWAY = Answer(403, {"message": "Forbidden"})
"""What API Gateway says to a token that nobody knows."""


def stored(page: Any) -> Any:
    return page.evaluate("JSON.parse(sessionStorage.getItem('dlr.session'))")


# ---------------------------------------------------------------- sign in and out


def test_a_token_opens_a_session_and_leads_to_the_page_that_was_wanted(
    chromium: Any, site: Site
) -> None:
    site.answers["POST /sessions"] = OPENED
    with watched(chromium, site, session=None) as window:
        page = window.open("compare?range=24h")
        page.get_by_label("Token").fill("dlr_pasted")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="Compare").wait_for()
        assert page.url.endswith("#/compare?range=24h")
        assert stored(page)["token"] == "dlr_opened"
        assert "dlr_pasted" not in page.evaluate("JSON.stringify({...sessionStorage})")


def test_a_wrong_token_is_told_so(chromium: Any, site: Site) -> None:
    site.answers["POST /sessions"] = GATEWAY
    with watched(chromium, site, session=None) as window:
        page = window.open("")
        page.get_by_label("Token").fill("dlr_wrong")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_text("Nobody knows this token").wait_for()
        assert stored(page) is None
        assert window.violations() == []


def test_a_sign_in_link_signs_in_and_leaves_the_address_and_the_history(
    chromium: Any, site: Site
) -> None:
    site.answers["GET /sessions/current"] = {
        name: value for name, value in SESSION.items() if name != "token"
    }
    with watched(chromium, site, session=None) as window:
        page = window.open("sign-in?session=dlr_of-the-link")
        page.get_by_role("heading", name="Overview").wait_for()
        assert stored(page)["token"] == "dlr_of-the-link"
        assert "dlr_" not in page.url
        page.go_back(wait_until="commit")
        assert "dlr_" not in page.url


@pytest.mark.parametrize("session", [None, SESSION])
def test_a_sign_in_link_is_taken_in_a_tab_that_shows_the_console_already(
    chromium: Any, site: Site, session: dict[str, Any] | None
) -> None:
    """Only what stands after the # changes then."""
    site.answers["GET /sessions/current"] = {**SESSION, "name": "linked"}
    with watched(chromium, site, session=session) as window:
        page = window.open("codes")
        page.goto(f"{site.url}#/sign-in?session=dlr_linked")
        page.get_by_text("linked", exact=True).wait_for()
        assert stored(page)["token"] == "dlr_linked"
        assert "dlr_linked" not in page.url


def test_a_sign_in_link_signs_nobody_in_again_who_has_signed_out(chromium: Any, site: Site) -> None:
    site.answers["GET /sessions/current"] = {
        name: value for name, value in SESSION.items() if name != "token"
    }
    with watched(chromium, site, session=None) as window:
        page = window.open("sign-in?session=dlr_of-the-link")
        page.get_by_role("heading", name="Overview").wait_for()
        window.settle()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_text("You are signed out.").wait_for()
        window.settle()
        assert stored(page) is None
        page.get_by_role("button", name="Sign in").wait_for()
    assert len(site.asked("GET /sessions/current")) == 1


def test_a_late_refusal_says_nothing_to_who_has_signed_out(chromium: Any, site: Site) -> None:
    is_out = threading.Event()

    def late(call: Call) -> Answer:
        assert is_out.wait(5)
        return GATEWAY

    with watched(chromium, site) as window:
        page = window.open("providers")
        site.answers["GET /tail"] = late
        with page.expect_response("**/tail*"):
            with page.expect_request("**/tail*"):
                pass
            page.get_by_role("button", name="Sign out").click()
            page.get_by_text("You are signed out.").wait_for()
            is_out.set()
        window.settle()
        page.get_by_text("You are signed out.").wait_for()


def test_a_sign_in_link_that_is_refused_leaves_the_address_too(chromium: Any, site: Site) -> None:
    site.answers["GET /sessions/current"] = GATEWAY
    with watched(chromium, site, session=None) as window:
        page = window.open("sign-in?session=dlr_of-the-link")
        page.get_by_text("Nobody knows this token").wait_for()
        assert "dlr_" not in page.url


def test_signing_out_ends_the_session_at_the_server(chromium: Any, site: Site) -> None:
    with watched(chromium, site) as window:
        page = window.open("compare")
        page.get_by_role("button", name="Sign out").click()
        page.get_by_text("You are signed out.").wait_for()
        assert stored(page) is None
        window.settle()
    assert len(site.asked("DELETE /sessions/current")) == 1


def test_an_ended_session_leads_to_the_sign_in_page(chromium: Any, site: Site) -> None:
    site.answers["GET /stats/compare"] = GATEWAY
    with watched(chromium, site) as window:
        page = window.open("compare")
        page.get_by_text("The session has ended.").wait_for()
        assert stored(page) is None


def test_the_navigation_offers_what_the_scopes_allow(chromium: Any, site: Site) -> None:
    session = {**SESSION, "scopes": ["read"]}
    with watched(chromium, site, session=session) as window:
        page = window.open("messages")
        offered = page.get_by_role("navigation").get_by_role("link").all_inner_texts()
        assert {"Overview", "Messages"} <= {*offered}
        assert not {"People", "Quarantine", "Access"} & {*offered}
        assert page.get_by_label("Show numbers (audited)").count() == 0
        window.open("access")
        page.get_by_text("It needs scope admin").wait_for()
        assert window.violations() == []


def test_who_may_not_read_is_led_to_what_is_allowed_without_a_refusal(
    chromium: Any, site: Site
) -> None:
    """Refusals are in the audit."""
    with watched(chromium, site, session={**SESSION, "scopes": ["check"]}) as window:
        page = window.open("")
        page.get_by_role("heading", name="Suppressions").wait_for()
    assert site.asked("GET /status") == []


def test_the_colours_that_were_chosen_stay(chromium: Any, site: Site) -> None:
    background = "getComputedStyle(document.documentElement).backgroundColor"
    with watched(chromium, site) as window:
        page = window.open("codes")
        light = page.evaluate(background)
        page.get_by_label("Colours").select_option("dark")
        dark = page.evaluate(background)
        assert dark != light
        page.reload()
        window.settle()
        assert page.evaluate(background) == dark
        page.get_by_label("Colours").select_option("auto")
        assert page.evaluate(background) == light


def test_a_browser_that_lets_nobody_copy_is_told(chromium: Any, site: Site) -> None:
    with watched(chromium, site) as window:
        page = window.open("messages?of=smsmode&message=m-1")
        page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(Error()); }")
        page.get_by_role("button", name="Copy the message id").click()
        page.get_by_text("The browser does not let us copy.").wait_for()
        assert page.get_by_text("Copied the message id.").count() == 0


def test_the_menu_of_a_small_screen_works_by_keyboard(chromium: Any, site: Site) -> None:
    with watched(chromium, site, width=390) as window:
        page = window.open("overview")
        menu = page.get_by_role("button", name="Menu")
        menu.focus()
        page.keyboard.press("Enter")
        assert menu.get_attribute("aria-expanded") == "true"
        assert window.violations() == []
        page.get_by_role("link", name="Compare").focus()
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Compare").wait_for()
        assert menu.get_attribute("aria-expanded") == "false"


# ---------------------------------------------------------------- overview and compare


def test_a_delivery_problem_is_told_in_words_and_leads_to_its_messages(
    chromium: Any, site: Site
) -> None:
    with watched(chromium, site) as window:
        page = window.open("overview")
        page.get_by_text("to Vodafone 26202 in Germany").wait_for()
        told = page.get_by_text("Messente delivers").inner_text()
        assert re.sub(r"\s", " ", told).startswith(
            "Messente delivers 71 % (67 to 75 %, 293 of 412) to Vodafone 26202 in Germany since "
            "24 Nov, 13:00 UTC, 18 points below its month (89 %). "
            "The SMS Works delivers 94 % (91 to 96 %, 357 of 380) there."
        )
        page.get_by_role("link", name="Its messages").click()
        window.settle()
    query = site.asked("GET /messages")[-1].query
    assert (query["provider"], query["country"], query["network"]) == ("messente", "DE", "26202")
    assert query["from"] == "2026-11-24T13:00:00Z"


@pytest.mark.parametrize(
    ("finding", "words"),
    [
        ({"network": None}, "to Germany since 13:00 UTC"),
        ({"network": None, "country": None}, "to all its countries since"),
        ({"better": None}, "below its month (89 %)."),
        ({"network": "26299"}, "to network 26299 in Germany since"),
    ],
)
def test_a_finding_says_as_much_as_it_knows(
    chromium: Any, site: Site, finding: dict[str, Any], words: str
) -> None:
    (row,) = examples()["GET /stats/findings"]["rows"]
    now = datetime(2026, 11, 24, 15, tzinfo=UTC).timestamp() * 1000
    with watched(chromium, site) as window:
        page = window.open("overview")
        told = page.evaluate(
            "async ([row, now]) => "
            "(await import('./pages/overview.js')).tell(row, (name) => name, now)",
            [{**row, **finding}, now],
        )
    assert words in told.replace("\u202f", " ")


def test_a_chart_is_a_table_too_and_its_rows_lead_to_messages(chromium: Any, site: Site) -> None:
    with watched(chromium, site) as window:
        page = window.open("overview")
        chart = page.locator("figure", has_text="Why messages fail")
        chart.get_by_role("button", name="Show as table").click()
        assert chart.get_by_role("row").count() == 11
        assert window.violations() == []
        chart.get_by_role("link", name="Absent").click()
        page.get_by_role("heading", name="Messages").wait_for()
        window.settle()
        assert page.get_by_label("Cause").input_value() == "absent"
        page.go_back()
        window.settle()
        chart = page.locator("figure", has_text="Rate and volume")
        chart.get_by_role("button", name="Show as table").click()
        chart.get_by_role("row").nth(2).get_by_role("link").click()
        window.settle()
    query = site.asked("GET /messages")[-1].query
    assert (query["from"], query["to"]) == ("2026-11-25T00:00:00.000Z", "2026-11-26T00:00:00.000Z")


def test_a_table_is_sorted_whole_figures_from_the_greatest_on(chromium: Any, site: Site) -> None:
    rates = [0.9, None, *(0.8 + place / 100 for place in range(10))]
    rows = [
        {"provider": f"p{place}", **figures(2_000, 0.9), "delivery_rate": rate}
        for place, rate in enumerate(rates)
    ]
    site.answers["GET /stats"] = lambda call: (
        {"rows": rows, "as_of": AS_OF} if call.query.get("by") == "provider" else stats(call)
    )
    with watched(chromium, site) as window:
        page = window.open("overview")
        table = page.get_by_role("table", name="Providers")
        names = table.locator("tbody td:first-child")
        assert names.count() == 10
        sort = table.get_by_role("button", name="Delivered")
        sort.click()
        table.locator("th[aria-sort=descending]").wait_for()
        assert names.all_inner_texts()[:3] == ["p0", "p11", "p10"]
        sort.click()
        table.locator("th[aria-sort=ascending]").wait_for()
        assert names.all_inner_texts()[:3] == ["p1", "p2", "p3"]
        table.get_by_role("button", name="Provider").click()
        table.locator("th[aria-sort=ascending]").get_by_text("Provider").wait_for()
        page.get_by_role("button", name="Show all 12 rows").click()
        assert names.all_inner_texts()[:4] == ["p0", "p1", "p10", "p11"]


def test_a_row_leads_on_by_a_press_but_not_while_its_text_is_marked(
    chromium: Any, site: Site
) -> None:
    with watched(chromium, site) as window:
        page = window.open("messages")
        cell = page.get_by_role("row", name="expired").first.get_by_role("cell").nth(1)
        cell.evaluate("cell => getSelection().selectAllChildren(cell)")
        cell.evaluate("cell => cell.click()")
        assert "message=" not in page.url
        cell.evaluate("() => getSelection().removeAllRanges()")
        with page.context.expect_page() as opened:
            cell.click(modifiers=["Control"])
        assert "message=" in opened.value.url
        assert "message=" not in page.url
        cell.click()
        page.get_by_role("dialog").wait_for()


def test_the_providers_are_asked_for_once_by_many_pages(chromium: Any, site: Site) -> None:
    with watched(chromium, site) as window:
        page = window.open("messages")
        for name in ("Codes", "Overview", "Compare"):
            page.get_by_role("link", name=name, exact=True).click()
            window.settle()
    assert len(site.asked("GET /providers")) == 1


def test_of_a_day_the_unfinished_are_those_of_the_week(chromium: Any, site: Site) -> None:
    """No message of the last 24 hours is old enough."""
    with watched(chromium, site) as window:
        page = window.open("overview?range=24h")
        page.get_by_text("No final report after 24 hours, in the last 7 days").wait_for()
        assert site.asked("GET /stats/unfinished")[-1].query == {}
        page.get_by_role("radio", name="30 days").check()
        window.settle()
        assert "from" in site.asked("GET /stats/unfinished")[-1].query


def test_a_chart_that_cannot_be_drawn_says_so_and_has_its_table(chromium: Any, site: Site) -> None:
    with watched(chromium, site) as window:
        window.page.route("**/vendor-uplot.js", lambda route: route.abort())
        page = window.open("overview")
        page.get_by_text("The chart could not be loaded.").wait_for()
        page.get_by_role("button", name="Show as table").first.click()
        page.get_by_role("table", name="Rate and volume").wait_for()
        assert any("vendor-uplot" in each for each in window.wrong)
        window.wrong.clear()


def test_a_stack_without_messages_says_what_to_do(chromium: Any, site: Site) -> None:
    nothing = {"rows": [], "as_of": None}
    site.answers |= {
        **dict.fromkeys(("GET /stats", "GET /stats/compare", "GET /stats/findings"), nothing),
        "GET /stats/unfinished": nothing,
        "GET /messages": {"items": [], "next": None, "as_of": None, "scanned_to": None},
        "GET /exports": {"items": [], "next": None},
        "GET /tokens": {"items": [], "next": None},
        "GET /audit": {"items": [], "next": None},
    }
    with watched(chromium, site) as window:
        for address in ("overview", "compare", "messages", "exports", "access"):
            page = window.open(address)
            window.shoot(f"{address}-empty")
            assert page.locator(".state strong").count() >= 1, address
            assert window.violations() == []


def test_a_cell_leads_to_its_messages(chromium: Any, site: Site) -> None:
    with watched(chromium, site) as window:
        page = window.open("compare")
        page.get_by_label("By network").check()
        window.settle()
        assert page.url.endswith("?by=network")
        page.get_by_role("row", name="Germany").get_by_role("link").nth(1).click()
        window.settle()
    query = site.asked("GET /messages")[-1].query
    assert (query["provider"], query["country"], query["network"]) == ("twilio", "DE", "26202")


def test_a_place_that_nobody_knows_leads_to_its_messages_alone(chromium: Any, site: Site) -> None:
    with watched(chromium, site) as window:
        page = window.open("compare?by=network")
        page.get_by_role("row", name="Unknown country").get_by_role("link").first.click()
        window.settle()
        assert page.get_by_label("Country").input_value() == "none"
    query = site.asked("GET /messages")[-1].query
    assert (query["country"], query["network"]) == ("none", "none")


def test_a_day_of_which_the_period_has_a_part_leads_to_that_part(chromium: Any, site: Site) -> None:
    with watched(chromium, site) as window:
        for row, (start, end) in {
            0: ("2026-11-24T17:00:00.000Z", "2026-11-25T00:00:00.000Z"),
            6: ("2026-11-30T00:00:00.000Z", "2026-11-30T05:30:00.000Z"),
        }.items():
            page = window.open("overview?from=2026-11-24T17:00:00Z&to=2026-11-30T05:30:00Z")
            chart = page.locator("figure", has_text="Rate and volume")
            chart.get_by_role("button", name="Show as table").click()
            chart.locator("tbody").get_by_role("row").nth(row).get_by_role("link").click()
            window.settle()
            query = site.asked("GET /messages")[-1].query
            assert (query["from"], query["to"]) == (start, end)


def test_little_is_said_of_few_messages(chromium: Any, site: Site) -> None:
    (row,) = examples()["GET /stats/compare"]["rows"]
    few = {**row, "final": 12, "delivered": 11, "n": 12, "best": row["provider"]}
    site.answers["GET /stats/compare"] = {"rows": [few], "as_of": None}
    with watched(chromium, site) as window:
        cell = window.open("compare").locator("a.cell")
        assert cell.get_attribute("class").split() == ["cell"]
        assert "★" not in cell.inner_text()
        window.page.get_by_role("button", name="Show as table").click()
        window.page.get_by_role("cell", name="too few to say").wait_for()


# ---------------------------------------------------------------- messages


def test_filters_live_in_the_address(chromium: Any, site: Site) -> None:
    with watched(chromium, site) as window:
        page = window.open("messages")
        page.get_by_label("Status").select_option("undelivered")
        page.wait_for_url("**?status=undelivered")
        window.settle()
        page.get_by_label("Country").fill("de")
        page.keyboard.press("Enter")
        page.wait_for_url("**?status=undelivered&country=DE")
        window.settle()
        page.reload()
        window.settle()
        assert page.get_by_label("Country").input_value() == "DE"
        page.get_by_role("button", name="Clear filters").click()
        window.settle()
        assert page.url.endswith("#/messages")
    asked = site.asked("GET /messages")
    assert (asked[-2].query["status"], asked[-2].query["country"]) == ("undelivered", "DE")
    assert "status" not in asked[-1].query


def test_older_messages_are_fetched_with_the_same_filters(chromium: Any, site: Site) -> None:
    with watched(chromium, site) as window:
        page = window.open("messages?cause=absent")
        page.get_by_role("button", name="Older ones").click()
        page.get_by_text("That is all.").wait_for()
        assert page.get_by_role("row").count() == 25
    query = site.asked("GET /messages")[-1].query
    assert (query["cursor"], query["cause"]) == ("the-second", "absent")


def test_a_message_opens_by_keyboard_and_tells_why_its_number_is_suppressed(
    chromium: Any, site: Site
) -> None:
    with watched(chromium, site) as window:
        page = window.open("messages")
        page.get_by_role("row").nth(2).get_by_role("link").focus()
        page.keyboard.press("Enter")
        drawer = page.get_by_role("dialog")
        drawer.get_by_text("This report puts the number on the list of dead numbers.").wait_for()
        drawer.get_by_text("“Number does not exist”").wait_for()
        assert drawer.get_by_role("link", name="Source").get_attribute("href").startswith("https:")
        assert NUMBER not in drawer.inner_text()
        drawer.get_by_role("button", name="Show").click()
        assert NUMBER in drawer.inner_text()
        drawer.get_by_role("button", name="Is the number on the list now?").click()
        drawer.get_by_text("Suppressed now").wait_for()
        page.keyboard.press("Escape")
        drawer.wait_for(state="detached")
        assert page.url.endswith("#/messages")
    assert site.asked("POST /suppressions/lookup")[-1].body == {"number": NUMBER}
    assert not any(NUMBER[1:] in call.path or NUMBER in str(call.query) for call in site.calls)


def test_a_message_that_is_not_kept_says_so(chromium: Any, site: Site) -> None:
    site.answers["GET /messages/{provider}"] = problem(404, "No such message.", "not-kept")
    with watched(chromium, site) as window:
        page = window.open("messages")
        page.get_by_label("Open one message of").select_option("twilio")
        page.get_by_label("Message id").fill("SM/1")
        page.get_by_role("button", name="Open").click()
        page.get_by_text("Nothing is stored of this message").wait_for()
    assert site.asked("GET /messages/{provider}")[-1].query == {"message_id": "SM/1"}


def test_a_page_that_comes_late_is_not_shown_below_another_search(
    chromium: Any, site: Site
) -> None:
    (item,) = examples()["GET /messages"]["items"]
    is_chosen = threading.Event()

    def page_of(call: Call) -> dict[str, Any]:
        if "cursor" in call.query:
            assert is_chosen.wait(5)
            return {"items": [{**item, "message_id": "late"}], "next": None, "as_of": None}
        name = call.query.get("status", "any")
        return {"items": [{**item, "message_id": name}], "next": "c", "as_of": None}

    site.answers["GET /messages"] = page_of
    with watched(chromium, site) as window:
        page = window.open("messages")
        page.get_by_role("button", name="Older ones").click()
        page.get_by_label("Status").select_option("rejected")
        page.get_by_text("rejected", exact=True).wait_for()
        with page.expect_response("**/messages?*cursor=c*"):
            is_chosen.set()
        window.settle()
        page.get_by_role("button", name="Older ones").wait_for()
        assert page.locator("td code.cut[title=rejected]").count() == 1
        assert page.locator("td code.cut[title=late]").count() == 0


def test_a_page_that_failed_is_not_told_below_another_search(chromium: Any, site: Site) -> None:
    whole = ANSWERS["GET /messages"]
    site.answers["GET /messages"] = lambda call: (
        problem(503, "Not now.") if "cursor" in call.query else whole(call)
    )
    with watched(chromium, site) as window:
        page = window.open("messages")
        page.get_by_role("button", name="Older ones").click()
        page.get_by_role("alert").wait_for()
        page.get_by_label("Status").select_option("rejected")
        window.settle()
        assert page.get_by_role("alert").count() == 0


def test_numbers_are_asked_for_only_on_demand(chromium: Any, site: Site) -> None:
    with watched(chromium, site) as window:
        page = window.open("messages")
        assert "numbers" not in site.asked("GET /messages")[-1].query
        page.get_by_label("Show numbers (audited)").check()
        window.settle()
        assert site.asked("GET /messages")[-1].query["numbers"] == "true"
        assert NUMBER not in page.locator("table").inner_text()
        page.get_by_role("button", name="Show the number").first.click()
        assert NUMBER in page.locator("table").inner_text()


def test_a_number_that_was_asked_for_is_not_shown_in_the_next_list(
    chromium: Any, site: Site
) -> None:
    (item,) = examples()["GET /messages"]["items"]
    other = "+447700900456"

    def page_of(call: Call) -> dict[str, Any]:
        number = other if call.query.get("status") else NUMBER
        return {"items": [{**item, "recipient": number}], "next": None, "as_of": None}

    site.answers["GET /messages"] = page_of
    with watched(chromium, site) as window:
        page = window.open("messages")
        page.get_by_label("Show numbers (audited)").check()
        page.get_by_role("button", name="Show the number").click()
        page.get_by_role("table").get_by_text(NUMBER).wait_for()
        page.get_by_label("Status").select_option("rejected")
        page.get_by_role("table").get_by_text("+44 ••••• 456").wait_for()
        assert other not in page.get_by_role("table").inner_text()


def test_a_code_gets_the_meaning_of_no_other_provider(chromium: Any, site: Site) -> None:
    (item,) = examples()["GET /messages"]["items"]

    def page_of(call: Call) -> dict[str, Any]:
        failed = {**item, "status": "undelivered", "code": CODES[0]["code"]}
        provider = call.query.get("provider", CODES[0]["provider"])
        return {"items": [{**failed, "provider": provider}], "next": None, "as_of": None}

    def codes_of(call: Call) -> Any:
        return codes(call) if call.query["provider"] == CODES[0]["provider"] else problem(503, "")

    site.answers |= {"GET /messages": page_of, "GET /codes": codes_of}
    with watched(chromium, site) as window:
        page = window.open("messages")
        meaning = page.get_by_role("table").get_by_text(CODES[0]["words"])
        meaning.wait_for()
        page.get_by_label("Provider", exact=True).select_option("twilio")
        page.get_by_role("table").get_by_text("Twilio").wait_for()
        window.settle()
        assert meaning.count() == 0


# ---------------------------------------------------------------- exports


def test_an_export_is_asked_for_followed_and_fetched(chromium: Any, site: Site) -> None:
    job = {**examples()["POST /exports"], "id": "9" * 32}
    stages = [
        {"state": "queued"},
        {"state": "running", "done": 1},
        {"state": "done", "done": 2, "rows": 7},
    ]

    def listed(_: Any) -> Any:
        stage = stages[0] if len(stages) == 1 else stages.pop(0)
        return {"items": [{**job, **stage}], "next": None}

    link = site.url.replace("/console/", "/file.csv")
    site.answers |= {
        "POST /exports": Answer(202, job),
        "GET /exports": listed,
        "GET /exports/{id}": lambda _: {**job, **stages[0], "links": [link]},
        "GET /file.csv": "a,b",
    }
    with watched(chromium, site) as window:
        page = window.open("messages?provider=smsmode&status=undelivered")
        page.get_by_role("link", name="Export these").click()
        page.get_by_text("Only provider Smsmode, status Undelivered.").wait_for()
        page.get_by_role("button", name="Make the file").click()
        page.get_by_text("7 rows").first.wait_for()
        with page.expect_download() as download:
            page.get_by_role("link", name="Download").click()
        assert download.value.url == link
    (call,) = site.asked("POST /exports")
    assert call.body["kind"] == "messages"
    assert call.body["filters"]["status"] == ["undelivered"]
    assert call.body["numbers"] is False


def test_the_chosen_file_goes_on_with_the_list(chromium: Any, site: Site) -> None:
    """Its links are asked for when its state changes, and not at each step."""
    (like,) = examples()["GET /exports"]["items"]
    job = {**like, "state": "running", "total": 9}

    def listed(_: Call) -> dict[str, Any]:
        done = min(len(site.asked("GET /exports")), 9)
        return {"items": [{**job, "done": done}], "next": None}

    site.answers |= {"GET /exports": listed, "GET /exports/{id}": {**job, "done": 1}}
    with watched(chromium, site) as window:
        page = window.open(f"exports?job={job['id']}")
        chosen = page.get_by_label("The chosen file")
        chosen.get_by_text(re.compile("Running, [3-9] of 9")).wait_for()
    assert len(site.asked("GET /exports/{id}")) == 1


def test_a_backtest_is_tried_and_its_counts_are_shown(chromium: Any, site: Site) -> None:
    with watched(chromium, site) as window:
        page = window.open(f"exports?kind=backtest&job={'3' * 32}")
        row = page.get_by_role("row", name="Only under the tried rules")
        assert "Absent 60" in row.inner_text()
        page.get_by_label("Strikes").fill("2")
        page.get_by_role("button", name="Try it").click()
        page.get_by_text("It is being made.").wait_for()
    body = site.asked("POST /backtests")[-1].body
    assert (body["policy"], body["strike_limit"]) == ("provider", 2)


def test_files_that_name_people_are_not_fetched_without_the_scope(
    chromium: Any, site: Site
) -> None:
    session = {**SESSION, "scopes": ["read"]}
    with watched(chromium, site, session=session) as window:
        page = window.open(f"exports?job={'0' * 32}")
        page.get_by_text("to fetch them your token needs scope").wait_for()
        assert page.get_by_label("Numbers to clean").count() == 0
    assert site.asked("GET /exports/{id}") == []


# ---------------------------------------------------------------- access


def test_a_token_is_made_with_its_scopes_and_shown_once(chromium: Any, site: Site) -> None:
    with watched(chromium, site) as window:
        page = window.open("access")
        page.get_by_role("button", name="New token").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Name").fill("shop backend")
        dialog.get_by_label("read").uncheck()
        dialog.get_by_label("check").check()
        assert window.violations() == []
        dialog.get_by_role("button", name="Make it").click()
        dialog.get_by_text("Nobody can show it a second time").wait_for()
        token = examples()["POST /tokens"]["token"]
        assert token in dialog.inner_text()
        dialog.get_by_role("button", name="I have it").click()
        assert token not in page.locator("body").inner_text()
    body = site.asked("POST /tokens")[-1].body
    assert body == {"name": "shop backend", "scopes": ["check"], "days": 90}


def test_a_token_is_revoked_after_a_question(chromium: Any, site: Site) -> None:
    with watched(chromium, site) as window:
        page = window.open("access")
        page.get_by_role("button", name=re.compile("Revoke shop backend")).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Cancel").click()
        assert site.asked("DELETE /tokens/{id}") == []
        page.get_by_role("button", name=re.compile("Revoke shop backend")).click()
        assert window.violations() == []
        dialog.get_by_role("button", name="Revoke").click()
        page.get_by_text("shop backend is revoked.").wait_for()
    assert [call.path for call in site.asked("DELETE /tokens/{id}")] == [f"/tokens/{'0' * 16}"]


def test_sessions_are_shown_on_demand(chromium: Any, site: Site) -> None:
    with watched(chromium, site) as window:
        page = window.open("access")
        assert page.get_by_role("row").count() == 4
        page.get_by_label("Sessions too").check()
        assert page.get_by_role("row").count() == 5


# ---------------------------------------------------------------- weight


def test_the_first_view_is_light(chromium: Any, site: Site) -> None:
    """Gzipped, without data: everything that the overview loads, its chart too."""
    import gzip

    from tests.browser.site import ASSETS

    loaded = []
    with watched(chromium, site) as window:
        window.page.on("response", lambda answer: loaded.append(answer.url))
        window.open("overview")
    names = {url.removeprefix(site.url).split("#")[0] for url in loaded if url.startswith(site.url)}
    sizes = {
        name: len(gzip.compress((ASSETS / (name or "index.html")).read_bytes())) for name in names
    }
    assert "vendor-uplot.js" in names
    assert "pages/access.js" not in names
    print(sum(sizes.values()), sorted(sizes.items(), key=lambda each: -each[1]))  # noqa: T201
    assert sum(sizes.values()) <= 120 * 1024


def test_few_final_messages_get_no_verdict(chromium: Any, site: Site) -> None:
    def few(call: Call) -> Any:
        by = call.query.get("by", "")
        rows = {
            "provider": [{"provider": "twilio", **figures(20, 0.5)}],
            "cause": [{"cause": cause, "n": n} for cause, n in (("absent", 9_999), ("spam", 1))],
        }
        return {"rows": rows.get(by, [{"day": "2026-11-24", **figures(20, 0.5)}]), "as_of": AS_OF}

    site.answers["GET /stats"] = few
    with watched(chromium, site) as window:
        page = window.open("overview")
        page.get_by_text("No verdict on fewer than 100 final messages").wait_for()
        page.get_by_role("row", name="Twilio").get_by_text("Too few").wait_for()
        assert page.get_by_text("Poor", exact=True).count() == 0
        page.get_by_text("1 · < 0.1 %").wait_for()
        page.get_by_text("9,999 · > 99.9 %").wait_for()


def test_a_long_table_of_a_chart_is_shown_in_parts(chromium: Any, site: Site) -> None:
    (row, *_) = ANSWERS["GET /stats/compare"](Call("", "", {"by": "country"}, None))["rows"]
    rows = [{**row, "provider": f"p{place}"} for place in range(150)]
    site.answers["GET /stats/compare"] = {"rows": rows, "as_of": AS_OF}
    with watched(chromium, site) as window:
        page = window.open("compare")
        page.get_by_role("button", name="Show as table").click()
        assert page.get_by_role("row").count() == 101
        page.get_by_role("button", name="Show all 150 rows").click()
        assert page.get_by_role("row").count() == 151
