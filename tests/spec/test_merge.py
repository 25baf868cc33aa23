"""Merging a spec with the files that it extends."""

from __future__ import annotations

import pytest

from scimconf.diagnostics import Location
from scimconf.spec.load import load
from scimconf.spec.merge import merge
from scimconf.spec.tree import YamlList, YamlMapping, locate, plain_json
from tests.spec.reading import MINIMAL, lines, load_text


def tree(value, file="base.yaml"):
    """Return a tree in which each location is line 1 of a file."""
    location = Location(file, 1, 1)
    if isinstance(value, dict):
        return YamlMapping(
            {key: tree(item, file) for key, item in value.items()}.items(), dict.fromkeys(value, location)
        )
    if isinstance(value, list):
        return YamlList([tree(item, file) for item in value], [location] * len(value))
    return value


ROWS = "mappings.users.attributes"
CASES = {
    "mappings merge key by key": ({"a": {"b": "1", "c": "2"}}, {"a": {"c": "3", "d": "4"}}, {"a": {"b": "1", "c": "3", "d": "4"}}),
    "a string replaces a mapping": ({"a": {"b": "1"}}, {"a": "2"}, {"a": "2"}),
    "a mapping replaces a string": ({"a": "1"}, {"a": {"b": "2"}}, {"a": {"b": "2"}}),
    "a list is replaced": ({"guards": ["a"]}, {"guards": ["b"]}, {"guards": ["b"]}),
    "tests merge by name": (
        {"tests": [{"name": "a", "expect": {"x": "1"}}, {"name": "b"}]}, {"tests": [{"name": "A"}]}, {"tests": [{"name": "A"}, {"name": "b"}]},
    ),
    "manual steps merge by their text": (
        {"before_start": [{"step": "a"}, {"step": "b"}]},
        {"before_start": [{"step": "A", "confirmed": "2026-11-20", "by": "x"}]},
        {"before_start": [{"step": "A", "confirmed": "2026-11-20", "by": "x"}, {"step": "b"}]},
    ),
    "owners are replaced": ({"owners": ["a@x.com"]}, {"owners": ["b@x.com"]}, {"owners": ["b@x.com"]}),
    "a mapping replaces a list that would merge": (
        {"assignments": {"users": [{"user": "a"}]}}, {"assignments": {"users": {}}}, {"assignments": {"users": {}}},
    ),
    "a row is replaced whole": (
        {"mappings": {"users": {"attributes": {"a": {"source": "x", "match": "1"}, "b": "y"}}}},
        {"mappings": {"users": {"attributes": {"a": {"constant": "z"}}}}},
        {"mappings": {"users": {"attributes": {"a": {"constant": "z"}, "b": "y"}}}},
    ),
    "a definition is replaced whole": (
        {"mappings": {"users": {"target_attributes": {"a": {"type": "string", "required": "true"}}}}},
        {"mappings": {"users": {"target_attributes": {"a": {"type": "integer"}}}}},
        {"mappings": {"users": {"target_attributes": {"a": {"type": "integer"}}}}},
    ),
    "filters are replaced whole": (
        {"mappings": {"users": {"filters": [{"name": "a"}]}}},
        {"mappings": {"users": {"filters": []}}},
        {"mappings": {"users": {"filters": []}}},
    ),
    "a reference is replaced whole": (
        {"connection": {"secret_token": {"env": "A", "rotation": "1"}, "other": {"X": {"env": "A"}}}},
        {"connection": {"secret_token": {"file": "b"}, "other": {"X": {"file": "b"}}}},
        {"connection": {"secret_token": {"file": "b"}, "other": {"X": {"file": "b"}}}},
    ),
    "of keys that exclude each other the upper one stays": (
        {"application": {"display_name": "a", "single_sign_on": "saml"}, "role_attribute": {"target": "t", "source": "s"}},
        {"application": {"app_id": "b"}, "role_attribute": {"expression": "e"}},
        {"application": {"single_sign_on": "saml", "app_id": "b"}, "role_attribute": {"target": "t", "expression": "e"}},
    ),
    "roles merge by value, or by name": (
        {"app_roles": {"roles": [{"value": "a", "display_name": "A", "enabled": "false"}, {"display_name": "User"}]}},
        {"app_roles": {"roles": [{"display_name": "User", "description": "x"}, {"value": "b"}, {"value": "a", "display_name": "Z"}]}},
        {"app_roles": {"roles": [
            {"value": "a", "display_name": "Z"}, {"display_name": "User", "description": "x"}, {"value": "b"},
        ]}},
    ),
    "users merge whatever their case": (
        {"assignments": {"users": [{"user": "Ada@x", "role": "a"}, {"user": "bob@x", "role": "a"}]}},
        {"assignments": {"users": [{"user": "ada@x", "role": "b"}]}},
        {"assignments": {"users": [{"user": "ada@x", "role": "b"}, {"user": "bob@x", "role": "a"}]}},
    ),
    "groups merge by id or name": (
        {"assignments": {"groups": [{"name": "A", "role": "a"}, {"id": "1", "name": "B", "role": "a"}]}},
        {"assignments": {"groups": [{"id": "1", "name": "C", "role": "b"}, {"id": "2", "name": "A", "role": "b"}]}},
        {"assignments": {"groups": [{"id": "2", "name": "A", "role": "b"}, {"id": "1", "name": "C", "role": "b"}]}},
    ),
    "what is kept and what is imported add up": (
        {"assignments": {"keep": [{"group": "A*"}], "users_from": ["a.csv"]}},
        {"assignments": {"keep": [{"group": "A*"}, {"user": "A*"}], "users_from": ["b.csv", "a.csv"]}},
        {"assignments": {"keep": [{"group": "A*"}, {"user": "A*"}], "users_from": ["a.csv", "b.csv"]}},
    ),
    "an entry listed twice in one file stays twice, to be complained of": (
        {"assignments": {"users": [{"user": "a"}, {"user": "a"}]}}, {"assignments": {"users": [{"user": "b"}]}},
        {"assignments": {"users": [{"user": "a"}, {"user": "a"}, {"user": "b"}]}},
    ),
    "malformed entries stay": (
        {"assignments": {"users": [["x"], {"role": "a"}]}}, {"assignments": {"users": [["y"]]}},
        {"assignments": {"users": [["x"], {"role": "a"}, ["y"]]}},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("lower", "upper", "merged"), CASES.values(), ids=CASES)
def test_merge_combines_a_base_and_a_spec(lower, upper, merged):
    assert plain_json(merge(tree(lower), tree(upper, "upper.yaml"))) == merged


def test_merge_keeps_the_location_of_each_value():
    merged = merge(tree({"a": {"b": "1", "c": "2"}, "assignments": {"users": [{"user": "x"}]}}),
                   tree({"a": {"c": "3"}, "assignments": {"users": [{"user": "x"}, {"user": "y"}]}}, "upper.yaml"))  # fmt: skip
    assert locate(merged, ("a", "b")).file == "base.yaml"
    assert locate(merged, ("a", "c")).file == "upper.yaml"
    assert [location.file for location in merged["assignments"]["users"].locations] == ["upper.yaml", "upper.yaml"]


def test_extends_lets_a_later_base_override_an_earlier_one():
    loaded = load_text(
        "extends: [bases/one.yaml, bases/two.yaml]\nname: writer\n",
        {
            "bases/one.yaml": "version: 1\nextends: [../root.yaml]\njob: {template: one}\ntenant: one.com\n",
            "bases/two.yaml": "version: 1\nextends: [../root.yaml]\njob: {template: two}\n",
            "root.yaml": MINIMAL.replace("name: writer", "name: root"),
        },
    )
    assert lines(loaded.diagnostics) == ""
    assert (loaded.spec.name, loaded.spec.job.template, loaded.spec.tenant) == ("writer", "two", "one.com")
    assert loaded.paths == ("spec.yaml", "bases/one.yaml", "root.yaml", "bases/two.yaml")
    assert loaded.origin(("tenant",)) == Location("bases/one.yaml", 4, 1)


def test_load_resolves_paths_relative_to_the_file_that_contains_them():
    loaded = load_text(
        "extends: [bases/one.yaml]\nassignments: {users_from: [two.csv], groups_from: [groups.csv]}\n",
        {
            "bases/one.yaml": MINIMAL
            + "assignments: {unlisted: keep, users_from: [one.csv]}\n"
            + "connection: {secret_token: {file: ../token.txt}, other: {A: {file: a.txt}, B: b}}\n",
            "bases/one.csv": "user,role\nada@contoso.com,admin\n",
            "two.csv": "user,role\n",
            "groups.csv": "group,role\nWriter editors,member\n00000000-0000-0000-0000-000000000001,member\n",
        },
    )
    assert loaded.spec.connection.secret_token.file == "token.txt"
    assert loaded.spec.connection.other["A"].file == "bases/a.txt"
    assert loaded.spec.connection.other["A"].source == "file:bases/a.txt"
    one, two, groups = loaded.spec.assignments.imported
    assert (one.file, one.users.principals, two.users.principals) == ("one.csv", ("ada@contoso.com",), ())
    listed = [(group.by, group.value) for group in loaded.spec.assignments.listed if group.type == "group"]
    assert groups.groups.principals == ("Writer editors", "00000000-0000-0000-0000-000000000001")
    assert listed == [("group", "Writer editors"), ("id", "00000000-0000-0000-0000-000000000001")]
    assert loaded.origin(("assignments", "imported", 0, "users", 0, "roles", 0)) == Location("bases/one.csv", 2, 1)


@pytest.mark.parametrize(
    ("path", "named", "file", "source"),
    [
        ("spec.yaml", "a.txt", "a.txt", "file:a.txt"),
        ("apps/spec.yaml", "./a.txt", "apps/a.txt", "file:a.txt"),
        ("apps/spec.yaml", "../a.txt", "a.txt", "file:../a.txt"),
        ("/repo/apps/spec.yaml", "../a.txt", "/repo/a.txt", "file:../a.txt"),
        ("apps/spec.yaml", "/run/secrets/a.txt", "/run/secrets/a.txt", "file:/run/secrets/a.txt"),
        ("/repo/apps/spec.yaml", "/run/secrets/a.txt", "/run/secrets/a.txt", "file:/run/secrets/a.txt"),
    ],
)
def test_the_source_of_a_secret_file_does_not_depend_on_the_working_directory(path, named, file, source):
    text = f"{MINIMAL}connection: {{secret_token: {{file: {named}}}}}\n"
    reference = load(path, {path: text}.__getitem__, {}, {}, lambda _: True).spec.connection.secret_token
    assert (reference.file, reference.source) == (file, source)


def test_extends_reads_a_base_once_if_several_files_extend_it():
    files = {
        f"{level}{side}.yaml": f"version: 1\nextends: [{level + 1}a.yaml, {level + 1}b.yaml]\n"
        for level in range(15)
        for side in "ab"
    }
    files |= {"15a.yaml": MINIMAL, "15b.yaml": MINIMAL}
    loaded = load_text("extends: [0a.yaml, 0b.yaml]\n", files)
    assert lines(loaded.diagnostics) == ""
    assert len(loaded.paths) == 33


def test_extends_limits_the_number_of_levels():
    files = {f"{number}.yaml": f"version: 1\nextends: [{number + 1}.yaml]\n" for number in range(30)}
    problems = load_text("extends: [0.yaml]\n", files).diagnostics
    assert [problem.code for problem in problems if problem.path == ("extends",)] == ["S008"]
