"""Rules about a spec as a whole: what no expression shows by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from scimconf import expressions
from scimconf.errors import Severity, SpecPath
from scimconf.kinds import mappings
from scimconf.spec.model import Spec


class Said(NamedTuple):
    """One finding: where in the spec, what, and what to do."""

    path: SpecPath
    message: str
    hint: str = ""


class Rule(NamedTuple):
    """A rule: its name for people, how bad it is, and how it looks at a spec."""

    title: str
    severity: Severity
    find: Callable[[Spec], Iterator[Said]]


ROLES = "appRoleAssignments"
ALIVE = frozenset({"IsSoftDeleted", "accountEnabled"})
SINGLE = "SingleAppRoleAssignment"
SEVERAL = frozenset({"AppRoleAssignmentsComplex", "AssertiveAppRoleAssignmentsComplex"})
STANDARD_URN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:"
FLAG = "aadoptscim062020"
UNSEEN = frozenset(
    {
        *("appRoleAssignments", "userType", "manager", "members", "isMemberOf", "memberOf"),
        *(
            "employeeHireDate",
            "employeeLeaveDateTime",
            "createdDateTime",
            "accountExpires",
            "lastPasswordChangeDateTime",
        ),
        *("alternativeSecurityIds", "otherMails", "owners", "proxyAddresses"),
    }
)
"""Attributes that filters are documented not to see: references, dates, userType, and those with several values."""


def _rows(spec: Spec) -> list[tuple[mappings.Row, expressions.Expression]]:
    """The listed rows with their expressions, those that can be read."""
    found = []
    for one in mappings.listed(spec):
        try:
            tree = mappings.expression_of(one.row)
        except expressions.ExpressionError:
            continue
        if tree is not None:
            found.append((one, tree))
    return found


def _roles_twice(spec: Spec) -> Iterator[Said]:
    rows = [(one, set(expressions.functions(tree))) for one, tree in _rows(spec) if one.target.startswith("roles")]
    if any(SINGLE in called for _, called in rows):
        for one, called in rows:
            if called & SEVERAL:
                said = "this sends all roles while another row sends one, and both end up in roles"
                yield Said(one.path, said, "Keep one of them.")


def _two_names(spec: Spec) -> Iterator[Said]:
    if not any(ROLES in expressions.attributes(tree) for _, tree in _rows(spec)):
        return
    for index, role in enumerate(spec.app_roles.roles if spec.app_roles is not None else ()):
        if not role.absent and role.value and role.value != role.display_name:
            said = f'whether "{role.value}" or "{role.display_name}" is sent is not documented'
            yield Said(("app_roles", "roles", index), said, "Give the role one name for both.")


def _never_inactive(spec: Spec) -> Iterator[Said]:
    users = spec.mappings.get("users")
    if users is None:
        return
    row = users.attributes.get("active")
    if row is None and users.unlisted == "remove":
        said = "the mapping of active is removed, so that nobody who leaves is deactivated"
        yield Said(("mappings", "users", "unlisted"), said, "List active among the attributes.")
    elif row is not None and row.absent:
        said = "without this mapping nobody who leaves is deactivated"
        yield Said(("mappings", "users", "attributes", "active"), said, "Keep it.")
    for one, tree in _rows(spec):
        if one.section == "users" and one.target == "active" and not ALIVE & set(expressions.attributes(tree)):
            yield Said(one.path, "active does not depend on IsSoftDeleted, so that nobody who leaves is deactivated")


def _odd_custom(spec: Spec) -> Iterator[Said]:
    create = spec.application.create
    if create is None or create.from_template != "custom":
        return
    for section, mapping in mappings.sections(spec).items():
        for name, one in mapping.target_attributes.items():
            if name.startswith("urn:") and not name.startswith(STANDARD_URN) and (one.multivalued or one.references):
                said = "outside of the gallery, attributes of an extension take one value and no references"
                yield Said(("mappings", section, "target_attributes", name), said)


def _unseen(spec: Spec) -> Iterator[Said]:
    lower = {name.lower() for name in UNSEEN}
    for section, mapping in mappings.sections(spec).items():
        for number, one in enumerate(mapping.filters or ()):
            for place, clause in enumerate(one.all):
                if clause.attribute.lower() in lower:
                    path = ("mappings", section, "filters", number, "all", place, "attribute")
                    yield Said(path, f"filters on {clause.attribute} are documented as unsupported")


def _flagged(spec: Spec) -> Iterator[Said]:
    address = (spec.connection.base_address if spec.connection is not None else None) or ""
    if FLAG in address.lower():
        said = "provision on demand does not follow this flag: what it sends is not what a cycle sends"
        yield Said(("connection", "base_address"), said, "Try a change with a cycle.")


def _same_for_all(spec: Spec) -> Iterator[Said]:
    for one, tree in _rows(spec):
        if one.row.match is not None and not expressions.attributes(tree):
            said = "people are matched by something that does not depend on who they are"
            yield Said(one.path, said, "Match by an attribute that is everybody's own.")


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "L501": Rule("Roles mapped in two ways", "warning", _roles_twice),
        "L502": Rule("A role with two names", "warning", _two_names),
        "L503": Rule("Nobody is deactivated", "warning", _never_inactive),
        "L504": Rule("A custom attribute of several values", "warning", _odd_custom),
        "L505": Rule("A filter on what filters do not see", "warning", _unseen),
        "L506": Rule("A flag that provision on demand ignores", "warning", _flagged),
        "L507": Rule("Matching by what is the same for everybody", "warning", _same_for_all),
    }
)
