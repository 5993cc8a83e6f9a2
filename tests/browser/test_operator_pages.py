"""What an operator does on the pages of providers, suppressions, quarantine, codes and people."""

from threading import Event
from typing import Any

import pytest

from local.waiting import wait_until
from tests.browser.answers import CHANGE, NUMBER, PROVIDERS, QUARANTINE
from tests.browser.conftest import SESSION, watched
from tests.browser.site import Answer, Call, Site, examples, problem

pytestmark = pytest.mark.browser

NEW = {**PROVIDERS[0], "last_seen": None}
LISTED = examples()["POST /suppressions/lookup"]
FREE = {**LISTED, "suppressed": False, "list": None, "state": "lifted"}
PERSON = {
    "messages": [examples()["GET /messages/{provider}/{message_id}"]],
    "further_messages": [],
    "suppression": None,
    "quarantine": [],
    "further_requests": [],
}


def test_a_page_that_asks_by_itself_keeps_what_is_typed_when_no_answer_comes(
    chromium: Any, site: Site
) -> None:
    with watched(chromium, site) as window:
        page = window.open("providers/smsmode")
        page.get_by_label("Signing key").fill("a made-up key")
        site.answers["GET /providers"] = problem(503, "Not now. Try again.")
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.get_by_role("alert").filter(has_text="Not now. Try again.").first.wait_for()
        assert page.get_by_label("Signing key").input_value() == "a made-up key"
        site.answers.pop("GET /providers")
        page.get_by_role("button", name="Try again").click()
        window.settle()
        assert page.get_by_role("alert").count() == 0
        assert page.get_by_label("Signing key").input_value() == "a made-up key"


def test_an_empty_stack_leads_to_the_first_report(chromium: Any, site: Site) -> None:
    """Choose a provider, copy the address, set the key, send a test report, watch it arrive."""
    status = examples()["GET /status"]
    silent = [{"name": "smsmode", "last_seen": None}]
    site.answers |= {
        "GET /status": {**status, "providers": silent},
        "GET /providers": {"items": [NEW], "next": None},
        "GET /tail": lambda call: {
            "items": [{**CHANGE, "message_id": "test-9b1c2d3e4f50"}]
            if site.asked("POST /providers/{provider}/test")
            else [],
            "next": "2026-11-24T13:00:02.000000Z#00",
        },
    }
    with watched(chromium, site) as window:
        page = window.open("")
        page.wait_for_url("**/#/providers")
        page.get_by_text("Receive your first report").wait_for()
        page.get_by_label("Provider", exact=True).select_option("smsmode")
        page.get_by_role("button", name="Set it up").click()
        page.wait_for_url("**/#/providers/smsmode")
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.get_by_role("button", name="Copy the address").click()
        page.get_by_text("Copied the address.").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == NEW["url"]
        page.get_by_label("Signing key").fill("a made-up key")
        page.get_by_role("button", name="Set key").click()
        page.get_by_role("dialog").get_by_role("button", name="Set key").click()
        page.get_by_text("The signing key of smsmode is set.").wait_for()
        page.get_by_role("button", name="Send a test report").click()
        page.get_by_text("it has arrived.").wait_for()
        assert window.violations() == []
    (call,) = site.asked("PUT /providers/{provider}/key")
    assert (call.path, call.body) == ("/providers/smsmode/key", {"key": "a made-up key"})


def test_a_refused_test_report_says_why(chromium: Any, site: Site) -> None:
    refused = {
        "provider": "smsmode",
        "message_id": "test-1",
        "status": 401,
        "detail": "The webhook refused the report.",
    }
    site.answers["POST /providers/{provider}/test"] = refused
    with watched(chromium, site) as window:
        page = window.open("providers/smsmode")
        page.get_by_role("button", name="Send a test report").click()
        page.get_by_text("HTTP 401").wait_for()
        page.get_by_text("The webhook refused the report.").wait_for()
        assert page.get_by_text("it comes below").count() == 0


