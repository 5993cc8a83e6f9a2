"""The console's function: files alone, safe headers, and addresses that may be kept for ever."""

import base64
import gzip
import json
import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from dlr import live
from dlr.access.audit import Outcome
from dlr.access.scopes import Scope
from dlr.analysis.bands import EXCELLENT, FAIR, GOOD, POOR
from dlr.analysis.dimensions import DIMENSIONS
from dlr.causes import Action, Bounce, Cause
from dlr.exports.ask import Filters, Range
from dlr.exports.job import Kind
from dlr.report import FAILED, Status
from local.openapi import SCOPES
from tests.support.cases import ROOT

pytestmark = pytest.mark.unit
FOLDER = ROOT / "functions/console"
FOREVER = "public, max-age=31536000, immutable"


def loaded() -> Any:
    spec = spec_from_file_location("console_app", FOLDER / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


app = loaded()


def get(path: str | None, **headers: str) -> dict[str, Any]:
    """An answer to `GET /console/{path}`, or to `GET /console`."""
    route = "GET /console" if path is None else "GET /console/{proxy+}"
    event = {
        "routeKey": route,
        "rawPath": "/console" + ("" if path is None else f"/{path}"),
        "pathParameters": {} if path is None else {"proxy": path},
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
    }
    answer: dict[str, Any] = app.handler(event, None)
    return answer


def body(answer: dict[str, Any]) -> bytes:
    if answer["isBase64Encoded"]:
        return base64.b64decode(answer["body"])
    return str(answer["body"]).encode()


def references() -> list[str]:
    """What index.html, as it is served, refers to."""
    return re.findall(r'(?:src|href)="([^"]+)"', body(get("index.html")).decode())


def test_the_address_without_a_slash_leads_to_the_page_below_any_path() -> None:
    answer = get(None)
    assert (answer["statusCode"], answer["headers"]["location"]) == (302, "console/index.html")


def test_the_folder_is_the_page() -> None:
    assert body(get("")) == body(get("index.html"))
    assert b"<!doctype html>" in body(get(""))[:40]
    event = {"routeKey": "GET /console", "rawPath": "/console/", "headers": {}}
    assert body(app.handler(event, None)) == body(get("index.html"))


def test_every_file_that_the_page_names_is_served_and_may_be_kept_for_ever() -> None:
    assert len(references()) >= 3
    for path in references():
        assert path.startswith("~")
        answer = get(path)
        assert (answer["statusCode"], answer["headers"]["cache-control"]) == (200, FOREVER)


def test_what_a_module_imports_is_served_beside_it() -> None:
    (main,) = (path for path in references() if path.endswith("main.js"))
    imported = re.findall(r'from "\./([^"]+)"', body(get(main)).decode())
    assert imported
    for path in imported:
        assert get(main.replace("main.js", path))["headers"]["cache-control"] == FOREVER


@pytest.mark.parametrize("path", ["index.html", "main.js", "~000000000000/main.js"])
def test_an_address_that_may_change_its_content_is_asked_for_each_time(path: str) -> None:
    assert get(path)["headers"]["cache-control"] == "no-cache"


def test_a_changed_file_changes_the_version_of_all(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text('<script src="a.js"></script>')
    (tmp_path / "a.js").write_text('import "./b.js"')
    (tmp_path / "b.js").write_text("1")
    before, version = app.load(tmp_path)
    assert version.encode() in before["index.html"].plain
    (tmp_path / "b.js").write_text("2")
    assert app.load(tmp_path)[1] != version


def test_what_is_no_file_of_the_console_keeps_its_address(tmp_path: Path) -> None:
    links = '<a href="other.html">…</a><a href="https://example.com/a.js">…</a>'
    (tmp_path / "index.html").write_text(f'{links}<script src="a.js"></script>')
    (tmp_path / "a.js").write_text("1")
    page, version = app.load(tmp_path)[0]["index.html"].plain.decode(), app.load(tmp_path)[1]
    assert page == f'{links}<script src="{version}a.js"></script>'


def test_what_would_not_get_smaller_is_sent_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("1")
    asset = app.load(tmp_path)[0]["a.js"]
    assert len(asset.zipped) > len(asset.plain)
    answer = app._file(asset, False, {"accept-encoding": "gzip"})
    assert "content-encoding" not in answer["headers"]
    assert body(answer) == b"1"


@pytest.mark.parametrize(
    "path",
    [
        *("../app.py", "%2e%2e/app.py", "..%2fapp.py", "/etc/passwd", "assets/index.html"),
        *("app.py", "~000000000000/../app.py", "pages", "main.js/", "README.md", "~/main.js"),
    ],
)
def test_nothing_but_the_files_can_be_had(path: str) -> None:
    answer = get(path)
    assert answer["statusCode"] == 404
    assert answer["headers"]["content-type"].startswith("text/plain")
    assert path not in str(answer["body"])


def test_a_file_that_is_known_already_is_not_sent_again() -> None:
    tag = get("main.js")["headers"]["etag"]
    answer = get("main.js", if_none_match=f'W/{tag}, "other"')
    assert (answer["statusCode"], answer["body"]) == (304, "")
    assert get("main.js", if_none_match='"other"')["statusCode"] == 200


def test_who_can_unpack_gets_less() -> None:
    packed = get("main.js", accept_encoding="gzip, br")
    assert packed["headers"]["content-encoding"] == "gzip"
    plain = get("main.js")
    assert "content-encoding" not in plain["headers"]
    assert packed["headers"]["vary"] == plain["headers"]["vary"] == "accept-encoding"
    assert gzip.decompress(body(packed)) == body(plain) == (FOLDER / "assets/main.js").read_bytes()
    assert len(body(packed)) < len(body(plain))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("main.js", "text/javascript; charset=utf-8"),
        ("style.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ],
)
def test_a_file_says_what_it_is(path: str, kind: str) -> None:
    assert get(path)["headers"]["content-type"] == kind


@pytest.mark.parametrize("path", [None, "", "main.js", "nothing"])
def test_every_answer_is_told_what_a_page_may_do(path: str | None) -> None:
    headers = get(path)["headers"]
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": "'self'",
        "img-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
    }
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "geolocation=()" in headers["permissions-policy"]


def test_the_function_needs_the_standard_library_alone_until_people_sign_in() -> None:
    imported = re.findall(r"^(?:from|import) (\w+)", (FOLDER / "app.py").read_text(), re.MULTILINE)
    assert set(imported) <= sys.stdlib_module_names


def test_without_an_identity_provider_nobody_signs_in_with_one() -> None:
    assert b'<meta name="identity-provider" content="">' in body(get("index.html"))
    for route in ("GET /console/{proxy+}", "POST /console/sign-in"):
        event = {"routeKey": route, "rawPath": "/console/sign-in", "headers": {}}
        assert app.handler(event, None)["statusCode"] == 404


def test_the_page_learns_the_name_of_the_identity_provider_and_nothing_runs_in_it() -> None:
    page = app.load(FOLDER / "assets", 'A "B" <script>')[0]["index.html"].plain
    assert b'<meta name="identity-provider" content="A &quot;B&quot; &lt;script&gt;">' in page
    assert app.load(FOLDER / "assets", "Okta")[1] == app.current  # the files are the same


def test_all_that_the_first_view_imports_is_asked_for_at_once() -> None:
    """Found one after the other, it would take as many trips as imports are deep."""
    page = (FOLDER / "assets/index.html").read_text()
    preloaded = re.findall(r'<link rel="modulepreload" href="([^"]+)">', page)
    assert {"main.js", *preloaded} == imported("main.js") | imported("pages/overview.js")
    assert len(preloaded) == len(set(preloaded))


def test_the_first_view_takes_two_rounds_of_requests() -> None:
    """A browser has six connections to a server without HTTP/2, as the one on this machine."""
    modules = imported("main.js") | imported("pages/overview.js")
    assert len({"style.css", *modules}) <= 2 * 6


def imported(name: str) -> set[str]:
    """A module and all that it imports from its first line on, by their names below the assets."""
    found, left = set(), {name}
    while left:
        found.add(each := left.pop())
        folder = each.rpartition("/")[0]
        names = re.findall(r'(?:from|import) "(\.[^"]+)"', app.assets[each].plain.decode())
        paths = (Path("/", folder, other).resolve().relative_to("/") for other in names)
        left |= set(map(str, paths)) - found
    return found


def test_the_first_view_weighs_no_more_than_120_kilobytes() -> None:
    """Packed, without data: the page, what it names, what these import, and what follows."""
    modules = imported("main.js") | imported("pages/overview.js")
    later = {"sign-in.js", "identity.js", "vendor-uplot.js", "vendor-networks.js"}
    seen = {"index.html", "style.css", "icon.svg", *modules, *later}
    assert sum(len(app.assets[name].zipped) for name in seen) <= 120 * 1024
    assert len(seen) >= 18


def test_the_style_sheet_says_nothing_of_what_no_script_makes() -> None:
    """A class without an element is a rule without a use."""
    assets = FOLDER / "assets"
    sheet = re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", (assets / "style.css").read_text(), flags=re.S)
    classes = set(re.findall(r"\.([a-z][a-z-]*)", sheet))
    scripts = " ".join(each.read_text() for each in assets.rglob("*.js"))
    assert len(classes) > 50
    assert {each for each in classes if not re.search(rf"\b{each}\b", scripts)} == set()


def words_of(file: str, name: str) -> list[str]:
    """The words of `export const {name} = "…".split(" ")`."""
    text = (FOLDER / "assets" / file).read_text()
    found = re.search(rf'const {name} = \(?((?:\s*\+?\s*"[^"]*")+)\)?\.split', text)
    assert found is not None
    return "".join(re.findall(r'"([^"]*)"', found[1])).split()


def keys_of(file: str, name: str) -> set[str]:
    """The keys of `const {name} = {…}`."""
    text = (FOLDER / "assets" / file).read_text()
    found = re.search(rf"^(?:export )?const {name} = \{{(.*?)\}};", text, re.M | re.S)
    assert found is not None
    return set(re.findall(r"(?:^|[{,]\s*|\n\s+)(\w+): ", f"{{{found[1]}"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("STATUSES", set(Status)),
        ("FAILED", set(FAILED)),
        ("BOUNCES", set(Bounce) - {Bounce.NONE}),
        ("CAUSES", set(Cause) - {Cause.NONE}),
        ("ACTIONS", set(Action)),
        ("FILTERS", set(Filters.model_fields) - set(Range.model_fields)),
    ],
)
def test_the_console_offers_every_word_of_the_api_once(name: str, words: set[str]) -> None:
    assert sorted(words_of("format.js", name)) == sorted(map(str, words))


def test_what_messages_are_searched_by_they_are_exported_by() -> None:
    """A file of what a search shows would hold more than that, and nobody would be told."""
    assert Filters.model_fields.keys() - Range.model_fields.keys() == DIMENSIONS.keys()


@pytest.mark.parametrize(
    ("file", "name", "words"),
    [
        ("pages/access.js", "SCOPES", set(Scope)),
        ("pages/access.js", "OUTCOMES", set(Outcome)),
        ("pages/exports.js", "KINDS", set(Kind)),
        ("pages/compare.js", "BANDS", {band.name for band in (EXCELLENT, GOOD, FAIR, POOR)}),
    ],
)
def test_the_console_explains_every_word_of_the_api(file: str, name: str, words: set[str]) -> None:
    assert keys_of(file, name) == set(map(str, words))


def test_the_console_says_of_a_scope_what_the_description_of_the_api_says() -> None:
    page = (FOLDER / "assets/pages/access.js").read_text()
    assert [scope for scope, says in SCOPES.items() if f'{scope}: "{says}"' not in page] == []


@pytest.mark.parametrize(
    ("file", "label", "schema", "field"),
    [
        ("pages/exports.js", "Strikes", "BacktestRequest", "strike_limit"),
        ("pages/access.js", "Days", "TokenRequest", "days"),
    ],
)
def test_a_field_takes_no_count_that_the_api_refuses(
    file: str, label: str, schema: str, field: str
) -> None:
    page = (FOLDER / "assets" / file).read_text()
    found = re.search(rf'label="{label}[^>]*><input type="number" min="(\d+)" max="(\d+)"', page)
    assert found is not None
    described = json.loads((ROOT / "functions/api/openapi.json").read_text())
    about = described["components"]["schemas"][schema]["properties"][field]
    counts = about.get("anyOf", [about])[0]
    assert (int(found[1]), int(found[2])) == (counts["minimum"], counts["maximum"])


@pytest.mark.parametrize(
    ("name", "value"),
    [("FULL", live.PAGE), ("MANY", 2 * live.EVENTS_A_SECOND), ("LEASE_MS", 1000 * live.LEASE_S)],
)
def test_the_live_tail_knows_the_limits_of_the_server(name: str, value: int) -> None:
    """It asks every two seconds; without them it would not say that something is missing."""
    text = (FOLDER / "assets/components/tail.js").read_text()
    assert "const EVERY_MS = 2000;" in text
    assert f"const {name} = {value};" in text.replace("_000", "000")


@pytest.mark.parametrize(
    ("file", "name", "words"),
    [
        ("components/table.js", "TONES", set(Status)),
        ("components/table.js", "BOUNCE", set(Bounce)),
        ("pages/codes.js", "TONES", set(Action)),
        ("pages/messages/drawer.js", "VERDICTS", set(Action)),
    ],
)
def test_the_console_colours_no_word_that_the_api_does_not_say(
    file: str, name: str, words: set[str]
) -> None:
    assert keys_of(file, name) <= set(map(str, words))
    assert keys_of(file, name)
