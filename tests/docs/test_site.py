"""Tests of the documentation site: which pages it has, where links lead, and that a dead link is an error."""

from __future__ import annotations

import runpy
from types import SimpleNamespace

import pytest
import yaml

from docs.pages import DOCS, ROOT

SITE = SimpleNamespace(**runpy.run_path(str(ROOT / "tests" / "tools" / "build_site.py")))


def listed(entries) -> list[str]:
    """Return the pages of a navigation, in its order."""
    if isinstance(entries, str):
        return [entries]
    values = entries.values() if isinstance(entries, dict) else entries
    return [page for value in values for page in listed(value)]


def test_navigation_of_the_site_lists_every_page_once():
    pages = listed(yaml.safe_load(SITE.CONFIG.read_text("utf-8"))["nav"])
    below = {"lint", "decisions", "vendors"}  # their pages are listed by lint.md and the README.md of the folders
    own = {path.relative_to(DOCS) for path in DOCS.rglob("*.md")}
    expected = {str(path) for path in own if path.parts[0] not in below} | {"decisions/README.md", "vendors/README.md"}
    assert sorted(pages) == sorted(expected | set(SITE.ROOT_PAGES.values()))


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("README.md", "index.md"),
        ("docs/spec.md", "spec.md"),
        ("docs/lint/L501.md", "lint/L501.md"),
        ("examples/writer/scimconf.yaml", "files/examples/writer/scimconf.yaml.md"),
        ("ci/github", "files/ci/github/index.md"),
    ],
)
def test_place_of_a_file_in_the_site(path, place):
    assert SITE.place_of(path) == place


@pytest.mark.parametrize(
    ("page", "link", "rewritten"),
    [
        ("README.md", "docs/spec.md#secrets", "spec.md#secrets"),
        ("docs/lint/L501.md", "../spec.md", "../spec.md"),
        ("docs/spec.md", "../examples/writer/scimconf.yaml", "files/examples/writer/scimconf.yaml.md"),
        ("ARCHITECTURE.md", "docs/decisions", "../decisions/README.md"),
        ("docs/spec.md", "https://example.com/a", "https://example.com/a"),
        ("docs/spec.md", "#secrets", "#secrets"),
    ],
)
def test_links_of_a_page_lead_to_places_in_the_site(page, link, rewritten, tmp_path):
    pages = SITE.Pages(tmp_path)
    assert pages._rewritten(page, f"see [it]({link})\n") == f"see [it]({rewritten})\n"
    assert pages.dead == []


def test_links_in_code_blocks_stay(tmp_path):
    text = "```markdown\n[it](../ci/github)\n```\n"
    assert SITE.Pages(tmp_path)._rewritten("docs/spec.md", text) == text


@pytest.mark.parametrize("link", ["nothing.md", "../../outside.md"])
def test_link_to_no_file_is_reported(link, tmp_path):
    pages = SITE.Pages(tmp_path)
    pages._rewritten("docs/spec.md", f"[it]({link})")
    assert pages.dead == [f"docs/spec.md: {link}"]


def test_dead_links_of_built_pages_are_reported(tmp_path):
    (tmp_path / "spec").mkdir()
    (tmp_path / "spec" / "index.html").write_text("<h1 id=top></h1>")
    (tmp_path / "index.html").write_text(
        '<a href="spec/#top"></a><a href="spec/#gone"></a><img src="no.png"><a href="https://example.com"></a>'
        '<script src="http://example.com/x.js"></script><a href="mailto:a@example.com"></a>'
    )
    assert sorted(SITE.dead_links(tmp_path)) == [
        "index.html: http://example.com/x.js is not encrypted",
        "index.html: no.png",
        "index.html: spec/#gone",
    ]


def test_a_file_that_a_page_links_becomes_a_page_that_shows_it(tmp_path):
    pages = SITE.Pages(tmp_path)
    pages._write_file_page("ci/vendor/github.yml")
    text = (tmp_path / "files/ci/vendor/github.yml.md").read_text("utf-8")
    assert text.startswith("# ci/vendor/github.yml\n\n```yaml\n")
    assert text.endswith("\n```\n")
