"""How long until the console can be used; `make first-view` runs it.

On the embedded AWS with a made-up month, in Chromium, beside a bare page of the same function. A
page can be used when its heading stands and a press on a link of its navigation leads there. The
bare page has a heading, two links, the same style sheet and the same Preact: it takes what network
and browser take. The two take turns.
"""

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import urllib3

from local.chromium import browser
from local.client import AGAIN, Client
from local.cloud import Cloud, free_port
from local.code import archive
from local.command import exit_status
from local.demo import SEED, outage_is_held
from local.fill import fill
from local.stack import ROOT, Deployment, deploy, describe

ROUNDS = 21
GOAL = 1.5
"""So many times the bare page at most, on a first visit and on later ones."""
GIVEN_UP_S = 60
BARE = {
    "bare.html": """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Bare</title>
    <link rel="icon" href="icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="style.css">
    <script type="module" src="bare.js"></script>
  </head>
  <body></body>
</html>
""",
    "bare.js": """import { html, render } from "./vendor.js";
const page = html`<nav><a href="#/bare">Bare</a><a href="#/other">Other</a></nav><h1>Bare</h1>`;
render(page, document.body);
""",
}
PAGES = {"the console": "index.html#/overview", "a bare page": "bare.html#/bare"}
HEADINGS = json.dumps(["Overview", "Bare"])
WATCH = """
sessionStorage.setItem("dlr.session", %(session)s);
new MutationObserver((_, observer) => {
  const [heading, link] = [document.querySelector("h1"), document.querySelectorAll("nav a")[1]];
  if (!link || !%(headings)s.includes(heading?.textContent)) return;
  const before = location.hash;
  link.click();
  if (location.hash === before) return;
  window.usableAfter = performance.now();
  observer.disconnect();
}).observe(document, { childList: true, subtree: true });
"""


def main() -> int:
    """Prints the medians; 1 where the goal is missed."""
    return exit_status(measure)


def measure() -> bool:
    """Whether the goal is met by first and by later visits."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Cloud(free_port(), Path(folder) / "aws") as cloud,
        browser() as chromium,
    ):
        deploy(cloud)
        deployment = describe(cloud)
        _add_bare_page(cloud, deployment, Path(folder) / "console")
        messages = fill(cloud, deployment.resources, datetime.now(UTC), SEED)
        if not outage_is_held(Client(deployment, retries=AGAIN)):
            raise ValueError(
                "The month's outage is not through the functions: the machine is busy."
            )
        watch = WATCH % {"session": json.dumps(_session(deployment)), "headings": HEADINGS}
        print(f"{messages:,} messages, medians of {ROUNDS} visits in ms", flush=True)
        first = _compared(_first_visits(chromium, deployment, watch), "first visit")
        later = _compared(_later_visits(chromium, deployment, watch), "later visits")
    return first <= GOAL and later <= GOAL


def _add_bare_page(cloud: Cloud, deployment: Deployment, folder: Path) -> None:
    shutil.copytree(ROOT / "functions/console", folder)
    for name, content in BARE.items():
        (folder / "assets" / name).write_text(content)
    functions, name = cloud.client("lambda"), deployment.resources["Console"]
    functions.update_function_code(FunctionName=name, ZipFile=archive(folder))
    functions.get_waiter("function_updated_v2").wait(FunctionName=name)


def _session(deployment: Deployment) -> str:
    """As the console keeps it."""
    headers = {"authorization": f"Bearer {deployment.admin_token}"}
    answer = urllib3.request("POST", f"{deployment.base_url}/sessions", headers=headers)
    return json.dumps(answer.json())


def _first_visits(chromium: Any, deployment: Deployment, watch: str) -> Iterator[tuple[str, float]]:
    """Each in a browser that has kept nothing."""
    for _ in range(ROUNDS):
        for name, place in PAGES.items():
            with _window(chromium, watch) as context:
                yield name, _usable_after(context, deployment.console + place)


def _later_visits(chromium: Any, deployment: Deployment, watch: str) -> Iterator[tuple[str, float]]:
    """All in a browser that was on both pages before."""
    with _window(chromium, watch) as context:
        for turn in range(ROUNDS + 1):
            for name, place in PAGES.items():
                taken = _usable_after(context, deployment.console + place)
                if turn:
                    yield name, taken


@contextmanager
def _window(chromium: Any, watch: str) -> Iterator[Any]:
    context = chromium.new_context()
    context.add_init_script(watch)
    yield context
    context.close()


def _usable_after(context: Any, address: str) -> float:
    """Milliseconds from the navigation on. Raises ValueError if the page never can be used."""
    page = context.new_page()
    page.goto(address, wait_until="commit")
    given_up = time.monotonic() + GIVEN_UP_S
    while (taken := page.evaluate("window.usableAfter ?? 0")) == 0:
        if time.monotonic() > given_up:
            raise ValueError(f"It cannot be used after {GIVEN_UP_S} s: {page.inner_text('body')}")
        page.wait_for_timeout(20)
    page.close()
    return float(taken)


def _compared(visits: Iterator[tuple[str, float]], title: str) -> float:
    """Prints a line; how many times the bare page it took."""
    taken: dict[str, list[float]] = {name: [] for name in PAGES}
    for name, milliseconds in visits:
        taken[name].append(milliseconds)
    console, bare = (median(each) for each in taken.values())
    print(f"{title:<14}{console:6.0f} beside {bare:4.0f}: {console / bare:.2f} times", flush=True)
    return console / bare


if __name__ == "__main__":
    sys.exit(main())
