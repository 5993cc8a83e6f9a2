"""The documentation says what the code does, and its links lead somewhere."""

import re
from pathlib import Path

import pytest

from local.docs import generated
from tests.support.cases import ROOT

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def test_what_is_made_from_the_code_is_up_to_date() -> None:
    made = list(generated())
    assert ROOT / "README.md" in dict(made)
    assert [path for path, text in made if path.read_text() != text] == [], "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text()) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []
