"""Scalars: a string field keeps the characters; other fields use the YAML 1.2 core schema."""

from __future__ import annotations

import pytest

from scimconf.spec.loaded import digest
from scimconf.spec.tree import Plain, YamlMapping, core, plain_json, unrepresentable_numbers
from tests.spec.reading import MINIMAL, lines, load_text

TEXTS = ["NO", "no", "on", "0010", "1.10", "1_000", "0x1F", "1e3", "true", "2026-12-01", "12:30:00", "=", "none", "a b"]


@pytest.mark.parametrize("text", TEXTS)
def test_load_keeps_the_characters_of_a_plain_scalar_in_a_string_field(text):
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
def test_core_resolves_plain_scalars_by_the_yaml_1_2_core_schema(text, value):
    assert core(Plain(text)) == value
    assert type(core(Plain(text))) is type(value)


def test_core_keeps_a_quoted_scalar_as_a_string():
    assert core("1") == "1"
    assert plain_json({"a": [Plain("1"), "1", None], "b": (Plain("true"),)}) == {"a": [1, "1", None], "b": [True]}


@pytest.mark.parametrize("written", ["5", "0x5", "0005", "+5"])
def test_load_accepts_yaml_integers_in_a_number_field(written):
    loaded = load_text(MINIMAL.replace("enabled: true", f"enabled: true, deletion_threshold: {written}"))
    assert loaded.spec.provisioning.deletion_threshold == 5


@pytest.mark.parametrize(
    ("written", "value"), [("none", None), ('"none"', "none"), ('"."', "."), ('""', ""), ("1.10", "1.10")]
)
def test_load_reads_default_none_as_null_and_quoted_none_as_a_string(written, value):
    loaded = load_text(
        f"{MINIMAL}mappings: {{users: {{attributes: {{title: {{source: jobTitle, default: {written}}}}}}}}}\n"
    )
    row = loaded.spec.mappings["users"].attributes["title"]
    assert row.default == value
    assert row.wrote("default")


def test_load_reads_match_none_as_a_written_null():
    loaded = load_text(f"{MINIMAL}mappings: {{users: {{attributes: {{title: {{source: jobTitle, match: none}}}}}}}}\n")
    row = loaded.spec.mappings["users"].attributes["title"]
    assert row.match is None
    assert row.wrote("match")


def test_load_resolves_raw_fields_by_the_core_schema():
    raw = "{anchor: false, defaultValue: null, size: 3, text: NO, quoted: '3', list: [1.5]}"
    loaded = load_text(f"{MINIMAL}mappings: {{users: {{target_attributes: {{title: {{raw: {raw}}}}}}}}}\n")
    assert loaded.spec.mappings["users"].target_attributes["title"].raw == {
        "anchor": False, "defaultValue": None, "size": 3, "text": "NO", "quoted": "3", "list": [1.5],
    }  # fmt: skip


def test_load_reads_a_block_scalar_as_a_string():
    loaded = load_text(
        f'{MINIMAL}mappings:\n  users:\n    attributes:\n      a:\n        expression: >-\n          Join(" ",\n          [a])\n'
    )
    assert loaded.spec.mappings["users"].attributes["a"].expression == 'Join(" ", [a])'


def test_core_keeps_an_integer_of_too_many_digits_as_a_string():
    """Python's int() rejects a string of more than 4300 digits."""
    long = "9" * 5000
    assert core(Plain(long)) == long
    loaded = load_text(f"{MINIMAL}app_roles: {{roles: [{{value: admin, display_name: {long}}}]}}\n")
    assert lines(loaded.diagnostics) == ""
    assert len(digest(loaded.resolved)) == 64


@pytest.mark.parametrize("number", ["1" + "0" * 400, "-" + "9" * 999, "9" * 5000, "1e999"])
def test_unrepresentable_numbers_finds_a_number_beyond_a_float(number):
    """Python cannot convert an integer of 309 to 1000 digits to a float."""
    assert list(unrepresentable_numbers(YamlMapping({"x": Plain(number)}.items()))) == [("x",)]
