"""The schema's views and edits on small documents, and on what should not be there."""

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
def test_what_is_no_mapping_is_passed_over(raw):
    """Nulls, texts and lists where objects are wanted hold no mapping."""
    assert list(schema.object_mappings(raw)) == []
    assert schema.find_object_mapping(raw, schema.Selector("users")) is None


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
def test_users_are_one_outbound_mapping_of_an_editable_rule(raw, number):
    """`users` is found by its source object in any case, in rules that read from the tenant's own directory."""
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
def test_ones_own_name_takes_what_its_selectors_say(selector, found):
    """Rule by name or id, objects by their exact names, and all that is written must fit."""
    raw = doc(rule(mapping(), mapping("Group", "Group")))
    assert [place.mapping_index for place in schema.matching(raw, selector)] == found


def test_documents_are_named_and_written_as_graph_serves_them():
    """The schema is written whole, what belongs to a template never."""
    read = {"schema": "put", "template_schema": "never", "default_schema": "never", "filter_operators": "never"}
    made = [schema.schema(), schema.template_schema(), schema.default_schema(), schema.filter_operators()]
    assert {one.name: one.written for one in made} == read
    assert schema.template_schema().required_names == {"service_principal", "new_template"}


ROWS = [{"targetAttributeName": "a", "source": None}, None, "x", {}, {"targetAttributeName": None}]


def test_rows_without_a_target_are_nobodys():
    """A row that names no attribute is neither seen nor removed."""
    raw = doc(rule(mapping(attributeMappings=ROWS)))
    (place,) = schema.matching(raw, schema.Selector("users"))
    assert schema.rows(place) == [ROWS[0]]
    key = ("users", "", "", "", "a")
    assert schema.remove_mapping(raw, key, None) == doc(rule(mapping(attributeMappings=ROWS[1:])))
    assert schema.mapping_view(raw, (*key[:4], "b")) is None
    assert schema.object_view(raw, key[:4]) == {"enabled": True, "actions": [], "filters": []}


def test_of_two_objects_with_one_name_both_are_defined():
    """Which of two counts is not known, so they are made to agree; one in another directory is not touched."""
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


def test_a_mapping_that_is_not_one_any_more_is_said():
    """An edit of what is gone says so, by the name in the spec."""
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
def test_flags_are_a_set(text, words):
    """Spaces, order and repetition mean nothing; a flag that nobody knows stays."""
    assert rows.flags(text) == words


@pytest.mark.parametrize(
    ("actions", "text"), [([], "None"), (["update", "create"], "Add,Update"), (["delete"], "Delete")]
)
def test_flags_are_written_without_spaces(actions, text):
    """As the service itself writes them."""
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
def test_a_source_is_text_or_as_it_stands(source, expected):
    """What cannot be understood is compared raw."""
    assert rows.source_text(source) == expected


def test_left_out_and_null_fields_of_a_row_have_their_defaults():
    """`{}` and a row full of nulls are the same as the defaults written out."""
    names = ("source", "matchingPriority", "defaultValue", "flowType", "flowBehavior", "exportMissingReferences")
    full = rows.row_fields(dict(rows.NEW_ROW))
    assert rows.row_fields({}) == rows.row_fields(dict.fromkeys(names)) == full
    assert full["apply"] == "always"
