"""Comments that ignore rules of the lint: what they name, and for which lines they count."""

from __future__ import annotations

import pytest

from tests.spec.reading import MINIMAL, load_text

TEXT = """\
mappings:
  users:
    attributes:
      # scimconf: ignore L104, L105
      title: {source: jobTitle}   # scimconf: ignore L401 since they ask for it
      # scimconf:ignore L201 L202 and more
      name:
        expression: '[a]'   # scimconf: ignore L301
      other: mail   # scimconf: ignore all
"""
ROWS = ("mappings", "users", "attributes")


def test_what_comments_name():
    """Ids behind the word, by commas or spaces; a comment without any ignores nothing."""
    found = load_text(MINIMAL + TEXT).ignores
    assert {line: sorted(rules) for (_, line), rules in found.items()} == {
        8: ["L104", "L105"],
        9: ["L401"],
        10: ["L201", "L202"],
        12: ["L301"],
    }


@pytest.mark.parametrize(
    ("rule", "path", "is_ignored"),
    [
        ("L104", (*ROWS, "title"), True),
        ("L401", (*ROWS, "title"), True),
        ("L201", (*ROWS, "title"), False),
        ("L202", (*ROWS, "name"), True),
        ("L301", (*ROWS, "name"), False),
        ("L301", (*ROWS, "name", "expression"), True),
        ("L301", (*ROWS, "other"), True),
    ],
)
def test_a_comment_counts_for_its_line_and_the_one_below(rule, path, is_ignored):
    """Whatever it stands behind."""
    assert load_text(MINIMAL + TEXT).is_ignored(rule, path) is is_ignored


def test_one_of_several_paths_is_enough():
    """A row and the expression in it."""
    loaded = load_text(MINIMAL + TEXT)
    assert loaded.is_ignored("L301", (*ROWS, "name"), (*ROWS, "name", "expression"))


def test_a_base_has_its_own_lines():
    """The same line of another file says nothing."""
    loaded = load_text(f"extends: [base.yaml]\n{TEXT}", {"base.yaml": MINIMAL})
    assert {file for file, _ in loaded.ignores} == {"spec.yaml"}
    loaded = load_text("extends: [base.yaml]\n", {"base.yaml": MINIMAL + TEXT})
    assert loaded.is_ignored("L401", (*ROWS, "title"))


def test_what_cannot_be_loaded_keeps_its_comments():
    """And is ignored by nothing, since nothing is known of it."""
    assert load_text("# scimconf: ignore L104\n[").ignores == {("spec.yaml", 1): frozenset({"L104"})}
    assert not load_text("", {}).is_ignored("L104", ("name",))
