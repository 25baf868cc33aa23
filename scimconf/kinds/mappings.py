"""What the kinds of the schema share: the sections of the spec, and its rows, of which the role attribute is one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from scimconf import expressions
from scimconf.diagnostics import SpecPath
from scimconf.documents import schema
from scimconf.documents.target_attributes import is_scim_attribute, is_single_value
from scimconf.kinds.provisioning import SECTION
from scimconf.snapshot import Document, Json, Snapshot
from scimconf.spec.model import AttributeDefinition, MappingRow, ObjectMapping, RoleAttribute, Spec

_EMPTY = ObjectMapping()
_TEXT, _LIST = AttributeDefinition(), AttributeDefinition(multivalued=True)
ALL_ROLES = frozenset({"AppRoleAssignmentsComplex", "AssertiveAppRoleAssignmentsComplex"})
"""Functions that return all roles of a user, as a list."""
ONE_ROLE = "SingleAppRoleAssignment"
"""The function that returns the only role of a user, and fails if there are several."""

TEMPLATE_MATCHES: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {"users": {"userName": 1}, "groups": {"displayName": 1}}
)
"""The matching precedences of the template of custom applications (published guides and schemas of such jobs)."""
TEMPLATE_SOURCES = ("User", "Group")
"""The source objects that this template has mappings of."""
ROLES = "appRoleAssignments"

LEAVERS_STAY_ACTIVE = "users who leave would no longer be disabled in the application"


class ListedRow(NamedTuple):
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
            row = MappingRow.model_construct(apply=attribute.apply, tests=attribute.tests, **source)  # is valid already
            yield ListedRow(section, mapping, attribute.target, row, ("role_attribute",))


def expression_of(row: MappingRow) -> expressions.Expression | None:
    """Return the source of the row as an expression; None for the mapping type None. Raises ExpressionError."""
    if row.expression is not None:
        return expressions.parse(row.expression)
    if row.constant is not None:
        return expressions.Constant(row.constant)
    return expressions.Attribute(row.source) if row.source is not None else None


def role_definition(attribute: RoleAttribute) -> AttributeDefinition:
    """Return the definition of a role attribute that has no other: a list if its expression returns one.

    A name with a filter, such as `roles[primary eq "True"].value`, stands for a single value.
    """
    try:
        tree = expressions.parse(attribute.expression) if attribute.expression is not None else None
    except expressions.ExpressionError:
        return _TEXT
    is_list = tree is not None and _sends_list(tree) and not is_single_value(attribute.target)
    return _LIST if is_list else _TEXT


def _sends_list(tree: expressions.Expression) -> bool:
    """Return whether an expression returns a list of roles; one in Join is only read."""
    name = expressions.spelling(tree.name) if isinstance(tree, expressions.Call) else ""
    return name in ALL_ROLES or (name != "Join" and any(map(_sends_list, expressions.children(tree))))


def redefines_built_in(target: str, live: Iterable[Json]) -> bool:
    """Return whether a role attribute is an attribute of SCIM that the live schema, given as definitions, has already.

    The application decides whether such an attribute is a list, so only `target_attributes` may change it.
    """
    return is_scim_attribute(target) and any(definition.get("name") == target for definition in live)


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


def creates_custom(spec: Spec, snapshot: Snapshot | None) -> bool:
    """Return whether the spec may create a non-gallery application, and no schema of it can be read yet."""
    create = spec.application.create
    is_known = snapshot is not None and live_schema(snapshot) is not None
    return create is not None and create.from_template == "custom" and not is_known


def find_object_mapping(snapshot: Snapshot, name: str, mapping: ObjectMapping) -> schema.MappingLocation | None:
    """Return the objectMapping that a section of the spec selects, if exactly one matches."""
    raw = live_schema(snapshot)
    return None if raw is None else schema.find_object_mapping(raw, selector(name, mapping))


def one_role_targets(spec: Spec, snapshot: Snapshot) -> tuple[str, ...]:
    """Return the target attributes of users that take one role, before or after a plan.

    They are mapped by `SingleAppRoleAssignment`, or from `appRoleAssignments` without a function: Microsoft does not
    document what is sent then for several roles.
    """
    location = find_object_mapping(snapshot, SECTION, spec.mappings.get(SECTION, _EMPTY))
    rows = () if location is None else schema.rows(location)
    live = [(str(row.get("targetAttributeName")), _live_tree(row.get("source"))) for row in rows]
    desired = [(row.target, _tree(row.row)) for row in listed(spec) if row.section == SECTION and not row.row.absent]
    targets = [target for target, tree in (*live, *desired) if tree is not None and takes_one_role(tree)]
    return tuple(dict.fromkeys(targets))


def takes_one_role(tree: expressions.Expression) -> bool:
    """Return whether an expression reads the roles of a user, but no function returns all of them."""
    functions = expressions.functions(tree)
    return ONE_ROLE in functions or (
        ROLES in expressions.attributes(tree) and not any("AppRole" in name for name in functions)
    )


def _tree(row: MappingRow) -> expressions.Expression | None:
    try:
        return expression_of(row)
    except expressions.ExpressionError:
        return None


def _live_tree(source: Json) -> expressions.Expression | None:
    try:
        return None if source is None else expressions.from_source(source)
    except expressions.ExpressionError:
        return None


def schema_reads() -> tuple[Document, ...]:
    return (schema.schema(), schema.template_schema())
