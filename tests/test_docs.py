"""The documentation says what the code does, and its links lead somewhere."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from dlr.providers.about import LABELS, about
from dlr.providers.base import load_provider, provider_names
from dlr.providers.catalogue import rows_of
from local import openapi
from local.api_examples import EXAMPLES
from local.docs import generated
from local.provider_pages import page
from tests.support.cases import ROOT

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def test_what_is_made_from_the_code_is_up_to_date() -> None:
    made = list(generated())
    assert ROOT / "README.md" in dict(made)
    assert [path for path, text in made if not is_as(path, text)] == [], "run `make docs`"


def is_as(path: Path, text: str) -> bool:
    return path.exists() and path.read_text() == text


def test_every_provider_has_a_page_and_no_other_has() -> None:
    pages = (ROOT / "docs" / "providers").glob("*.md")
    assert sorted(path.stem for path in pages) == provider_names()


@pytest.mark.parametrize("name", provider_names())
def test_every_module_says_what_its_page_needs(name: str) -> None:
    """In its docstring, a line each: documents, signature, zone, answer and retries."""
    said = about(name)
    assert tuple(said.facts) == LABELS
    assert all([said.sends, said.notes, *said.facts.values()])


@pytest.mark.parametrize("name", provider_names())
def test_a_page_says_what_every_word_and_code_does_under_both_policies(name: str) -> None:
    provider = load_provider(name)
    text = page(provider)
    lines = [line for line in text.splitlines() if line.startswith(("| status |", "| code"))]
    assert len(lines) == len(list(rows_of(provider)))
    assert f"Webhook{name})$(token TokenSecret{name})" in text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text()) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("name", ["findings", "architecture"])
def test_every_test_that_a_page_names_exists(name: str) -> None:
    page = (ROOT / f"docs/{name}.md").read_text()
    named = set(NAMED_TEST.findall(page))
    assert page.count("::") == len(NAMED_TEST.findall(page))
    existing = {(file, name) for file in {file for file, _ in named} for name in _tests_in(file)}
    assert named
    assert named - existing == set()


def test_every_known_attack_has_a_test() -> None:
    page = (ROOT / "docs/findings.md").read_text()
    lines = re.findall(r"^- (.+(?:\n  .+)*)", page, re.MULTILINE)
    assert len(lines) == page.count("\n- ")
    assert [line for line in lines if not NAMED_TEST.search(line)] == []


def _tests_in(file: str) -> set[str]:
    """The names of its test functions; none where there is no such file."""
    path = ROOT / file
    body = ast.parse(path.read_text()).body if path.exists() else []
    functions = (each for each in body if isinstance(each, ast.FunctionDef))
    return {each.name for each in functions if each.name.startswith("test_")}


def test_every_route_of_the_api_has_an_example_of_the_shape_that_is_described() -> None:
    schema = openapi.document()
    without = {"GET /openapi.json"}
    for route, operation in openapi.operations(schema):
        assert (route in EXAMPLES) == (route not in without), route
        for status, response in operation["responses"].items():
            for media in response["content"].values():
                if "example" in media:
                    assert status.startswith("2")
                    _check_example(media, schema)
        for media in operation.get("requestBody", {}).get("content", {}).values():
            _check_example(media, schema)


def _check_example(media: dict[str, Any], schema: dict[str, Any]) -> None:
    whole = {**media["schema"], "components": schema["components"]}
    jsonschema.Draft202012Validator(whole).validate(media.get("example"))


def test_every_list_of_the_api_is_items_and_next() -> None:
    """But for the suppression list, which comes as CSV."""
    description = json.loads((ROOT / "functions/api/openapi.json").read_text())
    schemas, lists = description["components"]["schemas"], set()
    for path, methods in description["paths"].items():
        answer = methods.get("get", {}).get("responses", {}).get("200", {})
        content = answer.get("content", {}).get("application/json", {})
        reference = content.get("schema", {}).get("$ref", "")
        named = schemas.get(reference.rpartition("/")[2], {}).get("properties", {}).keys()
        if "next" in named and path != "/suppressions/export":
            lists.add(path)
            assert "items" in named, path
    assert lists >= {"/messages", "/quarantine", "/tokens"}
