"""Writes the pictures of the console that the README shows; `make screenshots` runs it.

The API is the made-up one of the tests and the clock stands still, so that what is shown changes
with the console only. The bytes may differ by a few pixels.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from local.chromium import browser
from local.stack import ROOT
from tests.browser.answers import ANSWERS, AS_OF, NUMBER, figures
from tests.browser.conftest import watched
from tests.browser.site import Call, examples, running_site

PICTURES = ROOT / "docs/pictures"
DELIVERED = {
    "status": "delivered",
    "cause": "none",
    "bounce": "none",
    "action": "keep",
    "permanent": None,
    "code": None,
}
KINDS: list[dict[str, Any]] = [
    {"provider": "twilio", **DELIVERED, "latency_ms": 2410, "country": "IT", "network": "22210"},
    {"provider": "smsmode", **DELIVERED, "latency_ms": 3120, "country": "FR", "network": "20801"},
    {"provider": "smsmode", "country": "IT", "network": "22210"},
    {"provider": "messente", **DELIVERED, "latency_ms": 5870, "country": "DE", "network": "26202"},
    {
        "provider": "thesmsworks",
        **DELIVERED,
        "latency_ms": 1990,
        "country": "IT",
        "network": "22201",
    },
    {
        "provider": "messente",
        "status": "expired",
        "cause": "absent",
        "bounce": "soft",
        "code": "5",
        "country": "DE",
        "network": "26202",
    },
    {
        "provider": "smsmode",
        "status": "undelivered",
        "cause": "content",
        "bounce": "block",
        "code": "3525",
        "country": "FR",
        "network": "20801",
    },
    {"provider": "twilio", **DELIVERED, "latency_ms": 18_300, "country": "ES", "network": "21407"},
    {"provider": "twilio", **DELIVERED, "status": "enroute", "country": "ES", "network": None},
]

WEEK = [
    (9_410, 0.938),
    (9_870, 0.941),
    (7_020, 0.935),
    (6_180, 0.936),
    (9_960, 0.929),
    (10_900, 0.894),
    (7_900, 0.897),
]
"""Messages of a day and the rate of delivery; the sum is that of all."""


def messages(call: Call) -> Any:
    """One page: several providers, about every half minute a message."""
    (like,) = examples()["GET /messages"]["items"]
    end = datetime.fromisoformat(AS_OF)
    items = []
    for place in range(14):
        first = (end - timedelta(seconds=20 + 31 * place + place * place % 17)).isoformat()
        name = f"{0x9E3779B1 * (place + 1) % 2**32:08x}"
        kind = KINDS[place * 5 % len(KINDS)]
        items.append({**like, "message_id": name, "first_seen": first, **kind})
    return {"items": items, "next": "the-second", "as_of": AS_OF, "scanned_to": AS_OF}


def stats(call: Call) -> Any:
    """A week that ends with the day of the clock."""
    if call.query.get("by") != "day":
        return ANSWERS["GET /stats"](call)
    end = datetime.fromisoformat(AS_OF).date()
    rows = [
        {"day": (end - timedelta(days=6 - place)).isoformat(), **figures(n, rate)}
        for place, (n, rate) in enumerate(WEEK)
    ]
    return {"rows": rows, "as_of": AS_OF}


def nothing(page: Any) -> None:
    """Shows the page as it opens."""


def wait_for_words(page: Any) -> None:
    """The words of codes and the titles of providers come after the list."""
    page.get_by_text("Number does not exist").first.wait_for()
    page.get_by_role("cell", name="The SMS Works").first.wait_for()


def look_up(page: Any) -> None:
    """Asks for a number."""
    page.get_by_label("Number").fill(NUMBER)
    page.get_by_role("button", name="Look up", exact=True).last.click()
    page.get_by_text("Number does not exist").wait_for()


ACTS: dict[str, Callable[[Any], None]] = {
    "overview": nothing,
    "messages": wait_for_words,
    "suppressions": look_up,
}
"""By page, which names its pictures: what is done on it before."""


def main() -> None:
    """Writes each page in light and in dark."""
    PICTURES.mkdir(exist_ok=True)
    with running_site() as site, browser() as chromium:
        site.answers = {**ANSWERS, "GET /messages": messages, "GET /stats": stats}
        for name, act in ACTS.items():
            for look in ("light", "dark"):
                with watched(chromium, site, dark=look == "dark") as window:
                    window.page.clock.set_fixed_time(AS_OF)
                    page = window.open(name)
                    act(page)
                    window.settle()
                    page.screenshot(path=PICTURES / f"{name}-{look}.png")


if __name__ == "__main__":
    main()
