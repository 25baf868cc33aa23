"""Folders that are no preset: each defect is an error at its line. And the filling of templates."""

from __future__ import annotations

import shutil

import pytest

from scimconf.diagnostics import DiagnosticsError
from scimconf.presets import names
from scimconf.presets.catalogue import read_preset
from scimconf.presets.template import fill, unanswered
from tests.tools import preset as tool

MATCHING = "  users: {attributes: externalId, note: The only attribute that a filter can use., source: github_api}\n"


@pytest.fixture
def folder(tmp_path):
    """Return a copy of a preset that a test may damage."""
    return shutil.copytree(names.PRESETS / "github-emu", tmp_path / "acme")


def damage(folder, before, after, file=names.FACTS):
    text = (folder / file).read_text("utf-8")
    assert before in text
    (folder / file).write_text(text.replace(before, after, 1), "utf-8")
    return text[: text.index(before)].count("\n") + 1


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("matching:\n", "matchings:\n", "matchings: extra inputs are not permitted"),
        ("kind: bearer", "kind: barer", "connection.kind: input should be 'bearer', 'client_credentials'"),
        (MATCHING, "  users: sometimes\n", "matching.users: input should be 'unknown'"),
        (MATCHING, "  users: {attributes: externalId}\n", "matching.users.source: field required"),
        ("date: unknown", "date: yesterday", "sources.microsoft.date: input should be"),
        ("pattern: ", "pattern: '[a' #", "questions.0: the pattern of the question enterprise is not a regular expression"),
        ("example: contoso", "example: a b", 'questions.0: the answer "a b" to the question enterprise does not match its pattern'),
        ("  - attribute: userName\n    unique: true\n", "  - attribute: userName\n", "limits.0: the limit of userName limits nothing"),
        ("    unique: true\n", "    pattern: '['\n", "limits.0: the pattern of userName is not a regular expression"),
    ],
)  # fmt: skip
def test_defect_in_the_facts_is_an_error_at_its_line(folder, before, after, message):
    line = damage(folder, before, after)
    with pytest.raises(DiagnosticsError) as raised:
        read_preset(folder)
    found = {
        (diagnostic.code, diagnostic.message[: len(message)]): diagnostic for diagnostic in raised.value.diagnostics
    }
    assert ("V001", message) in found, list(found)
    location = found["V001", message].location
    assert location.file == str(folder / names.FACTS)
    assert abs(location.line - line) <= 3


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("source: github_api}\n  groups", "source: nobody}\n  groups", "the file: matching.users: `sources` has no nobody"),
        ("sources:\n", "sources:\n  other: {title: T, page: P, date: unknown, read: 2026-11-30}\n", "the file: no fact is taken from the source other"),
        ("questions:\n", "questions:\n  - {name: enterprise, prompt: P, example: e}\n", "the file: two questions have the name enterprise"),
        ("questions:\n", "questions:\n  - {name: region, prompt: P, example: e}\n", "the template does not use the answer to the question region"),
    ],
)  # fmt: skip
def test_facts_that_contradict_each_other_are_an_error(folder, before, after, message):
    damage(folder, before, after)
    with pytest.raises(DiagnosticsError) as raised:
        read_preset(folder)
    assert [(diagnostic.code, diagnostic.message) for diagnostic in raised.value.diagnostics] == [("V001", message)]


def test_yaml_errors_of_a_preset_are_those_of_specs(folder):
    damage(folder, "title: ", "title: a: ")
    with pytest.raises(DiagnosticsError) as raised:
        read_preset(folder)
    assert [diagnostic.code for diagnostic in raised.value.diagnostics] == ["S003"]


def test_tool_for_one_preset_explains_a_wrong_name(capsys):
    assert tool.main("") == 1
    assert tool.main("nothing") == 1
    assert capsys.readouterr().err.count("make preset NAME=slack") == 2


# --- templates ---


@pytest.mark.parametrize(
    ("line", "answer", "filled"),
    [
        ("name: <a>  # note", "x", "name: x  # note"),
        ("name: <a>", 'A "b": #c', 'name: "A \\"b\\": #c"'),
        ("name: <a>", "no", 'name: "no"'),
        ("name: <a>", "0010", 'name: "0010"'),
        ("name: <a>", "GitHub Enterprise", "name: GitHub Enterprise"),
        ("name: <a>", "b: c", 'name: "b: c"'),
        ("token: {env: <a>}", "A_B", "token: {env: A_B}"),
        ("url: https://<a>.example/x", "acme", "url: https://acme.example/x"),
        ("  - <a>", "x y", "  - x y"),
        ("name: <b>", "x", "name: <b>"),
        ("  url: https://<a>/x", "", "  # url: https://<a>/x  # unanswered: a"),
        ("# about <a>", "", "# about <a>"),
        ("  tenant: <t>  # note", "", "  # tenant: contoso.com  # note"),
    ],
)
def test_fill_replaces_placeholders_and_comments_lines_without_an_answer(line, answer, filled):
    assert fill(line, {"a": answer, "t": ""}, {"t": "contoso.com"}) == f"{filled}\n"


@pytest.mark.parametrize(
    ("answer", "filled"),
    [
        ("x", "a:\n  b: x\n  c:\n    d: 1\ne: 2\n"),
        (
            "",
            "# a:  # remove the comment signs of this section when all of its values are known\n  # b: <x>  # unanswered: x\n  # c:\n    # d: 1\ne: 2\n",
        ),
    ],
)
def test_fill_comments_what_is_incomplete_without_an_answer(answer, filled):
    assert fill("a:  # needs <x>\n  b: <x>\n  c:\n    d: 1\ne: 2", {"x": answer}, {}) == filled


def test_unanswered_finds_the_lines_that_fill_commented():
    text = fill("a: 1\nurl: https://<x>/<y>  # note\n", {"x": "", "y": ""}, {})
    (line,) = unanswered(text.splitlines())
    assert line == (2, "url: https://<x>/<y>  # note", ("x", "y"))
