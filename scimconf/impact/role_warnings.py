"""Warnings about the roles that users have after a plan: several where one is sent, unknown ones, nested groups. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scimconf import expressions
from scimconf.diagnostics import Diagnostic, SpecPath, plural
from scimconf.documents.assignments import DEFAULT_ACCESS
from scimconf.expressions.evaluation import EvaluationContext
from scimconf.impact.compiled_mappings import compile_rows, evaluate_rows
from scimconf.impact.user_attributes import GAP
from scimconf.kinds.mappings import ONE_ROLE, ROLES
from scimconf.kinds.provisioning import OnePrincipal, ProvisioningState
from scimconf.kinds.registry import BY_NAME
from scimconf.plan import Action, Change, Resource
from scimconf.plan.preview import request_text
from scimconf.plan.role_members import RoleMembers, RoleQueries
from scimconf.spec.model import Spec

EXAMPLES = 3
_PATH: SpecPath = ("assignments",)
_ONLY_DIRECT = "Entra provisions only direct members of an assigned group. Assign the inner groups as well."
_ONE_EACH = "Assign one role to each user. A role of a group counts for each direct member."


@dataclass(frozen=True, slots=True)
class RoleInputs:
    """The state after a plan, its changes, and the resources that the spec does not manage."""

    spec: Spec
    after: ProvisioningState
    changes: Sequence[Change]
    unmanaged: Sequence[Resource]


@dataclass(frozen=True, slots=True)
class SeveralRoles:
    """The ids of users for whom a mapping fails, and of users for whom that is not documented, sorted.

    Not documented is a role that a user has twice, or Default Access beside a role. `is_complete` is False if members
    of a group are unknown.
    """

    target: str
    users: tuple[str, ...] = ()
    undocumented: tuple[str, ...] = ()
    is_complete: bool = True


def role_queries(inputs: RoleInputs) -> RoleQueries:
    """Return the groups to read: all assigned ones if users could have several roles, new and unmanaged ones."""
    users, groups = inputs.after.assigned_users or {}, inputs.after.assigned_groups or {}
    several = len(groups) + min(len(users), 1) > 1 or any(len(roles) > 1 for roles in groups.values())
    overlapping = set(groups) if several and _one_role_target(inputs.after) else set[str]()
    unmanaged = {principal.id for principal in _unknown_roles(inputs) if principal.is_group}
    nested = {principal.id for principal in _new_groups(inputs)}
    return RoleQueries(
        *(tuple(sorted(filter(_is_resolved, ids))) for ids in (overlapping | unmanaged | nested, nested))
    )


def several_roles(after: ProvisioningState, members: RoleMembers) -> SeveralRoles:
    """Return the users with several roles, directly or as direct members of groups, if a mapping takes one role."""
    groups = after.assigned_groups or {}
    roles_by_user = defaultdict[str, list[str]](list)
    for group, roles in groups.items():
        for user in members.ids.get(group, ()):
            roles_by_user[user] += roles
    for user, roles in (after.assigned_users or {}).items():
        if len(roles) > 1 or user in roles_by_user:  # of very many users, few have another role than this one
            roles_by_user[user] += roles
    several = sorted(user for user, roles in roles_by_user.items() if len({*roles} - {DEFAULT_ACCESS}) > 1)
    repeated = sorted(user for user, roles in roles_by_user.items() if len(roles) > 1)
    target = _one_role_target(after) if repeated else ""
    if not target:
        return SeveralRoles("")
    undocumented = sorted({*repeated} - {*several})
    is_complete = len(groups) + len(after.assigned_users or {}) < 2 or all(map(members.is_complete, groups))
    return SeveralRoles(target, tuple(several), tuple(undocumented), is_complete)


def several_roles_warnings(result: SeveralRoles, names: Sequence[str]) -> Iterator[Diagnostic]:
    """Yield K814 for users who have several roles where one is sent; `names` are up to three of them."""
    bound, unknown = "" if result.is_complete else "at least ", "Microsoft does not document whether that fails"
    twice = f"{_users(len(result.undocumented))} the same role twice or Default Access beside a role"
    if result.users:
        more = len(result.users) - len(names)
        listed = f" ({', '.join(names)}{f' and {more:,} more' if more else ''})" if names else ""
        message = f"{bound}{_users(len(result.users))} several roles{listed}, but {result.target} takes one role"
        also = f"; {twice}, and {unknown}" if result.undocumented else ""
        yield _warning("K814", f"{message}, so provisioning fails for them{also}", _ONE_EACH)
    elif result.undocumented:
        yield _warning("K814", f"{bound}{twice}; {result.target} takes one role, and {unknown}", _ONE_EACH)


def unknown_role_warnings(inputs: RoleInputs, members: RoleMembers, context: EvaluationContext) -> Iterator[Diagnostic]:
    """Yield K815 for each unmanaged role that the spec does not contain, with what is sent for its users."""
    by_role = defaultdict[str, list[OnePrincipal]](list)
    for principal in _unknown_roles(inputs):
        by_role[principal.role].append(principal)
    for role, assigned in sorted(by_role.items()):
        label = inputs.after.role_labels[role]
        sent = "; ".join(_sent(inputs.after, label, context))
        name = label.get("value") or label.get("displayName")
        message = f'{_count(assigned, members)} the unmanaged role "{name}", which the application may not know: {sent}'
        hint = "List these users with another role, or declare the role under app_roles."
        yield _warning("K815", message, hint)


def nested_group_warnings(inputs: RoleInputs, members: RoleMembers) -> Iterator[Diagnostic]:
    """Yield K816 for each group that the plan assigns and that has members through inner groups only."""
    for principal in _new_groups(inputs):
        total, direct = members.transitive.get(principal.id), members.counts.get(principal.id)
        inner = total - direct if total is not None and direct is not None else 0
        if inner > 0:
            subject = "1 user is" if inner == 1 else f"{inner:,} users are"
            message = f'{subject} in groups inside the group "{principal.name}" and not provisioned by its assignment'
            yield _warning("K816", message, _ONLY_DIRECT)


def _warning(code: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(code, message, _PATH, hint=hint, severity="warning")


def _users(number: int) -> str:
    return "1 user has" if number == 1 else f"{number:,} users have"


def _is_resolved(principal: str) -> bool:
    return not principal.startswith("?")


def _one_role_target(after: ProvisioningState) -> str:
    """Return the first target attribute whose mapping fails for several roles; empty if there is none."""
    return next((target for target, row in sorted(after.rows.items()) if ONE_ROLE in _functions(row["source"])), "")


def _functions(source: object) -> tuple[str, ...]:
    """Return the functions of a source that calls the function for one role, none of any other source."""
    if not isinstance(source, str) or ONE_ROLE.casefold() not in source.casefold():
        return ()
    try:
        return expressions.functions(expressions.parse(source))
    except expressions.ExpressionError:
        return ()


def _principals(resources: Iterable[Resource], after: ProvisioningState) -> Iterator[OnePrincipal]:
    """Yield the users and groups of these resources that are assigned after the plan."""
    assigned = {**(after.assigned_users or {}), **(after.assigned_groups or {})}
    for resource in resources:
        change = Change(resource.address, Action.UPDATE, after=resource)
        affected = BY_NAME[resource.address.kind].affected(change).values()
        principal = next((item for item in affected if isinstance(item, OnePrincipal)), None)
        if principal is not None and principal.id in assigned:
            yield principal


def _new_groups(inputs: RoleInputs) -> list[OnePrincipal]:
    """Return each group once that the plan assigns."""
    created = [change.after for change in inputs.changes if change.before is None and change.after is not None]
    groups = {group.id: group for group in _principals(created, inputs.after) if group.is_group}
    return list(groups.values())


def _unknown_roles(inputs: RoleInputs) -> list[OnePrincipal]:
    """Return the unmanaged assignments of roles that the spec neither declares nor assigns, if roles are sent.

    If the spec declares no roles, only those without a value are unknown, such as the roles of a template.
    """
    if not inputs.unmanaged:
        return []
    known = _known_roles(inputs.spec)
    is_complete = inputs.spec.app_roles is not None
    labels = {
        role: label
        for role, label in inputs.after.role_labels.items()
        if known.isdisjoint(label.values()) and (is_complete or "value" not in label)
    }
    unmanaged = inputs.unmanaged if labels else ()
    unknown = [principal for principal in _principals(unmanaged, inputs.after) if principal.role in labels]
    sends_roles = unknown and any(ROLES in row.attributes for row in compile_rows(inputs.after).values())
    return unknown if sends_roles else []


def _known_roles(spec: Spec) -> frozenset[str]:
    declared = [role for role in spec.app_roles.roles if not role.absent] if spec.app_roles is not None else ()
    names = {name for role in declared for name in (role.value, role.display_name) if name}
    listed = spec.assignments.listed if spec.assignments is not None else ()
    names |= {role for principal in listed if not principal.absent for role in principal.roles}
    return frozenset(names)


def _sent(after: ProvisioningState, label: Mapping[str, str], context: EvaluationContext) -> Iterator[str]:
    """Yield what each mapping that reads roles sends for a user with this role only."""
    rows = [row for row in compile_rows(after).values() if ROLES in row.attributes]
    attributes = {name: GAP for row in rows for name in row.attributes} | {ROLES: [dict(label)]}
    for target, request in sorted(evaluate_rows(rows, attributes, context, {}).items()):
        yield f"{target} is {request_text(request)}"


def _count(assigned: Sequence[OnePrincipal], members: RoleMembers) -> str:
    """Return `3 users and 1 group (12 members) keep`."""
    groups = [principal.id for principal in assigned if principal.is_group]
    users = len(assigned) - len(groups)
    counts = [members.counts.get(group) for group in groups]
    known = [count for count in counts if count is not None]
    number = f" ({plural(sum(known), 'member')})" if len(known) == len(counts) else ""
    parts = [plural(users, "user")] if users else []
    parts += [f"{plural(len(groups), 'group')}{number}"] if groups else []
    return f"{' and '.join(parts)} {'keeps' if len(assigned) == 1 else 'keep'}"