def test_a_number_is_looked_up_and_lifted_with_a_reason(chromium: Any, site: Site) -> None:
    site.answers["POST /suppressions/lift"] = FREE
    with watched(chromium, site) as window:
        page = window.open("suppressions")
        page.get_by_label("Number").fill(NUMBER)
        page.get_by_role("button", name="Look up").click()
        page.get_by_text("No: it is suppressed").wait_for()
        page.get_by_text("Number does not exist").wait_for()  # the code's meaning
        page.get_by_role("button", name="Lift").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Lift").click()
        assert site.asked("POST /suppressions/lift") == []  # not without a reason
        dialog.get_by_label("Reason").fill("asked by mail")
        dialog.get_by_role("button", name="Lift").click()
        page.get_by_text("Yes: it may be sent to").wait_for()
        assert "7700" not in page.url
        assert window.violations() == []
    (call,) = site.asked("POST /suppressions/lift")
    assert call.body == {"number": NUMBER}
    assert all("7700900123" not in each.path for each in site.calls)


def test_an_import_goes_in_parts_and_names_the_rows_with_errors(chromium: Any, site: Site) -> None:
    def take(call: Call) -> Any:
        rows = call.body.splitlines()[1:]
        bad = [
            f"row {place}: not a phone number" for place, row in enumerate(rows, 2) if "x" in row
        ]
        return {"imported": len(rows) - len(bad), "skipped": 0, "errors": bad}

    site.answers["POST /suppressions/import"] = take
    lines = [f"+44770090{place:04d}" for place in range(2500)]
    lines[0], lines[1200] = "x1", "x2"
    with watched(chromium, site) as window:
        page = window.open("suppressions?part=import")
        file = {"name": "list.csv", "mimeType": "text/csv"}
        records = ["number", *lines[:1000], "", "  ", *lines[1000:]]
        page.get_by_label("File").set_input_files({**file, "buffer": "\r\n".join(records).encode()})
        page.get_by_role("button", name="Import 2,500 rows").click()
        page.get_by_text("Done. 2,500 of 2,500 rows read").wait_for()
        page.get_by_text("On the list: 2,498. Skipped: 0. With an error: 2.").wait_for()
        page.get_by_text("Row 2: not a phone number").wait_for()
        page.get_by_text("Row 1204: not a phone number").wait_for()
        page.get_by_role("link", name="Codes").click()  # it is found again after another page
        page.get_by_role("link", name="Suppressions").click()
        page.get_by_role("radio", name="Import").check()
        page.get_by_text("Done. 2,500 of 2,500 rows read").wait_for()
        assert window.violations() == []
    sizes = [len(call.body.splitlines()) - 1 for call in site.asked("POST /suppressions/import")]
    assert sizes == [1000, 1000, 500]


def test_an_import_can_be_stopped_and_is_not_left_without_a_question(
    chromium: Any, site: Site
) -> None:
    going_on = Event()
    route = "POST /suppressions/import"

    def take(_: Call) -> Any:
        going_on.wait(10)
        return {"imported": 1000, "skipped": 0, "errors": []}

    site.answers[route] = take
    lines = "\n".join(f"+4477009{place:05d}" for place in range(2500))
    leaves = """() => {
      const event = new Event("beforeunload", { cancelable: true });
      return dispatchEvent(event);
    }"""
    with watched(chromium, site) as window:
        page = window.open("suppressions?part=import")
        file = {"name": "list.csv", "mimeType": "text/csv", "buffer": lines.encode()}
        page.get_by_label("File").set_input_files(file)
        assert page.evaluate(leaves)
        page.get_by_role("button", name="Import 2,500 rows").click()
        page.get_by_role("button", name="Stop").click()
        assert wait_until(lambda: not page.evaluate(leaves))
        going_on.set()
        page.get_by_text("Stopped. 1,000 of 2,500 rows read").wait_for()
        assert wait_until(lambda: page.evaluate(leaves))
    assert len(site.asked(route)) == 1


@pytest.mark.parametrize("header", ["", '\ufeff"Number"\r\n'])
def test_bare_numbers_go_on_the_list_that_is_chosen_below_a_header_too(
    chromium: Any, site: Site, header: str
) -> None:
    site.answers["POST /suppressions/import"] = {"imported": 1, "skipped": 0, "errors": []}
    with watched(chromium, site) as window:
        page = window.open("suppressions?part=import")
        file = {"name": "list.csv", "mimeType": "text/csv"}
        page.get_by_label("File").set_input_files(
            {**file, "buffer": f"{header}+447700900001\r\n".encode()}
        )
        page.get_by_label("List of bare numbers").select_option("Dead numbers")
        page.get_by_role("button", name="Import 1 row").click()
        page.get_by_text("Done. 1 of 1 row read").wait_for()
    (call,) = site.asked("POST /suppressions/import")
    columns, row = call.body.splitlines()
    assert columns.strip('"').lower().replace('"', "") == "number,list"
    assert row == "+447700900001,number"


