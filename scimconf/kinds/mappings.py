"""What the kinds of the schema share: which sections the spec has, the role attribute among the users' rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scimconf import expressions
from scimconf.diagnostics import SpecPath
from scimconf.spec.model import AttributeDefinition, MappingRow, ObjectMapping, RoleAttribute, Spec

_EMPTY = ObjectMapping()
_TEXT, _LIST = AttributeDefinition(), AttributeDefinition(multivalued=True)
ALL_ROLES = frozenset({"AppRoleAssignmentsComplex", "AssertiveAppRoleAssignmentsComplex"})
"""Functions that give all of somebody's roles, as a list."""


@dataclass(frozen=True, slots=True)
class ListedRow:
    """One row that the spec lists, wherever it stands."""

    section: str
    mapping: ObjectMapping
    target: str
    row: MappingRow
    path: SpecPath


def sections(spec: Spec) -> dict[str, ObjectMapping]:
    """The spec's object mappings; the role attribute alone makes `users` one of them."""
    found = dict(spec.mappings)
    if spec.role_attribute is not None:
        found.setdefault("users", _EMPTY)
    return found


def listed(spec: Spec) -> Iterator[ListedRow]:
    """All rows, absent ones too; the role attribute's is one of the users'."""
    for section, mapping in sections(spec).items():
        for target, row in mapping.attributes.items():
            yield ListedRow(section, mapping, target, row, ("mappings", section, "attributes", target))
        if section == "users" and spec.role_attribute is not None:
            one = spec.role_attribute
            row = MappingRow.model_validate(
                {
                    "apply": one.apply,
                    "tests": one.tests,
                    **({"source": one.source} if one.source else {"expression": one.expression}),
                }
            )
            yield ListedRow(section, mapping, one.target, row, ("role_attribute",))


def expression_of(row: MappingRow) -> expressions.Expression | None:
    """The row's source as an expression; None for mapping type None. Raises ExpressionError."""
    if row.expression is not None:
        return expressions.parse(row.expression)
    if row.constant is not None:
        return expressions.Constant(row.constant)
    return expressions.Attribute(row.source) if row.source is not None else None


def role_definition(one: RoleAttribute) -> AttributeDefinition:
    """What the role attribute is declared as where nothing else says so: it takes what its row gives."""
    try:
        tree = expressions.parse(one.expression) if one.expression is not None else None
    except expressions.ExpressionError:
        return _TEXT
    return _LIST if tree is not None and ALL_ROLES & set(expressions.functions(tree)) else _TEXT


def reads(row: MappingRow) -> tuple[str, ...]:
    """The source attributes that a row reads; none where its expression cannot be read itself."""
    try:
        tree = expression_of(row)
    except expressions.ExpressionError:
        return ()
    return () if tree is None else expressions.attributes(tree)
