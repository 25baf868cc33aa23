"""Comments that ignore lint rules: the rules that they name, and the lines that they apply to."""

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


def test_ignore_comments_name_rules_separated_by_commas_or_spaces():
    parsed = load_text(MINIMAL + TEXT).comments
    assert {line: sorted(comment.rules) for (_, line), comment in parsed.items() if comment.rules} == {
        8: ["L104", "L105"],
        9: ["L401"],
        10: ["L204"],
        11: ["L201", "L202"],
        14: ["L301"],
    }
    assert [line for (_, line), comment in parsed.items() if comment.is_alone] == [8, 10, 11, 12]
    assert [line for (_, line), comment in parsed.items() if comment.is_malformed] == [15]


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
def test_is_ignored_by_a_comment_on_the_line_or_directly_above(rule, path, is_ignored):
    assert load_text(MINIMAL + TEXT).is_ignored(rule, path) is is_ignored


def test_is_ignored_for_any_of_several_paths():
    loaded = load_text(MINIMAL + TEXT)
    assert loaded.is_ignored("L301", (*ROWS, "name"), (*ROWS, "name", "expression"))


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ((*ROWS, "title"), [(("L401",), "since they ask for it"), (("L104", "L105"), "")]),
        ((*ROWS, "name"), [(("L201", "L202"), "and more"), (("L204",), "")]),
        ((*ROWS, "name", "expression"), [(("L301",), "")]),
        ((*ROWS, "name", "default"), []),  # not in the file, so no comment is about it
        ((*ROWS, "other"), []),
        (("job",), []),
    ],
)
def test_rules_and_reasons_of_the_comments_about_a_path(path, found):
    assert list(load_text(MINIMAL + TEXT).ignored_at(path)) == found


def test_ignore_comments_of_a_base_apply_to_its_own_lines():
    loaded = load_text(f"extends: [base.yaml]\n{TEXT}", {"base.yaml": MINIMAL})
    assert {file for file, _ in loaded.comments} == {"spec.yaml"}
    loaded = load_text("extends: [base.yaml]\n", {"base.yaml": MINIMAL + TEXT})
    assert loaded.is_ignored("L401", (*ROWS, "title"))


def test_ignore_comments_are_read_from_a_spec_that_cannot_be_loaded():
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
def test_locate_character(path, text, offset, place):
    location = load_text(MINIMAL + BLOCK).locate_character(path, text, offset)
    assert (None if location is None else str(location)) == place
