"""Comments that ignore rules of the lint: what they name, and for which lines they count."""

from __future__ import annotations

import pytest

from scimconf.spec.comments import SourceComment
from tests.spec.reading import MINIMAL, load_text

TEXT = """\
mappings:
  users:
    attributes:
      # scimconf: ignore L104, L105
      title: {source: jobTitle}   # scimconf: ignore L401 since they ask for it
      # scimconf: ignore L204
      # scimconf:ignore L201 L202 and more
      # it was always so
      name:
        expression: '[a]'   # scimconf: ignore L301
      other: mail   # scimconf: ignore all
      last: {constant: "a # scimconf: ignore L405"}
      text: {constant: 'it''s # scimconf: ignore L405', default: "\\" # scimconf: ignore L405"}
"""
ROWS = ("mappings", "users", "attributes")


def test_what_comments_name():
    """Ids behind the word, by commas or spaces; a comment without any ignores nothing, nor does a text."""
    found = load_text(MINIMAL + TEXT).comments
    assert {line: sorted(comment.rules) for (_, line), comment in found.items() if comment.rules} == {
        8: ["L104", "L105"],
        9: ["L401"],
        10: ["L204"],
        11: ["L201", "L202"],
        14: ["L301"],
    }
    assert [line for (_, line), comment in found.items() if comment.is_alone] == [8, 10, 11, 12]
    assert [line for (_, line), comment in found.items() if comment.is_odd] == [15]


@pytest.mark.parametrize(
    ("rule", "path", "is_ignored"),
    [
        ("L104", (*ROWS, "title"), True),
        ("L401", (*ROWS, "title"), True),
        ("L201", (*ROWS, "title"), False),
        ("L202", (*ROWS, "name"), True),
        ("L301", (*ROWS, "name"), False),
        ("L301", (*ROWS, "name", "expression"), True),
        ("L204", (*ROWS, "name"), True),
        ("L301", (*ROWS, "other"), False),
        ("L405", (*ROWS, "last"), False),
        ("L405", (*ROWS, "text"), False),
    ],
)
def test_a_comment_counts_for_its_line_or_for_what_it_stands_above(rule, path, is_ignored):
    """Behind a key it is about that alone; on lines of its own, with whatever comments are between, about the next."""
    assert load_text(MINIMAL + TEXT).is_ignored(rule, path) is is_ignored


def test_one_of_several_paths_is_enough():
    """A row and the expression in it."""
    loaded = load_text(MINIMAL + TEXT)
    assert loaded.is_ignored("L301", (*ROWS, "name"), (*ROWS, "name", "expression"))


def test_a_base_has_its_own_lines():
    """The same line of another file says nothing."""
    loaded = load_text(f"extends: [base.yaml]\n{TEXT}", {"base.yaml": MINIMAL})
    assert {file for file, _ in loaded.comments} == {"spec.yaml"}
    loaded = load_text("extends: [base.yaml]\n", {"base.yaml": MINIMAL + TEXT})
    assert loaded.is_ignored("L401", (*ROWS, "title"))


def test_what_cannot_be_loaded_keeps_its_comments():
    """And is ignored by nothing, since nothing is known of it."""
    assert load_text("# scimconf: ignore L104\n[").comments == {
        ("spec.yaml", 1): SourceComment(frozenset({"L104"}), is_alone=True)
    }
    assert not load_text("", {}).is_ignored("L104", ("name",))


BLOCK = """\
mappings:
  users:
    attributes:
      title:
        expression: >-
          Trim(
            [jobTitle])
"""


@pytest.mark.parametrize(
    ("path", "text", "offset", "place"),
    [
        ((*ROWS, "title", "expression"), "Trim( [jobTitle])", 6, "spec.yaml:11:13"),
        ((*ROWS, "title", "expression"), "Trim( [jobTitle])", 0, "spec.yaml:10:11"),
        ((*ROWS, "title", "expression"), "Trim( [jobTitle]) and more", 25, None),
        ((*ROWS, "title", "expression"), "Trim([mail])", 6, None),
        ((*ROWS, "title", "expression"), "", 0, None),
        (("nothing",), "Trim( [jobTitle])", 6, None),
    ],
)
def test_the_place_of_a_character(path, text, offset, place):
    """Where it stands in the file; nothing where the file holds something else there."""
    found = load_text(MINIMAL + BLOCK).spot(path, text, offset)
    assert (None if found is None else str(found)) == place
