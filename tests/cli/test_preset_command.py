"""Tests of `scimconf preset`, and of presets in `scimconf diff`."""

from __future__ import annotations

import json

import pytest

from scimconf.cli.main import main
from scimconf.presets import fact_page_names, preset_names


def test_preset_list_shows_both_grades_and_that_none_was_confirmed(capsys):
    assert main(["preset", "list"]) == 0
    text = capsys.readouterr().out
    presets, facts = text.split("Fact pages:")
    assert all(f"\n  {name} " in presets for name in preset_names())
    assert all(f"\n  {name} " in facts for name in fact_page_names())
    assert text.endswith("None was confirmed on a live tenant.\n")


def test_preset_list_as_json_has_a_row_for_each_entry(capsys):
    assert main(["preset", "list", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["entries"]}
    assert set(rows) == {*preset_names(), *fact_page_names()}
    assert rows["miro"]["grade"] == "fact page"
    assert rows["slack"] == {
        "name": "slack",
        "grade": "preset",
        "title": "Slack",
        "confirmed": "never",
        "connection": "authorized by an administrator in the portal",
        "roles": "not known",
        "groups": "created, changed and deleted",
        "leaver": "not known",
    }


def test_preset_show_prints_facts_with_sources_steps_and_questions(capsys):
    assert main(["preset", "show", "github-emu"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "(github-emu: preset, tested)" in text
    assert "never confirmed on a live tenant" in text
    assert "matching of groups: `externalId` [github_api]" in text
    assert "validity of the credentials: not known" in text
    assert "at the vendor: Sign in as the setup user" in text
    assert "enterprise: Slug of the enterprise on GitHub, such as contoso" in text
    assert "(no date; read 2026-11-30)" in text


def test_preset_show_as_json_has_the_facts_and_the_template(capsys):
    assert main(["preset", "show", "miro", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["facts"]["groups"]["support"] == "update_only"
    assert document["facts"]["token"] == "unknown"
    assert (document["grade"], document["template"]) == ("fact page", "")


def test_preset_show_of_an_unknown_name_is_wrong_usage(capsys):
    assert main(["preset", "show", "nothing"]) == 64


@pytest.mark.parametrize(("first", "second", "code"), [("slack", "slack", 0), ("slack", "writer", 2)])
def test_diff_compares_presets(first, second, code, capsys):
    assert main(["diff", f"preset:{first}", f"preset:{second}"]) == code
    assert (capsys.readouterr().out == "No differences.\n") is (code == 0)


def test_diff_reports_the_errors_of_an_invalid_spec(tmp_path, monkeypatch, capsys):
    """The question without an answer is a comment on both sides, and no difference."""
    monkeypatch.chdir(tmp_path)
    assert main(["init", "--preset", "github-emu", "--tenant", "contoso.com"]) == 0
    capsys.readouterr()
    assert main(["diff", "preset:github-emu", "scimconf.yaml"]) == 65
    result = capsys.readouterr()
    assert "L701  the question enterprise of the preset has no answer" in result.err
    assert "No differences" not in result.out


@pytest.mark.parametrize(("name", "error"), [("slak", "Did you mean slack?"), ("miro", "is a fact page")])
def test_diff_with_an_unknown_preset_is_wrong_usage(name, error, capsys):
    assert main(["diff", f"preset:{name}", "preset:slack"]) == 64
    assert error in capsys.readouterr().err
