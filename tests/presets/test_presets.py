"""Cheap checks of every preset and fact page: facts, sources, template, questions and tests."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path

import jsonschema

from scimconf.presets import names
from scimconf.presets.catalogue import facts_schema, find_entry, load_preset
from scimconf.presets.model import PublishedAttributes, VendorGroups
from scimconf.presets.template import PLACEHOLDER, fits_inside, is_whole_value, unanswered
from scimconf.presets.words import fact_rows
from scimconf.render.yaml import format_text
from scimconf.spec.load import load_tree
from scimconf.spec.tree import plain_json
from scimconf.workflow.validate import lint, validate
from tests.tools import gallery, vendor_pages

from .catalogue import FACT_PAGES, PRESETS, answered, each_entry, each_preset, loaded

TODAY = date(2026, 11, 30)
WITHOUT_TESTS = {"custom"}
"""Presets whose template maps no attribute."""


def facts_file(name):
    return names.PRESETS / name / names.FACTS if name in PRESETS else names.FACT_PAGES / f"{name}.yaml"


def test_the_catalogue_has_presets_with_names_of_their_own():
    assert {"custom", "writer", "slack", "github-emu"} <= set(PRESETS)
    assert set(PRESETS).isdisjoint(FACT_PAGES)


@each_entry
def test_facts_match_the_json_schema(name):
    tree, diagnostics = load_tree(str(facts_file(name)), lambda path: Path(path).read_bytes())
    assert diagnostics == ()
    document = json.loads(json.dumps(plain_json(tree)))
    jsonschema.Draft202012Validator(facts_schema()).validate(document)


@each_entry
def test_every_fact_has_sources_that_were_read_and_no_live_confirmation_is_claimed(name):
    facts = find_entry(name).facts
    assert all(source.read <= datetime.now(tz=UTC).date() for source in facts.sources.values())
    assert all(source.date == "unknown" or source.date <= source.read for source in facts.sources.values())
    assert len(list(facts.all_facts())) >= 5
    assert facts.confirmation.last == "never"


@each_entry
def test_unknown_facts_are_the_word_unknown_and_not_an_empty_text(name):
    text = facts_file(name).read_text("utf-8")
    assert re.findall(r"(?m):[ \t]*(?:''|\"\"|~|null|n/a|-|none known)[ \t]*$", text) == []


@each_preset
def test_answered_template_is_a_formatted_spec_without_diagnostics(name):
    entry = load_preset(name)
    text = answered(entry)
    assert format_text(text) == text
    assert format_text(entry.template) == entry.template, f"run `make preset NAME={name}`"
    spec = loaded(text)
    assert [*validate(spec, TODAY), *lint(spec)] == []
    assert spec.spec.preset == name, f"write `preset: {name}` in scimconf/presets/{name}/scimconf.yaml"
    assert len(spec.spec.before_start) == len(entry.facts.before_start)
    assert spec.spec.tests or name in WITHOUT_TESTS, f"write tests in scimconf/presets/{name}/tests.yaml"


@each_preset
def test_template_without_answers_is_a_spec_with_marked_comments(name):
    entry = load_preset(name)
    common = {key: entry.example_answers()[key] for key in ("name", "display_name", "token_variable")}
    text = entry.spec_text(common)
    assert loaded(text).diagnostics == ()
    open_questions = {question for line in unanswered(text.splitlines()) for question in line.questions}
    assert open_questions == {question.name for question in entry.facts.questions if not question.optional}


@each_preset
def test_template_uses_only_placeholders_of_its_questions(name):
    entry = load_preset(name)
    code = "\n".join(
        line.partition(" # ")[0] for line in entry.template.splitlines() if not line.lstrip().startswith("#")
    )
    assert set(PLACEHOLDER.findall(code)) <= set(entry.question_names())
    for question in entry.facts.questions:
        for line in (line for line in code.splitlines() if f"<{question.name}>" in line):
            assert is_whole_value(line, question.name) or (question.pattern and fits_inside(question.example))


@each_preset
def test_guide_names_keys_of_the_template(name):
    entry = load_preset(name)
    assert entry.facts.guide
    tree = plain_json(loaded(answered(entry)).resolved)
    for step in entry.facts.guide:
        for path in step.spec:
            assert_has(tree, path)


def assert_has(tree, path):
    """Fail if a tree has no value at a path; a key may contain dots."""
    rest = path
    while rest:
        key = max((key for key in tree if rest == key or rest.startswith(f"{key}.")), key=len, default=None)
        assert key is not None, f"{path}: no {rest}"
        tree, rest = tree[key], rest[len(key) + 1 :]


@each_preset
def test_template_follows_the_facts_of_rows_matching_and_groups(name):
    facts, spec = load_preset(name).facts, loaded(answered(load_preset(name))).spec
    for section in ("users", "groups"):
        rules, mapping = getattr(facts.rows, section), spec.mappings.get(section)
        role = {spec.role_attribute.target} if spec.role_attribute and section == "users" else set()
        listed = set(mapping.attributes) | role if mapping else set()
        required = getattr(rules, "required", ())
        assert set(required) <= listed or not mapping.enabled
        assert listed.isdisjoint(getattr(rules, "forbidden", ()))
        if getattr(rules, "others", "") == "must_go":
            assert mapping.unlisted == "delete"
        matching = getattr(getattr(facts.matching, section), "attributes", ())
        used = [target for target, row in mapping.attributes.items() if row.match] if mapping else []
        assert not matching or not used or set(used) & set(matching)
    if isinstance(facts.groups, VendorGroups) and facts.groups.support == "none":
        assert "groups" in spec.mappings
        assert not spec.mappings["groups"].enabled


@each_preset
def test_gallery_preset_has_published_attributes_and_the_sandbox_has_the_application(name):
    facts = load_preset(name).facts
    if facts.application.kind == "custom":
        return
    assert isinstance(facts.attributes, PublishedAttributes)
    from scimconf.sandbox.gallery import BY_NAME

    assert facts.application.name.lower() in BY_NAME


def test_gallery_data_of_the_sandbox_is_generated_from_the_facts():
    assert {path.name: path.read_text("utf-8") for path in gallery.FOLDER.glob("*.json")} == gallery.texts(), (
        "run `make docs`"
    )


# --- pairs of presets ---


def without_name_and_url(entry):
    """Return the template with everything that differs between two copies of one preset replaced."""
    text = "\n".join(line.partition("# ")[0].rstrip() for line in entry.template.splitlines())
    for own in (entry.name, entry.facts.application.name, entry.facts.title):
        text = text.replace(own, "NAME")
    text = re.sub(r"base_address: .*", "base_address: URL", text)
    return re.sub(r"(?m)^\n", "", text)


def test_presets_that_differ_only_in_name_and_url_have_a_source_for_it():
    seen = {}
    for name in PRESETS:
        entry = load_preset(name)
        seen.setdefault(without_name_and_url(entry), []).append(entry)
    for group in seen.values():
        for entry in group[1:]:
            assert entry.facts.same_as, f"{entry.name} and {group[0].name} differ only in name and URL"
            assert entry.facts.same_as.preset in {other.name for other in group}


def test_same_as_names_another_preset():
    pairs = {name: facts.same_as.preset for name in PRESETS if (facts := load_preset(name).facts).same_as}
    assert {name: other for name, other in pairs.items() if other not in PRESETS or other == name} == {}


def test_pages_of_the_catalogue_are_up_to_date():
    assert {path.name: path.read_text("utf-8") for path in vendor_pages.FOLDER.glob("*.md")} == vendor_pages.texts(), (
        "run `make docs`"
    )


def test_readme_links_every_entry_of_the_catalogue():
    readme = (vendor_pages.FOLDER.parents[1] / "README.md").read_text("utf-8")
    assert [name for name in (*PRESETS, *FACT_PAGES) if f"(docs/vendors/{name}.md)" not in readme] == []


def test_facts_in_words_name_the_sources_of_a_deletion_and_the_owner_of_a_limit():
    deletion, *_ = (row for row in fact_rows(load_preset("segment").facts) if row.name == "a DELETE request")
    assert deletion.sources == ("segment",)
    assert "values of `displayName` of groups" in {row.name for row in fact_rows(load_preset("notion").facts)}


def test_forbidden_characters_that_nobody_sees_are_named():
    (row,) = (row for row in fact_rows(load_preset("aws-iam-identity-center").facts) if "displayName" in row.name)
    assert row.text.startswith('without any of `"<>;:%`, tabs, line breaks, required')
