"""Tests of docs/effects.md: each row lists the effects that the code gives for a change of that field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from scimconf.documents.assignments import Assignee, AssignmentSet
from scimconf.kinds import KINDS
from scimconf.plan import Action, Address, Change, Effect, FieldChange, Resource
from scimconf.snapshot import Snapshot

PAGE = (Path(__file__).parents[2] / "docs" / "effects.md").read_text("utf-8")
ROWS = re.findall(r"^\| (\w+) \| ([\w.*]+) \| ([^|]+?) \| ([^|]*?) ?\|$", PAGE.split("## The table")[1], re.MULTILINE)[
    1:
]
BY_NAME = {kind.name: kind for kind in KINDS}

ADA, HELD = "1d5d0f60-6e63-5021-93ab-c99253d7822e", {"id": "r1", "assignments": 2}
SIDES: Mapping[tuple[str, str, str], tuple[object, object]] = {
    ("job", "template", "changed (the job is replaced)"): ("scim", "other"),
    ("schedule", "enabled", "off → on"): (False, True),
    ("schedule", "enabled", "on → off"): (True, False),
    ("connection", "base_address", "set for the first time"): (None, "https://a.example"),
    ("connection", "base_address", "another address"): ("https://a.example", "https://b.example"),
    ("connection", "base_address", "another flag"): ("https://a.example", "https://a.example/?aadOptscim062020"),
    ("connection", "base_address", "a trailing slash"): ("https://a.example/scim", "https://a.example/scim/"),
    ("connection", "*", "changed"): (None, "x"),
    ("source_attribute", "*", "changed"): ("string", "integer"),
    ("target_attribute", "*", "changed"): ("string", "integer"),
    ("object_mapping", "enabled", "off → on"): (False, True),
    ("object_mapping", "enabled", "on → off"): (True, False),
    ("object_mapping", "actions", "gains create"): (["update"], ["create", "update"]),
    ("object_mapping", "actions", "gains update"): (["create"], ["create", "update"]),
    ("object_mapping", "actions", "gains delete"): (["create"], ["create", "delete"]),
    ("object_mapping", "actions", "loses any"): (["create", "update"], ["create"]),
    ("object_mapping", "filters", "none → some"): ([], [{"name": "a", "all": []}]),
    ("object_mapping", "filters", "some → others"): ([{"name": "a", "all": []}], [{"name": "b", "all": []}]),
    ("object_mapping", "filters", "some → none"): ([{"name": "a", "all": []}], []),
    ("attribute_mapping", "match", "changed"): (1, 2),
    ("attribute_mapping", "source", "changed, of a matching attribute"): ("[mail]", "[mailNickname]"),
    ("attribute_mapping", "*", "changed"): ("[mail]", "[mailNickname]"),
    ("app_role", "display_name", "changed"): ("a", "b"),
    ("app_role", "description", "changed"): ("a", "b"),
}
"""The value before and after, by kind, field and direction."""
FIELDS = [
    (kind.name, field.name, str(transition), transition)
    for kind in KINDS
    for field in kind.fields
    for transition in field.transitions
]
"""The transitions that the field tables of the kinds declare."""


def field_change(kind: str, field: str, direction: str) -> Change:
    before, after = SIDES[kind, field, direction]
    address = Address("writer", kind, "users/x")
    name = "source" if field == "*" else field
    action = Action.REPLACE if "replaced" in direction else Action.UPDATE
    others = {"match": 1 if "matching" in direction else None}
    sides = Resource(address, {**others, name: before}), Resource(address, {**others, name: after})
    return Change(address, action, *sides, (FieldChange(name, before, after),))


def assignment_change(action: Action, role: str) -> Change:
    resource = Resource(Address("writer", "assignment", f"user:ada@contoso.com/{role}"), {}, (ADA, role))
    sides = (None, resource) if action is Action.CREATE else (resource, None)
    return Change(resource.address, action, *sides)


def resource_changes(kind: str, direction: str) -> list[Change]:
    """Return the changes that create or delete a resource."""
    if kind == "assignment":
        gains, loses = assignment_change(Action.CREATE, "admin"), assignment_change(Action.DELETE, "member")
        return {"first role of a principal": [gains], "one role replaces another": [gains, loses]}.get(
            direction, [loses]
        )
    address = Address("writer", kind, "x")
    if direction == "created":
        return [Change(address, Action.CREATE, after=Resource(address, {"match": None}))]
    assert direction.startswith("deleted")
    facts = HELD if direction.endswith(", assigned") else {**HELD, "assignments": 0}
    return [Change(address, Action.DELETE, before=Resource(address, facts=facts))]


def changes(kind: str, field: str, direction: str) -> tuple[list[Change], Snapshot]:
    if (kind, field, direction) in SIDES:
        return [field_change(kind, field, direction)], Snapshot()
    is_assigned = kind == "assignment" and "first" not in direction
    assignments = (
        AssignmentSet({(ADA, "member"): "1"}, {ADA: Assignee("User", None)}) if is_assigned else AssignmentSet()
    )
    return resource_changes(kind, direction), Snapshot({"assignments": assignments})


def test_effects_page_table_is_parsed_completely():
    assert {kind for kind, *_ in ROWS} == set(BY_NAME)
    assert len(ROWS) == len(set(ROWS)) == PAGE.split("## The table")[1].count("\n|") - 2
    assert set(SIDES) <= {row[:3] for row in ROWS}


@pytest.mark.parametrize(
    ("kind", "field", "direction", "effects"), [row for row in ROWS if row[:3] not in {field[:3] for field in FIELDS}]
)
def test_effects_page_row_matches_the_effects_of_the_kind(kind, field, direction, effects):
    row_changes, snapshot = changes(kind, field, direction)
    actual = BY_NAME[kind].effects(row_changes, snapshot)
    expected = {Effect(word) for word in effects.split(", ") if word}
    assert [set(actual.get(change.address, frozenset())) for change in row_changes] == [expected] * len(row_changes)


@pytest.mark.parametrize(("kind", "field", "direction", "transition"), FIELDS)
def test_effects_page_has_a_row_for_every_transition_of_a_field(kind, field, direction, transition):
    rows = [
        {Effect(word) for word in row[3].split(", ") if word} for row in ROWS if row[:3] == (kind, field, direction)
    ]
    assert rows == [transition.effects]


def test_effects_page_explains_every_effect():
    explained = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert sorted(explained) == sorted(effect.value for effect in Effect)
