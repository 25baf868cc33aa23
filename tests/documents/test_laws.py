"""Properties of every edit, on random documents: it holds afterwards, is idempotent, and changes nothing else."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scimconf.documents import OPERATIONS, rows, scopes
from scimconf.expressions import to_source
from scimconf.expressions.parsing import parse
from scimconf.spec.model.operators import OPERATORS
from tests.documents.samples import text

JUNK = st.one_of(st.none(), st.integers(0, 2), st.booleans(), st.text("ab, ", max_size=3), st.just({}), st.just([]))
NAMES = st.sampled_from(["a", "b", "c"])
EXPRESSIONS = [None, "[mail]", '"x"', 'Join(" ", [a], [b])', "Not([c])"]


def optional(required: dict[str, Any], **more: Any) -> Any:
    """Return a strategy of objects with the required keys, any of the other keys, and perhaps an unknown one."""
    return st.fixed_dictionaries(required, optional={**more, "unknown": JUNK})


SOURCES = st.one_of(st.sampled_from([to_source(parse(one)) for one in EXPRESSIONS if one]), JUNK)
MAPPING_ROWS = optional(
    {},
    targetAttributeName=st.one_of(NAMES, st.none()),
    source=SOURCES,
    defaultValue=st.sampled_from([None, "", "x"]),
    flowType=st.sampled_from([None, "Always", "ObjectAddOnly", "Later"]),
    flowBehavior=st.sampled_from([None, "FlowAlways"]),
    matchingPriority=st.sampled_from([None, 0, 1]),
    exportMissingReferences=st.sampled_from([None, True]),
)
FIELDS = st.fixed_dictionaries(
    {
        "source": st.sampled_from(EXPRESSIONS),
        "match": st.sampled_from([None, 1, 2]),
        "default": st.sampled_from([None, "x", "y"]),
        "apply": st.sampled_from(list(rows.APPLY)),
        "flow_behavior": st.sampled_from(list(rows.FLOW)),
        "export_missing_references": st.booleans(),
    }
)
CLAUSES = optional(
    {},
    sourceOperandName=NAMES,
    operatorName=st.sampled_from([None, "EQUALS", "is null", "Is_Null", "Later"]),
    targetOperand=st.sampled_from([None, {}, {"values": None}, {"values": ["x"]}, {"values": ["x", "y"]}]),
)
GROUPS = optional(
    {},
    name=st.one_of(NAMES, st.none()),
    clauses=st.one_of(st.none(), st.lists(st.one_of(CLAUSES, st.none()), max_size=3)),
)
SCOPES = st.one_of(
    st.none(),
    optional(
        {}, groups=st.one_of(st.none(), st.lists(GROUPS, max_size=3)), inputFilterGroups=st.sampled_from([[], [1]])
    ),
)
DESIRED_CLAUSES = st.builds(
    lambda attribute, operator, value: {
        "attribute": attribute,
        "operator": operator,
        **({} if OPERATORS[operator].unary else {"value": value}),
    },
    NAMES,
    st.sampled_from(list(OPERATORS)),
    st.sampled_from(["x", ""]),
)
DESIRED_FILTERS = st.lists(
    st.fixed_dictionaries({"name": NAMES, "all": st.lists(DESIRED_CLAUSES, min_size=1, max_size=3)}), max_size=3
).map(scopes.ordered)
DEFINITIONS = optional(
    {},
    name=NAMES,
    type=st.sampled_from([None, "String", "integer"]),
    multivalued=st.sampled_from([None, True]),
    mutability=st.sampled_from([None, "ReadOnly"]),
    referencedObjects=st.sampled_from([None, [], [{"referencedObjectName": "User"}]]),
)
WORDS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["string", "integer"]),
        "multivalued": st.booleans(),
        "mutability": st.sampled_from(["read_only", "read_write"]),
        "references": st.sampled_from([[], ["User"]]),
        "anchor": st.booleans(),
    },
)
MAPPINGS = st.fixed_dictionaries(
    {"sourceObjectName": st.just("User"), "targetObjectName": st.just("U")},
    optional={
        "attributeMappings": st.one_of(st.none(), st.lists(st.one_of(MAPPING_ROWS, JUNK), max_size=4)),
        "enabled": st.sampled_from([None, False]),
        "flowTypes": st.sampled_from([None, "", "Add, Update", "Delete,Later"]),
        "scope": SCOPES,
        "unknown": JUNK,
    },
)
OBJECTS = st.fixed_dictionaries(
    {"name": st.sampled_from(["U", "V"])},
    optional={"attributes": st.one_of(st.none(), st.lists(st.one_of(DEFINITIONS, JUNK), max_size=4)), "unknown": JUNK},
)
SCHEMAS = st.builds(
    lambda mapping, more, objects: {
        "x": 1,
        "synchronizationRules": [{"targetDirectoryName": "T", "objectMappings": [*more, mapping]}, "junk"],
        "directories": [None, {"name": "T", "y": [], "objects": [{"name": "U"}, *objects]}, {"name": "other"}],
    },
    MAPPINGS,
    st.lists(JUNK, max_size=1),
    st.lists(OBJECTS, max_size=2),
)
USERS = ("users", "", "", "")


def checked_edit(operation: str, raw: Any, key: tuple[str, ...], value: Any) -> Any:
    """Return the edited document; check that the edit holds, is idempotent, and does not change its input."""
    one, before = OPERATIONS[operation], deepcopy(raw)
    assert one.change is not None
    changed = one.change(raw, key, value)
    assert text(raw) == text(before)
    assert one.holds(changed, key, value)
    assert text(one.change(changed, key, value)) == text(changed)
    return changed


def other_rows(raw: Any, target: str) -> list[Any]:
    """Return the rows of a schema except those of one target, in their order."""
    listed = raw["synchronizationRules"][0]["objectMappings"][-1].get("attributeMappings") or []
    return [row for row in listed if not (isinstance(row, dict) and row.get("targetAttributeName") == target)]


@given(SCHEMAS, NAMES, FIELDS)
def test_set_mapping_changes_only_the_row_of_its_target(raw, target, fields):
    """The other rows keep their values and their order, whatever the list contains."""
    source = None if fields["source"] is None else to_source(parse(fields["source"]))
    changed = checked_edit("set_mapping", raw, (*USERS, target), {"fields": fields, "source": source})
    assert text(other_rows(changed, target)) == text(other_rows(raw, target))
    assert text(changed["directories"]) == text(raw["directories"])


@given(SCHEMAS, NAMES)
def test_remove_mapping_removes_only_the_rows_of_its_target(raw, target):
    """The other rows keep their values and their order."""
    changed = checked_edit("remove_mapping", raw, (*USERS, target), None)
    assert text(other_rows(changed, target)) == text(other_rows(raw, target))


@given(
    SCHEMAS,
    st.fixed_dictionaries(
        {},
        optional={
            "enabled": st.booleans(),
            "actions": st.sets(st.sampled_from(list(rows.ACTIONS))).map(sorted),
            "filters": DESIRED_FILTERS,
        },
    ),
)
def test_set_object_changes_only_the_given_fields(raw, fields):
    """Rows, definitions and fields that are not given keep their values."""
    changed = checked_edit("set_object", raw, USERS, {"fields": fields, "operators": [{"name": "Equals"}]})
    before, after = (one["synchronizationRules"][0]["objectMappings"][-1] for one in (raw, changed))
    written = {"enabled": "enabled", "actions": "flowTypes", "filters": "scope"}
    names = {written[name] for name in fields}
    assert {k: v for k, v in after.items() if k not in names} == {k: v for k, v in before.items() if k not in names}


@given(SCHEMAS, NAMES, WORDS)
def test_define_attribute_changes_only_that_attribute(raw, name, words):
    """Other attributes and unknown keys keep their values."""
    changed = checked_edit("define_attribute", raw, (*USERS, "target", name), words)
    assert text(changed["synchronizationRules"]) == text(raw["synchronizationRules"])
    for before, after in zip(raw["directories"][1]["objects"], changed["directories"][1]["objects"], strict=True):
        rest = [
            [one for one in part.get("attributes") or [] if not (isinstance(one, dict) and one.get("name") == name)]
            for part in (before, after)
        ]
        assert text(rest[0]) == text(rest[1])


PAIRS = st.lists(
    st.fixed_dictionaries({"key": NAMES}, optional={"value": st.sampled_from([None, "", "*", "x", "true", "{"])}),
    unique_by=lambda pair: pair["key"],
    max_size=3,
)


@given(PAIRS, NAMES, st.sampled_from(["x", "true", "False"]), st.sampled_from(["set_value", "set_flag"]))
def test_set_value_and_set_flag_change_only_their_pair(raw, key, value, operation):
    changed = checked_edit(operation, raw, (key,), value)
    assert [pair for pair in changed if pair["key"] != key] == [pair for pair in raw if pair["key"] != key]


@given(PAIRS, NAMES)
def test_remove_value_holds_afterwards(raw, key):
    """A pair with an empty value is removed both by a service that merges and by one that replaces."""
    checked_edit("remove_value", raw, (key,), None)


ROLES = st.lists(
    optional(
        {"id": st.sampled_from(["R1", "r2", "r3"])}, value=st.sampled_from([None, "", "x"]), isEnabled=st.booleans()
    ),
    unique_by=lambda role: role["id"],
    max_size=3,
)


@given(
    st.sampled_from(["set_role", "disable_role", "remove_role"]),
    st.one_of(st.none(), ROLES),
    st.sampled_from(["r1", "r2", "R3"]),
)
def test_role_edits_change_only_their_role(operation, listed, role):
    value = {"value": "x", "isEnabled": True, "allowedMemberTypes": ["User"]}
    changed = checked_edit(operation, {"x": 1, "appRoles": listed}, (role,), value)
    rest = [[one for one in part or () if one["id"].lower() != role.lower()] for part in (listed, changed["appRoles"])]
    assert text(rest[0]) == text(rest[1])
