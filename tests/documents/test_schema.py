"""Views and edits of the schema, on small documents and on malformed ones."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from scimconf.documents import OPERATIONS, rows, schema


def rule(*mappings: Any, **more: Any) -> dict[str, Any]:
    return {"id": "r1", "name": "OUT", "sourceDirectoryName": "S", "targetDirectoryName": "T"} | {
        "objectMappings": list(mappings),
        **more,
    }


def mapping(source: Any = "User", target: Any = "User", **more: Any) -> dict[str, Any]:
    return {"sourceObjectName": source, "targetObjectName": target, **more}


def doc(*rules: Any, directories: Any = None) -> dict[str, Any]:
    return {"synchronizationRules": list(rules), "directories": directories}


@pytest.mark.parametrize("raw", [None, [], "text", {}, doc(None, "x", {}, rule(None, 1)), {"synchronizationRules": {}}])
def test_object_mappings_ignores_malformed_values(raw):
    assert list(schema.object_mappings(raw)) == []
    assert schema.find_object_mapping(raw, schema.Selector("users")) is None


OFF = {"enabled": False, "attributeMappings": [{"targetAttributeName": "displayName", "source": {}}]}
HIDDEN = {"enabled": False, "attributeMappings": [{"targetAttributeName": "displayName", "source": None}]}


@pytest.mark.parametrize(
    ("raw", "indexes"),
    [
        (doc(rule(mapping("", "urn:x:Group", **OFF))), [0]),
        (doc(rule(mapping("", "group", **OFF), mapping("", "Group", **OFF))), [0, 1]),
        (doc(rule(mapping("", "Group", **OFF), mapping("Group", "Team"))), [1]),
        (doc(rule(mapping("", "Group", **HIDDEN))), []),
        (doc(rule(mapping("", "Group", **OFF, editable=None), editable=False)), []),
        (doc(rule(mapping("", "Group", **(OFF | {"enabled": True})))), []),
        (doc(rule(mapping(None, "Group", **OFF))), [0]),
        (doc(rule(mapping("", "UserGroup", **OFF))), []),
        (doc(rule(mapping("", "User", **OFF))), []),
    ],
)
def test_matching_groups_finds_a_mapping_that_was_switched_off_without_source(raw, indexes):
    assert [location.mapping_index for location in schema.matching(raw, schema.Selector("groups"))] == indexes


@pytest.mark.parametrize(
    ("directories", "source"),
    [
        (None, "Group"),
        ([{"name": "S", "objects": [{"name": "group"}]}], "group"),
        ([{"name": "T", "objects": [{"name": "group"}]}, {"name": "S", "objects": [{"name": "User"}]}], "Group"),
    ],
)
@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({}, {}),
        (
            {"metadata": [None, {"key": "Unsynchronized", "value": "true"}, {"key": "x", "value": "y"}]},
            {"metadata": [None, {"key": "Unsynchronized", "value": "false"}, {"key": "x", "value": "y"}]},
        ),
    ],
)
def test_set_object_switches_a_mapping_without_source_on(directories, source, metadata, expected):
    raw = doc(rule(mapping("", "Group", **OFF, **metadata)), directories=directories)
    value = {"fields": {"enabled": True}, "operators": None}
    changed = schema.set_object(raw, schema.Selector("groups").key, value)
    (location,) = schema.object_mappings(changed)
    assert location.mapping == mapping(source, "Group", **(OFF | {"enabled": True}), **expected)


def test_set_object_does_not_guess_the_source_of_a_custom_section():
    raw = doc(rule(mapping("", "Group", **OFF)))
    key = schema.Selector("mine", target="Group").key
    changed = schema.set_object(raw, key, {"fields": {"enabled": True}, "operators": None})
    assert next(schema.object_mappings(changed)).mapping["sourceObjectName"] == ""


TENANT = {"id": "66e4a8cc-1b7b-435e-95f8-f06cea133828", "name": "S"}


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        (doc(rule(mapping("USER"))), 1),
        (doc(rule(mapping("user"), mapping("Group"))), 1),
        (doc(rule(mapping()), rule(mapping())), 2),
        (doc(rule(mapping(), editable=False)), 0),
        (doc(rule(mapping(), editable=None)), 1),
        (doc(rule(mapping(None)), rule(mapping(""))), 0),
        (doc(rule(mapping()), directories=[TENANT, None, "x"]), 1),
        (doc(rule(mapping(), sourceDirectoryName="T"), directories=[TENANT]), 0),
        (doc(rule(mapping()), rule(mapping(), sourceDirectoryName="T"), directories=[TENANT]), 1),
        (
            doc(rule(mapping()), directories=[{"name": "T", "objects": [{"attributes": [{"name": "IsSoftDeleted"}]}]}]),
            0,
        ),
        (doc(rule(mapping()), directories=[{"name": "S", "objects": [None, {"attributes": [None, {}]}]}]), 1),
    ],
)
def test_matching_users_needs_an_editable_outbound_rule(raw, number):
    assert len(schema.matching(raw, schema.Selector("users"))) == number


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        (schema.Selector("mine", rule="OUT"), [0, 1]),
        (schema.Selector("mine", rule="r1"), [0, 1]),
        (schema.Selector("mine", source="User", target="User"), [0]),
        (schema.Selector("mine", rule="OUT", source="Group", target="Group"), [1]),
        (schema.Selector("mine", source="user", target="User"), []),
        (schema.Selector("mine"), []),
        (schema.Selector("users", target="Group"), [1]),
    ],
)
def test_matching_a_custom_name_uses_its_selectors(selector, found):
    raw = doc(rule(mapping(), mapping("Group", "Group")))
    assert [place.mapping_index for place in schema.matching(raw, selector)] == found


def test_documents_of_the_schema():
    read = {"schema": "put", "template_schema": "never", "default_schema": "never", "filter_operators": "never"}
    made = [schema.schema(), schema.template_schema(), schema.default_schema(), schema.filter_operators()]
    assert {one.name: one.written for one in made} == read
    assert schema.template_schema().required_names == {"service_principal", "new_template"}


ROWS = [{"targetAttributeName": "a", "source": None}, None, "x", {}, {"targetAttributeName": None}]


def test_rows_ignores_rows_without_a_target():
    raw = doc(rule(mapping(attributeMappings=ROWS)))
    (place,) = schema.matching(raw, schema.Selector("users"))
    assert schema.rows(place) == [ROWS[0]]
    key = ("users", "", "", "", "a")
    assert schema.remove_mapping(raw, key, None) == doc(rule(mapping(attributeMappings=ROWS[1:])))
    assert schema.mapping_view(raw, (*key[:4], "b")) is None
    assert schema.object_view(raw, key[:4]) == {"enabled": True, "actions": [], "filters": []}


def test_define_attribute_changes_both_objects_of_one_name():
    objects = [{"name": "User", "attributes": [{"name": "a"}]}, {"name": "User"}, {"name": "Group", "attributes": []}]
    source, target = {"name": "S", "objects": deepcopy(objects)}, {"name": "T", "objects": objects[:2]}
    raw = doc(rule(mapping()), directories=[source, target])
    key = ("users", "", "", "", "target", "a")
    assert schema.definition_holds(raw, key, {"required": False})
    changed = schema.define_attribute(raw, key, {"required": True})
    assert changed["directories"][0] == source
    assert [one["attributes"][0]["required"] for one in changed["directories"][1]["objects"]] == [True, True]
    assert schema.definition_holds(changed, key, {"required": True})
    assert [view["required"] for view in schema.definition_view(changed, key)] == [True, True]


def test_edits_refuse_a_mapping_that_is_no_longer_unique():
    for operation in ("set_mapping", "remove_mapping", "set_object", "define_attribute"):
        change = OPERATIONS[operation].change
        assert change is not None
        with pytest.raises(LookupError, match="no longer has exactly one object mapping for mine"):
            change(doc(), ("mine", "OUT", "", "", "target", "a"), {"fields": {}, "source": None})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Add, Update,Delete", ["create", "delete", "update"]),
        ("Delete,Add,Add", ["create", "delete"]),
        ("None", []),
        ("", []),
        (None, []),
        (" Add ,, Other", ["Other", "create"]),
    ],
)
def test_flags_are_sorted(text, words):
    assert rows.flags(text) == words


@pytest.mark.parametrize(
    ("actions", "text"), [([], "None"), (["update", "create"], "Add,Update"), (["delete"], "Delete")]
)
def test_flags_text_has_no_spaces(actions, text):
    assert rows.flags_text(actions) == text


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (None, None),
        ({"type": "Attribute", "name": "mail", "expression": None, "parameters": None}, "[mail]"),
        ({"type": "Constant", "name": "", "expression": '""'}, '""'),
        ({}, {}),
        ("[mail]!", "[mail]!"),
        (
            {"type": "Function", "name": "F", "parameters": [{"key": "x"}, {}]},
            {"type": "Function", "name": "F", "parameters": [{"key": "x"}, {}]},
        ),
    ],
)
def test_source_text_returns_the_raw_tree_if_it_cannot_be_rendered(source, expected):
    assert rows.source_text(source) == expected


def test_row_fields_fills_in_defaults():
    names = ("source", "matchingPriority", "defaultValue", "flowType", "flowBehavior", "exportMissingReferences")
    full = rows.row_fields(dict(rows.NEW_ROW))
    assert rows.row_fields({}) == rows.row_fields(dict.fromkeys(names)) == full
    assert full["apply"] == "always"