def test_who_may_write_and_not_read_names_the_provider_and_asks_for_nothing_in_vain(
    chromium: Any, site: Site
) -> None:
    with watched(chromium, site, session={**SESSION, "scopes": ["write"]}) as window:
        page = window.open("suppressions?part=revert")
        page.get_by_label("Provider").fill("smsmode")
        page.get_by_label("Received from").fill("2026-11-24T09:00")
        page.get_by_role("button", name="Revert …").click()
        page.get_by_role("dialog", name="Revert the reports of smsmode?").wait_for()
        window.settle()
    assert site.calls == []


def test_a_reason_that_no_header_can_carry_is_refused_in_words(chromium: Any, site: Site) -> None:
    with watched(chromium, site) as window:
        page = window.open("access")
        page.get_by_role("button", name="New token").click()
        name = page.get_by_role("dialog").get_by_label("Name")
        name.fill("Grüße")
        page.get_by_role("button", name="Make it").click()
        page.get_by_role("dialog", name="New token").wait_for()
        assert name.get_attribute("title") == "Letters without accents, digits and signs"
    assert site.asked("POST /tokens") == []


@pytest.mark.parametrize("act", ["Release", "Discard"])
def test_what_is_held_is_settled_to_its_end(chromium: Any, site: Site, act: str) -> None:
    route = f"POST /suppressions/held/{{provider}}/{act.lower()}"
    end = "2026-11-25T13:00:00Z"
    status = examples()["GET /status"]

    def stands(_: Call) -> Any:
        return {**status, "held": []} if len(site.asked(route)) == 2 else status

    site.answers |= {
        route: lambda call: {
            "settled": 6,
            "next": None if "after" in call.query else "a1b2",
            "until": end,
        },
        "GET /status": stands,
    }
    with watched(chromium, site) as window:
        page = window.open("suppressions?part=held")
        page.get_by_role("button", name=f"{act} what is held of smsmode").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Reason").fill("the provider says so")
        if act == "Discard":
            dialog.get_by_label("Received from (UTC)").fill("2026-11-25T12:00")
        dialog.get_by_role("button", name=act).click()
        page.get_by_text("Nothing is held").wait_for()
        page.get_by_text("Done. 12 of 12 numbers").wait_for()
    first, second = site.asked(route)
    assert first.path == f"/suppressions/held/smsmode/{act.lower()}"
    since = {"since": "2026-11-25T12:00:00.000Z"} if act == "Discard" else {}
    assert (second.query, second.body) == ({"after": "a1b2"}, {**since, "until": end})


def test_a_window_of_a_provider_is_reverted_after_its_name_is_typed(
    chromium: Any, site: Site
) -> None:
    with watched(chromium, site) as window:
        page = window.open("suppressions?part=revert")
        page.get_by_label("Provider").select_option("smsmode")
        page.get_by_label("Received from (UTC)").fill("2026-11-24T09:00")
        page.get_by_role("button", name="Revert …").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Reason").fill("nonsense reports")
        assert dialog.get_by_role("button", name="Revert").is_disabled()
        dialog.get_by_label("Type smsmode to go on").fill("smsmode")
        dialog.get_by_role("button", name="Revert").click()
        page.get_by_text("Done. 12 of 12 numbers").wait_for()
    (call,) = site.asked("POST /suppressions/revert/{provider}")
    assert call.body == {"since": "2026-11-24T09:00:00.000Z"}


