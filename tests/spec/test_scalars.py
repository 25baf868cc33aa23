"""What a scalar becomes depends on where it stands: its own characters for a text, YAML 1.2's core schema otherwise."""

from __future__ import annotations

import pytest

from scimconf.spec.loaded import digest
from scimconf.spec.tree import Plain, core, plain_json
from tests.spec.reading import MINIMAL, lines, load_text

TEXTS = ["NO", "no", "on", "0010", "1.10", "1_000", "0x1F", "1e3", "true", "2026-12-01", "12:30:00", "=", "none", "a b"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_keeps_its_characters(text):
    loaded = load_text(f"{MINIMAL}app_roles: {{roles: [{{value: admin, display_name: {text}}}]}}\n")
    assert lines(loaded.diagnostics) == ""
    assert loaded.spec.app_roles.roles[0].display_name == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("True", True), ("TRUE", True), ("false", False), ("False", False), ("FALSE", False),
        ("tRUE", "tRUE"), ("yes", "yes"), ("on", "on"), ("off", "off"), ("y", "y"),
        ("0", 0), ("-7", -7), ("+7", 7), ("0010", 10), ("0o17", 15), ("0x1F", 31), ("0b11", "0b11"), ("1_000", "1_000"),
        ("1.10", 1.1), ("-.5", -0.5), ("1e3", 1000.0), ("12:30:00", "12:30:00"), ("2026-12-01", "2026-12-01"),
        ("=", "="), ("<<", "<<"), ("none", "none"),
    ],
)  # fmt: skip
def test_yaml_1_2s_core_schema(text, value):
    assert core(Plain(text)) == value
    assert type(core(Plain(text))) is type(value)


def test_a_quoted_scalar_is_a_text():
    assert core("1") == "1"
    assert plain_json({"a": [Plain("1"), "1", None], "b": (Plain("true"),)}) == {"a": [1, "1", None], "b": [True]}


@pytest.mark.parametrize("written", ["5", "0x5", "0005", "+5"])
def test_a_number_is_taken_where_a_number_is_wanted(written):
    loaded = load_text(MINIMAL.replace("enabled: true", f"enabled: true, deletion_threshold: {written}"))
    assert loaded.spec.provisioning.deletion_threshold == 5


@pytest.mark.parametrize(
    ("written", "value"), [("none", None), ('"none"', "none"), ('"."', "."), ('""', ""), ("1.10", "1.10")]
)
def test_a_default_of_none_is_no_default_and_in_quotes_a_text(written, value):
    loaded = load_text(
        f"{MINIMAL}mappings: {{users: {{attributes: {{title: {{source: jobTitle, default: {written}}}}}}}}}\n"
    )
    row = loaded.spec.mappings["users"].attributes["title"]
    assert row.default == value
    assert row.wrote("default")


def test_a_match_of_none_is_written_and_empty():
    loaded = load_text(f"{MINIMAL}mappings: {{users: {{attributes: {{title: {{source: jobTitle, match: none}}}}}}}}\n")
    row = loaded.spec.mappings["users"].attributes["title"]
    assert row.match is None
    assert row.wrote("match")


def test_graphs_own_fields_are_resolved_by_the_core_schema():
    raw = "{anchor: false, defaultValue: null, size: 3, text: NO, quoted: '3', list: [1.5]}"
    loaded = load_text(f"{MINIMAL}mappings: {{users: {{target_attributes: {{title: {{raw: {raw}}}}}}}}}\n")
    assert loaded.spec.mappings["users"].target_attributes["title"].raw == {
        "anchor": False, "defaultValue": None, "size": 3, "text": "NO", "quoted": "3", "list": [1.5],
    }  # fmt: skip


def test_a_block_is_a_text():
    loaded = load_text(
        f'{MINIMAL}mappings:\n  users:\n    attributes:\n      a:\n        expression: >-\n          Join(" ",\n          [a])\n'
    )
    assert loaded.spec.mappings["users"].attributes["a"].expression == 'Join(" ", [a])'


def test_an_integer_of_too_many_digits_is_no_number():
    """Python would refuse to read it, in words about Python."""
    long = "9" * 5000
    assert core(Plain(long)) == long
    loaded = load_text(f"{MINIMAL}app_roles: {{roles: [{{value: admin, display_name: {long}}}]}}\n")
    assert lines(loaded.diagnostics) == ""
    assert len(digest(loaded.resolved)) == 64
