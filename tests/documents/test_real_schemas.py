"""Edits of published schemas: everything that is not edited keeps its value and its order."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from scimconf.documents import OPERATIONS, rows, schema
from scimconf.expressions import to_source
from scimconf.expressions.parsing import parse
from tests.documents.samples import needs_samples, sample, text

pytestmark = needs_samples
USERS = schema.Selector("users")
KEY = USERS.key
FIELDS = {
    "source": "[department]",
    "match": None,
    "default": "x",
    "apply": "on_create",
    "flow_behavior": "when_changed",
    "export_missing_references": False,
}
VALUE = {"fields": FIELDS, "source": to_source(parse("[department]"))}


def complete(number: str) -> Any:
    """Return one of the complete schemas: of a job (05, 60), or of a template (06)."""
    raw = sample(number)
    return raw["schema"] if number == "06" else raw


def text_without(raw: Any, *path: str | int) -> str:
    """Return the text of the document without the value at this path."""
    raw = deepcopy(raw)
    place = raw
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = "cut out"
    return text(raw)


@pytest.mark.parametrize("number", ["05", "06"])
def test_matching_finds_users_in_the_outbound_rule_only(number):
    raw = complete(number)
    (found,) = schema.matching(raw, USERS)
    assert (found.rule_index, found.mapping_index) == (0, 0)
    assert found.rule["name"] == "USER_OUTBOUND_USER"
    assert [str(place) for place in schema.object_mappings(raw)][1] == "(none) → UserRole in rule USER_OUTBOUND_USER"
    assert schema.matching(raw, schema.Selector("groups")) == []


@pytest.mark.parametrize("number", ["05", "06"])
def test_matching_ignores_an_editable_inbound_rule(number):
    raw = complete(number)
    inbound = raw["synchronizationRules"][1]
    inbound["editable"] = True
    inbound["objectMappings"][0]["sourceObjectName"] = "USER"
    assert [found.rule_index for found in schema.matching(raw, USERS)] == [0]
    raw["synchronizationRules"] = [inbound]
    assert schema.matching(raw, USERS) == []


@pytest.mark.parametrize("number", ["05", "06"])
@pytest.mark.parametrize("target", ["Email", "EmailEncodingKey", "Alias"])
def test_set_mapping_changes_one_row_only(number, target):
    raw = complete(number)
    (found,) = schema.matching(raw, USERS)
    index = [row["targetAttributeName"] for row in schema.rows(found)].index(target)
    path = ("synchronizationRules", 0, "objectMappings", 0, "attributeMappings", index)
    changed = schema.set_mapping(raw, (*KEY, target), VALUE)
    assert text(raw) == text(complete(number)), "the document that came in is not touched"
    assert text_without(changed, *path) == text_without(raw, *path)
    row, before = (
        one["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"][index] for one in (changed, raw)
    )
    assert list(row) == list(before)
    assert rows.row_fields(row) == FIELDS
    assert schema.mapping_holds(changed, (*KEY, target), VALUE)


@pytest.mark.parametrize("number", ["05", "06"])
def test_adding_and_removing_a_row_preserves_the_others(number):
    raw = complete(number)
    path = ("synchronizationRules", 0, "objectMappings", 0, "attributeMappings")
    before = raw["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"]
    added = schema.set_mapping(raw, (*KEY, "Division"), VALUE)
    after = added["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"]
    assert text(after[:-1]) == text(before)
    assert text_without(added, *path) == text_without(raw, *path)
    assert text(schema.remove_mapping(added, (*KEY, "Division"), None)) == text(raw)
    assert OPERATIONS["remove_mapping"].holds(raw, (*KEY, "Division"), None)
    assert not OPERATIONS["remove_mapping"].holds(added, (*KEY, "Division"), None)


@pytest.mark.parametrize("number", ["05", "06"])
def test_set_object_preserves_unknown_keys(number):
    raw = complete(number)
    path = ("synchronizationRules", 0, "objectMappings", 0, "flowTypes")
    value = {"fields": {"actions": ["create"]}, "operators": None}
    changed = schema.set_object(raw, KEY, value)
    assert text_without(changed, *path) == text_without(raw, *path)
    assert changed["synchronizationRules"][0]["objectMappings"][0]["flowTypes"] == "Add"
    same = {"fields": {"actions": ["create", "delete", "update"], "enabled": True, "filters": []}}
    assert schema.object_holds(raw, KEY, same)
    assert text(schema.set_object(raw, KEY, same)) == text(raw), "flags with spaces are the same flags"


@pytest.mark.parametrize("number", ["05", "06"])
@pytest.mark.parametrize(("side", "directory", "name"), [("target", 1, "Division"), ("source", 0, "extension_x")])
def test_define_attribute_changes_its_object_only(number, side, directory, name):
    raw = complete(number)
    key = (*KEY, side, f"{name}_of_ours")
    changed = schema.define_attribute(raw, key, {"type": "boolean"})
    path = ("directories", directory, "objects", 0, "attributes")
    assert text_without(changed, *path) == text_without(raw, *path)
    before, after = (one["directories"][directory]["objects"][0]["attributes"] for one in (raw, changed))
    assert text(after[:-1]) == text(before)
    assert after[-1]["type"] == "Boolean"
    assert schema.definition_holds(changed, key, {"type": "boolean", "multivalued": False})
    assert not schema.definition_holds(raw, key, {})


@pytest.mark.parametrize("number", ["05", "06", "60"])
def test_published_definitions_round_trip(number):
    raw = complete(number)
    (found,) = schema.matching(raw, USERS)
    for side in ("source", "target"):
        for one in schema.definitions(raw, found, side):
            key = (*KEY, side, one["name"])
            (fields,) = schema.definition_view(raw, key)
            assert schema.definition_holds(raw, key, fields)
            assert text(schema.define_attribute(raw, key, fields)) == text(raw)


@pytest.mark.parametrize("number", ["05", "06", "60"])
def test_published_rows_round_trip(number):
    raw = complete(number)
    (found,) = schema.matching(raw, USERS)
    for row in schema.rows(found):
        key = (*KEY, row["targetAttributeName"])
        value = {"fields": schema.mapping_view(raw, key), "source": "never written"}
        assert schema.mapping_holds(raw, key, value)
        assert text(schema.set_mapping(raw, key, value)) == text(raw)


def test_groups_that_were_switched_off_in_a_published_schema_are_found():
    raw = complete("60")
    groups = schema.Selector("groups")
    (location,) = schema.matching(raw, groups)
    assert (location.mapping["sourceObjectName"], location.mapping["enabled"]) == ("", False)
    off, on = ({"fields": {"enabled": value}, "operators": None} for value in (False, True))
    assert schema.object_holds(raw, groups.key, off)
    assert text(schema.set_object(raw, groups.key, off)) == text(raw)
    changed = schema.set_object(raw, groups.key, on)
    assert schema.object_holds(changed, groups.key, on)
    (location,) = schema.matching(changed, groups)
    assert location.mapping["sourceObjectName"] == "Group"
    metadata = {entry["key"]: entry["value"] for entry in location.mapping["metadata"]}
    assert metadata == {
        entry["key"]: entry["value"] for entry in schema.matching(raw, USERS)[0].mapping["metadata"]
    } | {"OriginalJoiningProperty": "displayName"}


EDITS = [
    ("set_mapping", ("IsActive",), VALUE),
    ("remove_mapping", ("IsActive",), None),
    ("set_object", (), {"fields": {"enabled": False, "filters": []}, "operators": None}),
    ("define_attribute", ("target", "ours"), {}),
]
PARTIAL = {
    "07": "a rule that names no directories",
    "08": {},
    "09": {"define_attribute": "the target directory has no object User"},
    "10": {"define_attribute": "the target directory has no object User"},
    "11": "no rules",
    "13": "no rules",
    "17": "no rules",
}
NO_MAPPING = "the schema no longer has exactly one object mapping for users"


@pytest.mark.parametrize("number", PARTIAL)
@pytest.mark.parametrize(("operation", "rest", "value"), EDITS)
def test_edits_of_a_partial_schema_succeed_or_raise_lookup_error(number, operation, rest, value):
    raw, one, key = sample(number), OPERATIONS[operation], (*KEY, *rest)
    errors = PARTIAL[number]
    error = NO_MAPPING if isinstance(errors, str) else errors.get(operation)
    assert one.change is not None
    if error is not None:
        with pytest.raises(LookupError, match=error):
            one.change(raw, key, value)
    else:
        assert one.holds(one.change(raw, key, value), key, value)


def test_object_mappings_of_another_document_is_empty():
    raw = sample("12")
    assert list(schema.object_mappings(raw)) == []
    (groups,) = schema.matching(raw["value"][0]["schema"], schema.Selector("groups"))
    assert groups.mapping["targetObjectName"] == "urn:ietf:params:scim:schemas:core:2.0:Group"