def test_a_quarantined_request_is_shown_without_numbers_and_replayed(
    chromium: Any, site: Site
) -> None:
    with watched(chromium, site) as window:
        page = window.open("quarantine")
        page.get_by_role("link", name="13:01:00").click()
        drawer = page.get_by_role("dialog")
        drawer.get_by_text('"messageId": "m-1"').wait_for()
        assert "447700900123" not in page.content()
        drawer.get_by_role("button", name="Show numbers").click()
        drawer.get_by_text("447700900123").wait_for()
        drawer.get_by_role("button", name="Replay").click()
        drawer.get_by_text("Read: 1 new").wait_for()
        assert window.violations() == []
    (call,) = site.asked("POST /quarantine/{id}/replay")
    assert call.path.split("/")[2] == QUARANTINE[0]["id"]


def test_a_replay_by_filter_begins_with_an_estimate(chromium: Any, site: Site) -> None:
    still = {"new": 0, "stale": 0, "duplicate": 0, "error": "status: Field required"}
    fine = {"new": 1, "stale": 0, "duplicate": 0, "error": None}
    site.answers["POST /quarantine/{id}/replay"] = lambda call: (
        still if QUARANTINE[1]["id"] in call.path else fine
    )
    with watched(chromium, site) as window:
        page = window.open("quarantine")
        page.get_by_label("Provider").select_option("smsmode")
        page.get_by_role("button", name="Replay 2 …").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("row", name="smsmode status: Field required 2").wait_for()
        assert site.asked("POST /quarantine/{id}/replay") == []
        assert window.violations() == []
        dialog.get_by_label("Reason").fill("new release")
        dialog.get_by_role("button", name="Replay", exact=True).click()
        page.get_by_text("Reports: 1 new, ").wait_for()
        page.get_by_text("Still unreadable: 1 request.").wait_for()
    replayed = {call.path.split("/")[2] for call in site.asked("POST /quarantine/{id}/replay")}
    assert replayed == {each["id"] for each in QUARANTINE[:2]}


def test_a_replay_goes_on_behind_what_has_expired_and_its_result_stays(
    chromium: Any, site: Site
) -> None:
    replay = "POST /quarantine/{id}/replay"
    first, *others = QUARANTINE

    def read(call: Call) -> Any:
        if first["id"] in call.path:
            return problem(404, "It is not kept.", "not-kept")
        return {"new": 1, "stale": 0, "duplicate": 0, "error": None}

    site.answers |= {
        replay: read,
        "GET /quarantine": lambda _: {
            "items": [] if len(site.asked(replay)) == 3 else [first, *others],
            "next": None,
        },
    }
    with watched(chromium, site) as window:
        page = window.open("quarantine")
        page.get_by_role("button", name="Replay 3 …").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Reason").fill("the new version reads them")
        dialog.get_by_role("button", name="Replay").click()
        page.get_by_text("Quarantine is empty").wait_for()
        page.get_by_text("Done. 3 of 3 requests").wait_for()
        page.get_by_text(f"{first['id']}: not kept any more").wait_for()
        page.get_by_text("Reports: 2 new").wait_for()


def test_a_quarantined_request_is_discarded_with_a_reason(chromium: Any, site: Site) -> None:
    with watched(chromium, site) as window:
        page = window.open(f"quarantine?id={QUARANTINE[2]['id']}")
        page.get_by_role("button", name="Discard …").click()
        dialog = page.get_by_role("dialog", name="Discard this request?")
        dialog.get_by_label("Reason").fill("a test of theirs")
        dialog.get_by_role("button", name="Discard", exact=True).click()
        page.get_by_text("Discarded.").wait_for()
    (call,) = site.asked("DELETE /quarantine/{id}")
    assert call.path == f"/quarantine/{QUARANTINE[2]['id']}"


def test_the_catalogue_is_searched_and_filtered_in_the_address(chromium: Any, site: Site) -> None:
    with watched(chromium, site) as window:
        page = window.open("codes")
        page.get_by_label("Search").fill("forbidden")
        page.get_by_text("1 of 3 words and codes").wait_for()
        assert "text=forbidden" in page.url
        page.get_by_label("Search").fill("")
        page.get_by_label("Effect").select_option("differs")
        page.get_by_text("1 of 3 words and codes").wait_for()
        page.get_by_role("row", name="3525").wait_for()
        page.get_by_label("Search").fill("nothing like it")
        page.get_by_role("button", name="Show all").click()
        page.get_by_text("3 of 3 words and codes").wait_for()


