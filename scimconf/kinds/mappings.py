"""What the kinds of the schema share: the sections of the spec, and its rows, of which the role attribute is one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scimconf import expressions
from scimconf.diagnostics import SpecPath
from scimconf.documents import schema
from scimconf.snapshot import Document, Json, Snapshot
from scimconf.spec.model import AttributeDefinition, MappingRow, ObjectMapping, RoleAttribute, Spec

_EMPTY = ObjectMapping()
_TEXT, _LIST = AttributeDefinition(), AttributeDefinition(multivalued=True)
ALL_ROLES = frozenset({"AppRoleAssignmentsComplex", "AssertiveAppRoleAssignmentsComplex"})
"""Functions that return all roles of a user, as a list."""
ONE_ROLE = "SingleAppRoleAssignment"
"""The function that returns the only role of a user, and fails if there are several."""

LEAVERS_STAY_ACTIVE = "users who leave would no longer be disabled in the application"


@dataclass(frozen=True, slots=True)
class ListedRow:
    """One row that the spec lists, under `mappings` or as `role_attribute`."""

    section: str
    mapping: ObjectMapping
    target: str
    row: MappingRow
    path: SpecPath


def sections(spec: Spec) -> dict[str, ObjectMapping]:
    """Return the object mappings of the spec by name; a role attribute implies `users`."""
    by_name = dict(spec.mappings)
    if spec.role_attribute is not None:
        by_name.setdefault("users", _EMPTY)
    return by_name


def listed(spec: Spec) -> Iterator[ListedRow]:
    """Yield all rows, including absent ones; the role attribute is a row of `users`."""
    for section, mapping in sections(spec).items():
        for target, row in mapping.attributes.items():
            yield ListedRow(section, mapping, target, row, ("mappings", section, "attributes", target))
        if section == "users" and spec.role_attribute is not None:
            attribute = spec.role_attribute
            source = {"source": attribute.source} if attribute.source else {"expression": attribute.expression}
            row = MappingRow.model_validate({"apply": attribute.apply, "tests": attribute.tests, **source})
            yield ListedRow(section, mapping, attribute.target, row, ("role_attribute",))


def expression_of(row: MappingRow) -> expressions.Expression | None:
    """Return the source of the row as an expression; None for the mapping type None. Raises ExpressionError."""
    if row.expression is not None:
        return expressions.parse(row.expression)
    if row.constant is not None:
        return expressions.Constant(row.constant)
    return expressions.Attribute(row.source) if row.source is not None else None


def role_definition(attribute: RoleAttribute) -> AttributeDefinition:
    """Return the definition of a role attribute that has no other: a list if its expression returns one."""
    try:
        tree = expressions.parse(attribute.expression) if attribute.expression is not None else None
    except expressions.ExpressionError:
        return _TEXT
    return _LIST if tree is not None and ALL_ROLES & set(expressions.functions(tree)) else _TEXT


def reads(row: MappingRow) -> tuple[str, ...]:
    """Return the source attributes that a row reads; none if its expression is invalid."""
    try:
        tree = expression_of(row)
    except expressions.ExpressionError:
        return ()
    return () if tree is None else expressions.attributes(tree)


def selector(name: str, mapping: ObjectMapping) -> schema.Selector:
    return schema.Selector(name, mapping.rule or "", mapping.source or "", mapping.target or "")


def live_schema(snapshot: Snapshot) -> Json | None:
    """Return the job's schema; before the job exists, the schema that its template would give it."""
    raw = snapshot.get("schema")
    return snapshot.get("template_schema") if raw is None else raw


def find_object_mapping(snapshot: Snapshot, name: str, mapping: ObjectMapping) -> schema.MappingLocation | None:
    """Return the objectMapping that a section of the spec selects, if exactly one matches."""
    raw = live_schema(snapshot)
    return None if raw is None else schema.find_object_mapping(raw, selector(name, mapping))


def schema_reads() -> tuple[Document, ...]:
    return (schema.schema(), schema.template_schema())