def test_a_person_is_found_exported_and_erased(chromium: Any, site: Site) -> None:
    site.answers["POST /people/lookup"] = PERSON
    with watched(chromium, site) as window:
        page = window.open("people")
        page.get_by_label("Number").fill(NUMBER)
        page.get_by_role("button", name="Find").click()
        page.get_by_text("f1d2d2f9-24e9").wait_for()
        with page.expect_download() as download:
            page.get_by_role("button", name="Download everything").click()
        assert download.value.suggested_filename == "person.json"
        assert '"messages"' in download.value.path().read_text()
        page.get_by_role("button", name="Erase …").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Reason").fill("asked by letter")
        assert dialog.get_by_role("button", name="Erase").is_disabled()
        dialog.get_by_label("Type ERASE to go on").fill("ERASE")
        dialog.get_by_role("button", name="Erase").click()
        page.get_by_text("Erased: 3 messages, 1 request.").wait_for()
        assert page.get_by_label("Number").input_value() == ""
        assert "7700" not in page.url
    (call,) = site.asked("POST /people/erase")
    assert call.body == {"number": NUMBER}


def test_a_lookup_that_fails_says_so_with_the_request_id(chromium: Any, site: Site) -> None:
    refused = examples()["POST /people/lookup"]
    assert refused
    site.answers["POST /people/lookup"] = Answer(
        400, {"title": "Not a phone number", "detail": "No number.", "request_id": "52fdfc07"}
    )
    with watched(chromium, site) as window:
        page = window.open("people")
        page.get_by_label("Number").fill("12")
        page.get_by_role("button", name="Find").click()
        page.get_by_text("52fdfc07").wait_for()


def test_who_may_only_read_is_told_what_a_part_needs(chromium: Any, site: Site) -> None:
    with watched(chromium, site, session={**SESSION, "scopes": ["read"]}) as window:
        page = window.open("suppressions?part=import")
        page.get_by_text("It needs scope write").wait_for()
        page = window.open("suppressions?part=held")
        assert page.get_by_role("button", name="Release").count() == 0
        page = window.open("providers/smsmode")
        assert page.get_by_role("button", name="Send a test report").count() == 0
        page = window.open("quarantine")
        page.get_by_text("It needs scope pii").wait_for()
        assert page.get_by_role("link", name="People").count() == 0


def test_the_audit_says_in_words_what_was_done(chromium: Any, site: Site) -> None:
    entry = examples()["GET /audit"]["items"][0]
    lifted = {**entry, "route": "POST /suppressions/lift"}
    older = {**entry, "route": "POST /of-an-older-version"}
    site.answers["GET /audit"] = {"items": [lifted, older], "next": None}
    with watched(chromium, site) as window:
        page = window.open("access?part=audit")
        said = page.get_by_text("Lift a number off a list, or off both")
        assert said.get_attribute("title") == "POST /suppressions/lift"
        page.get_by_text("POST /of-an-older-version").wait_for()


def test_a_window_stays_while_text_is_marked_beyond_it_and_goes_by_a_press_beside_it(
    chromium: Any, site: Site
) -> None:
    with watched(chromium, site) as window:
        page = window.open("access")
        page.get_by_role("button", name="New token").click()
        page.get_by_label("Name").fill("shop")
        page.get_by_label("Name").hover()
        page.mouse.down()
        page.mouse.move(5, 5)
        page.mouse.up()
        assert page.get_by_label("Name").input_value() == "shop"
        page.mouse.click(5, 5)
        page.get_by_role("dialog").wait_for(state="detached")


@pytest.mark.parametrize(
    "number", ["+44 7700 900 123", "07700-900123", "%2B2904567", "447700900123"]
)
def test_no_number_of_a_request_is_shown_however_short_or_spaced(
    chromium: Any, site: Site, number: str
) -> None:
    request = {**QUARANTINE[0], "body": f"to={number}&state=3", "error": f"to: {number}"}
    site.answers["GET /quarantine"] = {"items": [request], "next": None}
    with watched(chromium, site) as window:
        page = window.open(f"quarantine?id={request['id']}")
        assert not page.get_by_text(number).count()
        page.get_by_text("&state=3").wait_for()
        page.get_by_role("button", name="Show numbers").click()
        page.get_by_text(f"to={number}&state=3").wait_for()
